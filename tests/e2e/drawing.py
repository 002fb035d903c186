"""What does a browser post to fill a page? The callbacks begun by the filters alone, as the server lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.security.test_requests import body, outputs, with_value

ROUTE = "/_dash-update-component"
LISTED = "/_dash-dependencies"

Callback = Mapping[str, Any]


def drawn_by_filters(listed: Iterable[Callback]) -> dict[str, Callback]:
    """The first element that it fills → callback, of those that run on the server and hear the filters only."""
    found = {}
    for callback in listed:
        heard = [f"{item['id']}.{item['property']}" for item in callback["inputs"]]
        if callback["clientside_function"] is None and heard == ["filters.data"]:
            filled = outputs(callback["output"])
            found[(filled if isinstance(filled, list) else [filled])[0]["id"]] = callback
    return found


def posted(callback: Callback, query: str) -> dict[str, Any]:
    """What a page posts when its filters have become `query`."""
    return with_value(body(callback["output"], callback), "inputs", 0, query)
