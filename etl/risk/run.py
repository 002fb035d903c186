"""What is computed for a snapshot? Every run of the risk map, its replay, near repeats and back-test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import duckdb
import numpy as np

from etl.risk import store
from etl.risk.change import changes
from etl.risk.clusters import Neighbourhood, clusters
from etl.risk.estimate import Estimate, Floats, Words, estimate, exceeds, expect, tiers, weigh
from etl.risk.flat import Throw, p_flat
from etl.risk.frames import Replay
from etl.risk.inputs import SCOPES, STRATA, Cases, Grids, read_cases, read_grids
from etl.risk.parameters import LEVELS, Parameters, read_parameters
from etl.risk.places import neighbourhood

TABLES = (
    "fact_risk_run", "fact_grid_risk", "fact_risk_frame", "fact_near_repeat", "fact_knox", "fact_risk_backtest",
)  # fmt: skip
DEFAULT = ("reported", "none")


def compute(con: duckdb.DuckDBPyConnection, *, polygons: Any, rules: Mapping[str, Any], as_of: datetime) -> None:
    """Make the risk tables of the contract from `fact_case`, `dim_grid` and `fact_population`.

    `polygons` is the frame of `etl.geometry.load_grids`. Raises `LoadError` if the section [risk] is wrong.
    """
    parameters = read_parameters(rules)
    for table in TABLES:
        store.create(con, table)
    grids = read_grids(con, in_force=as_of, at=as_of, parameters=parameters)
    cases = read_cases(con, grids, as_of=as_of, days=parameters.replay_days + parameters.lookback_days)
    work = Runs(grids, cases, neighbourhood(grids, polygons), parameters, as_of)
    for scope, strata in product(SCOPES, STRATA):
        for row, columns in work.runs(scope, strata):
            store.append(con, "fact_risk_run", {name: [value] for name, value in row.items()})
            if columns:
                store.append(con, "fact_grid_risk", columns)
    for columns in work.replay(lambda at: read_grids(con, in_force=as_of, at=at, parameters=parameters).basis):
        store.append(con, "fact_risk_frame", columns)


@dataclass(frozen=True)
class Runs:
    """The runs of one snapshot over the same grids and cases."""

    grids: Grids
    cases: Cases
    around: Neighbourhood
    parameters: Parameters
    as_of: datetime

    def runs(self, scope: str, strata: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """A row of `fact_risk_run` and the columns of `fact_grid_risk` (none where refused) for every half-life."""
        p = self.parameters
        cases = self.cases.within(scope).since(p.lookback_days)
        known = np.isfinite(self.grids.basis)
        counted = cases.where(known[cases.grid]) if len(known) else cases
        refused = self._refusal(counted)
        if refused:
            blank = dict.fromkeys(("mu", "phi", "variance", "p_flat"), np.nan)
            return [(self._row(h, scope, strata, refused, cases, blank), {}) for h in p.half_life_days]
        stratum = self.grids.stratum(strata)
        weights = np.array([_weights(cases, half_life=h, parameters=p) for h in p.half_life_days])
        score = np.array([np.bincount(cases.grid, weights=w, minlength=len(known)) for w in weights])
        expected = expect(score, self.grids.basis, stratum=stratum)
        chances = p_flat(
            np.where(known, score, 0.0),
            _throw(counted, stratum=stratum, parameters=p),
            expected / expected.sum(axis=1, keepdims=True),
            stratum=stratum,
            simulations=p.flat_simulations,
        )
        used = weights[:, known[cases.grid]]
        phi = (used**2).sum(axis=1) / used.sum(axis=1)
        results = []
        for i, half_life in enumerate(p.half_life_days):
            found = estimate(score[i], expected[i], phi=phi[i : i + 1], flat=chances[i] > p.flat_level)
            state = "ok" if found.variance[0] > 0 else "flat"
            figures = {"mu": found.mu[0], "phi": phi[i], "variance": found.variance[0], "p_flat": chances[i]}
            columns = self._columns(found, score[i], expected[i])
            row = self._row(half_life, scope, strata, state, cases, figures)
            row |= {"score": score[i].sum(), "sentence": _sentence(state, columns["tier"], p)}
            columns |= self._counts(scope, cases) | {"run_id": [row["run_id"]] * len(known)}
            results.append((row, columns))
        return results

    def replay(self, basis_at: Callable[[datetime], Floats]) -> Iterator[dict[str, Any]]:
        """Columns of `fact_risk_frame`, a month at a time; none where no grid has a basis."""
        if not self.grids.basis_name:
            return
        cases = self.cases.within(DEFAULT[0])
        severity = _severity(cases, self.parameters)
        yield from Replay(cases, severity, self.grids.codes, basis_at, self.parameters, self.as_of).frames()

    def _refusal(self, counted: Cases) -> str:
        """Why no risk map is drawn: no_population, too_few, or ''."""
        if not self.grids.basis_name:
            return "no_population"
        few = len(counted.grid) < self.parameters.min_cases or np.isfinite(self.grids.basis).sum() < 2
        return "too_few" if few else ""

    def _row(
        self, half_life: int, scope: str, strata: str, state: str, cases: Cases, figures: Mapping[str, float]
    ) -> dict[str, Any]:
        p = self.parameters
        return {
            "run_id": f"h{half_life}-{scope}-{strata}",
            "half_life_days": half_life,
            "scope": scope,
            "strata": strata,
            "is_default": (half_life, scope, strata) == (p.default_half_life_days, *DEFAULT),
            "state": state,
            "sentence": _sentence(state, np.empty(0, dtype=object), p),
            "basis": self.grids.basis_name,
            "as_of": self.as_of,
            "since_at": self.as_of - timedelta(days=p.lookback_days),
            "cases": len(cases.grid),
            "score": float(_weights(cases, half_life=half_life, parameters=p).sum()),
            **figures,
            "params": p.to_json(),
        }

    def _columns(self, found: Estimate, score: Floats, expected: Floats) -> dict[str, Any]:
        p = self.parameters
        tier = tiers(found, score, expected, parameters=p)
        flat = not found.variance[0] > 0
        why = np.where(expected < p.min_expected, "small_expected", "").astype(object)
        why[~np.isfinite(self.grids.basis)] = "no_population"
        if flat:
            why[np.isfinite(self.grids.basis)] = "flat"
        z, chance, cluster = clusters(found.smoothed, self.around, rate=p.fdr)
        return {
            "grid": self.grids.codes,
            "score": score,
            "expected": expected,
            "rr_raw": found.raw,
            "rr": found.smoothed,
            "credibility": found.credibility,
            **{
                name: exceeds(found, score, expected, limit=limit)
                for name, limit in (("p_10", 1.0), ("p_125", 1.25), ("p_15", 1.5))
            },
            "tier": tier,
            "why": why,
            "gi_z": z,
            "gi_p": chance,
            "cluster": cluster,
        }

    def _counts(self, scope: str, cases: Cases) -> dict[str, Any]:
        p, count = self.parameters, len(self.grids.codes)
        own = self.cases.since(p.lookback_days)
        known_days = self.cases.known_days()
        moved = changes(self.cases.within(scope), grids=count, days=p.recent_days, known_days=known_days)
        return {
            "cases": cases.count(count),
            "self_found": own.where(own.self_found).count(count),
            **moved,
        }


def _weights(cases: Cases, *, half_life: float, parameters: Parameters) -> Floats:
    return weigh(_severity(cases, parameters), cases.age, half_life=half_life)


def _severity(cases: Cases, parameters: Parameters) -> Floats:
    return np.array([parameters.severity[level] for level in LEVELS], dtype=np.float64)[cases.level]


def _throw(cases: Cases, *, stratum: Any, parameters: Parameters) -> Throw:
    """Classes of severity, week of age and stratum; the weight of a class is the root mean square of its cases'."""
    weeks = parameters.lookback_days // 7 + 1
    label = (stratum[cases.grid] * len(LEVELS) + cases.level) * weeks + (cases.age // 7).astype(np.int64)
    classes, inverse, count = np.unique(label, return_inverse=True, return_counts=True)
    weights = np.array(
        [
            np.sqrt(np.bincount(inverse, weights=_weights(cases, half_life=h, parameters=parameters) ** 2) / count)
            for h in parameters.half_life_days
        ]
    )
    return Throw(count, classes // (len(LEVELS) * weeks), weights)


def _sentence(state: str, tier: Words, parameters: Parameters) -> str:
    """What the map says."""
    if state == "flat":
        return "各网格差异未超出随机波动"
    if state == "no_population":
        return "网格没有实有人口，也没有户数，无法得出期望，不画风险图"
    if state == "too_few":
        return f"近 {parameters.lookback_days} 天可比的事项不足 {parameters.min_cases} 件，不画风险图"
    names = {"red": "红色", "orange": "橙色", "yellow": "黄色"}
    counts = "、".join(f"{word} {(tier == name).sum()} 个" for name, word in names.items() if (tier == name).any())
    return f"高于全县平均且超出随机波动的网格：{counts or '无'}"
