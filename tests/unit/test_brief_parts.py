"""The small parts of 要情: its lines of words, its figure, its choice of spans."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dashboard.comparison.change import NOTHING, Change
from dashboard.comparison.festival import FestivalFileError, days, latest
from dashboard.components import ranking
from dashboard.components.filter_bar import presets
from dashboard.components.kpi import change_line, window_line
from dashboard.figures.against import Line, against, axis_words
from dashboard.metrics.values import Value
from dashboard.tail import Tail
from dashboard.targets import Goal

WEEKS = [date(2026, 2, 2) + timedelta(days=7 * n) for n in range(5)]
RATE = Line(
    name="按时办结率",
    starts=WEEKS,
    values=(0.97, 0.96, None, 0.95, 0.9),
    earlier=(0.98, 0.97, 0.96, 0.97, None),
    earlier_name="去年同期",
    target=0.95,
    target_words="目标 ≥ 95%",
    scale=100.0,
    suffix="%",
    decimals=1,
    is_rate=True,
    is_partial=True,
    is_cut_at_start=True,
)


def test_a_line_stands_against_its_target_and_the_year_before() -> None:
    figure = against(RATE, bucket="week")
    earlier, whole, head, tail = figure.data
    assert (earlier.name, earlier.line.dash, list(earlier.y)) == ("去年同期", "dot", [98.0, 97.0, 96.0, 97.0, None])
    assert list(whole.y) == [96.0, None, 95.0]
    assert [(list(end.y), end.line.dash) for end in (head, tail)] == [([97.0, 96.0], "dash"), ([95.0, 90.0], "dash")]
    assert [shape.y0 for shape in figure.layout.shapes] == [95.0]
    assert {note.text for note in figure.layout.annotations} == {"目标 ≥ 95%", "本期未满"}


def test_the_axis_of_a_rate_says_where_it_starts_and_that_of_a_count_starts_at_0() -> None:
    low, high = against(RATE, bucket="week").layout.yaxis.range
    assert (low, high) == (85.0, 100.0) and axis_words(RATE) == "纵轴自 85% 起"
    counts = Line(name="受理", starts=WEEKS, values=(3.0, 5.0, 0.0, 8.0, 2.0))
    assert against(counts, bucket="week").layout.yaxis.range == (0.0, 8.96) and axis_words(counts) == ""
    assert against(Line(name="受理", starts=(), values=()), bucket="day").layout.yaxis.range == (0.0, 1.12)


@pytest.mark.parametrize(
    ("last", "neighbours", "is_crowded"), [(144, 100.0, True), (120, 100.0, False), (9, 0.5, False)]
)
def test_a_crowd_before_the_deadline_is_a_spike_of_enough(last: int, neighbours: float, is_crowded: bool) -> None:
    """2(√144 − √100) = 4; 2(√120 − √100) = 1.9; nine are too few to say anything."""
    assert Tail(last, neighbours).is_crowded == is_crowded


def test_the_first_two_months_are_one_choice_and_so_are_the_days_around_the_festival() -> None:
    def spans(today: date) -> dict[str, list[str]]:
        return {choice["label"]: choice["value"] for choice in presets(today)}

    assert spans(date(2026, 10, 30))["1–2月合并"] == ["2026-01-01", "2026-02-28"]
    assert spans(date(2024, 3, 5))["1–2月合并"] == ["2024-01-01", "2024-02-29"]
    assert spans(date(2026, 2, 3))["1–2月合并"] == ["2026-01-01", "2026-02-03"]
    assert spans(date(2026, 10, 30))["春节前后30天"] == ["2026-01-18", "2026-03-19"]
    assert spans(date(2026, 1, 10))["春节前后30天"] == ["2024-12-30", "2025-02-28"]
    assert "春节前后30天" not in spans(date(2010, 5, 1)) and latest(date(2010, 5, 1)) is None


def test_a_spoilt_file_of_festival_days_is_refused_with_a_sentence(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "spring_festival.csv"
    for text, said in (
        ("day\n春节\n", "无法读取"),
        ("date\n2026-02-17\n", "无法读取"),
        ("day\n2026-02-17\n2026-02-18\n", "两次"),
    ):
        path.write_text(text, encoding="utf-8")
        days.cache_clear()
        with pytest.raises(FestivalFileError, match=said):
            days(path)


def text_of(component: object) -> str:
    if isinstance(component, str):
        return component
    inside = component if isinstance(component, list) else getattr(component, "children", None) or []
    return "".join(text_of(one) for one in (inside if isinstance(inside, list) else [inside]))


def test_a_change_says_direction_and_meaning_in_words() -> None:
    fell = Change("down", "worse", "−6.2 个百分点", "87.5%（175/200）")
    assert text_of(change_line("环比", fell)) == "环比▼−6.2 个百分点变差"
    assert text_of(window_line("28 天", "81.3%", fell)) == "28 天81.3%▼−6.2 点变差"
    assert text_of(change_line("同比", None)) == "同比样本不足"
    assert text_of(change_line("同比", NOTHING)) == "同比○ 无数据"
    assert text_of(change_line("环比", Change("flat", "plain", "+0.1 个百分点"))) == "环比▬持平"
    assert (
        text_of(change_line("环比", Change("up", "plain", "+44（+44.0%）", "100 件", is_spike=True)))
        == "环比▲+44（+44.0%）突增"
    )


def test_a_ranking_draws_the_target_and_marks_who_misses_it() -> None:
    goal = Goal("on_time_rate", 0.95, True, "县考核办", date(2026, 1, 1))
    places = [
        ranking.Place(dimension="town", code=code, name=code, rate=Value(n / 100, n, 100))
        for code, n in (("甲", 97), ("乙", 92))
    ]
    table = ranking.table(ranking.ranked(places, "on_time_rate"), key="on_time_rate", target=goal)
    assert "目标 ≥ 95%" in text_of(table)
    classes = [str(part.className) for part in table._traverse() if getattr(part, "className", "")]
    assert classes.count("dot-target") == 2 and classes.count("dot is-missed") == 1
