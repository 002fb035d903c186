"""The product-limit curve a second time: in plain Python fractions, and as scipy has it."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from dashboard.survival import product_limit

CASES = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=40)
"""(time, closed?), with many ties between closing and censoring."""


def counted(cases: list[tuple[int, bool]]) -> list[tuple[float, int, int]]:
    return [
        (time, sum(t == time and c for t, c in cases), sum(t == time and not c for t, c in cases))
        for time in {time for time, _ in cases}
    ]


def twin(cases: list[tuple[int, bool]]) -> dict[int, Fraction]:
    """S just after each closing: the product of (those at risk − those who closed) ÷ those at risk."""
    share, found = Fraction(1), {}
    for time in sorted({time for time, closed in cases if closed}):
        risk = sum(t >= time for t, _ in cases)
        share *= Fraction(risk - sum(t == time and c for t, c in cases), risk)
        found[time] = share
    return found


@given(CASES)
@example([(3, True), (3, False)])
@example([(1, False), (2, False)])
@example([(1, True), (2, True)])
def test_the_curve_is_that_of_plain_python(cases: list[tuple[int, bool]]) -> None:
    curve, expected = product_limit(counted(cases)), twin(cases)
    assert curve.times.tolist() == list(expected)
    assert curve.survival.tolist() == pytest.approx([float(share) for share in expected.values()])
    half = [time for time, share in expected.items() if share <= Fraction(1, 2)]
    assert curve.median == (half[0] if half else None)
    assert np.all(curve.low <= curve.survival + 1e-12) and np.all(curve.survival <= curve.high + 1e-12)


@given(CASES.filter(lambda cases: any(closed for _, closed in cases)))
def test_curve_and_band_are_those_of_scipy(cases: list[tuple[int, bool]]) -> None:
    closed = [float(time) for time, is_closed in cases if is_closed]
    seen = [float(time) for time, is_closed in cases if not is_closed]
    theirs = ecdf(CensoredData(uncensored=closed, right=seen)).sf
    ours = product_limit(counted(cases))
    assert ours.survival.tolist() == pytest.approx(theirs.evaluate(ours.times).tolist())
    with warnings.catch_warnings(action="ignore"):  # the band is undefined where S is 0 or 1
        band = theirs.confidence_interval(method="log-log")
    low, high = band.low.evaluate(ours.times), band.high.evaluate(ours.times)
    inside = (ours.survival > 1e-9) & (ours.survival < 1 - 1e-9)
    assert ours.low[inside].tolist() == pytest.approx(low[inside].tolist())
    assert ours.high[inside].tolist() == pytest.approx(high[inside].tolist())
