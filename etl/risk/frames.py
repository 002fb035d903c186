"""How did the risk map look on any day? The default run recomputed for the replay, a month of days at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from etl.risk.estimate import Flags, Floats, Ints, estimate, expect, tiers
from etl.risk.flat import p_flat_by_moments
from etl.risk.inputs import Cases
from etl.risk.parameters import Parameters

POWERS = (1, 2, 4)
"""Sums of w, w² and w⁴ are carried from day to day: score, φ and the moments of the test for chance."""


@dataclass(frozen=True)
class Replay:
    """Cases of the default scope, since how many days there are any, and where the basis of a day comes from."""

    cases: Cases
    known_days: float
    codes: Any
    basis_at: Callable[[datetime], Floats]
    parameters: Parameters
    as_of: datetime

    def frames(self) -> Iterator[dict[str, Any]]:
        """Columns of `fact_risk_frame`, a month of days at a time; days with too few cases are left out."""
        for _, found in groupby(self._days(), key=lambda found: found[0].replace(day=1)):
            days, sums, counts = zip(*found, strict=True)
            basis = self.basis_at(datetime.combine(days[0], self.as_of.time()))
            yield self._month(list(days), np.array(sums), basis, enough=self._enough(counts, basis))

    def _enough(self, counts: Any, basis: Floats) -> Flags:
        return np.asarray(np.array(counts)[:, np.isfinite(basis)].sum(axis=1) >= self.parameters.min_cases)

    def _days(self) -> Iterator[tuple[date, Floats, Ints]]:
        """Day, Σw, Σw², Σw⁴ by grid (rows), and cases by grid: each from the day before, oldest first."""
        p, grids = self.parameters, len(self.codes)
        decay = 0.5 ** (np.array(POWERS) / p.default_half_life_days)[:, None]
        bins = np.floor(self.cases.age).astype(np.int64)
        edges = np.searchsorted(-bins, -np.arange(bins.max(initial=-1) + 2), side="right")
        oldest = len(edges) - 2
        first = min(int(self.known_days) - p.lookback_days, p.replay_days - 1)
        severity = self.cases.severity(p)

        def of_day(number: int) -> tuple[Floats, Ints]:
            rows = slice(edges[number + 1], edges[number]) if number <= oldest else slice(0)
            grid = self.cases.grid[rows]
            weight = severity[rows] * 0.5 ** ((self.cases.age[rows] - number) / p.default_half_life_days)
            sums = [np.bincount(grid, weights=weight**power, minlength=grids) for power in POWERS]
            return np.array(sums), np.bincount(grid, minlength=grids)

        sums, counts = np.zeros((len(POWERS), grids)), np.zeros(grids, dtype=np.int64)
        for number in range(oldest, -1, -1):
            gained, more = of_day(number)
            lost, fewer = of_day(number + p.lookback_days)
            sums = np.maximum(decay * sums + gained - decay**p.lookback_days * lost, 0.0)
            counts = counts + more - fewer
            if number <= first:
                yield (self.as_of - timedelta(days=number)).date(), sums, counts

    def _month(self, days: list[date], sums: Floats, basis: Floats, *, enough: Flags) -> dict[str, Any]:
        p = self.parameters
        sums, days = sums[enough], [day for day, good in zip(days, enough, strict=True) if good]
        score, squares, fourths = sums.transpose(1, 0, 2)
        known = np.isfinite(basis)
        expected = expect(score, basis, stratum=np.zeros(len(basis), dtype=np.int64))
        inside, total = score[:, known], score[:, known].sum(axis=1, keepdims=True)
        phi = squares[:, known].sum(axis=1, keepdims=True) / total
        chance = p_flat_by_moments(
            inside,
            expected[:, known] / total,
            squares=squares[:, known].sum(axis=1),
            fourths=fourths[:, known].sum(axis=1),
        )
        found = estimate(score, expected, phi=phi, flat=(chance > p.flat_level)[:, None])
        tier = tiers(found, score, expected, parameters=p)
        grid = pa.array(self.codes[known], pa.string())
        return {
            "day": np.repeat(np.array(days, dtype="datetime64[D]"), known.sum()),
            "grid": pa.DictionaryArray.from_arrays(np.tile(np.arange(len(grid)), len(days)), grid),
            "rr": found.smoothed[:, known].ravel().round(2),
            "tier": tier[:, known].ravel(),
        }
