"""How did a number go over time? Buckets that fit the span, and whether the last one is full yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dashboard.ask import Answer, Ask
from dashboard.filters import Filters
from dashboard.metrics.values import Value

DAILY_UP_TO, WEEKLY_UP_TO = 62, 400
"""Days in a span that still make a readable line of days, of weeks; above that, months."""


@dataclass(frozen=True)
class Course:
    """Metrics per bucket; `is_partial` says that the last bucket is cut by the data or by the period."""

    bucket: str
    starts: tuple[date, ...]
    values: dict[str, tuple[Value, ...]]
    is_partial: bool
    is_cut_at_start: bool = False
    since: date = date.min
    until: date = date.max

    @property
    def spans(self) -> tuple[tuple[date, date], ...]:
        """Of each bucket its first day and the day after its last, no further than the period and the data go."""
        ends = [bucket_end(start, self.bucket).date() for start in self.starts]
        return tuple((max(a, self.since), min(b, self.until)) for a, b in zip(self.starts, ends, strict=True))

    def numbers(self, key: str, *, also_small: bool = False) -> tuple[float | None, ...]:
        """One metric's plain numbers, none where there is no data (or, unless asked, too small a sample)."""
        return tuple(_number(value, also_small=also_small) for value in self.values[key])


def _number(value: Value, *, also_small: bool) -> float | None:
    if value.state == "ok":
        return value.value
    if also_small and value.state == "small" and value.N:
        return (value.n or 0.0) / value.N
    return None


def bucket_for(filters: Filters, as_of: datetime, *, daily_up_to: int = DAILY_UP_TO) -> str:
    """day, week or month, by the length of the span; an open beginning counts as long."""
    if filters.since is None:
        return "month"
    until = min(filters.until or date.max, as_of.date() + timedelta(days=1))
    days = (until - filters.since).days
    return "day" if days <= daily_up_to else "week" if days <= WEEKLY_UP_TO else "month"


def course(ask: Ask, keys: Sequence[str], filters: Filters, *, bucket: str) -> Course:
    """Metrics over time under these filters."""
    answer = ask.numbers(keys, by=(bucket,), filters=filters)
    return from_answer(answer, bucket=bucket, filters=filters)


def from_answer(answer: Answer, *, bucket: str, filters: Filters) -> Course:
    """An answer by time as a course; buckets that begin after the data or the period are left out."""
    end = _end(filters, answer.as_of)
    rows = [row for row in answer.rows if row.codes[0] and datetime.combine(_day(row.codes[0]), time()) < end]
    starts = tuple(_day(row.codes[0]) for row in rows)
    values = {key: tuple(row.values[key] for row in rows) for key in answer.metrics}
    partial = bool(starts) and bucket_end(starts[-1], bucket) > end
    cut = bool(starts) and filters.since is not None and starts[0] < filters.since
    last = answer.as_of.date() + timedelta(days=1)
    since, until = filters.since or date.min, min(filters.until or date.max, last)
    return Course(bucket, starts, values, partial, cut, since, until)


def _day(code: str) -> date:
    return date.fromisoformat(code[:10])


def _end(filters: Filters, as_of: datetime) -> datetime:
    until = datetime.combine(filters.until, time()) if filters.until else as_of
    return min(until, as_of)


def bucket_end(start: date, bucket: str) -> datetime:
    """The first moment after a bucket."""
    if bucket == "month":
        after = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        after = start + timedelta(days=7 if bucket == "week" else 1)
    return datetime.combine(after, time())
