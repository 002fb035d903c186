"""Is every frame of a replay the number of that moment: what stood at its end, or what happened in it?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.ask import Ask
from dashboard.filters import Filters
from dashboard.metrics.query import UnknownQuestionError
from dashboard.replay import MEASURES, MOST_VALUES, TIERS, Frames, LongReplayError, pivot, tiers
from tests import builders
from tests.unit.test_risk_load import cases, grid_rows, loaded

MONDAY = date(2026, 3, 2)
PLACES = ("A", "B", "C")
ROWS = st.lists(
    st.tuples(
        st.integers(-5, 12).map(lambda n: MONDAY + timedelta(days=n)), st.sampled_from("ABCX"), st.integers(-3, 9)
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(ROWS, st.integers(0, 10), st.booleans())
def test_a_stock_carries_what_was_before_and_a_flow_does_not(
    rows: list[tuple[date, str, int]], count: int, is_stock: bool
) -> None:
    starts = [MONDAY + timedelta(days=n) for n in range(count)]
    found = pivot(rows, starts=starts, codes=PLACES, is_stock=is_stock)
    assert (found.starts, found.codes, found.values.shape) == (tuple(starts), PLACES, (count, 3))
    for number, start in enumerate(starts):
        for column, place in enumerate(PLACES):
            told = sum(n for day, code, n in rows if code == place and (day <= start if is_stock else day == start))
            assert found.values[number, column] == told


@pytest.mark.parametrize("is_stock", [True, False])
def test_only_a_replay_that_fits_is_made(is_stock: bool) -> None:
    codes = [str(n) for n in range(MOST_VALUES // 10)]
    days = [MONDAY + timedelta(days=n) for n in range(11)]
    assert pivot([], starts=days[:10], codes=codes, is_stock=is_stock).values.size == MOST_VALUES
    with pytest.raises(LongReplayError, match="逐周"):
        pivot([], starts=days, codes=codes, is_stock=is_stock)


def test_tiers_are_places_in_the_list_and_a_moment_shows_its_day() -> None:
    days = [MONDAY + timedelta(days=n) for n in range(9)]
    told = [{"day": day, "grid": "G1", "tier": tier} for day, tier in zip(days, [*TIERS, *TIERS], strict=False)]
    found = tiers([*told, {"day": days[8], "grid": "G2", "tier": "red"}], moments={MONDAY: days[6], days[7]: days[8]})
    assert (found.starts, found.codes) == ((MONDAY, days[7]), ("G1", "G2"))
    assert found.values.tolist() == [[1, 0], [3, 4]]


# --- against the numbers of the same question ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cases of a year, a third of them closed in time, a third late, a third still open."""
    log = []
    told = cases(300)
    for number, case in enumerate(told):
        at = case["accept_at"]
        case["due_at"] = at + timedelta(days=10)
        if number % 3:
            log.append(builders.step(case["case_id"], at + timedelta(days=4 if number % 3 == 1 else 15), "close"))
    delivery = builders.write_delivery(tmp_path_factory.mktemp("replay") / "in", told, log)
    builders.write_records(delivery / "grids.csv", "grids", grid_rows())
    builders.load_quickly(delivery, delivery.parent / "warehouse")
    return delivery.parent / "warehouse"


@pytest.fixture(scope="module", params=[False, True], ids=["ledger", "cubes"])
def ask(county: Path, request: pytest.FixtureRequest) -> Iterator[Ask]:
    with builders.asking(county, cubes=request.param) as asking:
        yield asking


GRIDS = tuple(builders.GRIDS)
QUESTIONS = [
    {},
    {"since": date(2026, 1, 7), "until": date(2026, 2, 25)},
    {"since": date(2026, 2, 11), "kind": ("C",), "level": ("blue", "red")},
    {"until": date(2025, 4, 1), "town": ("990108100",)},
    {"since": date(2026, 2, 1), "grid": GRIDS[:2]},
    {"since": date(2026, 2, 1), "status": ("overdue",), "department": ("D01",)},
]


def told_by_numbers(ask: Ask, measure: str, *, level: str, pace: str, filters: Filters) -> dict[tuple[str, str], Any]:
    """(moment, place) → the number, asked for in the ordinary way."""
    rows = ask.numbers([measure], by=(pace, level), filters=filters).rows
    return {(row.codes[0], row.codes[1]): row.values[measure].value for row in rows if row.codes[1]}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("pace", "level"), [("day", "town"), ("week", "grid"), ("week", "village")])
