"""Compared with what? The spans in words under every comparison, and the choice between 公历 and 春节对齐."""

from __future__ import annotations

from datetime import datetime

from dash import html

from dashboard.comparison.spans import FESTIVAL, Spans
from dashboard.components.segments import segments
from dashboard.filters import Filters

CALENDARS = (("", "公历"), (FESTIVAL, "春节对齐"))


def calendar_choice(filters: Filters) -> html.Div:
    """The switch of the year-on-year calendar; the choice lives in the address."""
    chosen = FESTIVAL if filters.calendar == FESTIVAL else ""
    return segments("calendar", CALENDARS, chosen, label="同比历法")


def spans_line(spans: Spans | None, as_of: datetime) -> str:
    """Which days are compared with which, and whether the period is still running."""
    if spans is None:
        return "选定起始日期后可作环比、同比"
    running = f"本期未满，对比期截至同日同时（{as_of:%H:%M}） · " if spans.is_running else ""
    previous = f"环比 {spans.now.named()} 对 {spans.previous.named(spans.now)}"
    last_year = f"同比{'（春节对齐）' if spans.is_by_festival else ''}对 {spans.last_year.named(spans.now)}"
    return running + " · ".join(filter(None, [previous, last_year, spans.note]))
