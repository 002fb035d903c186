"""Is a difference more than chance? One standard score per kind of number, and a correction for looking at many.

Counts: z = 2(√now − √before), the score of public CompStat dashboards (data_model_and_metrics.md 5.3). The square root
of a Poisson count has variance ¼, so each 2√x has variance 1 and, where both counts are chance, z has variance 2: the
standard score is z/√2 (Anscombe 1948).
Rates: the pooled two-proportion score, z = (p₁ − p₀) / √(p(1 − p)(1/N₁ + 1/N₀)), p = (n₁ + n₀)/(N₁ + N₀) (Fleiss,
Levin & Paik 2003, section 3). A weighted numerator (满意率) varies less than a count of 0 and 1: the score is cautious.
Medians: the large-sample variance of a median, 1/(4N f(m)²) (Cramér 1946, 28.5), with the density f(m) = ln 2/(2m) of
exponential times, so z = ln(m₁/m₀) / (1.4427 √(1/N₁ + 1/N₀)). An approximation: for log-normal times it fits where
P90 is 4.4 times the median; it is cautious where they are closer together, and too bold where they are further apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, log, sqrt

from dashboard.metrics.catalog import Metric
from dashboard.metrics.values import Z95, Value

BEYOND = Z95
"""A standard score beyond this is chance in less than 5 of 100 cases (two-sided)."""

ELEVATED, SPIKE = 1.0, 3.0
"""Counts, on the scale of z = 2(√now − √before): beyond ±1 an arrow, from ±3 突增 or 突降."""

LEAST_COUNT = 10
"""Counts are tested where the two together come to twice this: below, no score means anything."""

LEAST_EXPECTED = 5.0
"""Rates are tested where each of the four expected counts is at least this (Cochran 1954)."""

LEAST_TIMES = 10
"""Medians are tested from this many cases on each side."""

MEDIAN_SPREAD = 1 / log(2)


def count_score(now: float, before: float) -> float:
    """z = 2(√now − √before)."""
    return 2 * (sqrt(max(now, 0.0)) - sqrt(max(before, 0.0)))


def rate_score(now: tuple[float, int], before: tuple[float, int]) -> float | None:
    """The pooled two-proportion score of (n, N) pairs; none where a count expected under no change is below 5."""
    (n1, total1), (n0, total0) = now, before
    if not total1 or not total0:
        return None
    pooled = (n1 + n0) / (total1 + total0)
    if min(pooled, 1 - pooled) * min(total1, total0) < LEAST_EXPECTED:
        return None
    return (n1 / total1 - n0 / total0) / sqrt(pooled * (1 - pooled) * (1 / total1 + 1 / total0))


def median_score(now: tuple[float, int], before: tuple[float, int]) -> float | None:
    """The score of the ratio of two medians, as (median, cases); none for few cases or a median of 0."""
    (m1, total1), (m0, total0) = now, before
    if min(total1, total0) < LEAST_TIMES or min(m1, m0) <= 0:
        return None
    return log(m1 / m0) / (MEDIAN_SPREAD * sqrt(1 / total1 + 1 / total0))


def standard_score(metric: Metric, now: Value, before: Value) -> float | None:
    """A score that is standard normal where nothing changed; none where there is too little to say anything."""
    if now.state != "ok" or before.state != "ok" or now.value is None or before.value is None:
        return None
    if metric.kind == "rate":
        return rate_score((now.n or 0.0, now.N or 0), (before.n or 0.0, before.N or 0))
    if metric.kind == "duration":
        return median_score((now.value, now.N or 0), (before.value, before.N or 0))
    if now.value + before.value < 2 * LEAST_COUNT:
        return None
    return count_score(now.value, before.value) / sqrt(2)


def p_value(score: float) -> float:
    """How often chance alone gives a standard score at least as far from 0, on either side."""
    return erfc(abs(score) / sqrt(2))


def discoveries(p_values: Sequence[float], *, share: float = 0.05) -> tuple[bool, ...]:
    """Which of many differences hold when at most `share` of those named are to be chance, in expectation.

    Benjamini & Hochberg 1995: the k smallest, for the largest k with p₍ₖ₎ ≤ k/m · share. It holds for independent
    tests and for positively dependent ones (Benjamini & Yekutieli 2001), as a town is with its county.
    """
    order = sorted(p_values)
    passing = [p for k, p in enumerate(order, start=1) if p <= k / len(order) * share]
    limit = passing[-1] if passing else -1.0
    return tuple(p <= limit for p in p_values)
