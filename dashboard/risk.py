"""What does the risk map say, and why? Runs, grids, what made a score, near repeats and the test against later months.

The statistics are made by the load and only read here (`etl/risk`); what made a score is added up again from the
cases with the run's own weights, so that the parts are seen to give the whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Protocol

from dashboard import seen
from dashboard.filters import Filters
from dashboard.metrics.query import dimension_conditions
from dashboard.scope import Scoped

TOP_CASES = 5
TIERS = {"red": "红", "orange": "橙", "yellow": "黄"}
"""The tiers that stand out beyond chance, gravest first, with their words."""


class Database(Protocol):
    """What the questions need: rows of a bound SELECT as dictionaries."""

    def records(self, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows as dictionaries."""
        ...


@dataclass(frozen=True)
class Run:
    """One run of the risk statistics: how cases were weighed and what came out over all grids.

    `cases` and `score` are sums over the county: None for those who may see some towns only.
    """

    run_id: str
    half_life_days: int
    scope: str
    strata: str
    is_default: bool
    state: str
    sentence: str
    basis: str
    as_of: datetime
    since_at: datetime
    cases: int | None
    score: float | None
    mu: float | None
    phi: float | None
    variance: float | None
    p_flat: float | None
    params: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The run's name in an address, where only letters, digits and underscores may stand."""
        return self.run_id.replace("-", "_")

    def other(self, **changes: Any) -> str:
        """The key of the run that differs from this one in the named ways."""
        ways = {"half_life_days": self.half_life_days, "scope": self.scope, "strata": self.strata} | changes
        return "h{half_life_days}_{scope}_{strata}".format(**ways)


@dataclass(frozen=True)
class GridRisk:
    """One grid in one run; the fields are the columns of fact_grid_risk."""

    grid: str
    score: float
    expected: float
    rr_raw: float | None
    rr: float | None
    credibility: float | None
    p_10: float | None
    p_125: float | None
    p_15: float | None
    tier: str
    why: str
    gi_z: float | None
    gi_p: float | None
    cluster: str
    cases: int
    self_found: int
    recent: int
    previous: int
    last_year: int
    z_previous: float | None
    z_last_year: float | None


def gravity(risk: GridRisk) -> tuple[int, float]:
    """Sorts grids by what they need: the gravest tier first, in it the highest relative risk."""
    return ([*TIERS, "blue", "none"].index(risk.tier), -(risk.rr or 0))


def standing(risks: Iterable[GridRisk]) -> list[GridRisk]:
    """Those that stand out beyond chance, gravest first."""
    return sorted((risk for risk in risks if risk.tier in TIERS), key=gravity)


def tiers_in_words(risks: Iterable[GridRisk]) -> str:
    """How many stand out by tier: “红 3 个、橙 9 个”; empty where none does."""
    counts = Counter(risk.tier for risk in risks)
    return "、".join(f"{word} {counts[tier]} 个" for tier, word in TIERS.items() if counts[tier])


@dataclass(frozen=True)
class Parts:
    """What made a grid's score: (category, score, cases) and the heaviest cases with their weights."""

    categories: tuple[tuple[str, float, int], ...]
    cases: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Tested:
    """How a way of choosing the top tenth of grids did in the month that followed; see fact_risk_backtest."""

    month: date
    method: str
    flagged: int
    area_share: float | None
    population_share: float | None
    hits: int
    cases: int
    hit_rate: float | None
    pai_area: float | None
    pai_population: float | None


