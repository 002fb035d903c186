"""How risky is a grid, and how sure is that? Empirical Bayes on observed over expected, with its gamma posterior.

Marshall (1991), Clayton & Kaldor (1987); formulas in data_model_and_metrics.md section 9. Arrays run over the grids
along their last axis, so that many days are computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from etl.risk.parameters import Parameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[Any]


@dataclass(frozen=True)
class Estimate:
    """Risk of every grid; NaN where nothing is expected. μ, φ, v as in the formulas, with a last axis of length 1."""

    raw: Floats
    smoothed: Floats
    credibility: Floats
    mu: Floats
    phi: Floats
    variance: Floats

    def row(self, index: int) -> Estimate:
        """The estimate of one row of grids."""
        return Estimate(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def weigh(severity: Floats, age_days: Floats, *, half_life: float) -> Floats:
    """Weight of each case: severity times 0.5^(age / half-life)."""
    return np.asarray(severity * 0.5 ** (age_days / half_life))


def expect(score: Floats, basis: Floats, *, stratum: Ints) -> Floats:
    """Expected score of each grid: that of its stratum, shared out by basis (persons). 0 where the basis is unknown."""
    people = np.where(np.isfinite(basis), basis, 0.0)
    strata = np.eye(int(stratum.max(initial=0)) + 1)[stratum]
    total, persons = np.where(people > 0, score, 0.0) @ strata, people @ strata
    rate = np.divide(total, persons, out=np.zeros(np.broadcast(total, persons).shape), where=persons > 0)
    return np.asarray(rate @ strata.T * people)


def estimate(score: Floats, expected: Floats, *, phi: Floats, flat: Flags | bool = False) -> Estimate:
    """Relative risk shrunk to the mean. `phi` is Σw² / Σw over the cases; where `flat`, v is taken as 0."""
    known = expected > 0
    y, e = np.where(known, score, 0.0), np.where(known, expected, 0.0)
    total = e.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mu = y.sum(axis=-1, keepdims=True) / total
        raw = np.where(known, y / e, np.nan)
        spread = np.where(known, e * (raw - mu) ** 2, 0.0).sum(axis=-1, keepdims=True) / total
        mean = total / known.sum(axis=-1, keepdims=True)
        variance = np.where(flat, 0.0, np.maximum(spread - phi * mu / mean, 0.0))
        k = np.where(known, variance / (variance + phi * mu / e), np.nan)
        smoothed = k * raw + (1 - k) * mu
    return Estimate(raw, np.asarray(smoothed), k, mu, np.asarray(phi), variance)


def exceeds(found: Estimate, score: Floats, expected: Floats, *, limit: float) -> Floats:
    """P(relative risk > limit) under the gamma posterior; NaN where nothing is expected or all grids share one rate."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shape = found.mu**2 / found.variance + score / found.phi
        rate = found.mu / found.variance + expected / found.phi
        usable = (expected > 0) & (found.variance > 0)
        return np.where(usable, gammaincc(np.where(usable, shape, 1.0), np.where(usable, rate, 0.0) * limit), np.nan)


def tiers(found: Estimate, score: Floats, expected: Floats, *, parameters: Parameters) -> Words:
    """Tier of each grid: the worst whose condition holds, else blue; none where it may not be judged."""
    tier = np.full(np.broadcast(score, expected).shape, "blue", dtype=object)
    for name, limit, probability in reversed(parameters.limits()):
        tier[exceeds(found, score, expected, limit=limit) >= probability] = name
    tier[(expected < parameters.min_expected) | ~(found.variance > 0)] = "none"
    return tier
