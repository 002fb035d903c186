"""Is the relative risk what section 9 says, what esda says, and what plain Python says?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import LoadError
from etl.reference import Reference
from etl.risk.estimate import Estimate, Floats, estimate, exceeds, expect, tiers, weigh
from etl.risk.parameters import LEVELS, read_parameters
from tests.risk_oracle import Item, gamma_tail, risk

PARAMETERS = read_parameters(Reference().rules)
ONE = np.array([1.0])


def together(score: Floats, basis: Floats, *, phi: float = 1.0) -> tuple[Estimate, Floats]:
    expected = expect(score, basis, stratum=np.zeros(len(score), dtype=np.int64))
    return estimate(score, expected, phi=np.array([phi])), expected


def test_three_grids_by_hand() -> None:
    """y = 2, 2, 8 on equal persons: E = 4, s² = 1/2, v = 1/2 − 1/4 = 1/4, k = 1/2, RR* = 3/4, 3/4, 3/2.

    The posterior of the last is Gamma(4 + 8, 4 + 4): P(RR > 1) is that of fewer than 12 when 8 are expected.
    """
    score = np.array([2.0, 2.0, 8.0])
    found, expected = together(score, np.array([100.0, 100.0, 100.0]))
    assert expected.tolist() == [4.0, 4.0, 4.0]
    assert found.mu[0] == 1.0
    assert found.variance[0] == 0.25
    assert found.credibility.tolist() == [0.5, 0.5, 0.5]
    assert found.smoothed.tolist() == [0.75, 0.75, 1.5]
    poisson = sum(math.exp(-8) * 8**n / math.factorial(n) for n in range(12))
    assert exceeds(found, score, expected, limit=1.0)[2] == pytest.approx(poisson, abs=1e-12)
    assert tiers(found, score, expected, parameters=PARAMETERS).tolist() == ["blue", "blue", "yellow"]


def test_weights_by_hand() -> None:
    """Red, 60 days old, half-life 60: 8 × ½; yellow of today: 2; blue, 120 days old: ¼."""
    assert weigh(np.array([8.0, 2.0, 1.0]), np.array([60.0, 0.0, 120.0]), half_life=60).tolist() == [4.0, 2.0, 0.25]


@st.composite
def counted(draw: st.DrawFn) -> tuple[Floats, Floats]:
    grids = draw(st.integers(2, 40))
    count = draw(st.lists(st.integers(0, 60), min_size=grids, max_size=grids).filter(any))
    people = draw(st.lists(st.integers(1, 5000), min_size=grids, max_size=grids))
    return np.array(count, dtype=np.float64), np.array(people, dtype=np.float64)


@given(counted())
def test_with_weights_of_one_it_is_the_smoother_of_esda(drawn: tuple[Floats, Floats]) -> None:
    smoothing = pytest.importorskip("esda.smoothing")
    score, people = drawn
    found, _ = together(score, people)
    rate = score.sum() / people.sum()
    excess = np.asarray(smoothing.Excess_Risk(score, people).r).ravel()
    assert found.raw == pytest.approx(excess, rel=1e-12)
    if found.variance[0] > 0:  # esda lets a negative variance stand
        theirs = np.asarray(smoothing.Empirical_Bayes(score, people).r).ravel() / rate
        assert found.smoothed == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@given(counted(), st.floats(0.2, 8.0))
def test_the_posterior_mean_is_the_smoothed_risk(drawn: tuple[Floats, Floats], phi: float) -> None:
    score, people = drawn
    found, expected = together(score, people, phi=phi)
    v, mu = found.variance[0], found.mu[0]
    if v > 1e-9:
        mean = (mu**2 / v + score / phi) / (mu / v + expected / phi)
        assert mean == pytest.approx(found.smoothed, rel=1e-9)


@given(st.floats(0.05, 300), st.floats(0.0, 3.0))
def test_the_tail_of_the_oracle_is_that_of_scipy(shape: float, factor: float) -> None:
    special = pytest.importorskip("scipy.special")
    assert gamma_tail(shape, shape * factor) == pytest.approx(special.gammaincc(shape, shape * factor), abs=1e-10)


@st.composite
def county(draw: st.DrawFn) -> dict[str, Any]:
    grids = [f"G{n}" for n in range(draw(st.integers(1, 8)))]
    persons = {g: draw(st.sampled_from([0, 1, 60, 500, 900, 6000])) for g in grids}
    item = st.builds(
        Item,
        grid=st.sampled_from(grids),
        level=st.sampled_from(["", *LEVELS]),
        age=st.sampled_from([0.0, 0.25, 29.5, 60.0, 179.999]),
    )
    crowd = [Item(grids[0], "red", 1.0)] * draw(st.sampled_from([0, 0, 30]))
    strata = {g: draw(st.integers(0, 2)) for g in grids}
    return {"grids": grids, "persons": persons, "items": draw(st.lists(item, max_size=60)) + crowd, "strata": strata}


@given(county(), st.sampled_from([30, 60, 90]))
def test_the_same_comes_out_of_plain_python(drawn: dict[str, Any], half_life: int) -> None:
    grids, items = drawn["grids"], drawn["items"]
    twin = risk(items, drawn["persons"], grids=grids, half_life=half_life, strata=drawn["strata"])
    place = np.array([grids.index(i.grid) for i in items], dtype=np.int64)
    severity = np.array([PARAMETERS.severity[i.level or "blue"] for i in items], dtype=np.float64)
    weight = weigh(severity, np.array([i.age for i in items], dtype=np.float64), half_life=half_life)
    basis = np.array([drawn["persons"][g] or np.nan for g in grids], dtype=np.float64)
    score = np.bincount(place, weights=weight, minlength=len(grids)).astype(np.float64)
    expected = expect(score, basis, stratum=np.array([drawn["strata"][g] for g in grids]))
    used = weight[np.isfinite(basis)[place]]
    phi = np.array([(used**2).sum() / used.sum() if used.sum() else np.nan])
    found = estimate(score, expected, phi=phi)
    tier = tiers(found, score, expected, parameters=PARAMETERS)
    for i, grid in enumerate(grids):
        assert score[i] == pytest.approx(twin[grid].score)
        assert expected[i] == pytest.approx(twin[grid].expected)
        if found.variance[0] < 1e-12:  # whether rounding leaves v at 0 or just above is neither's merit
            continue
        assert tier[i] == twin[grid].tier
        for ours, theirs in ((found.raw, twin[grid].raw), (found.smoothed, twin[grid].smoothed)):
            assert ours[i] == pytest.approx(np.nan if theirs is None else theirs, rel=1e-9, nan_ok=True)
        for limit, chance in (twin[grid].chance or {}).items():
            assert exceeds(found, score, expected, limit=limit)[i] == pytest.approx(chance, abs=1e-9)


# --- boundaries ---------------------------------------------------------------------------------------------------


def test_a_grid_without_persons_has_no_risk_and_spoils_no_other() -> None:
    score = np.array([2.0, 2.0, 8.0, 50.0])
    found, expected = together(score, np.array([100.0, 100.0, 100.0, np.nan]))
    assert expected.tolist() == [4.0, 4.0, 4.0, 0.0]
    assert found.smoothed.tolist()[:3] == [0.75, 0.75, 1.5]
    assert np.isnan(found.smoothed[3])
    assert tiers(found, score, expected, parameters=PARAMETERS)[3] == "none"


def test_one_grid_is_the_mean_of_itself() -> None:
    found, expected = together(np.array([7.0]), np.array([300.0]))
    assert expected.tolist() == [7.0]
    assert (found.smoothed[0], found.variance[0]) == (1.0, 0.0)
    assert tiers(found, np.array([7.0]), expected, parameters=PARAMETERS).tolist() == ["none"]


def test_nothing_happened_anywhere() -> None:
    found, expected = together(np.zeros(3), np.full(3, 100.0))
    assert expected.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(found.smoothed).all()
    assert tiers(found, np.zeros(3), expected, parameters=PARAMETERS).tolist() == ["none"] * 3


def test_little_expected_is_not_judged() -> None:
    score = np.array([400.0, 90.0, 60.0, 5.0])
    found, expected = together(score, np.array([100.0, 100.0, 100.0, 0.3]))
    assert expected[3] < 1
    assert found.smoothed[3] > 2
    assert tiers(found, score, expected, parameters=PARAMETERS).tolist() == ["red", "blue", "blue", "none"]


def test_where_it_is_flat_every_grid_is_the_mean_and_has_no_tier() -> None:
    score, expected = np.array([2.0, 2.0, 8.0]), np.full(3, 4.0)
    found = estimate(score, expected, phi=ONE, flat=True)
    assert found.smoothed.tolist() == [1.0, 1.0, 1.0]
    assert tiers(found, score, expected, parameters=PARAMETERS).tolist() == ["none"] * 3


# --- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"severity": {"blue": 1, "yellow": 2, "orange": 4, "rde": 8}}, "severity"),
        ({"severity": {"blue": 1, "yellow": 2, "orange": 4, "red": -8}}, "severity"),
        ({"default_half_life_days": 45}, "default_half_life_days"),
        ({"half_life_days": [0, 60]}, "half_life_days"),
        ({"lookback": 10}, "lookback"),
        ({"half_life_days": 60}, "half_life_days"),
        ({"half_life_days": []}, "half_life_days"),
        ({"half_life_days": ["30", 60]}, "half_life_days"),
        ({"half_life_days": [0.5, 60]}, "half_life_days"),
        ({"half_life_days": [60, 60]}, "重复"),
        ({"lookback_days": "180"}, "lookback_days 为 '180'"),
        ({"lookback_days": 180.5}, "整数"),
        ({"lookback_days": 99_999_999}, "1 到 3,650"),
        ({"backtest_months": 100_000}, "backtest_months"),
        ({"min_cases": True}, "min_cases"),
        ({"top_share": 0}, "top_share"),
        ({"near_metres": -200}, "near_metres"),
        ({"min_expected": math.nan}, "min_expected"),
        ({"flat_simulations": 50}, "flat_simulations 太少"),
        ({"severity": {"blue": 1, "yellow": 2, "orange": 4, "red": math.inf}}, "severity"),
        ({"severity": {"blue": 1, "yellow": 2, "orange": 4, "red": "8"}}, "severity"),
        ({"severity": [1, 2, 4, 8]}, "severity"),
        ({"red": {"rr": 1.5}}, "red"),
        ({"red": 1.5}, "red"),
        ({"orange": {"rr": 1.25, "probability": 90}}, "orange"),
        ({"yellow": {"rr": 3.0, "probability": 0.8}}, "依次不增"),
    ],
)
def test_a_mistyped_parameter_is_named(change: dict[str, Any], word: str) -> None:
    with pytest.raises(LoadError, match=word):
        read_parameters({"risk": Reference().rules["risk"] | change})


def test_a_missing_parameter_is_named() -> None:
    section = {k: v for k, v in Reference().rules["risk"].items() if k != "fdr"}
    with pytest.raises(LoadError, match="fdr"):
        read_parameters({"risk": section})
