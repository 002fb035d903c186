"""What does a reader hand over? Lines of text cells, or the reason why a line has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

GEOMETRY = "几何"
"""Header of the column in which a map file's reader gives each feature's geometry, as WKT."""


class Line(NamedTuple):
    """One row of a file: the line or row number a person finds it at, and its cells as text.

    `problem` is set where the row could not be read into cells; then `cells` is empty.
    A named tuple, not a dataclass: there are tens of millions of them in a large load.
    """

    number: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Reading:
    """A file opened one way. `lines` starts at the file's first row, header and titles included.

    `crs` is None for a table; for a map file the reference system it states (`EPSG:n` or WKT), '' if it states none.
    """

    encoding: str
    lines: Iterator[Line]
    remark: str = ""
    crs: str | None = None
