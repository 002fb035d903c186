"""Which days is a brief about? The last whole week or month of the data, or exactly what the page shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from dashboard.filters import Filters

Kind = Literal["week", "month", "special"]

NAMES: dict[Kind, str] = {"week": "周报", "month": "月报", "special": "专报"}
CONTEXT_WEEKS, CONTEXT_MONTHS = 12, 12
"""How far back the trend of a week's or a month's brief reaches."""


def asked_for(kind: Kind, filters: Filters, as_of: datetime, cutoff_hour: int) -> Filters:
    """The filters with the brief's own period: a week is Monday to Sunday."""
    since, until = _span(kind, (as_of - timedelta(hours=cutoff_hour)).date())
    plain = filters.without_view()
    return plain if kind == "special" else plain.shifted(since=since, until=until)


def _span(kind: Kind, today: date) -> tuple[date, date]:
    if kind == "month":
        until = today.replace(day=1)
        return (until - timedelta(days=1)).replace(day=1), until
    until = today - timedelta(days=today.weekday())
    return until - timedelta(days=7), until


def with_context(kind: Kind, filters: Filters) -> tuple[Filters, str]:
    """The filters and the bucket of the brief's trend: a week among weeks, a month among months."""
    if filters.until is None or kind == "special":
        return filters, ""
    if kind == "week":
        return filters.shifted(since=filters.until - timedelta(weeks=CONTEXT_WEEKS), until=filters.until), "week"
    place = 12 * filters.until.year + filters.until.month - 1 - CONTEXT_MONTHS
    return filters.shifted(since=date(place // 12, place % 12 + 1, 1), until=filters.until), "month"
