"""Spans, scores and parts of a change that can be checked on paper."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from math import isclose

import numpy as np
import pytest

from dashboard.comparison import festival
from dashboard.comparison.chance import count_score, discoveries, median_score, p_value, rate_score, standard_score
from dashboard.comparison.change import NOTHING, change
from dashboard.comparison.parts import contributions, main_part
from dashboard.comparison.spans import TOO_FAR, Span, Spans, spans, windows
from dashboard.components.compared import spans_line
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import NO_DATA, Value

AS_OF = datetime(2026, 3, 14, 8, 0)
RATE, HOURS, COUNT = BY_KEY["on_time_rate"], BY_KEY["handling_hours_median"], BY_KEY["accepted"]


def asked(since: date, until: date, *, calendar: str = "", as_of: datetime = AS_OF) -> Spans:
    found = spans(Filters(since=since, until=until, calendar=calendar), as_of)
    assert found is not None
    return found


# --- spans --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [date(2026, 3, 15), date(2026, 4, 1)])
def test_a_running_month_is_compared_with_the_same_elapsed_point(until: date) -> None:
    found = asked(date(2026, 3, 1), until)
    assert found.is_running and (found.previous_name, found.year_name) == ("上月同期", "去年同期")
    assert found.now == Span(date(2026, 3, 1), date(2026, 3, 15))
    assert found.previous == Span(date(2026, 2, 1), date(2026, 2, 15), datetime(2026, 2, 14, 8, 0))
    assert found.last_year == Span(date(2025, 3, 1), date(2025, 3, 15), datetime(2025, 3, 14, 8, 0))
    assert spans_line(found, AS_OF) == (
        "本期未满，对比期截至同日同时（08:00） · 环比 3月1–14日 对 2月1–14日 · 同比 对 2025年3月1–14日"
    )


def test_the_31st_day_of_a_month_is_compared_with_all_of_a_shorter_one() -> None:
    found = asked(date(2026, 3, 1), date(2026, 4, 1), as_of=datetime(2026, 3, 31, 8))
    assert found.previous == Span(date(2026, 2, 1), date(2026, 3, 1))


def test_a_whole_month_is_compared_with_the_whole_month_before() -> None:
    found = asked(date(2026, 2, 1), date(2026, 3, 1))
    assert not found.is_running and found.previous == Span(date(2026, 1, 1), date(2026, 2, 1))
    assert found.previous_name == "上月"


def test_january_and_february_together_are_compared_with_two_whole_months() -> None:
    found = asked(date(2026, 1, 1), date(2026, 3, 1))
    assert (found.previous, found.previous_name) == (Span(date(2025, 11, 1), date(2026, 1, 1)), "前 2 个月")
    assert found.last_year == Span(date(2025, 1, 1), date(2025, 3, 1))


def test_a_running_quarter_and_a_running_year() -> None:
    as_of = datetime(2026, 5, 10, 8)
    quarter = asked(date(2026, 4, 1), date(2026, 5, 11), as_of=as_of)
    assert quarter.previous_name == "上季同期"
    assert quarter.previous == Span(date(2026, 1, 1), date(2026, 2, 10), datetime(2026, 2, 9, 8))
    year = asked(date(2026, 1, 1), date(2026, 5, 11), as_of=as_of)
    assert (year.previous_name, year.previous) == ("去年同期", year.last_year)
    assert "环比、同比均为 1月1日–5月10日 对 2025年1月1日–5月10日" in spans_line(year, as_of)


def test_other_spans_are_compared_with_equally_many_days_before() -> None:
    ended = asked(date(2026, 3, 3), date(2026, 3, 10))
    assert (ended.previous, ended.previous_name) == (Span(date(2026, 2, 24), date(2026, 3, 3)), "前 7 天")
    running = asked(date(2026, 3, 8), date(2026, 3, 15))
    assert running.previous == Span(date(2026, 3, 1), date(2026, 3, 8), datetime(2026, 3, 7, 8))


def test_an_open_beginning_and_one_after_the_data_are_compared_with_nothing() -> None:
    assert spans(Filters(until=date(2026, 3, 8)), AS_OF) is None
    assert spans(Filters(since=date(2026, 4, 1)), AS_OF) is None


def test_february_of_a_leap_year_is_all_of_february_a_year_before() -> None:
    found = asked(date(2024, 2, 1), date(2024, 3, 1))
    assert found.last_year == Span(date(2023, 2, 1), date(2023, 3, 1))
    assert asked(date(2024, 2, 29), date(2024, 3, 2)).last_year.since == date(2023, 2, 28)


def test_days_that_begin_at_noon_end_at_noon() -> None:
    """At 08:00 on the 14th the statistical day is still the 13th."""
    found = spans(Filters(since=date(2026, 3, 1), until=date(2026, 4, 1)), AS_OF, 12)
    assert found is not None and found.now.until == date(2026, 3, 14)
    assert found.previous == Span(date(2026, 2, 1), date(2026, 2, 14), datetime(2026, 2, 14, 8))


def test_the_usual_windows_end_where_the_period_ends() -> None:
    week, four_weeks, year = windows(Filters(since=date(2026, 1, 1), until=date(2026, 3, 15)), AS_OF)
    assert (week.now, week.before) == (
        Span(date(2026, 3, 8), date(2026, 3, 15)),
        Span(date(2026, 3, 1), date(2026, 3, 8), datetime(2026, 3, 7, 8)),
    )
    assert four_weeks.before == Span(date(2026, 1, 18), date(2026, 2, 15), datetime(2026, 2, 14, 8))
    assert (year.now, year.before.named(year.now)) == (
        Span(date(2026, 1, 1), date(2026, 3, 15)),
        "2025年1月1日–3月14日",
    )


# --- 春节 ----------------------------------------------------------------------------------------------------------


def test_the_day_of_the_festival_is_day_0_in_both_years() -> None:
    """2026-02-17 with 2025-01-29: ten days before until twenty after."""
    found = asked(date(2026, 2, 7), date(2026, 3, 10), calendar="festival")
    assert found.is_by_festival
    assert (found.now.named(), found.last_year.named(found.now)) == ("2月7日–3月9日", "2025年1月19日–2月18日")
    assert found.now.days == found.last_year.days == 31
    assert "春节同比 对 2025年1月19日–2月18日" in spans_line(found, AS_OF)


@pytest.mark.parametrize(
    ("since", "until", "is_near"),
    [
        (date(2026, 1, 18), date(2026, 3, 20), True),  # T−30 … T+30
        (date(2026, 1, 17), date(2026, 3, 20), False),
        (date(2026, 1, 18), date(2026, 3, 21), False),
        (date(2026, 2, 17), date(2026, 2, 18), True),
    ],
)
def test_only_days_near_the_festival_are_aligned(since: date, until: date, is_near: bool) -> None:
    found = asked(since, until, calendar="festival", as_of=datetime(2026, 6, 1, 8))
    assert (found.is_by_festival, found.note) == (is_near, "" if is_near else TOO_FAR)


def test_a_running_span_is_cut_at_the_same_hour_of_the_festival_before() -> None:
    found = asked(date(2026, 3, 1), date(2026, 3, 15), calendar="festival")
    assert found.last_year == Span(date(2025, 2, 10), date(2025, 2, 24), datetime(2025, 2, 23, 8))


def test_the_dates_are_new_moons_of_the_right_time_of_year() -> None:
    """春节 is a new moon between 21 January and 20 February: years lie 12 or 13 lunations apart, and the moon's age
    counted from the new moon of 2000-01-06 18:14 UTC (mean lunation 29.530588853 days) is under a day off."""
    known = list(festival.days().values())
    assert [day.year for day in known] == list(range(2015, 2036))
    for day in known:
        assert (1, 21) <= (day.month, day.day) <= (2, 20)
        since_new = (datetime(day.year, day.month, day.day, 4) - datetime(2000, 1, 6, 18, 14)).total_seconds() / 86400
        age = since_new % 29.530588853
        assert min(age, 29.530588853 - age) < 1.3, day
    assert {(b - a).days for a, b in pairwise(known)} <= {353, 354, 355, 383, 384, 385}


# --- chance -------------------------------------------------------------------------------------------------------


def test_scores_on_paper() -> None:
    assert count_score(144, 100) == 4.0
    # 165/203 against 160/180: p = 325/383 = 0.848564, (0.812808 − 0.888889) / √(0.848564·0.151436·(1/203 + 1/180))
    assert isclose(rate_score((165, 203), (160, 180)) or 0, -2.0730, abs_tol=5e-5)
    # ln 2 / (1.442695 · √(2/50)) = 0.693147 / 0.288539
    assert isclose(median_score((20.0, 50), (10.0, 50)) or 0, 2.4023, abs_tol=5e-5)
    assert isclose(p_value(1.959964), 0.05, abs_tol=1e-6)


def test_too_few_have_no_score() -> None:
    assert rate_score((1, 100), (4, 100)) is None  # 2.5 expected
    assert rate_score((0, 0), (4, 100)) is None
    assert median_score((3.0, 9), (9.0, 500)) is None
    assert standard_score(COUNT, Value(12), Value(7)) is None
    assert standard_score(RATE, Value(0.5, 4, 8, "small"), Value(0.9, 90, 100)) is None
    assert standard_score(RATE, NO_DATA, Value(0.9, 90, 100)) is None


def test_the_rule_of_benjamini_and_hochberg_on_their_own_example() -> None:
    """The fifteen p-values of their paper (1995, section 3.2): four are significant at 0.05."""
    p = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528)
    assert discoveries([*p, 0.7590, 1.0]) == (True,) * 4 + (False,) * 11
    assert discoveries([]) == ()


@pytest.mark.parametrize(
    ("key", "now", "before", "direction", "verdict"),
    [
        ("accepted", Value(104), Value(100), "flat", "plain"),
        ("accepted", Value(130), Value(100), "up", "plain"),
        ("overdue_open", Value(130), Value(100), "up", "worse"),
        ("overdue_open", Value(70), Value(100), "down", "better"),
        ("on_time_rate", Value(0.95, 95, 100), Value(0.9, 90, 100), "flat", "plain"),
        ("on_time_rate", Value(0.95, 950, 1000), Value(0.9, 900, 1000), "up", "better"),
        ("handling_hours_median", Value(50.0, None, 30), Value(40.0, None, 30), "flat", "plain"),
        ("handling_hours_median", Value(50.0, None, 600), Value(40.0, None, 600), "up", "worse"),
    ],
)
def test_an_arrow_stands_only_for_more_than_chance(
    key: str, now: Value, before: Value, direction: str, verdict: str
) -> None:
    found = change(BY_KEY[key], now, before)
    assert found is not None and (found.direction, found.verdict) == (direction, verdict)


def test_a_spike_is_three_and_both_sides_are_printed() -> None:
    spike = change(COUNT, Value(144), Value(100))
    assert spike is not None and spike.is_spike and spike.text == "+44（+44.0%）"
    rate = change(RATE, Value(0.95, 950, 1000), Value(0.9, 900, 1000))
    assert rate is not None and (rate.text, rate.before) == ("+5.0 个百分点", "90.0%（900/1,000）")


def test_nothing_is_compared_with_too_little() -> None:
    assert change(RATE, Value(0.9, 90, 100), Value(0.5, 1, 2, "small")) is None
    assert change(HOURS, NO_DATA, Value(3.0, None, 12)) is NOTHING


def test_where_nothing_changed_few_periods_have_an_exception() -> None:
    """Two hundred comparisons of pure chance, in a hundred periods: about five periods may name one (rates, counts)."""
    chance = np.random.default_rng(7)
    named = {"rates": 0, "counts": 0}
    for _ in range(100):
        rates, counts = [], []
        for _ in range(200):
            (now, before), share, mean = chance.integers(30, 600, 2), chance.uniform(0.8, 0.99), chance.uniform(10, 400)
            rates.append(rate_score((chance.binomial(now, share), now), (chance.binomial(before, share), before)))
            one, other = (Value(float(n)) for n in chance.poisson(mean, 2))
            counts.append(standard_score(COUNT, one, other))
        for name, scores in (("rates", rates), ("counts", counts)):
            named[name] += any(discoveries([p_value(score) for score in scores if score is not None]))
    assert max(named.values()) <= 12


# --- parts --------------------------------------------------------------------------------------------------------


def test_what_two_departments_add_to_a_rate() -> None:
    """60/100 → 45/100: A from 40/50 to 20/40, B from 20/50 to 25/60.

    A: w̄ = 0.45, Δr = −0.3 → −0.135; Δw = −0.1, r̄ − R̄ = 0.65 − 0.525 → −0.0125.
    B: w̄ = 0.55, Δr = 1/60 → +0.009167; Δw = +0.1, r̄ − R̄ = 0.408333 − 0.525 → −0.011667. Together −0.15.
    """
    parts = {"A": (Value(0.5, 20, 40), Value(0.8, 40, 50)), "B": (Value(25 / 60, 25, 60), Value(0.4, 20, 50))}
    one, other = contributions(RATE, parts)
    assert (round(one.own, 6), round(one.mix, 6)) == (-0.135, -0.0125)
    assert (round(other.own, 6), round(other.mix, 6)) == (0.009167, -0.011667)
    assert isclose(one.total + other.total, -0.15)
    found = main_part((one, other))
    assert found is not None and found.code == "A"


def test_a_part_that_is_large_anyway_is_not_the_reason() -> None:
    """A is nine tenths of everything and brings nine tenths of the change; B, C, D bring their own tenths too."""
    even = {c: (Value(n * 2), Value(n)) for c, n in {"A": 24, "B": 1, "C": 1, "D": 1}.items()}
    shares = {part.code: part.total / 27 - part.weight for part in contributions(COUNT, even)}
    assert all(abs(excess) < 1e-9 for excess in shares.values())
    spread = {str(n): (Value(20), Value(10)) for n in range(5)}
    assert main_part(contributions(COUNT, spread)) is None


def test_a_median_has_no_parts() -> None:
    with pytest.raises(ValueError, match="不能分解"):
        contributions(HOURS, {})
