"""What does the risk map say under each setting? Half-life, scope of cases, and who is compared with whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from etl.risk.change import changes
from etl.risk.clusters import Neighbourhood, clusters
from etl.risk.estimate import Estimate, Flags, Floats, Ints, Words, estimate, exceeds, expect, tiers
from etl.risk.flat import Throw, p_flat
from etl.risk.inputs import Cases, Grids
from etl.risk.parameters import LEVELS, Parameters
from etl.risk.words import finding, refusal

DEFAULT = ("reported", "none")

Row = dict[str, Any]


@dataclass(frozen=True)
class Runs:
    """The runs of one snapshot over the same grids and cases."""

    grids: Grids
    cases: Cases
    around: Neighbourhood
    parameters: Parameters
    as_of: datetime

    @property
    def _known(self) -> Flags:
        return np.isfinite(self.grids.basis)

    def of(self, scope: str, strata: str) -> Iterator[tuple[Row, Row]]:
        """A row of `fact_risk_run` and the columns of `fact_grid_risk` (none where refused) for every half-life."""
        p = self.parameters
        cases = self.cases.within(scope).since(p.lookback_days)
        refused = self._refusal(cases)
        found = [None] * len(p.half_life_days) if refused else self._estimates(cases, strata)
        counts = self._counts(scope, cases)
        for half_life, one in zip(p.half_life_days, found, strict=True):
            row = self._setting(half_life, scope, strata) | {
                "state": refused,
                "sentence": refusal(refused, p),
                "cases": len(cases.grid),
                "score": float(cases.weights(p, half_life=half_life).sum()),
            }
            columns = {}
            if one is not None:
                columns = self._columns(one, row["run_id"]) | counts
                row |= one.figures(columns["tier"], strata)
            yield row, columns

    def _refusal(self, cases: Cases) -> str:
        """Why no risk map is drawn: no_population, one_grid, too_few, or ''."""
        if not self.grids.basis_name:
            return "no_population"
        if self._known.sum() < 2:
            return "one_grid"
        return "too_few" if self._known[cases.grid].sum() < self.parameters.min_cases else ""

    def _estimates(self, cases: Cases, strata: str) -> list[_Found]:
        """One estimate per half-life, after one test for chance that serves them all."""
        p, stratum = self.parameters, self.grids.stratum(strata)
        counted = cases.where(self._known[cases.grid])
        weights = np.array([cases.weights(p, half_life=h) for h in p.half_life_days])
        score = np.array([np.bincount(cases.grid, weights=w, minlength=len(stratum)) for w in weights])
        expected = expect(score, self.grids.basis, stratum=stratum)
        chances = p_flat(
            np.where(self._known, score, 0.0),
            throw_of(counted, stratum=stratum, parameters=p),
            expected / expected.sum(axis=1, keepdims=True),
            stratum=stratum,
            simulations=p.flat_simulations,
        )
        used = weights[:, self._known[cases.grid]]
        phi = (used**2).sum(axis=1) / used.sum(axis=1)
        estimates = estimate(score, expected, phi=phi[:, None], flat=(chances > p.flat_level)[:, None])
        return [_Found(estimates.row(i), score[i], expected[i], chances[i]) for i in range(len(score))]

    def _setting(self, half_life: int, scope: str, strata: str) -> Row:
        p = self.parameters
        return {
            "run_id": f"h{half_life}-{scope}-{strata}",
            "half_life_days": half_life,
            "scope": scope,
            "strata": strata,
            "is_default": (half_life, scope, strata) == (p.default_half_life_days, *DEFAULT),
            "basis": self.grids.basis_name,
            "as_of": self.as_of,
            "since_at": self.as_of - timedelta(days=p.lookback_days),
            "params": p.to_json(),
        }

    def _columns(self, found: _Found, run_id: str) -> Row:
        p = self.parameters
        z, chance, cluster = clusters(found.estimate.smoothed, self.around, rate=p.fdr)
        return {
            "run_id": np.full(len(self.grids.codes), run_id, dtype=object),
            "grid": self.grids.codes,
            "score": found.score,
            "expected": found.expected,
            "rr_raw": found.estimate.raw,
            "rr": found.estimate.smoothed,
            "credibility": found.estimate.credibility,
            "p_10": found.exceeds(1.0),
            "p_125": found.exceeds(1.25),
            "p_15": found.exceeds(1.5),
            "tier": tiers(found.estimate, found.score, found.expected, parameters=p),
            "why": self._why(found),
            "gi_z": z,
            "gi_p": chance,
            "cluster": cluster,
        }

    def _why(self, found: _Found) -> Words:
        """Why a grid has no tier."""
        why = np.where(found.expected < self.parameters.min_expected, "small_expected", "").astype(object)
        if found.is_flat:
            why[:] = "flat"
        why[~self._known] = "no_population"
        return why

    def _counts(self, scope: str, cases: Cases) -> Row:
        p, grids = self.parameters, len(self.grids.codes)
        every = self.cases.since(p.lookback_days)
        known_days = self.cases.known_days()
        return {
            "cases": cases.count(grids),
            "self_found": every.where(every.self_found).count(grids),
            **changes(self.cases.within(scope), grids=grids, days=p.recent_days, known_days=known_days),
        }


@dataclass(frozen=True)
class _Found:
    """The estimate of one half-life, with what it came from."""

    estimate: Estimate
    score: Floats
    expected: Floats
    p_flat: float

    @property
    def is_flat(self) -> bool:
        return not self.estimate.variance[0] > 0

    def exceeds(self, limit: float) -> Floats:
        return exceeds(self.estimate, self.score, self.expected, limit=limit)

    def figures(self, tier: Words, strata: str) -> Row:
        """The columns of `fact_risk_run` that come out of the estimate."""
        state = "flat" if self.is_flat else "ok"
        return {
            "state": state,
            "sentence": finding(state, tier, strata=strata),
            "mu": self.estimate.mu[0],
            "phi": self.estimate.phi[0],
            "variance": self.estimate.variance[0],
            "p_flat": self.p_flat,
        }


def throw_of(cases: Cases, *, stratum: Ints, parameters: Parameters) -> Throw:
    """Classes of severity, week of age and stratum; the weight of a class is the root mean square of its cases'."""
    weeks = parameters.lookback_days // 7 + 1
    label = (stratum[cases.grid] * len(LEVELS) + cases.level) * weeks + (cases.age // 7).astype(np.int64)
    classes, place, count = np.unique(label, return_inverse=True, return_counts=True)
    squares = [cases.weights(parameters, half_life=h) ** 2 for h in parameters.half_life_days]
    weights = np.array([np.sqrt(np.bincount(place, weights=one) / count) for one in squares])
    return Throw(count, classes // (len(LEVELS) * weeks), weights)
