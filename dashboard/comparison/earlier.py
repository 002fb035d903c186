"""What were the numbers in another span? Asked to the same moment, or not at all where the data begin later."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.ask import Answer, Ask
from dashboard.comparison.spans import Span
from dashboard.filters import Filters


def numbers_in(ask: Ask, keys: Sequence[str], filters: Filters, span: Span, *, by: Sequence[str] = ()) -> Answer | None:
    """Metrics in a span; none where the data do not reach back to its first day."""
    if not is_covered(ask, span):
        return None
    return ask.numbers(keys, by=by, filters=filters.shifted(since=span.since, until=span.until), at=span.at)


def is_covered(ask: Ask, span: Span) -> bool:
    """Whether the data reach back to the first day of a span: part of a span is no like for like."""
    return ask.first_day is not None and ask.first_day <= span.since
