"""The only way to data: ask for metrics by name, or for the cases behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from itertools import product
from threading import Lock
from typing import Any, Protocol

from cachetools import LRUCache, cached
from cachetools.keys import hashkey

from dashboard import seen
from dashboard.care import CareQuestions
from dashboard.case_file import CaseFile
from dashboard.case_reader import read_case
from dashboard.density import Bins, NoSurfaceError, whole_months
from dashboard.filters import DIMENSIONS, Filters, Vocabulary, window
from dashboard.metrics.catalog import Metric
from dashboard.metrics.cubes import Cubes
from dashboard.metrics.query import (
    LEDGER,
    QUANTILES,
    TIME_GROUPS,
    Compiled,
    Scope,
    Source,
    UnknownQuestionError,
    alike,
    check_groups,
    compile_query,
    dimension_conditions,
    look_up,
    span_conditions,
    summed,
)
from dashboard.metrics.values import Value
from dashboard.outlines import town_outlines
from dashboard.replay import MEASURES, PACES, Frames, check_size, pivot, tiers
from dashboard.risk import RiskQuestions
from dashboard.scope import Scoped, Towns, holds, within
from dashboard.watch import WatchQuestions
from etl.contract import TABLES, Pointer

FILL_LIMIT = 20_000
KEPT_ROWS = 50_000
"""So many rows of answers are kept in all, at about 1.6 KB each: a limit in answers would have none in memory. The more
is kept, the longer looks the garbage collector, while all wait."""
BATCH = 2000
UNMATCHED = "未匹配"

CASE_ORDERS = {
    "newest": "accept_at desc, case_key desc",
    "oldest": "accept_at, case_key",
    "urgent": "status = 'closed', due_at nulls last, case_key",
}
CASE_SORTS = CASE_ORDERS | {
    f"{sign}{column}": f"{column}{' desc' if sign else ''} nulls last, case_key"
    for sign in ("", "-")
    for column in (*(column.name for column in TABLES["fact_case"] if column.privacy < 2), "overdue_hours")
}
"""The orders of whole cases: also by any column that everybody may see, with “-” from large to small."""

OVERDUE_AGES = {"1-3": "1–3 天", "4-7": "4–7 天", "8-15": "8–15 天", "16-30": "16–30 天", "30+": "30 天以上"}
ELAPSED_BINS = {str(n): f"{n / 10:.1f}–{(n + 1) / 10:.1f}" for n in range(20)} | {"20": "2.0 以上"}

Key = tuple[str, ...]


class Database(Protocol):
    """What a snapshot offers: rows of a bound SELECT."""

    pointer: Pointer

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows as tuples."""
        ...

    def records(self, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows as dictionaries."""
        ...

    def batches(
        self, sql: str, parameters: dict[str, Any] | None = None, *, size: int = BATCH
    ) -> Iterator[list[dict[str, Any]]]:
        """The same, some at a time."""
        ...


@dataclass(frozen=True)
class SnapshotInfo:
    """Which data a screen stands on. `region` is the county, or its towns where no more may be seen."""

    snapshot: str
    as_of: datetime
    county: str
    region: str
    is_demo: bool
    has_geometry: bool
    geometry_basis: Mapping[str, str]
    geometry_key: str
    rules: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One group of an answer: its codes and labels (one per `by`), and a value per metric."""

    codes: Key
    labels: Key
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Answer:
    """What `Ask.numbers` says: one row per group, in the natural order of the groups."""

    metrics: tuple[str, ...]
    by: tuple[str, ...]
    rows: tuple[Row, ...]
    snapshot: str
    as_of: datetime

    def only(self, metric: str) -> Value:
        """The value of one metric in an answer without groups."""
        return self.rows[0].values[metric]

    @cached_property
    def by_codes(self) -> Mapping[Key, Row]:
        """The rows by the codes of their group."""
        return {row.codes: row for row in self.rows}


@dataclass(frozen=True)
class CasePage:
    """Some cases, in the order asked for, and how many there are in all."""

    rows: tuple[dict[str, Any], ...]
    total: int


class Ask:
    """Questions about one snapshot. Answers are kept: a snapshot never changes.

    One made by `within` answers about some `towns` only; what it keeps, nobody who may see other towns is given.
    """

    def __init__(self, database: Database, *, towns: Towns = None, whole: Ask | None = None) -> None:
        self._db = database
        self.towns = towns
        self._whole = whole
        self._narrower: dict[tuple[str, ...], Ask] = {}
        self._guard = Lock()
        self.cubes: Cubes = whole.cubes if whole else Cubes()
        self._kept: LRUCache[Any, Answer] = whole._kept if whole else LRUCache(KEPT_ROWS, getsizeof=_rows)
        self._keeping: Lock = whole._keeping if whole else Lock()
        self._remember = cached(self._kept, key=partial(hashkey, towns), lock=self._keeping)(self._numbers)

    def within(self, towns: Towns) -> Ask:
        """Questions about these towns of the same snapshot, made once; None asks for all that this one sees.

        An Ask that is scoped already gives only what is in both.
        """
        if towns is None:
            return self
        whole, seen = self._whole or self, tuple(sorted({town for town in towns if holds(self.towns, town)}))
        with whole._guard:
            if seen not in whole._narrower:
                whole._narrower[seen] = Ask(self._db, towns=seen, whole=whole)
            return whole._narrower[seen]

    def scoped(self, filters: Filters) -> Scoped:
        """The same question, as far as it may be answered."""
        return within(filters, self.towns)

    @cached_property
    def info(self) -> SnapshotInfo:
        """The snapshot's identity and settings."""
        facts = dict(self._db.rows("select key, value from mart.snapshot_info"))
        basis = self._labels("select layer, mode(basis) from mart.dim_geometry group by layer order by layer")
        return SnapshotInfo(
            snapshot=self._db.pointer.snapshot,
            as_of=datetime.fromisoformat(facts["as_of"]),
            county=facts["county"],
            region=facts["county"] + self._own_towns(),
            is_demo=facts["is_demo"] == "1",
            has_geometry=bool(basis),
            geometry_basis=basis,
            geometry_key=self._db.pointer.sha256[:12],
            rules=json.loads(facts["rules"]),
        )

    @property
    def place(self) -> str:
        """What all that may be seen is called, inside the county: 全县, or the names of the towns."""
        return "全县" if self.towns is None else self._own_towns()

    def _own_towns(self) -> str:
        return "、".join(self.label("town", town) for town in self.towns or ())

    @property
    def database(self) -> Database:
        """The snapshot itself, the whole county: what reads cases or events from it asks with `scoped` filters."""
        return self._db

    @property
    def cutoff_hour(self) -> int:
        """The hour at which a statistical day begins."""
        return int(self.info.rules["clock"]["report_cutoff_hour"])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Dimension → code → label, in the order to show them; of places only those that may be seen."""
        if self._whole is None:
            return self._all_words()
        known, places = (
            self._whole.vocabulary,
            {"town": self.towns or (), "village": self.parents, "grid": self.parents},
        )
        return {
            dimension: {code: word for code, word in words.items() if code in places.get(dimension, words)}
            for dimension, words in known.items()
        }

    def _all_words(self) -> Vocabulary:
        words: dict[str, dict[str, str]] = {
            "town": self._labels(
                "select region_code, region_name from mart.dim_region where region_level = 'town' order by 1"
            ),
            "village": self._labels(
                "select region_code, region_name from mart.dim_region where region_level = 'village' order by 1"
            ),
            "grid": self._labels("select grid, grid_name from mart.dim_grid order by 1"),
            "department": self._labels("select department, department_name from mart.dim_department order by 1"),
            "category": self._labels("select category, name from mart.dim_category order by 1"),
        }
        for name in ("kind", "severity", "level", "channel", "status", "place"):
            words[name] = self._labels(
                "select code, label from mart.dim_code where code_set = $name order by sort, code", {"name": name}
            )
        return {dimension: words[dimension] for dimension in DIMENSIONS}

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, str]]:
        """Grid or village code → (village, town); a village's own village is itself. Only of what may be seen."""
        if self._whole is not None:
            known = self._whole.parents
            return {code: place for code, place in known.items() if holds(self.towns, place[1])}
        grids = self._db.rows("select grid, village, town from mart.dim_grid")
        villages = self._db.rows(
            "select region_code, region_code, coalesce(parent_code, '') from mart.dim_region"
            " where region_level = 'village'"
        )
        return {code: (village, town) for code, village, town in [*villages, *grids]}

    def is_inside(self, grid: str, filters: Filters) -> bool:
        """Does a grid lie in the towns and villages that the filters choose?"""
        village, town = self.parents.get(grid, ("", ""))
        return (not filters.town or town in filters.town) and (not filters.village or village in filters.village)

    @cached_property
    def risk(self) -> RiskQuestions:
        """The risk statistics of this snapshot."""
        return RiskQuestions(self._db, self.label, scoped=self.scoped)

    @cached_property
    def watch(self) -> WatchQuestions:
        """The open cases that need a look now."""
        return WatchQuestions(self._db, self.label, scoped=self.scoped, as_of=self.info.as_of)

    @cached_property
    def care(self) -> CareQuestions:
        """The care visits of this snapshot, protected."""
        villages = {code: town for code, (village, town) in self.parents.items() if code == village}
        return CareQuestions(
            self._db,
            self.label,
            villages=villages,
            towns=tuple(self.vocabulary["town"]),
            settings=self.info.rules,
            as_of=self.info.as_of,
            scoped=self.scoped,
            whole=self._whole.care if self._whole else None,
        )

    def _labels(self, sql: str, parameters: dict[str, Any] | None = None) -> dict[str, str]:
        return dict(self._db.rows(sql, parameters))

    @cached_property
    def first_day(self) -> date | None:
        """The day of the first acceptance in the county's data; before it nothing can be compared."""
        first = self._db.rows("select min(event_at) from mart.ledger where event = 'accepted'")[0][0]
        return None if first is None else (first - timedelta(hours=self.cutoff_hour)).date()

    def numbers(
        self, metrics: Sequence[str], *, by: Sequence[str] = (), filters: Filters, at: datetime | None = None
    ) -> Answer:
        """Metrics of the catalogue under these filters, one row per group of `by` (none: one row in all).

        Groups without events are there too, as 0 or as no data; an unknown place has the code ''.
        `at` ends the period at a moment within its last day: the same elapsed point of an earlier period.
        Raises `UnknownQuestionError` for a metric or grouping that does not exist.
        """
        return self._remember(tuple(metrics), tuple(by), self.scoped(filters.without_view()), at)

    def forget(self) -> None:
        """Drop the remembered answers, for measuring."""
        self._remember.cache_clear()

    def _numbers(self, keys: Key, by: Key, filters: Scoped, at: datetime | None) -> Answer:
        metrics, groups = look_up(keys), check_groups(by)
        found: dict[str, dict[Key, Value]] = {}
        for same in alike(metrics):
            found.update(self._run(same, groups, filters, at))
        spine = self._spine(groups, filters, found)
        rows = tuple(
            Row(key, self._label(groups, key), {m.key: found[m.key].get(key, absent(m)) for m in metrics})
            for key in spine
        )
        return Answer(tuple(m.key for m in metrics), groups, rows, self.info.snapshot, self.info.as_of)

    def _run(self, metrics: list[Metric], by: Key, filters: Scoped, at: datetime | None) -> dict[str, dict[Key, Value]]:
        query, rows = self._parts(metrics, by, filters, at)
        found: dict[str, dict[Key, Value]] = {m.key: {} for m in metrics}
        for row in rows:
            key = tuple(_code(cell) for cell in row[: len(by)])
            parts = row[len(by) :]
            for metric in metrics:
                found[metric.key][key] = _value(metric, [parts[place] for place in query.places[metric.key]])
        if query.scope == "stock" and any(g in TIME_GROUPS for g in by):
            return {m.key: self._accumulate(found[m.key], by, filters) for m in metrics}
        return found

    def _parts(
        self, metrics: list[Metric], by: Key, filters: Scoped, at: datetime | None
    ) -> tuple[Compiled, list[tuple[Any, ...]]]:
        """The compiled question and its rows; of one cut short, a cube gives the whole days, the ledger the last."""
        source = self.cubes.source(metrics, by=by, filters=filters)

        def compiled(
            asked: Scoped, source: Source, cut: datetime | None = None, scope: Scope | None = None
        ) -> Compiled:
            moment, cutoff = self.info.as_of, self.cutoff_hour
            return compile_query(
                metrics, by=by, filters=asked, as_of=moment, cutoff_hour=cutoff, source=source, at=cut, scope=scope
            )

        if at is None or source.columns is None:
            query = compiled(filters, source, at)
            return query, self._db.rows(query.sql, query.parameters)
        day = (at - timedelta(hours=self.cutoff_hour)).date()
        first = max(day, filters.since or day)
        days = filters.shifted(since=filters.since, until=min(day, filters.until or day))
        rest = filters.shifted(since=first, until=filters.until)
        whole, begun = compiled(self.scoped(days), source), compiled(self.scoped(rest), LEDGER, at, "span")
        rows = [self._db.rows(query.sql, query.parameters) for query in (whole, begun)]
        return whole, summed(*rows, keys=len(by))

    def _accumulate(self, changes: dict[Key, Value], by: Key, filters: Filters) -> dict[Key, Value]:
        """Turn changes per time bucket into the stock at the end of each bucket of the period."""
        place = next(i for i, group in enumerate(by) if group in TIME_GROUPS)
        buckets = self._buckets(by[place], filters, min((key[place] for key in changes), default=""))
        stocks: dict[Key, Value] = {}
        others: dict[Key, dict[str, float]] = {}
        for key, value in changes.items():
            others.setdefault(key[:place] + key[place + 1 :], {})[key[place]] = value.value or 0
        if len(others) * len(buckets) > 10 * FILL_LIMIT:
            raise UnknownQuestionError("分组过细，请缩小时段或改用较粗的时间分组")
        for rest, own in others.items():
            total = sum(change for bucket, change in own.items() if not buckets or bucket < buckets[0])
            for bucket in buckets:
                total += own.get(bucket, 0)
                stocks[(*rest[:place], bucket, *rest[place:])] = Value(total)
        return stocks

    def _spine(self, by: Key, filters: Filters, found: dict[str, dict[Key, Value]]) -> list[Key]:
        """Every group the answer lists, in order: time without holes, known codes, then what the data adds."""
        if not by:
            return [()]
        seen = {key for values in found.values() for key in values}
        axes = [self._axis(group, filters, sorted({key[i] for key in seen})) for i, group in enumerate(by)]
        if any(not axis for axis in axes):
            return sorted(seen)
        size = 1
        for axis in axes:
            size *= len(axis)
        if size > FILL_LIMIT:
            order = [{code: n for n, code in enumerate(axis)} for axis in axes]
            return sorted(seen, key=lambda key: tuple(o.get(c, 0) for o, c in zip(order, key, strict=True)))
        return list(product(*axes))

    def _axis(self, group: str, filters: Filters, seen: list[str]) -> list[str]:
        if group in TIME_GROUPS:
            return self._buckets(group, filters, seen[0] if seen else "")
        known = dict.fromkeys(code for code in self._members(group, filters) if code)
        return list(known | dict.fromkeys(seen))

    def _members(self, group: str, filters: Filters) -> Sequence[str]:
        """The codes of a dimension that the filters leave possible."""
        if group == "overdue_age":
            return list(OVERDUE_AGES)
        if group == "elapsed_bin":
            return list(ELAPSED_BINS)
        chosen = filters.values(group)
        if chosen:
            return [code for code in self.vocabulary[group] if code in chosen]
        codes = list(self.vocabulary[group])
        if group in ("village", "grid"):
            for level, place in (("village", 0), ("town", 1)):
                wanted = filters.values(level)
                if wanted:
                    codes = [c for c in codes if self.parents.get(c, ("", ""))[place] in wanted]
        if group == "town" and (filters.village or filters.grid):
            towns = {self.parents.get(code, ("", ""))[1] for code in (*filters.village, *filters.grid)}
            codes = [c for c in codes if c in towns]
        return codes

    def _buckets(self, group: str, filters: Filters, first_seen: str) -> list[str]:
        """Bucket starts as ISO dates, from the start of the period (or of the data) to its end (or the data's time)."""
        span = window(filters)
        last = min((filters.until or date.max) - timedelta(days=1), self.info.as_of.date())
        if span.start is not None:
            first = span.start.date()
        elif first_seen:
            first = date.fromisoformat(first_seen)
        else:
            return []
        bucket, buckets = _bucket_start(group, first), []
        while bucket <= last:
            buckets.append(bucket.isoformat())
            bucket = _next_bucket(group, bucket)
        return buckets

    def frames(self, measure: str, *, level: str, pace: str, filters: Filters) -> Frames:
        """A measure of `replay.MEASURES` by place of `level` for every day or week of the period.

        A flow is what happened in the moment, a stock what stood at its end; risk follows only the period.
        Raises `UnknownQuestionError` for another measure, `LongReplayError` where there would be too much to send.
        """
        if measure not in MEASURES or pace not in PACES:
            raise UnknownQuestionError(f"不能回放“{measure}”；可用：{'、'.join(MEASURES)}，步长 {'、'.join(PACES)}")
        if measure == "risk":
            return self._risk_frames(pace, filters)
        filters = self.scoped(filters)
        metric, groups = look_up([measure])[0], check_groups((pace, level))
        source = self.cubes.source([metric], by=groups, filters=filters)
        query = compile_query(
            [metric], by=groups, filters=filters, as_of=self.info.as_of, cutoff_hour=self.cutoff_hour, source=source
        )
        rows = [(row[0], row[1], row[2]) for row in self._db.rows(query.sql, query.parameters) if row[0] and row[1]]
        first = min((row[0] for row in rows), default=None)
        starts = [date.fromisoformat(b) for b in self._buckets(pace, filters, first.isoformat() if first else "")]
        codes = [code for code in self._members(level, filters) if code]
        return pivot(rows, starts=starts, codes=codes, is_stock=query.scope == "stock")

    def _risk_frames(self, pace: str, filters: Filters) -> Frames:
        known = [row[0] for row in self._db.rows("select distinct day from mart.fact_risk_frame order by day")]
        moments: dict[date, date] = {}
        for day in known:
            if (filters.since is None or day >= filters.since) and (filters.until is None or day < filters.until):
                moments[_bucket_start(pace, day)] = day
        check_size(len(moments), len(self.vocabulary["grid"]))
        rows = self._db.records(
            "select day, grid, tier from mart.fact_risk_frame where list_contains($days, day)",
            {"days": list(moments.values())},
        )
        return tiers([row for row in rows if row["grid"] in self.vocabulary["grid"]], moments=moments)

    def _label(self, by: Key, key: Key) -> Key:
        return tuple(self.label(group, code) for group, code in zip(by, key, strict=True))

    def label(self, group: str, code: str) -> str:
        """The word on screen for a code of a grouping."""
        if group == "overdue_age":
            return OVERDUE_AGES.get(code, code)
        if group == "elapsed_bin":
            return ELAPSED_BINS.get(code, UNMATCHED)
        if group in TIME_GROUPS:
            return code
        return self.vocabulary[group].get(code, code) if code else UNMATCHED

    def cases(self, filters: Filters, *, order: str = "newest", limit: int = 50, offset: int = 0) -> CasePage:
        """The cases accepted in the period, a page at a time; `order` is newest, oldest or urgent."""
        condition, parameters = self._case_condition(filters)
        total = self._db.rows(f"select count(*) from mart.fact_case where {condition}", parameters)[0][0]
        rows = self._db.records(
            f"{_CASE_SELECT} where {condition} order by {CASE_ORDERS[order]} limit $limit offset $offset",
            {**parameters, **self._moment(), "limit": limit, "offset": offset},
        )
        return CasePage(self._listed(filters, rows, offset=offset), int(total))

    def _listed(self, filters: Filters, rows: list[dict[str, Any]], *, offset: int = 0) -> tuple[dict[str, Any], ...]:
        """The rows with words beside their codes, once it is known who looks at them."""
        seen.looking.get().some(self.scoped(filters), rows=len(rows), offset=offset)
        return tuple(self._named(row) for row in rows)

    def whole_cases(self, filters: Filters, *, order: str = "newest") -> Iterator[list[dict[str, Any]]]:
        """Every case accepted in the period with all its columns, in batches: however many, memory is bounded.

        `order` is one of CASE_SORTS.
        """
        condition, parameters = self._case_condition(filters)
        return self._db.batches(
            f"{_WHOLE_CASE_SELECT} where {condition} order by {CASE_SORTS[order]}", {**parameters, **self._moment()}
        )

    def due_soon(self, filters: Filters, *, limit: int = 50) -> CasePage:
        """Cases whose 五化 clock is in its warning window now (whatever the period), nearest deadline first.

        `kind` is the kind the clock runs for and `deadline_at` its deadline.
        """
        conditions, parameters = dimension_conditions(self.scoped(filters), "l.")
        where = " and ".join(["l.event = 'wuhua_pending'", "l.due_soon", *conditions])
        source = f"from mart.ledger as l join mart.fact_case as f using (case_key) where {where}"
        total = self._db.rows(f"select count(*) {source}", parameters)[0][0]
        rows = self._db.records(
            f"select {_CASE_COLUMNS.replace('f.kind', 'l.kind')}, l.event_at as deadline_at {source}"
            " order by l.event_at, f.case_key limit $limit",
            {**parameters, **self._moment(), "limit": limit},
        )
        return CasePage(self._listed(filters, rows), int(total))

    def points(self, filters: Filters, *, limit: int = 2000) -> tuple[dict[str, Any], ...]:
        """Cases accepted in the period that have a usable point and a known grid, newest first."""
        condition, parameters = self._case_condition(filters)
        rows = self._db.records(
            f"{_CASE_SELECT} where place = 'point' and {condition} order by accept_at desc limit $limit",
            {**parameters, **self._moment(), "limit": limit},
        )
        return self._listed(filters, rows)

    def unlocated(self, filters: Filters, *, limit: int = 50) -> tuple[dict[str, Any], ...]:
        """Cases accepted in the period that cannot be drawn as a point, those without a grid first, then newest."""
        condition, parameters = self._case_condition(filters)
        rows = self._db.records(
            f"{_CASE_SELECT} where place != 'point' and {condition}"
            " order by place = 'no_point', accept_at desc limit $limit",
            {**parameters, **self._moment(), "limit": limit},
        )
        return self._listed(filters, rows)

    def case(self, case_id: str) -> CaseFile:
        """One case with every step, holder, pause and clock. Raises `NoSuchCaseError` for an unknown number.

        The number of a case that may not be seen is as unknown as any other. That it is looked at is told (`seen`).
        """
        found = read_case(
            self._db.records,
            case_id,
            sees=lambda town: holds(self.towns, town),
            named=self._named,
            as_of=self.info.as_of,
        )
        seen.looking.get().one(case_id)
        return found

    def place_states(self, filters: Filters) -> dict[str, int]:
        """How many cases accepted in the period can be drawn: counts by code of `place`."""
        condition, parameters = self._case_condition(filters)
        sql = f"select place, count(*) from mart.fact_case where {condition} group by 1 order by 1"
        return {state: int(rows) for state, rows in self._db.rows(sql, parameters)}

    def density(self, filters: Filters) -> Bins:
        """Located cases per cell of the county's raster: the period's whole months, towns and kinds; no other filter.

        Raises `NoSurfaceError` where no month is whole or no case of the snapshot has a usable point.
        """
        since, end = whole_months(filters, self.info.as_of)
        raster = self._db.rows(
            "select centre_lat, cell_side, (select min(month) from mart.fact_density_bin) from mart.density_raster"
        )
        if not raster:
            raise NoSurfaceError("当前数据没有坐标可用的事项，热力面不显示")
        lat, side, earliest = raster[0]
        first = max(since or earliest, earliest)
        cells = self._db.rows(
            "select cell_x, cell_y, precision, sum(cases)::integer from mart.fact_density_bin"
            " where month >= $first and month < $end and (len($town) = 0 or list_contains($town, town))"
            " and (len($kind) = 0 or list_contains($kind, kind)) group by all order by all",
            {"first": first, "end": end, "town": list(self.scoped(filters).town), "kind": list(filters.kind)},
        )
        return Bins(lat, side, first, end, tuple(cells))

    def reference(self, name: str) -> list[dict[str, Any]]:
        """Rows of a configuration table: wuhua, limits, codes, departments, categories, calendar."""
        tables = {
            "wuhua": "mart.cfg_wuhua_rule",
            "limits": "mart.cfg_limit",
            "codes": "mart.dim_code",
            "departments": "mart.dim_department",
            "categories": "mart.dim_category",
            "calendar": "mart.dim_calendar",
        }
        return self._db.records(f"select * from {tables[name]}")

    def loads(self) -> list[dict[str, Any]]:
        """The files of this snapshot and where their rows went; none is said of files whose rows are persons.

        Such a file may be one village's month: its number of rows would be a total beside the disclosure exit. A file
        may be one town's as well: to those who see some towns only, no rows are said of any.
        """
        rows = self._db.records("select * from mart.fact_source_file order by file_id")
        hidden = dict.fromkeys(("rows_in", "loaded", "aggregated", "duplicates", "quarantined", "flagged"))
        return [row | hidden if self.towns is not None or row["aggregated"] > 0 else row for row in rows]

    def coordinate_checks(self) -> list[dict[str, Any]]:
        """What the points of each source say about its declared reference system; in words to who sees them all."""
        rows = self._db.records("select * from mart.fact_coordinate_check order by source, best")
        return rows if self.towns is None else [row | {"sentence": None} for row in rows]

    def quality(self) -> list[dict[str, Any]]:
        """The data-quality findings of this snapshot, most frequent first; how many rows, to who sees them all."""
        rows = self._db.records("select * from mart.fact_quality order by rows desc, rule")
        return rows if self.towns is None else [row | {"rows": None} for row in rows]

    def geometry(self, layer: str) -> dict[str, Any]:
        """A GeoJSON FeatureCollection of one layer: county, town, village, grid, or the towns' outlines over one.

        “outline-grid” draws the towns' borders exactly along the grids'; where grids are circles there are none.
        Borders and names are public: they are the county's, whoever asks.
        """
        if self._whole is not None:
            return self._whole.geometry(layer)
        of = layer.removeprefix("outline-")
        if of != layer:
            is_tiled = self.info.geometry_basis.get(of, "centroid") != "centroid"
            return town_outlines(self.geometry(of)["features"] if is_tiled else [])
        shapes = self._db.rows(
            "select code, lon, lat, geojson from mart.dim_geometry where layer = $layer order by code", {"layer": layer}
        )
        return {"type": "FeatureCollection", "features": [self._feature(layer, *shape) for shape in shapes]}

    def _feature(self, layer: str, code: str, lon: float, lat: float, geojson: str) -> dict[str, Any]:
        village, town = self.parents.get(code, ("", ""))
        words = self.vocabulary.get(layer, {})
        properties = {
            "code": code,
            "name": words.get(code, code),
            "village": village,
            "town": town,
            "lon": lon,
            "lat": lat,
        }
        return {"type": "Feature", "id": code, "properties": properties, "geometry": json.loads(geojson)}

    def _case_condition(self, filters: Filters) -> tuple[str, dict[str, Any]]:
        conditions, parameters = dimension_conditions(self.scoped(filters))
        conditions += span_conditions("accept_at", window(filters, self.cutoff_hour), parameters)
        return " and ".join(conditions) or "true", parameters

    def _moment(self) -> dict[str, Any]:
        return {"as_of": self.info.as_of}

    def _named(self, row: dict[str, Any]) -> dict[str, Any]:
        return row | {f"{d}_name": self.label(d, row[d]) for d in DIMENSIONS if row.get(d)}


_OVERDUE_HOURS = """
case when f.due_at < coalesce(f.close_at, $as_of::timestamp)
     then epoch(coalesce(f.close_at, $as_of::timestamp) - f.due_at) / 3600 end as overdue_hours
"""
_CASE_COLUMNS = f"""
f.case_id, f.title, f.town, f.village, f.grid, f.department, f.kind, f.severity, f.level, f.category, f.channel,
f.status, f.accept_at, f.due_at, f.close_at, f.place, f.lon, f.lat, {_OVERDUE_HOURS}
"""
_CASE_SELECT = f"select {_CASE_COLUMNS} from mart.fact_case as f"
_WHOLE_CASE_SELECT = f"select f.*, {_OVERDUE_HOURS} from mart.fact_case as f"


def _rows(answer: Answer) -> int:
    return len(answer.rows) + 1


def _code(cell: object) -> str:
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _value(metric: Metric, parts: list[Any]) -> Value:
    if metric.kind == "rate":
        top, total = float(parts[0] or 0), int(parts[1] or 0)
        if total == 0:
            return Value(None, 0, 0, "none")
        n = round(top, 1) if metric.weight else int(top)
        return Value(top / total, n, total, "ok" if total >= metric.min_n else "small")
    if metric.kind == "duration":
        value, rows = parts
        if rows and metric.statistic in QUANTILES:
            value = value[list(QUANTILES).index(metric.statistic)]
        return Value(None, None, 0, "none") if not rows else Value(round(float(value), 6), None, int(rows))
    return Value(int(parts[0] or 0))


def absent(metric: Metric) -> Value:
    """What a metric is for a group without a single event: 0 for counts, no data for rates and durations."""
    if metric.kind == "rate":
        return Value(None, 0, 0, "none")
    return Value(None, None, 0, "none") if metric.kind == "duration" else Value(0)


def _bucket_start(group: str, day: date) -> date:
    if group == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if group == "month" else day


def _next_bucket(group: str, bucket: date) -> date:
    if group == "month":
        return (bucket + timedelta(days=32)).replace(day=1)
    return bucket + timedelta(days=7 if group == "week" else 1)
