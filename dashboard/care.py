"""Are people in need visited? Counts and coverage by care group, place and month, as the disclosure exit lets them out.

The one reader of `mart.fact_visit_stat`: true counts go into `protect` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import product
from threading import Lock
from typing import Any, Protocol

from dashboard.filters import Filters
from dashboard.metrics.catalog import Metric
from dashboard.metrics.disclosure import Cube, Pair, Rules, protect
from dashboard.metrics.query import UnknownQuestionError
from dashboard.metrics.values import Value
from dashboard.scope import Scoped

SPANS = {1: "本月", 3: "近3个月", 12: "近12个月"}
"""Months, the data's own included, → what they are called. There are no other spans: dates cannot be played off."""

GROUPS = {"care_group": "人群", "town": "乡镇街道", "village": "村社区", "month": "月"}
PLACES = ("town", "village")
BEFORE_RULES = Rules(threshold=5, base=5)
"""For a snapshot loaded before rules.toml had its section [disclosure]: never without protection."""
UNKNOWN = "?"
"""The town of a village that the regions do not know: counted in the county only."""


def _metric(key: str, name: str, *, kind: Any, unit: str, meaning: str, formula: str) -> Metric:
    return Metric(
        key=key,
        name=name,
        meaning=meaning,
        formula=formula,
        kind=kind,
        events=(),
        of="",
        unit=unit,
        clock="自然月",
        code="D§11",
    )


DUE = _metric(
    "care_due",
    "应访人次",
    kind="flow",
    unit="人次",
    meaning="时段内各月应走访的重点人群人次；一个月内即应访人数",
    formula="各月应走访人数之和；人数过少的不列出，其余取整",
)
DONE = _metric(
    "care_done",
    "已访人次",
    kind="flow",
    unit="人次",
    meaning="其中当月已走访的人次",
    formula="各月已走访人数之和；应访不列出的，已访也不列出",
)
COVERAGE = _metric(
    "care_coverage",
    "走访覆盖率",
    kind="rate",
    unit="%",
    meaning="应访人次中已走访的占比，只由列出的应访与已访计算",
    formula="已访人次 ÷ 应访人次（取整后）",
)
METRICS = {metric.key: metric for metric in (DUE, DONE, COVERAGE)}
"""Not in the catalogue: what stands there is answered from the ledger, uncut."""


