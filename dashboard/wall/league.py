"""Who clears in time, who does not? Departments by the cautious bound of their rate, the first and the last of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from dashboard.components import ranking
from dashboard.components.measure import measure
from dashboard.page import Panel, Target
from dashboard.pages import departments
from dashboard.wall import parts

RATE = "on_time_rate"
TOP, BOTTOM = 3, 3


def order(model: departments.League) -> tuple[ranking.Ranked, ...]:
    """Departments with enough cases for a rank, best first."""
    places = ranking.places(model.answer.rows, "department", key=RATE)
    return tuple(row for row in ranking.ranked(places, RATE) if row.rank is not None)


def view(model: departments.League) -> Mapping[Target, Any]:
    """The first and the last few, and how many stand between them."""
    found = order(model)
    if len(found) <= TOP + BOTTOM:
        return {"league-rows": rows(found, model), "league-note": f"{len(found)} 个部门"}
    between = html.Div(f"中间 {len(found) - TOP - BOTTOM} 个部门", className="league-gap")
    start = ranking.axis_start([row.place for row in found])
    first, last = ([line(row, start=start, model=model) for row in part] for part in (found[:TOP], found[-BOTTOM:]))
    return {"league-rows": [*first, between, *last], "league-note": "按时办结率 · 名次按 95% 下界"}


def rows(found: Sequence[ranking.Ranked], model: departments.League) -> list[html.Div]:
    """Every given department as a line."""
    start = ranking.axis_start([row.place for row in found])
    return [line(row, start=start, model=model) for row in found]


def line(row: ranking.Ranked, *, start: float, model: departments.League) -> html.Div:
    """Rank, name, dot with band, rate with n/N."""
    place = row.place
    return html.Div(
        [
            html.Span(str(row.rank), className="league-rank"),
            html.Span(place.name, className="league-name"),
            ranking.dot(place.rate, ranking.Axis(start, model.whole, None)),
            measure(RATE, place.rate, group=("department", place.code)),
        ],
        className="league-row",
    )


def frame() -> html.Section:
    """The panel without data."""
    return parts.panel("league", "部门清零", html.Div(id="league-rows", className="league"), area="league")


PANEL = Panel(
    id="league", title="部门清零", load=departments.load_league, view=view, fills=("league-rows", "league-note")
)
