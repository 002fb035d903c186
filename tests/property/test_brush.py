"""Brushing: the buckets of a curve lie side by side inside the period, and choosing some is a period of whole ones."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import intent
from dashboard.course import Course, bucket_end
from dashboard.filters import Filters

FIRST = {"day": lambda d: d, "week": lambda d: d - timedelta(days=d.weekday()), "month": lambda d: d.replace(day=1)}


def starts(bucket: str, since: date, until: date) -> tuple[date, ...]:
    found = [FIRST[bucket](since)]
    while bucket_end(found[-1], bucket) < datetime.combine(until, time()):
        found.append(bucket_end(found[-1], bucket).date())
    return tuple(found)


@given(
    bucket=st.sampled_from(["day", "week", "month"]),
    since=st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    length=st.integers(1, 200),
)
def test_the_buckets_share_out_the_period(bucket: str, since: date, length: int) -> None:
    until = since + timedelta(days=length)
    spans = Course(bucket, starts(bucket, since, until), {}, False, False, since, until).spans
    assert (spans[0][0], spans[-1][1]) == (since, until)
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(first < after for first, after in spans)
    chosen = intent.apply(
        Filters(), {"period": [spans[0][0].isoformat(), (spans[-1][1] - timedelta(days=1)).isoformat()]}
    )
    assert (chosen.since, chosen.until) == (since, until)


@pytest.mark.parametrize("odd", [["x", "y"], [1, 2], ["2026-03-02", "2026-03-01"], ["2026-03-02"], {}, None, "2026"])
def test_an_odd_period_changes_nothing(odd: Any) -> None:
    before = Filters(since=date(2026, 1, 1), until=date(2026, 2, 1))
    assert intent.apply(before, {"period": odd}) == before


def test_no_days_are_all_time() -> None:
    assert intent.apply(Filters(since=date(2026, 1, 1), kind=("D",)), {"period": []}) == Filters(kind=("D",))
