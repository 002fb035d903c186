"""Is "beyond chance" what redistributing the same cases says?"""

from __future__ import annotations

import numpy as np
import pytest

from etl.risk.flat import Throw, _landing, moments, p_flat, p_flat_by_moments, spread

SHARE = np.array([0.0, 0.05, 0.1, 0.15, 0.3, 0.4])
TOGETHER = np.zeros(6, dtype=np.int64)


def throw(counts: list[int], weights: list[float], strata: list[int] | None = None) -> Throw:
    return Throw(np.array(counts), np.array(strata or [0] * len(counts)), np.array([weights, [1.0] * len(weights)]))


def landings(what: Throw, share: np.ndarray, stratum: np.ndarray, times: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([_landing(what, share, stratum=stratum, rng=rng) for _ in range(times)])


@pytest.mark.parametrize("counts", [[3, 2], [400, 300], [3, 300]], ids=["one by one", "as multinomial", "both"])
def test_cases_land_in_proportion_and_none_is_lost(counts: list[int]) -> None:
    what = throw(counts, [4.0, 1.0])
    found = landings(what, SHARE, TOGETHER, 1500)
    total = np.array([4.0 * counts[0] + counts[1], sum(counts)])
    assert found.sum(axis=2) == pytest.approx(np.tile(total, (1500, 1)))
    assert (found[:, :, 0] == 0).all()
    assert found.mean(axis=0) / total[:, None] == pytest.approx(np.tile(SHARE, (2, 1)), abs=0.02)


def test_cases_stay_within_their_stratum() -> None:
    stratum = np.array([0, 0, 0, 1, 1, 1])
    found = landings(throw([5, 70], [1.0, 1.0], [0, 1]), SHARE, stratum, 200)[:, 1]
    assert (found[:, :3].sum(axis=1) == 5).all()
    assert (found[:, 3:].sum(axis=1) == 70).all()


def test_the_moments_are_those_of_the_redistribution() -> None:
    """Mean and variance of Σ (y − Y·p)²/p over many throws, against the closed forms that the replay uses."""
    counts, weights = np.array([12, 40, 7]), np.array([4.0, 1.0, 0.3])
    what = Throw(counts, np.zeros(3, dtype=np.int64), weights[None])
    found = landings(what, SHARE, TOGETHER, 12_000)[:, 0]
    total = (counts * weights).sum()
    statistic = spread(found, SHARE) * total**2
    squares, fourths = (counts * weights**2).sum(), (counts * weights**4).sum()
    mean, variance = moments(SHARE, squares=squares, fourths=fourths)
    assert statistic.mean() == pytest.approx(mean, rel=0.03)
    assert statistic.var() == pytest.approx(variance, rel=0.1)


def test_both_ways_to_the_same_chance() -> None:
    """900 grids, cases of several weights, nothing but chance: throwing and the closed form agree."""
    rng = np.random.default_rng(5)
    share = rng.dirichlet(np.full(900, 3.0))
    counts, weights = np.array([2000, 400, 90, 12]), np.array([1.0, 2.0, 4.0, 8.0])
    what, stratum = Throw(counts, np.zeros(4, dtype=np.int64), weights[None]), np.zeros(900, dtype=np.int64)
    for seed in range(4):
        score = _landing(what, share, stratum=stratum, rng=np.random.default_rng(seed))
        thrown = p_flat(score, what, share[None], stratum=stratum, simulations=199)
        squares, fourths = (counts * weights**2).sum(), (counts * weights**4).sum()
        known = p_flat_by_moments(score, share[None], squares=np.array([squares]), fourths=np.array([fourths]))
        assert thrown == pytest.approx(known, abs=0.13)  # four standard errors of 199 throws


def test_a_true_difference_is_beyond_chance_and_the_same_every_time() -> None:
    what = throw([300, 40], [1.0, 8.0])
    score = np.tile(np.array([0.0, 400.0, 62.0, 93.0, 186.0, 248.0]), (2, 1))
    found = p_flat(score, what, np.tile(SHARE, (2, 1)), stratum=TOGETHER, simulations=199)
    assert found.tolist() == [0.005, 0.005]
    again = p_flat(score, what, np.tile(SHARE, (2, 1)), stratum=TOGETHER, simulations=199)
    assert again.tolist() == found.tolist()


def test_exactly_what_is_expected_is_never_beyond_chance() -> None:
    what = throw([100], [1.0])
    found = p_flat(np.tile(100 * SHARE, (2, 1)), what, np.tile(SHARE, (2, 1)), stratum=TOGETHER, simulations=99)
    assert found.tolist() == [1.0, 1.0]
