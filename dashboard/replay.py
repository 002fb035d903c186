"""How did the map look on any day? A measure by place at the end of each day or week, from the ledgers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

MEASURES = {
    "open": ("在办量", "件"),
    "accepted": ("受理量", "件"),
    "overdue_open": ("在办超期", "件"),
    "risk": ("风险分级", ""),
}
"""What can be played: a key of the catalogue, or the risk map's tiers; its name and unit."""

PACES = {"day": "逐日", "week": "逐周"}
TIERS = ("none", "blue", "yellow", "orange", "red")
"""The values of a replay of risk are places in this list."""

MOST_VALUES = 400_000
"""Values in one replay: two years of weeks for four thousand grids, or a year of days for a thousand."""


class LongReplayError(ValueError):
    """The replay would be too large to send; the text says what to choose instead."""


@dataclass(frozen=True)
class Frames:
    """One row of values per moment, one column per place. `starts` are the first days of the moments."""

    starts: tuple[date, ...]
    codes: tuple[str, ...]
    values: npt.NDArray[np.int64]


def pivot(
    rows: Sequence[tuple[Any, Any, Any]], *, starts: Sequence[date], codes: Sequence[str], is_stock: bool
) -> Frames:
    """Rows of (first day of a moment, place, number) as frames; a stock is the running sum of its changes.

    Changes before the first moment are part of a stock from the start. Places that are not in `codes` are left out.
    Raises `LongReplayError` above `MOST_VALUES`.
    """
    check_size(len(starts), len(codes))
    row_of = {start: number for number, start in enumerate(starts)}
    column_of = {code: number for number, code in enumerate(codes)}
    values = np.zeros((len(starts), len(codes)), dtype=np.int64)
    for start, code, number in rows:
        if code not in column_of:
            continue
        if start in row_of:
            values[row_of[start], column_of[code]] += int(number)
        elif is_stock and starts and start < starts[0]:
            values[0, column_of[code]] += int(number)
    return Frames(tuple(starts), tuple(codes), np.cumsum(values, axis=0) if is_stock else values)


def check_size(moments: int, places: int) -> None:
    """Raises `LongReplayError` above `MOST_VALUES`."""
    if moments * places > MOST_VALUES:
        raise LongReplayError("回放的时段过长，请缩短时段、改为逐周，或改看乡镇、村社区")


def tiers(rows: Sequence[Mapping[str, Any]], *, moments: Mapping[date, date]) -> Frames:
    """Rows of (day, grid, tier) as frames; `moments` says which day stands for each moment (by its first day)."""
    known = sorted({row["grid"] for row in rows})
    column_of = {code: number for number, code in enumerate(known)}
    row_of = {day: number for number, day in enumerate(moments.values())}
    values = np.zeros((len(moments), len(known)), dtype=np.int64)
    for row in rows:
        if row["day"] in row_of:
            values[row_of[row["day"]], column_of[row["grid"]]] = TIERS.index(row["tier"])
    return Frames(tuple(moments), tuple(known), values)
