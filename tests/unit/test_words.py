"""Numbers are written as people read them: full where they reconcile, short where large, honest at the ends."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard import words
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import NO_DATA, Value

RATE, COUNT, HOURS = BY_KEY["on_time_rate"], BY_KEY["accepted"], BY_KEY["handling_hours_median"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (17, "17"),
        (17032, "17,032"),
        (99_999, "99,999"),
        (100_000, "10万"),
        (123_456, "12.3万"),
        (1_234_567, "123万"),
        (12_345_678, "1,230万"),
        (99_949_999, "9,990万"),
        (123_456_789, "1.23亿"),
        (-62, "−62"),
    ],
)
def test_counts_are_full_up_to_99_999_then_three_digits(number: int, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.0"), (1.0, "100.0"), (0.99999, ">99.9"), (0.0001, "<0.1"), (0.9632, "96.3")]
)
def test_a_rate_is_rounded_to_all_or_nothing_only_when_it_is(share: float, text: str) -> None:
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0.5, ("30", "分钟")),
        (1.99, ("119", "分钟")),
        (1.995, ("2.0", "小时")),
        (3.5, ("3.5", "小时")),
        (47.9, ("47.9", "小时")),
        (47.96, ("2.0", "天")),
        (50.4, ("2.1", "天")),
    ],
)
def test_durations_are_minutes_then_hours_then_days(hours: float, said: tuple[str, str]) -> None:
    assert words.duration(hours) == said


def test_a_rate_always_carries_its_parts() -> None:
    assert words.shown(RATE, Value(1163 / 1208, 1163, 1208)).line == "96.3%（1,163/1,208）"


def test_a_weighted_numerator_keeps_one_decimal() -> None:
    assert words.parts(1204.3, 1284) == "1,204.3/1,284"


def test_zero_nothing_and_too_little_look_different() -> None:
    zero = words.shown(RATE, Value(0.0, 0, 35))
    none = words.shown(RATE, NO_DATA)
    small = words.shown(RATE, Value(3 / 7, 3, 7, "small"))
    assert zero.line == "0.0%（0/35）"
    assert (none.text, none.detail, none.state) == ("-", "无数据", "none")
    assert small.line == "样本不足（3/7）"
    assert words.shown(COUNT, Value(0)).line == "0 件"


def test_a_value_without_a_number_is_no_data_whatever_its_state_says() -> None:
    assert words.shown(COUNT, Value(None)).state == "none"


def test_changes_are_signed_and_percent_needs_a_base() -> None:
    assert words.count_change(160, 148) == "+12（+8.1%）"
    assert words.count_change(5, 8) == "−3"
    assert words.count_change(8, 8) == "0"
    assert words.points_change(0.813, 0.827) == "−1.4 个百分点"
    assert words.duration_change(96.0, 93.6) == "+0.1 天"
    assert words.duration_change(1.0, 1.5) == "−30 分钟"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 3, 1), date(2026, 3, 14), "3月1–14日"),
        (date(2026, 3, 1), date(2026, 3, 1), "3月1日"),
        (date(2026, 1, 15), date(2026, 3, 14), "1月15日–3月14日"),
        (date(2025, 12, 29), date(2026, 1, 4), "2025年12月29日–2026年1月4日"),
    ],
)
def test_spans_say_both_days(first: date, last: date, text: str) -> None:
    assert words.day_span(first, last) == text
