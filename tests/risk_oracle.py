"""The risk map said again in plain Python: weights, expected, empirical Bayes, gamma posterior, tier. No numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEVERITY = {"": 1.0, "blue": 1.0, "yellow": 2.0, "orange": 4.0, "red": 8.0}
RULES = [("red", 1.5, 0.95), ("orange", 1.25, 0.90), ("yellow", 1.0, 0.80)]


@dataclass(frozen=True)
class Item:
    """One case: its grid, level and age in days."""

    grid: str
    level: str
    age: float


@dataclass(frozen=True)
class GridRisk:
    """What is known of one grid."""

    score: float
    expected: float
    raw: float | None
    smoothed: float | None
    credibility: float | None
    chance: dict[float, float] | None
    tier: str


def weight(item: Item, half_life: float) -> float:
    return SEVERITY[item.level] * 0.5 ** (item.age / half_life)


def gamma_tail(shape: float, x: float) -> float:
    """P(Gamma(shape, 1) > x): series below the mean, Lentz's continued fraction above (Numerical Recipes 6.2)."""
    if x <= 0:
        return 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        n = shape
        while abs(term) > abs(total) * 1e-16:
            n += 1
            term *= x / n
            total += term
        return 1 - total * front
    b = x + 1 - shape
    c, d = 1e300, 1 / b
    h = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        h *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return front * h


def expected_scores(
    scores: Mapping[str, float], persons: Mapping[str, float], strata: Mapping[str, int]
) -> dict[str, float]:
    """The score of each stratum shared out by persons."""
    result = {}
    for grid in scores:
        alike = [g for g in scores if strata[g] == strata[grid] and persons.get(g, 0) > 0]
        people = sum(persons[g] for g in alike)
        total = sum(scores[g] for g in alike)
        result[grid] = total * persons.get(grid, 0) / people if people else 0.0
    return result


def risk(
    items: Sequence[Item],
    persons: Mapping[str, float],
    *,
    grids: Sequence[str],
    half_life: float,
    strata: Mapping[str, int] | None = None,
    min_expected: float = 1.0,
    flat: bool = False,
) -> dict[str, GridRisk]:
    """Every grid's risk, by the formulas of section 9."""
    scores = {g: sum(weight(i, half_life) for i in items if i.grid == g) for g in grids}
    expected = expected_scores(scores, persons, strata or dict.fromkeys(grids, 0))
    known = [g for g in grids if expected[g] > 0]
    if not known:
        return {g: GridRisk(scores[g], 0.0, None, None, None, None, "none") for g in grids}
    weights = [weight(i, half_life) for i in items if persons.get(i.grid, 0) > 0]
    phi = sum(w * w for w in weights) / sum(weights)
    total = sum(expected[g] for g in known)
    mu = sum(scores[g] for g in known) / total
    spread = sum(expected[g] * (scores[g] / expected[g] - mu) ** 2 for g in known) / total
    v = 0.0 if flat else max(spread - phi * mu / (total / len(known)), 0.0)
    return {g: _grid(scores[g], expected[g], mu, phi, v, min_expected) for g in grids}


def _grid(y: float, e: float, mu: float, phi: float, v: float, min_expected: float) -> GridRisk:
    if e <= 0:
        return GridRisk(y, e, None, None, None, None, "none")
    k = v / (v + phi * mu / e)
    smoothed = k * y / e + (1 - k) * mu
    if v <= 0:
        return GridRisk(y, e, y / e, smoothed, k, None, "none")
    shape, rate = mu * mu / v + y / phi, mu / v + e / phi
    chance = {limit: gamma_tail(shape, rate * limit) for limit in (1.0, 1.25, 1.5)}
    tier = next((name for name, limit, sure in RULES if chance[limit] >= sure), "blue")
    return GridRisk(y, e, y / e, smoothed, k, chance, "none" if e < min_expected else tier)
