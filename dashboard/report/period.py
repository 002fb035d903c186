"""Which days is a brief about? The week or month asked for, else the last whole one; or just what the page shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from dashboard.filters import Filters

Kind = Literal["week", "month", "special"]

NAMES: dict[Kind, str] = {"week": "周报", "month": "月报", "special": "专报"}
CONTEXT_WEEKS, CONTEXT_MONTHS = 12, 12
"""How far back the trend of a week's or a month's brief reaches."""


def asked_for(kind: Kind, filters: Filters, as_of: datetime, cutoff_hour: int) -> Filters:
    """The filters with the brief's own period: a week is Monday to Sunday.

    A page whose period is exactly a week (or month) gets that one's brief, any other the last whole one of the data.
    """
    plain = filters.without_view()
    if kind == "special" or _is_one(kind, plain):
        return plain
    since, until = _span(kind, (as_of - timedelta(hours=cutoff_hour)).date())
    return plain.shifted(since=since, until=until)


def _is_one(kind: Kind, filters: Filters) -> bool:
    """Whether the period asked for is one whole week or month by itself."""
    return filters.until is not None and (filters.since, filters.until) == _span(kind, filters.until)


def _span(kind: Kind, today: date) -> tuple[date, date]:
    """The last week or month that is over on this day."""
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
