"""The only way to data: ask for metrics by name, or for the cases behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.filters import Filters, Vocabulary
from dashboard.metrics.values import Value


@dataclass(frozen=True)
class SnapshotInfo:
    """Which data a screen stands on."""

    snapshot: str
    as_of: datetime
    county: str
    is_demo: bool
    has_geometry: bool
    geometry_key: str


@dataclass(frozen=True)
class Row:
    """One group of an answer: its codes and labels (one per `by`), and a value per metric."""

    codes: tuple[str, ...]
    labels: tuple[str, ...]
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


@dataclass(frozen=True)
class CasePage:
    """Some cases, newest or most urgent first, and how many there are in all."""

    rows: tuple[dict[str, Any], ...]
    total: int


class Ask:
    """Questions about one snapshot."""

    info: SnapshotInfo
    vocabulary: Vocabulary

    def numbers(self, metrics: Sequence[str], *, by: Sequence[str] = (), filters: Filters) -> Answer:
        """Metrics of the catalogue under these filters, one row per group of `by`."""
        raise NotImplementedError

    def cases(self, filters: Filters, *, order: str = "newest", limit: int = 50, offset: int = 0) -> CasePage:
        """The cases accepted in the period, a page at a time; `order` is newest, urgent or oldest."""
        raise NotImplementedError
