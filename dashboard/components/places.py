"""Where are we? The way from the county to the chosen place, each step a button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.ask import Ask
from dashboard.filters import Filters


def chain(ask: Ask, filters: Filters) -> tuple[tuple[str, str], ...]:
    """全县 › town › village › grid as (word, query that goes there); parents are named even when not chosen.

    Who sees one town only begins there.
    """
    code = next((filters.values(d)[0] for d in ("grid", "village", "town") if len(filters.values(d)) == 1), "")
    village, town = ask.parents.get(code, ("", code))
    chain = [("town", town), ("village", village), ("grid", code if code not in (village, town) else "")]
    found = [(ask.place, "town=&village=&grid=&layer=")]
    query = {"town": "", "village": "", "grid": "", "layer": ""}
    for dimension, step in chain:
        if step:
            query[dimension] = step
            name = ask.label(dimension, step)
            if name != ask.place:
                found.append((name, "&".join(f"{key}={value}" for key, value in query.items())))
    return tuple(found)


def crumbs(steps: Sequence[tuple[str, str]]) -> list[Any]:
    """The way as breadcrumbs; the last step is where we are."""
    line: list[Any] = []
    for place, (word, query) in enumerate(steps):
        if place:
            line.append(html.Span("›", className="crumb-gap", **{"aria-hidden": "true"}))
        if place == len(steps) - 1:
            line.append(html.Span(word, className="crumb-here", **{"aria-current": "location"}))
        else:
            line.append(html.Button(word, type="button", className="crumb", **{"data-set": query}))
    return line
