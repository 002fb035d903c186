"""Which questions need not read every event? Sums per day, kept in memory for the narrow sets of dimensions.

A cube holds, for one kind of events and one set of dimensions, every additive part of the catalogue's metrics per day.
The numbers are the ledger's own, summed once; a question that no cube covers reads the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dashboard.filters import DIMENSIONS, Filters
from dashboard.metrics.catalog import METRICS, Metric
from dashboard.metrics.query import DERIVED_GROUPS, LEDGER, TIME_GROUPS, Source, alike, day_of, event_list, parts_of

CUBES: tuple[tuple[str, ...], ...] = (
    (),
    ("town",),
    ("department",),
    ("kind",),
    ("severity",),
    ("category",),
    ("channel",),
    ("kind", "severity"),
    ("town", "kind"),
    ("town", "severity"),
    ("department", "severity"),
    ("kind", "category"),
    ("kind", "channel"),
    ("category", "severity"),
    ("channel", "severity"),
    ("department", "kind"),
    ("town", "channel"),
    ("town", "department"),
    ("town", "category"),
    ("category", "channel"),
    ("department", "category"),
    ("department", "channel"),
    ("town", "kind", "severity"),
)
"""Sets of dimensions, the narrower first. The largest (town, department) has about 200,000 rows for a million cases."""


class Database(Protocol):
    """Where cubes are made."""

    def define(self, sql: str) -> None:
        """Run one statement that makes an in-memory table."""
        ...


@dataclass(frozen=True)
class Additive:
    """Metrics of one kind of events whose parts can be summed."""

    events: tuple[str, ...]
    metrics: tuple[Metric, ...]

    @property
    def columns(self) -> dict[str, str]:
        """SQL of a part → its column in the cube."""
        parts = dict.fromkeys(part for metric in self.metrics for part in parts_of(metric))
        return {part: f"part_{number}" for number, part in enumerate(parts)}


def additive() -> tuple[Additive, ...]:
    """The catalogue's summable metrics, grouped as one scan can answer them."""
    summable = [m for m in METRICS if m.kind in ("flow", "stock", "rate")]
    return tuple(Additive(same[0].events, tuple(same)) for same in alike(summable))


def _sums(group: Additive, dimensions: tuple[str, ...], origin: Source | None, cutoff_hour: int) -> str:
    """The SELECT of one cube, from a wider cube or from the ledger."""
    if origin is None:
        keys = ", ".join([f"{day_of(cutoff_hour)} as day", *dimensions])
        sums = ", ".join(f"({part})::{_kept(part)} as {column}" for part, column in group.columns.items())
        rows = f"{LEDGER.table} where event in ({event_list(group.events)})"
    else:
        keys = ", ".join(["day", *dimensions])
        sums = ", ".join(f"sum({column})::{_kept(part)} as {column}" for part, column in group.columns.items())
        rows = origin.table
    return f"select {keys}, {sums} from {rows} group by all order by day"


def _kept(part: str) -> str:
    """The type a daily sum is kept in: counts fit four bytes, weighted sums keep their decimal."""
    return "integer" if part.startswith("count") or "delta" in part else "decimal(18, 1)"


class Cubes:
    """The cubes of one snapshot; each serves from the moment it is complete."""

    def __init__(self) -> None:
        self._ready: dict[tuple[tuple[str, ...], tuple[str, ...]], Source] = {}

    def build(self, database: Database, *, cutoff_hour: int) -> None:
        """Make every cube: the widest from the ledger, a narrower one by summing a wider one."""
        number = 0
        for dimensions in sorted(CUBES, key=len, reverse=True):
            wider = next((c for c in reversed(CUBES) if set(dimensions) < set(c)), None)
            for group in additive():
                number += 1
                table = f"memory.main.cube_{number}"
                origin = self._ready[wider, group.events] if wider is not None else None
                database.define(f"create table {table} as {_sums(group, dimensions, origin, cutoff_hour)}")
                self._ready[dimensions, group.events] = Source(table, group.columns)

    def source(self, metrics: Sequence[Metric], *, by: Sequence[str], filters: Filters) -> Source:
        """The smallest cube that can answer, else the ledger."""
        if any(m.kind in ("duration", "current") for m in metrics) or any(g in DERIVED_GROUPS for g in by):
            return LEDGER
        needed = {g for g in by if g not in TIME_GROUPS} | {d for d in DIMENSIONS if filters.values(d)}
        for dimensions in CUBES:
            if needed <= set(dimensions):
                return self._ready.get((dimensions, metrics[0].events), LEDGER)
        return LEDGER
