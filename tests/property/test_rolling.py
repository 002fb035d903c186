"""Relative dates: what a period can be read as comes to that period again, and to one as long on any other day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import rolling
from dashboard.filters import EARLIEST, LATEST, Filters, parse

TODAY = st.dates(date(1999, 1, 1), date(2090, 12, 31))
OFFSET = st.one_of(st.sampled_from([-366, -90, -31, -30, -7, -1, 0]), st.integers(-3000, 300))


@given(today=TODAY, first=OFFSET, length=st.integers(1, 800))
def test_every_reading_of_a_period_is_that_period(today: date, first: int, length: int) -> None:
    since = today + timedelta(days=first)
    until = since + timedelta(days=length)
    found = rolling.readings(since, until, today)
    assert {rolling.period(rule, today) for rule in found} == {(since, until)}
    assert all(rolling.words(rule) for rule in found)


@given(today=TODAY, other=TODAY, first=OFFSET, length=st.integers(1, 800))
def test_days_are_as_many_and_as_far_away_on_another_day(today: date, other: date, first: int, length: int) -> None:
    rule = rolling.days(first, first + length)
    (since, until), (then_since, then_until) = rolling.period(rule, today), rolling.period(rule, other)
    assert until - since == then_until - then_since == timedelta(days=length)
    assert since - today == then_since - other


@given(today=TODAY, rule=st.sampled_from([*rolling.NAMED, "days:-89:1", "days:-20000:20000"]))
def test_a_rule_on_any_day_is_a_period_that_an_address_holds(today: date, rule: str) -> None:
    since, until = rolling.period(rule, today)
    assert EARLIEST <= since < until <= LATEST
    assert parse(Filters(since=since, until=until).to_query()).notes == ()


def test_the_months_of_a_calendar() -> None:
    assert rolling.period("last_month", date(2026, 3, 14)) == (date(2026, 2, 1), date(2026, 3, 1))
    assert rolling.period("month_to_date", date(2026, 3, 31)) == (date(2026, 3, 1), date(2026, 4, 1))
    assert rolling.readings(date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 7)) == (
        "month_to_date",
        "year_to_date",
        "january_and_february",
        "days:-6:1",
    )
    assert rolling.period("january_and_february", date(2024, 7, 1)) == (date(2024, 1, 1), date(2024, 3, 1))
    assert rolling.words("days:-6:1") == "近7天"
    assert rolling.words("days:-30:0") == "截至日前 30 天至截至日前 1 天"


@pytest.mark.parametrize("rule", ["", "days:1:1", "days:2:1", "days:-99999:1", "days:１:2", "last year", "days:-1:1\n"])
def test_what_is_no_rule_is_said(rule: str) -> None:
    with pytest.raises(rolling.UnknownRuleError, match="不认识"):
        rolling.period(rule, date(2026, 1, 1))