@pytest.mark.parametrize("measure", [key for key in MEASURES if key != "risk"])
def test_every_frame_holds_the_numbers_of_its_moment(
    ask: Ask, measure: str, pace: str, level: str, question: dict[str, Any]
) -> None:
    filters = Filters(**question)
    found = ask.frames(measure, level=level, pace=pace, filters=filters)
    told = told_by_numbers(ask, measure, level=level, pace=pace, filters=filters)
    shown = {
        (start.isoformat(), code): int(value)
        for start, row in zip(found.starts, found.values, strict=True)
        for code, value in zip(found.codes, row, strict=True)
    }
    assert {key: value for key, value in shown.items() if value} == {key: value for key, value in told.items() if value}
    chosen = filters.values(level)
    assert set(chosen) <= set(found.codes) <= set(chosen or ask.vocabulary[level])
    if "since" in question:
        assert {start for start, _ in told} <= {start.isoformat() for start in found.starts}


def test_the_questions_have_numbers_in_them(ask: Ask) -> None:
    """Or the comparison above would compare nothing with nothing."""
    for measure in ("open", "accepted", "overdue_open"):
        found = ask.frames(measure, level="town", pace="day", filters=Filters(since=date(2026, 2, 1)))
        assert (len(found.starts), found.codes) == (42, tuple(builders.TOWNS))
        assert found.values.sum() > 0 and (np.diff(found.values, axis=0) != 0).any()


def test_an_empty_period_has_no_moments_and_says_nothing_wrong(ask: Ask) -> None:
    ahead = Filters(since=date(2026, 6, 1), until=date(2026, 6, 9))
    for measure in MEASURES:
        found = ask.frames(measure, level="grid", pace="day", filters=ahead)
        assert (found.starts, found.values.shape[0]) == ((), 0)


@pytest.mark.parametrize(("measure", "pace"), [("closed", "day"), ("open", "month"), ("", ""), ("risk", "hour")])
def test_what_cannot_be_played_is_refused(ask: Ask, measure: str, pace: str) -> None:
    with pytest.raises(UnknownQuestionError, match="不能回放"):
        ask.frames(measure, level="town", pace=pace, filters=Filters())


# --- risk ---------------------------------------------------------------------------------------------------------


def column(found: Frames, place: int) -> dict[str, str]:
    return {code: TIERS[value] for code, value in zip(found.codes, found.values[place].tolist(), strict=True)}


def test_the_last_day_of_the_risk_is_the_map_of_today(ask: Ask) -> None:
    found = ask.frames("risk", level="grid", pace="day", filters=Filters())
    today = {grid.grid: grid.tier for grid in ask.risk.grids(ask.risk.run("").run_id).values()}
    assert column(found, -1) == today
    assert set(today.values()) > {"blue"}
    assert found.starts[-1] == builders.AS_OF.date()


def test_a_week_of_the_risk_shows_its_last_day_within_the_period(ask: Ask) -> None:
    filters = Filters(since=date(2026, 2, 4), until=date(2026, 2, 20))
    days = ask.frames("risk", level="grid", pace="day", filters=filters)
    weeks = ask.frames("risk", level="grid", pace="week", filters=filters)
    assert (days.starts[0], days.starts[-1]) == (date(2026, 2, 4), date(2026, 2, 19))
    assert weeks.starts == (date(2026, 2, 2), date(2026, 2, 9), date(2026, 2, 16))
    for number, last in enumerate((date(2026, 2, 8), date(2026, 2, 15), date(2026, 2, 19))):
        assert column(weeks, number) == column(days, days.starts.index(last))


def test_a_replay_of_risk_that_would_be_too_large_is_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.replay.MOST_VALUES", 12 * 30)
    whole = ask.frames("risk", level="grid", pace="day", filters=Filters(since=date(2026, 2, 13)))
    assert len(whole.starts) == 30
    with pytest.raises(LongReplayError):
        ask.frames("risk", level="grid", pace="day", filters=Filters(since=date(2026, 2, 12)))


def test_a_county_without_a_risk_map_has_no_frames_of_it(tmp_path: Path) -> None:
    none = grid_rows(population="", households="")
    told = [builders.case("A", datetime(2026, 3, 1), grid_code=GRIDS[0])]
    with builders.asking(loaded(tmp_path, none, told)) as ask:
        found = ask.frames("risk", level="grid", pace="day", filters=Filters())
    assert (found.starts, found.codes) == ((), ())
