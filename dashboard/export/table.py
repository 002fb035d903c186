"""What is a table to be exported, before any file format: its columns, and its rows a few at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

Kind = Literal["text", "whole", "number", "share", "moment", "day", "flag"]
"""share: a quotient of 0…1 (weighted ones may differ); moment: local time to the second; flag: yes, no or unknown."""

Cell = str | int | float | bool | date | datetime | None
Cells = tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column: its key for programs, its header for people, and what it holds."""

    key: str
    header: str
    kind: Kind
    meaning: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns, how many rows there are in all, and the rows in batches, to be read once."""

    fields: tuple[Field, ...]
    total: int
    batches: Iterator[Sequence[Cells]]


def plain(value: Any) -> Cell:
    """A value as every format writes it: fifteen significant digits, which all of them keep; no infinities."""
    if isinstance(value, float):
        return float(f"{value:.15g}") if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int, date)) else str(value)


def text_of(cell: Cell) -> str:
    """A cell as text: empty for nothing, 是 or 否, “2026-03-01 09:00:00”, numbers with up to fifteen digits."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) else str(cell)
