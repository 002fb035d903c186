"""When is something due? Local times as whole seconds, the working calendar, the limits of `limits.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.reference import Reference

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER = -1
"""The value of a time that has not come. Real times are seconds since 1970-01-01 00:00 local time."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
EPOCH = datetime(1970, 1, 1)
KINDS = ("R", "H", "C", "D", "P")
COMPLEXITIES = ("simple", "general", "complex")


def seconds(moment: datetime) -> int:
    """Whole seconds from 1970-01-01 00:00 to a local moment."""
    return int((moment - EPOCH).total_seconds())


def moment(value: int) -> datetime:
    """The local moment of a number of seconds."""
    return EPOCH + timedelta(seconds=int(value))


@dataclass(frozen=True)
class Clock:
    """The working calendar and time limits of the reference folder."""

    reference: Reference

    @cached_property
    def _calendar(self) -> tuple[int, Ints, Ints]:
        days = self.reference.calendar
        works = np.array([d[1] for d in days], dtype=bool)
        first = (days[0][0] - EPOCH.date()).days
        return first, np.cumsum(works), np.flatnonzero(works).astype(np.int64)

    def workday_after(self, start: Ints, count: Ints) -> Ints:
        """Midnight that opens the `count`-th working day after the day of `start`."""
        first, done, workdays = self._calendar
        position = np.clip(start // DAY - first, 0, len(done) - 1)
        target = np.clip(done[position] + count - 1, 0, len(workdays) - 1)
        return np.asarray((workdays[target] + first) * DAY, dtype=np.int64)

    @cached_property
    def limits(self) -> Ints:
        """Limit amounts by kind and complexity. Raises `KeyError` if a pair has no limit."""
        table = {(r["kind"], r["complexity"]): int(r["amount"]) for r in self.reference.rows("limits")}
        return np.array(
            [[table.get((k, c), table.get((k, "*"), -1)) for c in COMPLEXITIES] for k in KINDS],
            dtype=np.int64,
        )

    @cached_property
    def counts_workdays(self) -> Flags:
        """Per kind: does its limit count working days?"""
        units = {r["kind"]: r["unit"] for r in self.reference.rows("limits")}
        return np.array([units[k] == "workday" for k in KINDS])

    @cached_property
    def starts_at_dispatch(self) -> Flags:
        """Per kind: does its clock start when the case is dispatched (else when it is accepted)?"""
        starts = {r["kind"]: r["clock_start"] for r in self.reference.rows("limits")}
        return np.array([starts[k] == "dispatch_at" for k in KINDS])

    def due(self, start: Ints, *, kind: Ints, amount: Ints) -> Ints:
        """Deadline: natural days run from the second of the start, working days end at 23:59:59."""
        natural = start + amount * DAY
        working = self.workday_after(start, np.maximum(amount, 1)) + DAY - 1
        return np.where(self.counts_workdays[kind], working, natural)

    def is_workday(self, day: date) -> bool:
        """Is this a working day, holidays and working weekends considered?"""
        first, done, _ = self._calendar
        index = (day - EPOCH.date()).days - first
        return bool(done[index] > done[index - 1])


def choose(rng: np.random.Generator, size: int, *, weights: Any) -> Ints:
    """`size` indices drawn in proportion to `weights`."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(edges / edges[-1], rng.random(size), side="right")
    return np.minimum(drawn, len(edges) - 1).astype(np.int64)


def choose_by(rng: np.random.Generator, row: Ints, *, table: Floats) -> Ints:
    """One column index per element, drawn in proportion to that element's `row` of `table`."""
    edges = np.cumsum(table, axis=1)
    edges /= edges[:, -1:]
    flat = (edges + np.arange(len(edges))[:, None]).ravel()
    drawn = np.searchsorted(flat, row + rng.random(len(row)), side="right") - row * table.shape[1]
    return np.asarray(np.clip(drawn, 0, table.shape[1] - 1), dtype=np.int64)


def spread(rng: np.random.Generator, size: int, *, median: float, sigma: float) -> Floats:
    """Log-normal amounts around `median`."""
    return median * np.exp(sigma * rng.standard_normal(size))


def between(rng: np.random.Generator, low: Any, high: Any) -> Floats:
    """Uniform amounts from `low` to `high`, one per element of the arrays."""
    low_array = np.asarray(low, dtype=np.float64)
    high_array = np.asarray(high, dtype=np.float64)
    size = np.broadcast_shapes(low_array.shape, high_array.shape)
    return np.asarray(low_array + rng.random(size) * (high_array - low_array))
