"""Time to close: a textbook example by hand, and the rows that stand behind the curve."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dashboard.components.explore_times import median_in_words, place_of
from dashboard.durations import EDGES, spread, times
from dashboard.figures.time_to_close import NamedCurve, survival
from dashboard.filters import Filters
from dashboard.metrics.query import UnknownQuestionError
from dashboard.survival import at_risk, product_limit
from tests import builders

FREIREICH = ((6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0), (17, 0, 1))
FREIREICH += ((19, 0, 1), (20, 0, 1), (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2), (34, 0, 1), (35, 0, 1))
"""Weeks in remission under 6-MP, 21 patients (Freireich 1963), the example of most textbooks."""


def test_the_textbook_example() -> None:
    curve = product_limit(FREIREICH)
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.survival.tolist() == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert (curve.total, curve.ended, curve.median) == (21, 9, 23)
    # Greenwood by hand at 6: the sum is 3/(21·18), ln S = ln(18/21); S to the power exp(∓1.96·√sum/ln S).
    assert (curve.low[0], curve.high[0]) == pytest.approx((0.6197, 0.9516), abs=5e-4)
    assert curve.median_band == (13, None)
    assert at_risk(FREIREICH, [0, 10, 36]) == (21, 15, 0)
    assert curve.open_after(5.9) == 1 and curve.open_after(6) == pytest.approx(18 / 21)


def test_nobody_everybody_and_no_case_at_all() -> None:
    still_open = product_limit([(5, 0, 4)])
    assert (still_open.total, still_open.ended, still_open.median) == (4, 0, None)
    assert median_in_words(NamedCurve("全部", still_open)) == "未到一半"
    closed = product_limit([(24, 2, 0), (48, 2, 0)])
    assert closed.survival.tolist() == [0.5, 0] and closed.median == 24
    assert product_limit([]).total == 0
    for curve in (still_open, closed, product_limit([])):
        assert survival([NamedCurve("全部", curve)], until=10).data


def test_a_case_last_seen_when_another_closed_was_still_at_risk() -> None:
    assert product_limit([(3, 1, 1)]).survival.tolist() == [0.5]


def test_a_duration_stands_in_its_bin() -> None:
    assert [place_of(hours) for hours in (0, 1, 2, 5, 8, 2160)] == [0, 0.5, 1, 1.5, 2, len(EDGES)]
    assert place_of(5000) == len(EDGES) + 0.5


AT = datetime(2026, 3, 1, 9)


@pytest.fixture(scope="module")
def turns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Closed after 10 h; paused 4 of 20 h; closed after 30 h, reopened and open; paused 5 h and open."""

    def at(hours: float) -> datetime:
        return AT + timedelta(hours=hours)

    grid = next(iter(builders.GRIDS))
    cases = [builders.case(f"T{n}", AT, "C", grid_code=grid, report_at=AT) for n in range(4)]
    log = [
        builders.step("T0", at(10), "close"),
        builders.step("T1", at(2), "suspend"),
        builders.step("T1", at(6), "resume"),
        builders.step("T1", at(20), "close"),
        builders.step("T2", at(30), "close"),
        builders.step("T2", at(40), "reopen"),
        builders.step("T3", at(5), "suspend"),
        builders.step("T3", at(10), "resume"),
    ]
    folder = tmp_path_factory.mktemp("turns")
    delivery = builders.write_delivery(folder / "delivery", cases, log)
    builders.load_quickly(delivery, folder / "warehouse")
    return folder / "warehouse"


def test_pauses_do_not_count_and_a_reopened_case_ended_at_its_first_closing(turns: Path) -> None:
    with builders.asking(turns) as ask:
        until_now = (ask.info.as_of - AT).total_seconds() / 3600
        (part,) = times(ask, Filters())
        assert list(part.counts) == [(10, 1, 0), (16, 1, 0), (30, 1, 0), (pytest.approx(until_now - 5, abs=0.01), 0, 1)]
        assert [p.code for p in times(ask, Filters(), by="kind")] == ["C"]
        assert sum(spread(ask, Filters())) == 3 and spread(ask, Filters())[2:5] == (2, 1, 0)
        assert times(ask, Filters(kind=("R",))) == () and sum(spread(ask, Filters(kind=("R",)))) == 0
        with pytest.raises(UnknownQuestionError):
            times(ask, Filters(), by="title; drop table x")
