"""Is each of the five 化 done in its time? Cards for the wall, with the same numbers as 五化时效 opens with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask
from dashboard.components.measure import measure
from dashboard.figures.sparkline import sparkline
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.page import Panel, Target
from dashboard.pages import wuhua
from dashboard.wall import parts


def load(ask: Ask, filters: Filters) -> wuhua.Cards:
    """The cards of 一般 cases, as the desk's page opens."""
    return wuhua.load_cards(ask, filters.replace(severity=("general",)))


def view_rows(model: wuhua.Cards) -> Mapping[Target, Any]:
    """Five lines: name, rate with n/N, whether it moved, its course."""
    rows = [_row(card, parts.against_before(card.changes, is_brief=True)) for card in model.cards]
    return {"five-rows": html.Div(rows, className="five", **parts.asked(model.filters))}


def _row(card: wuhua.Card, moved: html.Span) -> html.Div:
    rate = card.values[wuhua.RATE]
    return html.Div(
        [
            html.Span(card.name, className="five-name"),
            measure(wuhua.RATE, rate, group=("kind", card.kind), detail=rate.state == "none"),
            html.Span(words.parts(rate.n, rate.N), className="five-parts"),
            moved,
            html.Img(src=sparkline(card.course, look="dark"), className="five-course", alt=""),
        ],
        className="five-row",
    )


def view_cards(model: wuhua.Cards) -> Mapping[Target, Any]:
    """Five large cards with their rules and what is running now."""
    cards = [_card(card, parts.against_before(card.changes)) for card in model.cards]
    return {"five-cards": html.Div(cards, className="five-cards", **parts.asked(model.filters))}


def _card(card: wuhua.Card, moved: html.Span) -> html.Div:
    group, rate = ("kind", card.kind), card.values[wuhua.RATE]
    pending = [
        html.Span([f"{BY_KEY[key].name} ", measure(key, card.values[key], group=group)])
        for key in ("wuhua_missed", "wuhua_due_soon")
    ]
    return html.Div(
        [
            html.Div([card.name, html.Span(words.parts(rate.n, rate.N))], className="headline-title"),
            html.Div(measure(wuhua.RATE, rate, group=group, detail=rate.state == "none"), className="headline-main"),
            html.Div(moved, className="headline-below"),
            html.Img(src=sparkline(card.course, look="dark"), className="five-course", alt=""),
            html.Div(pending, className="five-pending"),
        ],
        className="headline",
    )


def frame_rows() -> html.Section:
    """The five lines without data."""
    return parts.panel(
        "five", "五化时效", html.Div(id="five-rows", className="five-box"), area="five", note="一般事项 · 按时率"
    )


def frame_cards() -> html.Section:
    """The five cards without data."""
    return html.Section(
        [*parts.trouble("fivecards"), html.Div(id="five-cards")], style={"gridArea": "cards"}, **{"aria-label": "五化"}
    )


ROWS = Panel(id="five", title="五化时效", load=load, view=view_rows, fills=("five-rows",))
CARDS = Panel(id="fivecards", title="五化时效", load=load, view=view_cards, fills=("five-cards",))
