"""Do pictures say the same in words: for none, one and many, for zero and for no data?"""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.figures import told
from dashboard.figures.against import Line, against
from dashboard.figures.ageing import Bar, ageing
from dashboard.figures.distribution import Elapsed, distribution
from dashboard.figures.trend import Series, trend

WEEKS = [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)]


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ((), "受理无数据"),
        ((None,), "受理无数据"),
        ((0.0, 0.0), "受理一直为 0 件"),
        ((7.0,), "受理 7 件（2026年3月2日起一周）"),
        ((1.0, 1234.0, 5.0), "受理最近 5 件（2026年3月16日起一周），最高 1,234 件（2026年3月9日起一周）"),
        ((1.0, 9.0, None), "受理最近 9 件（2026年3月9日起一周），最高 9 件（2026年3月9日起一周）"),
    ],
)
def test_a_line_in_a_sentence(values: tuple[float | None, ...], finding: str) -> None:
    figure = trend(WEEKS[: len(values)], [Series("受理", values)], bucket="week")
    assert figure.layout.meta["finding"] == finding


def test_a_period_that_runs_says_so_in_sentence_and_table() -> None:
    figure = trend(
        WEEKS, [Series("受理", (1.0, None, 0.0)), Series("办结", (2.0, 3.0, 4.0))], bucket="week", is_partial=True
    )
    assert "本期未满" in figure.layout.meta["finding"]
    assert figure.layout.meta["heads"] == ["周", "受理", "办结"]
    assert figure.layout.meta["rows"] == [
        ["2026年3月2日起一周", "1", "2"],
        ["2026年3月9日起一周", "无数据", "3"],
        ["2026年3月16日起一周（未满）", "0", "4"],
    ]


@pytest.mark.parametrize(
    ("totals", "finding"),
    [
        ([], "没有在办超期事项"),
        ([("县司法局", 0)], "没有在办超期事项"),
        ([("县司法局", 3)], "在办超期 3 件，都在县司法局"),
        ([("县司法局", 3), ("县住建局", 1200)], "在办超期 1,203 件，县住建局最多（1,200 件）"),
    ],
)
def test_a_stock_in_a_sentence(totals: list[tuple[str, int]], finding: str) -> None:
    bars = [Bar(name, name, (count, 0, 0, 0, 0)) for name, count in totals]
    assert ageing(bars).layout.meta["finding"] == finding


def test_the_rows_of_a_stack_add_up() -> None:
    rows = ageing([Bar("县司法局", "D01", (1, 2, 0, 4, 5)), Bar("县住建局", "D02", (9, 9, 9, 9, 9))]).layout.meta[
        "rows"
    ]
    assert rows == [["县住建局", "9", "9", "9", "9", "9", "45"], ["县司法局", "1", "2", "0", "4", "5", "12"]]


@pytest.mark.parametrize(
    ("late", "total", "finding"),
    [
        (0, 0, "风险没有到期事项"),
        (0, 1, "风险 1 件都按时"),
        (1, 1, "风险 1 件中 1 件超期"),
        (5, 1200, "风险 1,200 件中 5 件超期"),
    ],
)
def test_a_distribution_in_a_sentence(late: int, total: int, finding: str) -> None:
    """What ended in the bin that closes at the deadline is the last on time."""
    counts = [0] * 21
    counts[9], counts[10] = total - late, late
    assert distribution([Elapsed("风险", tuple(counts))]).layout.meta["finding"] == finding


def test_a_table_has_a_cell_for_every_head() -> None:
    meta = distribution([Elapsed("风险", (1,) * 21), Elapsed("隐患", (2,) * 21)]).layout.meta
    assert {len(row) for row in meta["rows"]} == {len(meta["heads"])} == {3}
    assert told.written(None) == "无数据"


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ((None, None, None), "按时办结率无数据，目标 95%"),
        ((0.9, None, None), "按时办结率最近 90.0%（2026年3月2日起一周），目标 95%"),
        ((0.9, 0.5, 0.0), "按时办结率最近 0.0%（2026年3月16日起一周），目标 95%"),
    ],
)
def test_a_line_beside_its_target_in_a_sentence(values: tuple[float | None, ...], finding: str) -> None:
    line = Line(
        name="按时办结率",
        starts=WEEKS,
        values=values,
        earlier=(0.8, None),
        earlier_name="去年同期",
        target=0.95,
        target_words="目标 95%",
        scale=100,
        suffix="%",
        decimals=1,
    )
    meta = against(line, bucket="week").layout.meta
    assert meta["finding"] == finding
    assert [row[2] for row in meta["rows"]] == ["80.0%", "无数据", "无数据"]
