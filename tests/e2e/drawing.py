"""What does a browser post to fill a page? The callbacks begun by the filters alone, as the server lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ROUTE = "/_dash-update-component"
LISTED = "/_dash-dependencies"

Callback = Mapping[str, Any]


def drawn_by_filters(listed: Iterable[Callback]) -> dict[str, Callback]:
    """The first element that it fills → callback, of those that run on the server and hear the filters only."""
    return {
        _items(callback["output"])[0]["id"]: callback
        for callback in listed
        if callback["clientside_function"] is None
        and [f"{item['id']}.{item['property']}" for item in callback["inputs"]] == ["filters.data"]
    }


def body(callback: Callback, query: str) -> dict[str, Any]:
    """What a page posts when its filters have become `query`."""
    items = _items(callback["output"])
    return {
        "output": callback["output"],
        "outputs": items if callback["output"].startswith("..") else items[0],
        "inputs": [{"id": "filters", "property": "data", "value": query}],
        "state": [item | {"value": None} for item in callback["state"]],
        "changedPropIds": ["filters.data"],
        "parsedChangedPropsIds": ["filters.data"],
    }


def _items(output: str) -> list[dict[str, str]]:
    names = [name.partition("@")[0].partition(".") for name in output.strip(".").split("...")]
    return [{"id": element, "property": name} for element, _, name in names]
