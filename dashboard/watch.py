"""What must be looked at now? Cases about to run out of time, and red ones still open: facts fit for every wall.

A `Matter` has no title, number, address or place below its grid, so that no reader of it can show one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.filters import Filters
from dashboard.metrics.query import dimension_conditions
from dashboard.risk import Database
from dashboard.scope import Scoped


@dataclass(frozen=True, kw_only=True)
class Matter:
    """One open case in words; `left` and `age` are hours, `left` negative past the deadline, none without one."""

    level: str
    level_name: str
    kind_name: str
    category_name: str
    town_name: str
    grid_name: str
    department_name: str
    accept_at: datetime
    due_at: datetime | None
    left: float | None
    age: float


@dataclass(frozen=True)
class Watch:
    """The first few of `total` matters."""

    rows: tuple[Matter, ...]
    total: int

    @property
    def rest(self) -> int:
        """How many are not listed: “另 n 件”."""
        return self.total - len(self.rows)


class WatchQuestions:
    """Questions about the open cases of one snapshot, whatever the period: what is open now is open now."""

    def __init__(
        self,
        database: Database,
        label: Callable[[str, str], str],
        *,
        scoped: Callable[[Filters], Scoped],
        as_of: datetime,
    ) -> None:
        self._db = database
        self._label = label
        self._scoped = scoped
        self._as_of = as_of

    def due_within(self, hours: float, *, filters: Filters, limit: int = 5) -> Watch:
        """Open cases whose deadline lies at most so many hours ahead of the data, the nearest first."""
        span = {"first": self._as_of, "last": self._as_of + timedelta(hours=hours)}
        return self._read("due_at >= $first and due_at <= $last", span, filters, order="due_at", limit=limit)

    def red(self, *, filters: Filters, limit: int = 5) -> Watch:
        """Open cases of level red, the oldest first."""
        return self._read("level = 'red'", {}, filters, order="accept_at", limit=limit)

    def _read(self, condition: str, bound: dict[str, Any], filters: Filters, *, order: str, limit: int) -> Watch:
        conditions, chosen = dimension_conditions(self._scoped(filters))
        where = " and ".join(["status != 'closed'", condition, *conditions])
        source = f"from mart.fact_case where {where} order by {order}, case_key limit $limit"
        rows = self._db.records(
            "select level, kind, category, town, grid, department, accept_at, due_at, count(*) over () as total "
            f"{source}",
            {**bound, **chosen, "limit": limit},
        )
        return Watch(tuple(self._matter(row) for row in rows), int(rows[0]["total"]) if rows else 0)

    def _matter(self, row: Mapping[str, Any]) -> Matter:
        def named(dimension: str) -> str:
            return self._label(dimension, row[dimension]) if row[dimension] else ""

        due = row["due_at"]
        return Matter(
            level=row["level"],
            level_name=named("level"),
            kind_name=named("kind"),
            category_name=named("category"),
            town_name=named("town"),
            grid_name=named("grid"),
            department_name=named("department"),
            accept_at=row["accept_at"],
            due_at=due,
            left=None if due is None else (due - self._as_of).total_seconds() / 3600,
            age=(self._as_of - row["accept_at"]).total_seconds() / 3600,
        )
