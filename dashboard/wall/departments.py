"""部门清零: who has overdue work left and how old is it, who clears in time?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import OVERDUE_AGES
from dashboard.departments import Overdue, cleared, overdue
from dashboard.page import Panel, Target
from dashboard.pages import departments
from dashboard.wall import league, parts
from dashboard.wall.screen import Screen

BARS = 10
COLUMN = 13
AGES = {code: f"age-{step}" for step, code in enumerate(OVERDUE_AGES, start=1)}
"""Age class of an overdue case → its colour, the older the further from the ground."""


def view_left(model: departments.Ages) -> Mapping[Target, Any]:
    """The longest bars of overdue open cases in their ages, and who has none."""
    found = overdue(model.answer.rows)
    late = sorted((one for one in found if one.total), key=lambda one: (one.total, one.code, one.name), reverse=True)
    bars = [_bar(one, late[0].total) for one in late[:BARS]]
    total = sum(one.total for one in late)
    rest = f" · 另 {len(late) - BARS} 个部门" if len(late) > BARS else ""
    return {
        "left-bars": bars or parts.nothing("没有在办超期，全部清零"),
        "left-note": f"共 {words.full(total)} 件 · {cleared(found)} 个部门已清零{rest}",
        "left-legend": [_key(code) for code in AGES],
    }


def _bar(one: Overdue, most: int) -> html.Div:
    pieces = [
        html.Span(
            className="left-piece",
            style={"width": f"{100 * one.ages[code] / most:.2f}%", "background": f"var(--{role})"},
        )
        for code, role in AGES.items()
        if one.ages.get(code)
    ]
    return html.Div(
        [
            html.Span(one.name, className="left-name"),
            html.Span(pieces, className="left-track"),
            html.Span(words.full(one.total), className="left-total"),
        ],
        className="left-row",
    )


def _key(code: str) -> html.Span:
    swatch = html.Span(className="legend-swatch", style={"background": f"var(--{AGES[code]})"})
    return html.Span([swatch, OVERDUE_AGES[code]], className="legend-item")


def view_league(model: departments.League) -> Mapping[Target, Any]:
    """All departments by rank, in two columns."""
    found = league.order(model)
    shown = found if len(found) <= 2 * COLUMN else (*found[:COLUMN], *found[-COLUMN:])
    gap = f"，中间 {len(found) - len(shown)} 个略" if len(shown) < len(found) else ""
    return {"ranks-rows": league.rows(shown, model), "ranks-note": f"{len(found)} 个部门按 Wilson 下界排{gap}"}


def frame() -> html.Div:
    """The page without data."""
    body = [html.Div(id="left-bars", className="left"), html.Div(id="left-legend", className="legend")]
    return html.Div(
        [
            parts.panel("left", "在办超期", body, area="map"),
            parts.panel("ranks", "按时办结率", html.Div(id="ranks-rows", className="league is-long"), area="list"),
        ],
        className="wall-grid wall-departments",
    )


SCREEN = Screen(
    key="departments",
    frame=frame,
    panels=(
        Panel(
            id="left",
            title="在办超期",
            load=departments.load_ages,
            view=view_left,
            fills=("left-bars", "left-note", "left-legend"),
        ),
        Panel(
            id="ranks",
            title="按时办结率",
            load=departments.load_league,
            view=view_league,
            fills=("ranks-rows", "ranks-note"),
        ),
    ),
)
