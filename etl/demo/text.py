"""How does a table become bytes? Columns of GB18030 CSV cells and lines of them, with no loop per row.

Cells are looked up in tables that are encoded once, so the text of a file is never encoded a second time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl.demo.clock import DAY, EPOCH, Flags, Ints

ENCODING = "gb18030"
LINE_END = b"\r\n"
DAYS = 40_000
Bytes = NDArray[np.uint8]


def cell(text: str) -> bytes:
    """One CSV cell: quoted when it has to be."""
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    return text.encode(ENCODING)


def record(cells: Sequence[str]) -> bytes:
    """One CSV line with its line end."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode(ENCODING)


def parse(line: bytes) -> list[str]:
    """The cells of a line that `record` or `lines` wrote."""
    return next(csv.reader([line.decode(ENCODING)]))


def words(texts: Sequence[str], *, ready: bool = False) -> Any:
    """A table of cells to look up in; the last is the empty cell. `ready`: the texts are CSV already."""
    cells = [text.encode(ENCODING) if ready else cell(text) for text in texts]
    return pa.array([*cells, b""], type=pa.binary())


def look_up(table: Any, index: Ints) -> Any:
    """A column of cells; a negative index gives the empty cell."""
    return table.take(pa.array(np.where(index < 0, len(table) - 1, index)))


def join(*columns: Any, between: bytes = b"") -> Any:
    """Columns (or constant bytes) put together cell by cell."""
    return pc.binary_join_element_wise(*columns, between)


def lines(columns: Sequence[Any]) -> Any:
    """CSV lines of these columns."""
    return join(*columns[:-1], join(columns[-1], LINE_END), between=b",")


def from_matrix(matrix: Bytes, present: Flags) -> Any:
    """A column of cells of equal width, one per row of `matrix`; empty where not `present`."""
    width = matrix.shape[1]
    offsets = np.zeros(len(matrix) + 1, dtype=np.int32)
    np.cumsum(present * width, out=offsets[1:])
    data = matrix if present.all() else matrix[present]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.binary(), len(matrix), buffers)


def digits(number: Ints, *, width: int) -> Bytes:
    """Decimal digits with leading zeros, one row per number."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (number[:, None] // powers % 10 + 48).astype(np.uint8)


def whole_numbers(number: Ints) -> Any:
    """A column of whole numbers, empty where negative."""
    text = pa.array(number, mask=number < 0).cast(pa.string()).cast(pa.binary())
    return text.fill_null(b"")


def _table(texts: Sequence[str]) -> Bytes:
    rows = [text.encode(ENCODING) for text in texts]
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)


_SECONDS = _table([f" {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY)])
_DATES = [EPOCH + timedelta(days=d) for d in range(DAYS)]
_DAYS = {mark: _table([f"{d:%Y}{mark}{d:%m}{mark}{d:%d}" for d in _DATES]) for mark in "-/"}
_SPELLED_DAYS = _table([f"{d:%Y}年{d:%m}月{d:%d}日" for d in _DATES])
_SPELLED_MINUTES = _table([f" {m // 60:02d}时{m % 60:02d}分" for m in range(1440)])
BIRTHDAYS = _table([f"{d:%Y%m%d}" for d in _DATES])


def times(value: Ints, *, mark: str, width: int = 19) -> Any:
    """A column of times such as 2025-03-01 09:05:00; `width` 16 drops the seconds, 10 the time of day."""
    day, second = np.divmod(np.maximum(value, 0), DAY)
    matrix = np.concatenate([_DAYS[mark][day], _SECONDS[second]], axis=1)[:, :width]
    return from_matrix(matrix, value >= 0)


def spelled_times(value: Ints) -> Any:
    """A column of times such as 2025年03月01日 09时05分."""
    day, second = np.divmod(np.maximum(value, 0), DAY)
    return from_matrix(np.concatenate([_SPELLED_DAYS[day], _SPELLED_MINUTES[second // 60]], axis=1), value >= 0)


def mixed_times(value: Ints, *, mark: str, style: Ints) -> Any:
    """A column of times in four spellings: 0 full, 1 to the minute, 2 in Chinese, 3 the date alone."""
    parts = [np.flatnonzero(style == s) for s in range(4)]
    columns = [
        times(value[parts[0]], mark=mark),
        times(value[parts[1]], mark=mark, width=16),
        spelled_times(value[parts[2]]),
        times(value[parts[3]], mark="-", width=10),
    ]
    return pa.concat_arrays(columns).take(pa.array(np.argsort(np.concatenate(parts), kind="stable")))


_CHECK = b"10X98765432"
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])


def citizen_numbers(party: Ints) -> Any:
    """18-character certificate numbers that can be nobody's: fictional area *and* a wrong check character.

    One per party (distinct up to 18 million); empty where `party` is negative. GB 11643, ISO 7064 MOD 11-2.
    """
    known = np.maximum(party, 0)
    areas = _table(["000000", "990108"])
    birthday = BIRTHDAYS[known * 7919 % 18_000]
    body = np.concatenate([areas[known % 2], birthday, digits(known // 18_000 % 1000, width=3)], axis=1)
    right = (body.astype(np.int64) - 48) @ _WEIGHTS % 11
    wrong = (right + 1 + known % 10) % 11
    check = np.frombuffer(_CHECK, dtype=np.uint8)[wrong]
    return from_matrix(np.concatenate([body, check[:, None]], axis=1), party >= 0)


def phone_numbers(party: Ints) -> Any:
    """11 digits that start with 100, a prefix no operator has; empty where `party` is negative."""
    known = np.maximum(party, 0)
    matrix = np.concatenate(
        [np.tile(_table(["100"]), (len(party), 1)), digits(known * 7_919_317 % 10**8, width=8)], axis=1
    )
    return from_matrix(matrix, party >= 0)