class Database(Protocol):
    """What is needed of a snapshot: rows of a bound SELECT."""

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows as tuples."""
        ...


@dataclass(frozen=True)
class CareRow:
    """One group of the answer: codes and labels (one per `by`), and a value per key of `METRICS`."""

    codes: tuple[str, ...]
    labels: tuple[str, ...]
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Care:
    """What `CareQuestions.ask` says: one row per group; `months` are those of the span, oldest first."""

    by: tuple[str, ...]
    rows: tuple[CareRow, ...]
    months: tuple[date, ...]
    is_partial: bool

    @property
    def name(self) -> str:
        """“近3个月”."""
        return SPANS[len(self.months)]

    @property
    def span(self) -> str:
        """“近3个月（2026年8月至10月，本月未满）”."""
        first, last = self.months[0], self.months[-1]
        end = f"{last.year}年{last.month}月" if first.year != last.year else f"{last.month}月"
        said = f"{first.year}年{first.month}月" + (f"至{end}" if first != last else "")
        return f"{self.name}（{said}{'，本月未满' if self.is_partial else ''}）"


def span_for(filters: Filters, as_of: datetime) -> int:
    """The fixed span, in months, that a period comes to by its length alone."""
    if filters.since is None:
        return 12
    days = ((filters.until or as_of.date()) - filters.since).days
    return 1 if days <= 31 else 3 if days <= 92 else 12


class CareQuestions:
    """Questions about the care visits of one snapshot, of these villages and towns, as far as `scoped` lets them.

    `whole` asks about the county; what is published of a cell is decided there, the same for every reader.
    """

    def __init__(
        self,
        database: Database,
        label: Callable[[str, str], str],
        *,
        villages: Mapping[str, str],
        towns: Sequence[str],
        settings: Mapping[str, Any],
        as_of: datetime,
        scoped: Callable[[Filters], Scoped],
        whole: CareQuestions | None = None,
    ) -> None:
        self._db = database
        self._label = label
        self._villages = villages
        self._towns = towns
        self._settings = settings
        self._as_of = as_of
        self._scoped = scoped
        self._whole = whole
        self._guard = Lock()

    def prepare(self) -> None:
        """Decide the published cells before anybody asks: it takes seconds, once per snapshot."""
        with self._guard:
            _ = self._published

    @property
    def _cube(self) -> Cube:
        if self._whole is not None:
            return self._whole._cube
        self.prepare()
        return self._published

    @cached_property
    def _published(self) -> Cube:
        """The published cells of every month that can be asked for, decided once."""
        rows = self._db.rows(
            "select village, care_group, month, visits_due, visits_done from mart.fact_visit_stat"
            " where month >= $first",
            {"first": self._span(max(SPANS))[0]},
        )
        counts = [(self._villages.get(village, UNKNOWN), village, *rest) for village, *rest in rows]
        return protect(counts, self.rules)

    @property
    def rules(self) -> Rules:
        """What is hidden and how the rest is rounded."""
        section = self._settings.get("disclosure")
        return Rules(section["threshold"], section["base"]) if section else BEFORE_RULES

    @cached_property
    def care_groups(self) -> Mapping[str, str]:
        """Care group → its name, in the order to show them."""
        return dict(
            self._db.rows("select code, label from mart.dim_code where code_set = 'care_group' order by sort, code")
        )

    def ask(self, by: Sequence[str] = (), *, months: int, filters: Filters) -> Care:
        """Due, visited and coverage over the last `months` calendar months, by up to two of `GROUPS`.

        Of the filters only towns and villages apply. Raises `UnknownQuestionError`.
        """
        _check(by, months)
        filters = self._scoped(filters)
        span = self._span(months)
        axes = [self._axis(group, span, filters) for group in by]
        rows = tuple(self._row(tuple(by), codes, span, filters) for codes in product(*axes))
        return Care(tuple(by), rows, span, self._is_partial)

    @property
    def _is_partial(self) -> bool:
        """The last month is whole on its last day."""
        tomorrow = self._as_of.date() + timedelta(days=1)
        return tomorrow.month == self._as_of.month

    def _span(self, months: int) -> tuple[date, ...]:
        last = self._as_of.year * 12 + self._as_of.month - 1
        return tuple(date(n // 12, n % 12 + 1, 1) for n in range(last - months + 1, last + 1))

    def _axis(self, group: str, span: Sequence[date], filters: Filters) -> Sequence[str]:
        if group == "care_group":
            return list(self.care_groups)
        if group == "month":
            return [month.isoformat() for month in span]
        return self._towns_of(filters) if group == "town" else self._villages_of(filters)

    def _towns_of(self, filters: Filters) -> list[str]:
        wanted = set(filters.town) | {self._villages.get(village, "") for village in filters.village}
        return [town for town in self._towns if not wanted or town in wanted]

    def _villages_of(self, filters: Filters) -> list[str]:
        return [
            village
            for village, town in self._villages.items()
            if (not filters.village or village in filters.village) and (not filters.town or town in filters.town)
        ]

    def _row(self, by: tuple[str, ...], codes: tuple[str, ...], span: Sequence[date], filters: Filters) -> CareRow:
        said = dict(zip(by, codes, strict=True))
        groups = [said["care_group"]] if "care_group" in said else list(self.care_groups)
        months = [date.fromisoformat(said["month"])] if "month" in said else span
        parts = self._cube.parts(self._places(said, filters), groups, months)
        labels = tuple(self._word(group, code) for group, code in said.items())
        return CareRow(codes, labels, self._values(parts))

    def _places(self, said: Mapping[str, str], filters: Filters) -> Sequence[str]:
        """The largest cells that make up a row: the county, towns, or villages where these are chosen."""
        if "village" in said:
            return [said["village"]]
        if filters.village:
            inside = self._villages_of(filters)
            return [v for v in inside if "town" not in said or self._villages[v] == said["town"]]
        if "town" in said:
            return [said["town"]]
        return filters.town or [""]

    def _values(self, parts: Sequence[Pair]) -> Mapping[str, Value]:
        total = self._cube.total(parts)
        coverage = self._cube.coverage(parts, min_n=self._settings["display"]["min_n"])
        return {DUE.key: total.due, DONE.key: total.done, COVERAGE.key: coverage}

    def _word(self, group: str, code: str) -> str:
        if group == "care_group":
            return self.care_groups[code]
        return code if group == "month" else self._label(group, code)


def _check(by: Sequence[str], months: int) -> None:
    if months not in SPANS:
        raise UnknownQuestionError(f"months 只能是 {'、'.join(map(str, SPANS))}")
    if set(by) - GROUPS.keys() or len(set(by)) != len(by) or len(by) > 2 or set(PLACES) <= set(by):
        raise UnknownQuestionError(f"by 最多两个不同的分组，乡镇与村社区不同用；可用：{'、'.join(GROUPS)}")
