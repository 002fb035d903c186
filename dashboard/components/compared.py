"""Compared with what? The spans in words under every comparison, and the choice between 公历 and 春节对齐."""

from __future__ import annotations

from datetime import datetime

from dash import html

from dashboard.comparison.earlier import USUAL, Beside, Changes
from dashboard.comparison.spans import FESTIVAL, Spans
from dashboard.components import kpi
from dashboard.components.segments import segments
from dashboard.filters import Filters

AGAINST = (("previous", "环比"), ("year", "同比"), ("none", "不比"))
CALENDARS = (("", "公历"), (FESTIVAL, "春节对齐"))


def calendar_choice(filters: Filters) -> html.Div:
    """The switch of the year-on-year calendar; the choice lives in the address."""
    chosen = FESTIVAL if filters.calendar == FESTIVAL else ""
    return segments("calendar", CALENDARS, chosen, label="同比历法")


def against_choice(filters: Filters, *, usual: str = USUAL) -> html.Div:
    """The switch of what a table is compared with; the choice lives in the address."""
    return segments("against", AGAINST, filters.against or usual, label="对比")


def beside_line(beside: Beside | None, as_of: datetime) -> str:
    """Which days stand beside those of a table; empty where none do."""
    if beside is None:
        return ""
    if beside.span is None:
        return "选定起始日期后可作环比、同比"
    until = f"（截至同日同时 {as_of:%H:%M}）" if beside.span.at else ""
    return f"{beside.word} 对 {beside.span.named()}{until}，只标出超出偶然波动的变化，悬停看全部"


def change_lines(changes: Changes, *, name: str) -> list[html.Div]:
    """环比 and 同比, one line each."""
    return [html.Div(kpi.change_line(*one), className=name) for one in changes]


def spans_line(spans: Spans | None, as_of: datetime) -> str:
    """Which days are compared with which, and whether the period is still running."""
    if spans is None:
        return "选定起始日期后可作环比、同比"
    running = f"本期未满，对比期截至同日同时（{as_of:%H:%M}） · " if spans.is_running else ""
    now, previous, last_year = spans.now.named(), spans.previous.named(spans.now), spans.last_year.named(spans.now)
    if spans.previous == spans.last_year:
        return f"{running}环比、同比均为 {now} 对 {previous}"
    year = f"{spans.year_word} 对 {last_year}"
    return running + " · ".join(filter(None, [f"环比 {now} 对 {previous}", year, spans.note]))
