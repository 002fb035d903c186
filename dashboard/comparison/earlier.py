"""What were the numbers in another span? Asked to the same moment, or not at all where the data begin later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.ask import Answer, Ask
from dashboard.comparison.change import NOTHING, Change, change
from dashboard.comparison.spans import Span, Spans, spans
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import NO_DATA, Value

Changes = tuple[tuple[str, Change | None], ...]
"""环比 and 同比 by name; none where a side is too small to compare, `NOTHING` where there are no data."""


def numbers_in(ask: Ask, keys: Sequence[str], filters: Filters, span: Span, *, by: Sequence[str] = ()) -> Answer | None:
    """Metrics in a span; none where the data do not reach back to its first day."""
    if not is_covered(ask, span):
        return None
    return ask.numbers(keys, by=by, filters=filters.shifted(since=span.since, until=span.until), at=span.at)


def is_covered(ask: Ask, span: Span) -> bool:
    """Whether the data reach back to the first day of a span: part of a span is no like for like."""
    return ask.first_day is not None and ask.first_day <= span.since


@dataclass(frozen=True)
class Earlier:
    """Some metrics of the period before and of the year before; no spans where the period has no beginning."""

    spans: Spans | None
    previous: Answer | None
    last_year: Answer | None

    def changes(self, key: str, now: Value, *, codes: tuple[str, ...] = ()) -> Changes:
        """How a metric moved against both, for the whole or for one group of the answers."""
        if self.spans is None:
            return ()
        return (
            ("环比", _change(key, now, self.previous, codes)),
            (self.spans.year_word, _change(key, now, self.last_year, codes)),
        )


def _change(key: str, now: Value, answer: Answer | None, codes: tuple[str, ...]) -> Change | None:
    if answer is None:
        return NOTHING
    before = next((row.values[key] for row in answer.rows if row.codes == codes), NO_DATA)
    return change(BY_KEY[key], now, before)


def earlier(ask: Ask, keys: Sequence[str], filters: Filters, *, by: Sequence[str] = ()) -> Earlier:
    """Ask for the metrics in both spans that a period is compared with."""
    found = spans(filters, ask.info.as_of, ask.cutoff_hour)
    if found is None:
        return Earlier(None, None, None)
    previous, last_year = (numbers_in(ask, keys, filters, span, by=by) for span in (found.previous, found.last_year))
    return Earlier(found, previous, last_year)
