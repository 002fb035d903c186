"""Did the risk map look in the right places? Grids picked before a month against the cases of that month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import numpy as np

from etl.risk.estimate import Estimate, Flags, Floats, estimate, expect
from etl.risk.inputs import Cases, Grids
from etl.risk.parameters import Parameters


@dataclass(frozen=True)
class Backtest:
    """The cases of the default scope, tested on the grids in force."""

    grids: Grids
    cases: Cases
    known_days: float
    parameters: Parameters
    as_of: datetime

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows of `fact_risk_backtest` for the last full months whose look-back the data cover."""
        end = self.as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for _ in range(self.parameters.backtest_months):
            start = (end - timedelta(days=1)).replace(day=1)
            if self.known_days >= self._age(start) + self.parameters.lookback_days:
                yield from self._month(start, end)
            end = start

    def _age(self, moment: datetime) -> float:
        """Days from just before the moment to the data's end: what happens at midnight belongs to the new month."""
        return (self.as_of - moment + timedelta(seconds=0.5)) / timedelta(days=1)

    def _between(self, start: datetime, end: datetime) -> Cases:
        return self.cases.since((end - start) / timedelta(days=1), until=self._age(end))

    def _month(self, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
        happened = self._between(start, end).count(len(self.grids.codes))
        ranks = self._ranks(start)
        if self.known_days >= self._age(_last_year(start)):
            ranks["last_year"] = self._between(_last_year(start), _last_year(end)).count(len(happened)).astype(float)
        for method, rank in ranks.items():
            picked = self._pick(rank)
            yield {"month": start.date(), "method": method} | self._hits(picked, happened)

    def _ranks(self, start: datetime) -> dict[str, Floats]:
        """What each method ranks the grids by, from what was known when the month began.

        No risk where v is 0 (then the risk map picks no grid), no rate without cases.
        """
        p = self.parameters
        cases = self.cases.since(p.lookback_days, until=self._age(start))
        counted = cases.where(np.isfinite(self.grids.basis)[cases.grid])
        ranks = {"counts": cases.count(len(self.grids.codes)).astype(np.float64)}
        if len(counted.grid) >= p.min_cases:
            found = self._estimate(counted)
            ranks |= {"rate": found.raw} | ({"risk": found.smoothed} if found.variance[0] > 0 else {})
        return ranks

    def _estimate(self, cases: Cases) -> Estimate:
        weight = cases.weights(self.parameters, half_life=self.parameters.default_half_life_days)
        score = np.bincount(cases.grid, weights=weight, minlength=len(self.grids.codes)).astype(np.float64)
        expected = expect(score, self.grids.basis, stratum=self.grids.stratum("none"))
        return estimate(score, expected, phi=np.array([(weight**2).sum() / weight.sum()]))

    def _pick(self, rank: Floats) -> Flags:
        """The top share of the grids; among equals those first in order of their codes."""
        picked = np.zeros(len(rank), dtype=bool)
        order = np.argsort(-np.where(np.isfinite(rank), rank, -np.inf), kind="stable")
        picked[order[: ceil(self.parameters.top_share * len(rank))]] = True
        return picked

    def _hits(self, picked: Flags, happened: Any) -> dict[str, Any]:
        hits, cases = int(happened[picked].sum()), int(happened.sum())
        hit_rate = hits / cases if cases else np.nan
        area = self.grids.area_m2[picked].sum() / self.grids.area_m2.sum()
        basis = np.where(np.isfinite(self.grids.basis), self.grids.basis, 0.0)
        people = basis[picked].sum() / basis.sum()
        return {
            "flagged": int(picked.sum()),
            "area_share": area,
            "population_share": people,
            "hits": hits,
            "cases": cases,
            "hit_rate": hit_rate,
            "pai_area": hit_rate / area if area > 0 else np.nan,
            "pai_population": hit_rate / people if people > 0 else np.nan,
        }


def _last_year(moment: datetime) -> datetime:
    return moment.replace(year=moment.year - 1)
