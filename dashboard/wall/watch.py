"""What must be looked at now? Red cases, oldest first, and deadlines that run out: four facts of each, no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask
from dashboard.components.levels import level_mark
from dashboard.departments import UNSENT
from dashboard.filters import Filters
from dashboard.page import Panel, Target
from dashboard.wall import parts
from dashboard.watch import Matter, Watch

ROWS = 4
HOURS = 24
TEN_DAYS = 240
"""Hours from which an age is told in whole days."""


def load_red(ask: Ask, _: Filters) -> Watch:
    """Open red cases, whenever they came in."""
    return ask.watch.red(filters=Filters(), limit=ROWS)


def load_soon(ask: Ask, _: Filters) -> Watch:
    """Open cases that fall due in the next day, whenever they came in."""
    return ask.watch.due_within(HOURS, filters=Filters(), limit=ROWS)


def view_red(model: Watch) -> Mapping[Target, Any]:
    """The oldest red cases with their age."""
    lines = [_line(row, _age(row)) for row in model.rows]
    return {"red-rows": lines or parts.nothing("没有红色在办事项"), "red-note": _note(model, "最早在前")}


def view_soon(model: Watch) -> Mapping[Target, Any]:
    """The nearest deadlines with the time left."""
    lines = [_line(row, _left(row)) for row in model.rows]
    return {
        "soon-rows": lines or parts.nothing(f"{HOURS} 小时内没有到期事项"),
        "soon-note": _note(model, f"{HOURS} 小时内"),
    }


def _note(model: Watch, scope: str) -> str:
    return f"{scope} · 共 {words.count(model.total)} 件" + (f" · 另 {words.count(model.rest)} 件" if model.rest else "")


def _line(row: Matter, when: str) -> html.Div:
    return html.Div(
        [
            level_mark(row.level or "none"),
            html.Span(row.town_name or "乡镇未知", className="watch-town"),
            html.Span(row.category_name or row.kind_name, className="watch-category"),
            html.Span(row.department_name or UNSENT, className="watch-department"),
            html.Span(when, className="watch-when"),
        ],
        className="watch-row",
    )


def _age(row: Matter) -> str:
    if row.age >= TEN_DAYS:
        return f"已 {row.age / 24:.0f} 天"
    number, unit = words.duration(row.age)
    return f"已 {number} {unit}"


def _left(row: Matter) -> str:
    """Hours and minutes left: “3:30”."""
    minutes = max(0, int(60 * (row.left or 0.0)))
    return f"{minutes // 60}:{minutes % 60:02d}"


def frame_red() -> html.Section:
    """The red cases without data."""
    return parts.panel("red", "红色事项", html.Div(id="red-rows", className="watch"), area="red")


def frame_soon() -> html.Section:
    """The countdowns without data."""
    return parts.panel("soon", "即将到期", html.Div(id="soon-rows", className="watch"), area="soon")


RED = Panel(id="red", title="红色事项", load=load_red, view=view_red, fills=("red-rows", "red-note"))
SOON = Panel(id="soon", title="即将到期", load=load_soon, view=view_soon, fills=("soon-rows", "soon-note"))