class RiskQuestions:
    """The risk statistics of one snapshot: of the grids and cases that may be seen, and of the method as a whole."""

    def __init__(
        self, database: Database, label: Callable[[str, str], str], *, scoped: Callable[[Filters], Scoped]
    ) -> None:
        self._db, self._label, self._scoped = database, label, scoped
        self.grids: Callable[[str], Mapping[str, GridRisk]] = lru_cache(maxsize=32)(self._grids)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run of the snapshot, the default first."""
        rows = self._db.records("select * from mart.fact_risk_run order by is_default desc, run_id")
        found = (Run(**(row | {"params": json.loads(row["params"])})) for row in rows)
        return tuple(found) if self._sees_all else tuple(map(self._without_sums, found))

    @property
    def _sees_all(self) -> bool:
        return not self._scoped(Filters()).town

    def _without_sums(self, run: Run) -> Run:
        """A run as those may read it who see some towns only: what it found is told of their own grids."""
        sentence = run.sentence
        if run.state == "ok":
            counts = tiers_in_words(self.grids(run.run_id).values())
            sentence = f"本辖区有把握高于平均的网格：{counts}" if counts else "本辖区没有网格有把握高于平均"
        return replace(run, cases=None, score=None, sentence=sentence)

    def run(self, key: str) -> Run:
        """The run of this key; the default where there is none of that name. Raises `LookupError` without runs."""
        for run in self.runs:
            if run.key == key:
                return run
        if not self.runs:
            raise LookupError("本批次没有风险测算，请用当前版本重新加载")
        return self.runs[0]

    def _grids(self, run_id: str) -> Mapping[str, GridRisk]:
        where, bound = self._seen("")
        rows = self._db.records(
            "select * exclude (run_id) from mart.fact_grid_risk where run_id = $run"
            f" and grid in (select grid from mart.dim_grid where {where}) order by grid",
            {"run": run_id} | bound,
        )
        return {row["grid"]: GridRisk(**row) for row in rows}

    def parts(self, run: Run, grid: str) -> Parts:
        """The categories and the heaviest cases behind one grid's score."""
        parameters = {
            **{level: float(weight) for level, weight in run.params["severity"].items()},
            "half_life": float(run.half_life_days),
            "as_of": run.as_of,
            "since_at": run.since_at,
            "grid": grid,
            "scope": run.scope,
        }
        where, bound = self._seen("")
        rows = self._db.records(f"{_WEIGHED_SELECT} and {where} order by weight desc, case_key", parameters | bound)
        sums: dict[str, tuple[float, int]] = {}
        for row in rows:
            score, count = sums.get(row["category"], (0.0, 0))
            sums[row["category"]] = (score + row["weight"], count + 1)
        ranked = sorted(sums.items(), key=lambda item: -item[1][0])
        named = tuple(
            row | {f"{d}_name": self._label(d, row[d]) for d in ("kind", "category", "level", "status") if row[d]}
            for row in rows[:TOP_CASES]
        )
        seen.looking.get().some(self._scoped(Filters(grid=(grid,))), rows=len(named))
        return Parts(tuple((code, score, count) for code, (score, count) in ranked), named)

    def near_repeats(self) -> list[dict[str, Any]]:
        """Recent cases with earlier ones of the same category near in place and time; most company first.

        Both cases may be seen: one of another town is no company.

        One row per later case: its facts, how many are near it, the distance and the days to the nearest.
        """
        named = ("category", "grid", "town")
        (later, bound), (earlier, _) = self._seen("f."), self._seen("o.")
        where = f"{later} and {earlier}"
        rows = self._db.records(f"{_NEAR_SELECT} where {where} {_NEAR_ORDER}", bound)
        seen.looking.get().some(self._scoped(Filters()), rows=len(rows))
        return [row | {f"{d}_name": self._label(d, row[d]) for d in named if row[d]} for row in rows]

    def _seen(self, prefix: str) -> tuple[str, dict[str, Any]]:
        """The condition for rows of towns that may be seen, and what it binds."""
        conditions, bound = dimension_conditions(self._scoped(Filters()), prefix)
        return " and ".join(conditions) or "true", bound

    @cached_property
    def knox(self) -> list[dict[str, Any]] | None:
        """The Knox test per category, the least likely by chance first; None for who may not see the whole county."""
        if not self._sees_all:
            return None
        return self._db.records("select * from mart.fact_knox order by p_value nulls last, category")

    @cached_property
    def tested(self) -> tuple[Tested, ...] | None:
        """The back-test, newest month first; None for who may not see the whole county."""
        if not self._sees_all:
            return None
        rows = self._db.records("select * from mart.fact_risk_backtest order by month desc, method")
        return tuple(Tested(**row) for row in rows)


_WEIGHED_SELECT = """
select case_id, title, kind, category, level, status, accept_at,
       case level when 'red' then $red when 'orange' then $orange when 'yellow' then $yellow else $blue end
           * pow(0.5, epoch($as_of - accept_at) / 86400 / $half_life) as weight
from mart.fact_case
where grid = $grid and accept_at > $since_at and accept_at <= $as_of
  and ($scope = 'all' or discovery is distinct from 'self')
"""

_NEAR_SELECT = """
select f.case_id, f.title, f.category, f.grid, f.town, f.accept_at, f.status,
       count(*)::integer as others, min(n.metres) as metres, min(n.days) as days,
       arg_min(o.case_id, n.days) as other_id
from mart.fact_near_repeat as n
join mart.fact_case as f on f.case_key = n.case_key
join mart.fact_case as o on o.case_key = n.other_key
"""
_NEAR_ORDER = """
group by f.case_key, f.case_id, f.title, f.category, f.grid, f.town, f.accept_at, f.status
order by others desc, f.accept_at desc, f.case_key
"""
