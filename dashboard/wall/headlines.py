"""The six numbers that a passer-by reads: today, what is open, what is late, what is red, and how well it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Answer, Ask
from dashboard.comparison.earlier import Earlier, earlier
from dashboard.components.measure import measure
from dashboard.filters import Filters
from dashboard.page import Panel, Target
from dashboard.wall import parts
from dashboard.wall.screen import days, today

KEYS = ("accepted", "open", "overdue_open", "on_time_rate", "satisfaction_rate", "callback_rate")
RED = ("open", "overdue_open")


@dataclass(frozen=True)
class Headlines:
    """The headline metrics of the period, of what it is compared with, of today, and of red cases."""

    filters: Filters
    now: Answer
    before: Earlier
    today: Answer
    red: Answer


def load(ask: Ask, filters: Filters) -> Headlines:
    """Ask for the headline numbers."""
    return Headlines(
        filters,
        ask.numbers(KEYS, filters=filters),
        earlier(ask, KEYS, filters),
        ask.numbers(("accepted",), filters=today(filters)),
        ask.numbers(RED, filters=_red(filters)),
    )


def _red(filters: Filters) -> Filters:
    return filters.replace(level=("red",))


def view(model: Headlines) -> Mapping[Target, Any]:
    """Six cards."""
    own, red = model.filters, _red(model.filters)
    period = html.Span([f"近 {days(own)} 天 ", measure("accepted", model.now.only("accepted"))], **parts.asked(own))
    late = html.Span(["其中超期 ", measure("overdue_open", model.red.only("overdue_open"))], **parts.asked(red))
    callback = html.Span(["回访 ", measure("callback_rate", model.now.only("callback_rate"), detail=False)])
    is_red = bool(model.red.only("open").value)
    cards = [
        _card(f"{words.day(model.now.as_of)}受理", "accepted", model.today, period, today(own)),
        _card("在办", "open", model.now, _moved(model, "open"), own),
        _card("在办超期", "overdue_open", model.now, _moved(model, "overdue_open"), own, is_alarm=True),
        _card("红色在办", "open", model.red, late, red, is_alarm=is_red),
        _card("按时办结率", "on_time_rate", model.now, _moved(model, "on_time_rate"), own),
        _card("群众满意率", "satisfaction_rate", model.now, callback, own),
    ]
    return {"headline-cards": cards}


def _moved(model: Headlines, key: str) -> html.Span:
    return parts.against_before(model.before.changes(key, model.now.only(key)))


def _card(
    title: str, key: str, answer: Answer, below: html.Span, filters: Filters, *, is_alarm: bool = False
) -> html.Div:
    value = answer.only(key)
    alarm = " is-alarm" if is_alarm and value.value else ""
    return html.Div(
        [
            html.Div([title, html.Span(words.parts(value.n, value.N))], className="headline-title"),
            html.Div(measure(key, value, detail=value.state == "none"), className="headline-main"),
            html.Div(below, className="headline-below"),
        ],
        className="headline" + alarm,
        **parts.asked(filters),
    )


def frame() -> html.Section:
    """The row of cards without data."""
    return html.Section(
        [*parts.trouble("headlines"), html.Div(id="headline-cards", className="headlines")],
        className="wall-headlines",
        style={"gridArea": "kpi"},
        **{"aria-label": "关键指标"},
    )


PANEL = Panel(id="headlines", title="关键指标", load=load, view=view, fills=("headline-cards",))
