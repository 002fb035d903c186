"""Figures are pure: the same numbers, the same picture; gaps stay gaps and unfinished periods look unfinished."""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import unquote

import pytest

from dashboard import theme
from dashboard.components import ranking
from dashboard.figures.ageing import AGES, Bar, ageing
from dashboard.figures.axes import whole_steps
from dashboard.figures.classes import classes
from dashboard.figures.distribution import BINS, DEADLINE_BIN, Elapsed, distribution
from dashboard.figures.sparkline import sparkline
from dashboard.figures.trend import Series, trend
from dashboard.metrics.values import Value

DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(5)]


def test_every_colour_of_the_theme_comes_from_the_tokens_file() -> None:
    tokens = theme.read_tokens((theme.ASSETS / "tokens.css").read_text(encoding="utf-8"))
    assert tokens == theme.TOKENS
    assert len(set(theme.SEQUENTIAL)) == len(theme.ON_SEQUENTIAL) == 5


SHEETS = sorted(path.name for path in theme.ASSETS.glob("*.css") if path.name != "tokens.css")


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_other_sheet_names_a_colour(sheet: str) -> None:
    text = (theme.ASSETS / sheet).read_text(encoding="utf-8")
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", text)


def test_every_colour_used_is_a_token() -> None:
    for sheet in SHEETS:
        text = (theme.ASSETS / sheet).read_text(encoding="utf-8")
        assert set(re.findall(r"var\(--([a-z0-9-]+)\)", text)) <= {*theme.TOKENS, "columns", "rows"}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "surface"),
        ("ink-soft", "surface"),
        ("ink-soft", "ground"),
        ("accent", "surface"),
        ("accent", "accent-soft"),
        ("surface", "accent"),
        ("better", "surface"),
        ("worse", "surface"),
        ("notice", "notice-soft"),
        ("demo", "surface"),
        *((f"on-seq-{n}", f"seq-{n}") for n in range(1, 6)),
    ],
)
def test_text_is_readable_on_its_ground(text: str, ground: str) -> None:
    assert contrast(theme.colour(text), theme.colour(ground)) >= 4.5


def test_a_line_has_gaps_where_there_is_no_data() -> None:
    figure = trend(DAYS, [Series("受理", (1, None, 3, 4, 5))], bucket="day")
    assert list(figure.data[0].y) == [1, None, 3, 4, 5]
    assert figure.data[0].connectgaps is False


def test_an_unfinished_last_bucket_is_dashed_hollow_and_named() -> None:
    figure = trend(DAYS, [Series("受理", (1, 2, 3, 4, 2))], bucket="day", is_partial=True)
    solid, tail = figure.data[0], figure.data[1]
    assert list(solid.x)[-1] == DAYS[-2].isoformat()
    assert tail.line.dash == "dash"
    assert tail.marker.color == theme.colour("surface")
    assert "本期未满" in [note.text for note in figure.layout.annotations]


def test_a_cut_first_bucket_is_dashed_too() -> None:
    figure = trend(DAYS, [Series("受理", (1, 2, 3, 4, 2))], bucket="week", is_cut_at_start=True)
    assert next(iter(figure.data[0].x)) == DAYS[1].isoformat()
    assert figure.data[1].line.dash == "dash"


def test_names_of_lines_that_end_together_are_pushed_apart() -> None:
    figure = trend(DAYS, [Series("受理", (1, 2, 3, 4, 100)), Series("办结", (1, 2, 3, 4, 99))], bucket="day")
    shifts = {note.text: note.yshift for note in figure.layout.annotations}
    assert shifts["受理"] - shifts["办结"] >= 16


def test_a_trend_of_nothing_is_still_a_figure() -> None:
    assert not trend([], [Series("受理", ())], bucket="day").layout.annotations


def test_stacks_start_at_zero_and_carry_what_a_click_chooses() -> None:
    figure = ageing(
        [Bar("住建局", "department:D02", (1, 2, 3, 4, 5)), Bar("法院", "department:D01", (0, 0, 0, 0, 1), True)]
    )
    assert figure.layout.barmode == "stack"
    assert figure.layout.xaxis.range[0] == 0
    assert [bar.name for bar in figure.data[: len(AGES)]] == [label for _, label in AGES]
    assert list(figure.data[0].customdata) == ["department:D01", "department:D02"]
    assert list(figure.data[0].y) == ["▸ 法院", "住建局"]
    assert list(figure.data[0].marker.opacity) == [1.0, 0.4]


