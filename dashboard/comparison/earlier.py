"""What were the numbers in another span? Asked to the same moment, or not at all where the data begin later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.ask import Answer, Ask, absent
from dashboard.comparison.change import NOTHING, Change, change
from dashboard.comparison.spans import Span, Spans, spans
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.query import TIME_GROUPS
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
    return NOTHING if answer is None else change(BY_KEY[key], now, _value(key, answer, codes))


def _value(key: str, answer: Answer | None, codes: tuple[str, ...]) -> Value:
    """What a group had; nothing happened in one that the answer does not list, and nothing is known without answer."""
    nothing = absent(BY_KEY[key])
    if answer is None:
        return NO_DATA if nothing.state == "ok" else nothing
    row = answer.by_codes.get(codes)
    return row.values[key] if row else nothing


def earlier(ask: Ask, keys: Sequence[str], filters: Filters, *, by: Sequence[str] = ()) -> Earlier:
    """Ask for the metrics in both spans that a period is compared with."""
    found = spans(filters, ask.info.as_of, ask.cutoff_hour)
    if found is None:
        return Earlier(None, None, None)
    previous, last_year = (numbers_in(ask, keys, filters, span, by=by) for span in (found.previous, found.last_year))
    return Earlier(found, previous, last_year)


USUAL = "previous"
"""What the tables of a page are compared with where the address says nothing; files and the API: with nothing."""


@dataclass(frozen=True)
class Beside:
    """What stands beside the numbers of an answer: those of one other span, called by its `word`.

    No span where the period has no beginning, no answer where the data do not reach back to it.
    """

    word: str
    span: Span | None
    answer: Answer | None

    def before(self, key: str, codes: tuple[str, ...]) -> Value:
        """What a metric was for a group."""
        return _value(key, self.answer, codes)

    def change(self, key: str, now: Value, codes: tuple[str, ...]) -> Change | None:
        """How a metric of a group moved."""
        return _change(key, now, self.answer, codes)


def as_shown(filters: Filters) -> Filters:
    """The filters that say outright what a page's tables are compared with: for files that repeat them."""
    return filters.replace(against=filters.against or USUAL)


def is_by_time(by: Sequence[str]) -> bool:
    """Is a grouping by days, weeks or months among these?"""
    return any(group in TIME_GROUPS for group in by)


def beside(
    ask: Ask, keys: Sequence[str], filters: Filters, *, by: Sequence[str] = (), usual: str = USUAL
) -> Beside | None:
    """The span that the address compares a table with (`usual` where it says nothing), asked by the same groups.

    None where nothing is to be compared, and by time, where each row is a period of its own.
    """
    wish = filters.against or usual
    if wish == "none" or is_by_time(by):
        return None
    found = spans(filters, ask.info.as_of, ask.cutoff_hour)
    if found is None:
        return Beside("环比" if wish == "previous" else "同比", None, None)
    word, span = ("环比", found.previous) if wish == "previous" else (found.year_word, found.last_year)
    return Beside(word, span, numbers_in(ask, keys, filters, span, by=by))
