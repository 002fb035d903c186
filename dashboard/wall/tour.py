"""Where is the work, town by town? A county map that goes round by itself (assets/wall-map.js moves it)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.ask import Answer, Ask, Row
from dashboard.components import grid_map
from dashboard.components.measure import measure
from dashboard.filters import Filters
from dashboard.page import Panel, Target
from dashboard.wall import parts

MOST_AREAS = 500
"""Areas in view at once; a county of more grids is shown by villages."""
KEYS = ("open", "overdue_open", "on_time_rate")


@dataclass(frozen=True)
class Tour:
    """A map of the county and the numbers of its towns."""

    filters: Filters
    scene: grid_map.Scene
    towns: Answer


def level_of(ask: Ask) -> str:
    """The finest level that has not too many areas for one look."""
    sizes = {level: len(ask.vocabulary[level]) for level in ("grid", "village", "town")}
    return next((level for level, size in sizes.items() if 0 < size <= MOST_AREAS), "grid")


def load(ask: Ask, filters: Filters) -> Tour:
    """在办 of the whole county at one look."""
    return _load(ask, filters, level_of(ask))


def load_close(ask: Ask, filters: Filters) -> Tour:
    """在办 by grid: the map looks at one town at a time."""
    return _load(ask, filters, "grid")


def _load(ask: Ask, filters: Filters, level: str) -> Tour:
    return Tour(filters, grid_map.load(ask, filters, level=level, metric="open"), towns(ask, filters))


def towns(ask: Ask, filters: Filters) -> Answer:
    """What is told of every town."""
    return ask.numbers(KEYS, by=("town",), filters=filters)


def view(prefix: str, model: Tour) -> Mapping[Target, Any]:
    """The map and, for each town, what is said while it is looked at."""
    rows = [row for row in model.towns.rows if row.codes[0]]
    stops = [_stop(row, number, len(rows), model.filters) for number, row in enumerate(rows, start=1)]
    return {
        **grid_map.view(prefix, model.scene),
        f"{prefix}-tour": stops,
        f"{prefix}-note": f"按{grid_map.LEVELS[model.scene.view.level]} · 件",
    }


def _stop(row: Row, number: int, total: int, filters: Filters) -> html.Div:
    group = ("town", row.codes[0])

    def said(word: str, key: str) -> html.Span:
        return html.Span([f"{word} ", measure(key, row.values[key], group=group, detail=False)], className="stop-fact")

    return html.Div(
        [
            html.Div(f"正在巡看 {number}/{total}", className="stop-number"),
            html.Div(row.labels[0], className="stop-name"),
            html.Div([said("在办", "open"), said("超期", "overdue_open")], className="stop-facts"),
        ],
        className="stop",
        **{"data-town": row.codes[0]},
        **parts.asked(filters),
    )


def frame(prefix: str, title: str, *, is_close: bool = False) -> Component:
    """The map with the place for the town that is looked at; a close one moves there."""
    stops = html.Div(id=f"{prefix}-tour", className="tour", **{"data-map": prefix, "data-close": str(is_close).lower()})
    body = html.Div([grid_map.grid_map(prefix, label=title), stops], className="tour-box")
    return parts.panel(prefix, title, body, area="map")


def fills(prefix: str) -> tuple[Target, ...]:
    """What `view` gives."""
    return (*grid_map.fills(prefix), f"{prefix}-tour", f"{prefix}-note")


WHOLE = "county"
PANEL = Panel(id=WHOLE, title="在办分布", load=load, view=lambda model: view(WHOLE, model), fills=fills(WHOLE))
