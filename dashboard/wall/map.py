"""网格地图: the map goes to one town after another, beside a list of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard.ask import Answer, Ask, Row
from dashboard.components.measure import measure
from dashboard.filters import Filters
from dashboard.page import Panel, Target
from dashboard.wall import parts, tour
from dashboard.wall.screen import Screen

CLOSE = "close"
COLUMNS = (("open", "在办"), ("overdue_open", "超期"), ("on_time_rate", "按时办结率"))


def load_towns(ask: Ask, filters: Filters) -> tuple[Filters, Answer]:
    """The towns without the map beside them."""
    return filters, tour.towns(ask, filters)


def view_towns(model: tuple[Filters, Answer]) -> Mapping[Target, Any]:
    """Every town in a line; the one that is looked at is marked by the script that moves the map."""
    head = html.Div(
        [
            html.Span("乡镇街道", className="town-name"),
            *(html.Span(word, className="town-head") for _, word in COLUMNS),
        ],
        className="town-row is-head",
    )
    filters, towns = model
    rows = [_row(row) for row in towns.rows if row.codes[0]]
    return {"town-rows": html.Div([head, *rows], className="towns", **parts.asked(filters))}


def _row(row: Row) -> html.Div:
    group = ("town", row.codes[0])
    numbers = [measure(key, row.values[key], group=group, detail=False) for key, _ in COLUMNS]
    return html.Div(
        [html.Span(row.labels[0], className="town-name"), *numbers], className="town-row", **{"data-town": row.codes[0]}
    )


def frame() -> html.Div:
    """The page without data."""
    towns = parts.panel(
        "towns", "各乡镇街道", html.Div(id="town-rows", className="towns-box"), area="list", note="件 · %"
    )
    return html.Div([tour.frame(CLOSE, "网格在办", is_close=True), towns], className="wall-grid wall-two")


SCREEN = Screen(
    key="map",
    frame=frame,
    panels=(
        Panel(
            id=CLOSE,
            title="网格在办",
            load=tour.load_close,
            view=lambda model: tour.view(CLOSE, model),
            fills=tour.fills(CLOSE),
        ),
        Panel(id="towns", title="各乡镇街道", load=load_towns, view=view_towns, fills=("town-rows",)),
    ),
    maps=(CLOSE,),
)
