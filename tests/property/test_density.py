"""Whatever the cells: is the heat surface the sum of its cases' kernels, and nothing lost?"""

from __future__ import annotations

from datetime import date
from math import cos, exp, hypot, pi, radians

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.density import BANDWIDTHS, Bins, surface

LAT = 37.8
SIDE = 100 / cos(radians(LAT))
PLACES = st.tuples(st.integers(98_000, 98_040), st.integers(35_900, 35_930))
CELLS = st.dictionaries(PLACES, st.integers(1, 50), min_size=1, max_size=12)


@settings(max_examples=40)
@given(cells=CELLS, bandwidth=st.sampled_from(BANDWIDTHS), months=st.integers(1, 12), data=st.data())
def test_the_surface_is_the_sum_over_its_cases(
    cells: dict[tuple[int, int], int], bandwidth: int, months: int, data: st.DataObject
) -> None:
    bins = Bins(
        LAT, SIDE, date(2025, 12, 1), date(2026, months, 1), tuple((x, y, "point", n) for (x, y), n in cells.items())
    )
    found = surface(bins, bandwidth=bandwidth, precision_m={"point": 10, "grid": 500})
    total = sum(cells.values())
    assert found.values.sum() * found.cell_km2 * months == pytest.approx(total, rel=1e-9)

    rows, columns = found.values.shape
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    pad = int(4 * bandwidth / 100 + 1)
    x0, y0 = min(x for x, _ in cells) - pad, max(y for _, y in cells) + pad
    sigma = bandwidth / 1000
    direct = sum(
        n * exp(-((hypot(x0 + column - x, y0 - row - y) / 10) ** 2) / (2 * sigma**2)) for (x, y), n in cells.items()
    )
    peak = 1 / (2 * pi * sigma**2) / months
    # Cut at four standard deviations: a case's kernel is 0.03 % of its peak there.
    assert found.values[row, column] == pytest.approx(direct * peak, rel=2e-3, abs=5e-4 * total * peak)
