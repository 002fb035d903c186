"""Do grids differ beyond chance? Cases thrown at grids anew, in proportion to what each may expect.

Marshall's v is positive half of the time although all grids share one rate; so it is believed only if the observed
spread is rare among redistributions of the same cases (data_model_and_metrics.md section 9.3, project default).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma

from etl.risk.estimate import Floats, Ints

SEED = 9


@dataclass(frozen=True)
class Throw:
    """What is thrown: classes of cases alike in severity and week of age, within one stratum of grids.

    `weights` has a row per half-life; redistributing once serves them all.
    """

    count: Ints
    stratum: Ints
    weights: Floats


def spread(score: Floats, share: Floats) -> Floats:
    """The spread s² of y / E around 1: Σ (y − Y·p)² / (Y·p) / Y, with p = E / Y each grid's share (0: left out)."""
    total = score.sum(axis=-1, keepdims=True)
    excess = np.divide((score - total * share) ** 2, share, out=np.zeros_like(score), where=share > 0)
    return np.asarray(excess.sum(axis=-1) / total[..., 0] ** 2)


def _landing(throw: Throw, share: Floats, *, stratum: Ints, rng: np.random.Generator) -> Floats:
    """One redistribution: a row of scores per half-life."""
    score = np.zeros((len(throw.weights), len(share)))
    for number in np.unique(throw.stratum):
        grids = np.flatnonzero((stratum == number) & (share > 0))
        chance = share[grids] / share[grids].sum()
        classes = np.flatnonzero(throw.stratum == number)
        # Few cases are cheaper one by one, many as one multinomial: the cost is bounded by classes × grids.
        few = classes[throw.count[classes] < len(grids)]
        landed = grids[np.searchsorted(np.cumsum(chance)[:-1], rng.random(int(throw.count[few].sum())), side="right")]
        cases = np.repeat(few, throw.count[few])
        for row, weights in enumerate(throw.weights):
            score[row] += np.bincount(landed, weights=weights[cases], minlength=len(share))
        for one in classes[throw.count[classes] >= len(grids)]:
            score[:, grids] += np.outer(throw.weights[:, one], rng.multinomial(throw.count[one], chance))
    return score


def p_flat(score: Floats, throw: Throw, share: Floats, *, stratum: Ints, simulations: int) -> Floats:
    """Per half-life (row of `score` and `share`), the part of redistributions that spread at least as much.

    The observed one counts among them, so that the least is 1 / (simulations + 1).
    """
    rng = np.random.default_rng(SEED)
    observed = spread(score, share)
    reached = np.ones(len(score))
    for _ in range(simulations):
        reached += spread(_landing(throw, share[0], stratum=stratum, rng=rng), share) >= observed
    return np.asarray(reached / (simulations + 1))


def moments(share: Floats, *, squares: Floats, fourths: Floats) -> tuple[Floats, Floats]:
    """Exact mean and variance of Σ (y − Y·p)² / p when cases with Σw² and Σw⁴ fall on grids with chances p."""
    known = share > 0
    grids = known.sum(axis=-1).astype(np.float64)
    inverse = np.divide(1.0, share, out=np.zeros_like(share), where=known).sum(axis=-1)
    variance = 2 * (grids - 1) * (squares**2 - fourths) + fourths * (inverse - grids**2)
    return np.asarray(squares * (grids - 1)), np.asarray(variance)


def p_flat_by_moments(score: Floats, share: Floats, *, squares: Floats, fourths: Floats) -> Floats:
    """The same chance without throwing: a gamma with the mean and variance of the redistributions.

    For the replay, which asks for every day.
    """
    observed = spread(score, share) * score.sum(axis=-1) ** 2
    mean, variance = moments(share, squares=squares, fourths=fourths)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(gamma.sf(observed, mean**2 / variance, scale=variance / mean))