def test_what_was_late_has_another_colour_than_what_was_in_time() -> None:
    figure = distribution([Elapsed("风险", tuple(range(len(BINS))))])
    colours = figure.data[0].marker.color
    assert len(set(colours[:DEADLINE_BIN])) == len(set(colours[DEADLINE_BIN:])) == 1
    assert colours[0] != colours[-1]
    assert sum(figure.data[0].y) == pytest.approx(1)


def test_a_sparkline_breaks_where_there_is_nothing() -> None:
    picture = unquote(sparkline([1, 2, None, 3, 4]))
    assert picture.startswith("data:image/svg+xml,")
    assert picture.count("<polyline") == 2
    assert sparkline([None, 3]) == ""


def test_a_running_sparkline_ends_hollow() -> None:
    assert f'fill="{theme.colour("surface")}"' in unquote(sparkline([1, 2, 3], is_partial=True))


def test_classes_hold_every_value_once_and_breaks_ascend() -> None:
    values = [float(n * n) for n in range(60)]
    scale = classes(values)
    assert list(scale.breaks) == sorted(set(scale.breaks))
    assert len(scale.labels()) == len(scale.breaks) + 1 == 5
    assert {scale.step(value) for value in values} == {0, 1, 2, 3, 4}
    assert scale.step(values[0]) == 0


@pytest.mark.parametrize("rest", [[84.0], [1.0], [1.0, 2.0], [1.0, 1.0, 2.0, 7.0]])
@pytest.mark.parametrize("zeros", [1, 2, 11, 800])
def test_where_most_have_nothing_the_others_are_still_told_apart_from_them(zeros: int, rest: list[float]) -> None:
    scale = classes([0.0] * zeros + rest)
    assert {scale.index(value) for value in rest}.isdisjoint({scale.index(0.0)})
    assert scale.index(rest[0]) < scale.index(rest[-1]) or rest[0] == rest[-1]


def test_fewer_distinct_values_make_fewer_classes() -> None:
    assert classes([3.0, 3.0]).breaks == ()
    assert classes([]).labels() == ("全部",)
    assert len(classes([0.0, 1.0, 1.0]).labels()) <= 3


def test_where_more_is_better_the_lowest_class_is_darkest() -> None:
    scale = classes([0.8, 0.85, 0.9, 0.95, 0.99], is_rate=True, darker_is_lower=True)
    assert scale.step(0.8) == 4
    assert scale.step(0.99) == 0
    assert scale.labels()[-1].endswith("%")


def place(code: str, n: int, total: int) -> ranking.Place:
    state = "small" if total < 10 else "ok"
    return ranking.Place(dimension="town", code=code, name=code, rate=Value(n / total, n, total, state))


def test_ranks_go_by_the_cautious_bound_and_ties_share_one() -> None:
    rows = ranking.ranked(
        [place("b", 10, 10), place("a", 970, 1000), place("c", 10, 10), place("d", 2, 2)], "on_time_rate"
    )
    assert [(row.rank, row.place.code) for row in rows] == [(1, "a"), (2, "b"), (2, "c"), (None, "d")]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1.0, None, None, 2.0, 3.0), 1),
        ((1.0, 2.0, 3.0, 0.0, 3.0), 0),
        ((None, 1.0, None, 2.0, 3.0), 2),
        ((*(1.0,) * 10, None), 0),
    ],
)
def test_a_wide_gap_says_that_there_are_no_data(values: tuple[float | None, ...], said: int) -> None:
    """Two of five buckets, none (a zero is a point), two single ones, one of eleven: too narrow for words."""
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(len(values))]
    figure = trend(days, [Series("受理", values)], bucket="day")
    assert [a.text for a in figure.layout.annotations].count("无数据") == said


def test_a_single_day_is_a_point() -> None:
    figure = trend(DAYS[:1], [Series("受理", (7.0,))], bucket="day")
    assert (figure.data[0].mode, figure.data[0].y) == ("markers", (7.0,))


@pytest.mark.parametrize("top", [0, 1, 2, 4, 5, 7, 60, 12345])
def test_an_axis_of_cases_has_no_tick_between_two_whole_numbers(top: int) -> None:
    """Printed without decimals, 0.5 and 1 would both read “1”."""
    steps = whole_steps(top, most=5)
    assert steps["tickformat"] == ",d"
    assert ("dtick" in steps) == (top < 5) and steps.get("dtick", 1) == 1
