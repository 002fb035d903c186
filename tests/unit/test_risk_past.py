"""Is every day of the replay the run of that day, and does the back-test look only at what was known?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from etl.reference import Reference
from etl.risk.backtest import Backtest
from etl.risk.frames import Replay
from etl.risk.inputs import Cases, Grids
from etl.risk.parameters import LEVELS, read_parameters
from tests.risk_oracle import Item, risk

PARAMETERS = read_parameters(Reference().rules)
AS_OF = datetime(2026, 3, 14, 8, 0)
CODES = np.array([f"G{n}" for n in range(6)], dtype=object)
PEOPLE = np.array([100.0, 200.0, 300.0, 50.0, 400.0, np.nan])


def county_of(people: np.ndarray) -> Grids:
    nowhere = np.full(6, np.nan)
    return Grids(CODES, np.zeros(6, dtype=np.int64), np.full(6, 10.0), nowhere, nowhere, people, "population")


def some_cases(count: int, *, days: float, seed: int = 1) -> Cases:
    rng = np.random.default_rng(seed)
    age = np.sort(rng.random(count) * days)[::-1]
    own = np.zeros(count, dtype=bool)
    return Cases(rng.choice(6, count, p=[0.4, 0.1, 0.2, 0.1, 0.1, 0.1]), age, rng.integers(0, 4, count), own)


def frames(cases: Cases, basis: Any = lambda _at: PEOPLE, **changes: Any) -> dict[date, dict[str, tuple[float, str]]]:
    replay = Replay(cases, cases.known_days(), CODES, basis, replace(PARAMETERS, **changes), AS_OF)
    found: dict[date, dict[str, tuple[float, str]]] = {}
    for columns in replay.frames():
        rows = zip(columns["day"].tolist(), columns["grid"].to_pylist(), columns["rr"], columns["tier"], strict=True)
        for day, grid, rr, tier in rows:
            found.setdefault(day, {})[grid] = (rr, tier)
    return found


def test_every_frame_is_the_run_of_its_day() -> None:
    cases = some_cases(900, days=300)
    found = frames(cases, flat_level=1.0)
    assert sorted(found) == [(AS_OF - timedelta(days=n)).date() for n in range(119, -1, -1)]
    persons = {g: 0 if np.isnan(p) else p for g, p in zip(CODES, PEOPLE, strict=True)}
    for back in (0, 1, 17, 60, 119):
        window = cases.since(180, until=back)
        rows = zip(window.grid, window.level, window.age, strict=True)
        items = [Item(CODES[g], LEVELS[level], age) for g, level, age in rows]
        twin = risk(items, persons, grids=list(CODES), half_life=60)
        frame = found[(AS_OF - timedelta(days=back)).date()]
        assert sorted(frame) == ["G0", "G1", "G2", "G3", "G4"]
        for grid, (rr, tier) in frame.items():
            assert rr == pytest.approx(twin[grid].smoothed, abs=0.00501)
            assert tier == twin[grid].tier


def test_the_sums_carried_from_day_to_day_are_those_of_the_day() -> None:
    """Σw, Σw² and Σw⁴ by grid: the test for chance needs them all."""
    cases = some_cases(900, days=300)
    replay = Replay(cases, cases.known_days(), CODES, lambda _at: PEOPLE, PARAMETERS, AS_OF)
    for back, (_, sums, counts) in zip(range(119, -1, -1), replay._days(), strict=True):
        window = cases.since(180, until=back)
        weight = window.weights(PARAMETERS, half_life=60)
        for power, sum_of in zip((1, 2, 4), sums, strict=True):
            assert sum_of == pytest.approx(np.bincount(window.grid, weights=weight**power, minlength=6))
        assert counts.tolist() == window.count(6).tolist()


def test_a_flat_day_is_there_and_uncoloured() -> None:
    found = frames(some_cases(900, days=300), flat_level=0.0)
    assert {value for frame in found.values() for value in frame.values()} == {(1.0, "none")}


def test_a_day_uses_the_persons_of_its_month() -> None:
    asked = []

    def basis(at: datetime) -> np.ndarray:
        asked.append(at)
        return PEOPLE if at.month == 3 else np.array([np.nan, *PEOPLE[1:]])

    found = frames(some_cases(900, days=300), basis)
    assert "G0" in found[date(2026, 3, 1)]
    assert "G0" not in found[date(2026, 2, 28)]
    assert [(at.year, at.month) for at in asked] == [(2025, 11), (2025, 12), (2026, 1), (2026, 2), (2026, 3)]


def test_no_frames_before_a_look_back_is_full_nor_more_than_asked_for() -> None:
    assert frames(some_cases(300, days=150)) == {}
    assert frames(some_cases(0, days=1)) == {}
    assert len(frames(some_cases(900, days=300), replay_days=30)) == 30


def test_days_with_too_few_cases_are_left_out() -> None:
    assert frames(some_cases(9, days=300)) == {}


# --- back-test ----------------------------------------------------------------------------------------------------


def at(*moments: datetime) -> np.ndarray:
    return np.array([(AS_OF - moment) / timedelta(days=1) for moment in moments])


def backtest(cases: Cases, **changes: Any) -> list[dict[str, Any]]:
    return list(
        Backtest(
            county_of(PEOPLE), cases, cases.known_days(), replace(PARAMETERS, top_share=1 / 6, **changes), AS_OF
        ).rows()
    )


def steady(extra: list[tuple[int, datetime]]) -> Cases:
    """A case a day in turn in five grids from 2025-01-01, and the extra ones."""
    days = [(n % 5, datetime(2025, 1, 1, 12) + timedelta(days=n)) for n in range(437)]
    every = sorted([*days, *extra], key=lambda one: one[1])
    grid = np.array([g for g, _ in every], dtype=np.int64)
    nothing = np.zeros(len(grid), dtype=np.int64)
    return Cases(grid, at(*(moment for _, moment in every)), nothing, nothing.astype(bool))


def test_a_back_test_by_hand() -> None:
    """Before February grid 1 has the most cases and grid 3 (50 persons) the highest rate; in February 4 fall on 3."""
    before = [(1, datetime(2026, 1, 10, n % 24)) for n in range(60)] + [
        (3, datetime(2026, 1, 12, n)) for n in range(20)
    ]
    during = [(3, datetime(2026, 2, 1)), *((3, datetime(2026, 2, 14, n)) for n in range(3))]
    rows = {row["method"]: row for row in backtest(steady(before + during)) if row["month"] == date(2026, 2, 1)}
    assert set(rows) == {"risk", "rate", "counts", "last_year"}
    february = [(g, n) for g in range(5) if (n := sum((d % 5) == g for d in range(396, 424)))]
    hits = {g: n + (4 if g == 3 else 0) for g, n in february}
    assert {row["cases"] for row in rows.values()} == {32}
    assert (rows["counts"]["hits"], rows["risk"]["hits"], rows["rate"]["hits"]) == (hits[1], hits[3], hits[3])
    assert rows["risk"]["flagged"] == 1
    assert rows["risk"]["area_share"] == pytest.approx(1 / 6)
    assert rows["risk"]["population_share"] == pytest.approx(50 / 1050)
    assert rows["risk"]["hit_rate"] == pytest.approx(hits[3] / 32)
    assert rows["risk"]["pai_area"] == pytest.approx(6 * hits[3] / 32)
    assert rows["risk"]["pai_population"] == pytest.approx(hits[3] / 32 * 1050 / 50)


def test_midnight_belongs_to_the_month_it_opens() -> None:
    rows = backtest(steady([(2, datetime(2026, 2, 1)), (2, datetime(2026, 3, 1))]))
    cases = {row["month"]: row["cases"] for row in rows}
    assert (cases[date(2026, 2, 1)], cases[date(2026, 1, 1)]) == (29, 31)


def test_what_happens_in_the_month_cannot_choose_its_own_grids() -> None:
    later = [(0, datetime(2026, 2, 3, n % 24)) for n in range(200)]
    ranked = {row["method"]: row["hits"] for row in backtest(steady(later)) if row["month"] == date(2026, 2, 1)}
    assert ranked["rate"] < 10


def test_only_full_months_with_a_full_look_back_are_tested() -> None:
    months = {row["month"] for row in backtest(steady([]))}
    assert sorted(months) == [date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1),
                              date(2026, 1, 1), date(2026, 2, 1)]  # fmt: skip
    short = steady([]).since(253)
    assert {row["month"] for row in backtest(short)} == {date(2026, 1, 1), date(2026, 2, 1)}
    assert {row["method"] for row in backtest(short)} <= {"risk", "rate", "counts"}
