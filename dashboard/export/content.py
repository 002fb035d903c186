"""Which bytes is the checksum of? The table as our CSV file writes it, whatever the format asked for."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dashboard.export.table import Cells, Table, text_of

BOM = b"\xef\xbb\xbf"
HASH_OF = "同一问题、同一批次的 CSV 导出文件的全部字节（UTF-8 带 BOM，逗号分隔，行尾 CRLF）"

_RISKY = re.compile(r"""[\s\x00-\x1f\x7f\ufeff\u200b"]*[=+\-@|%＝＋－＠﹢﹣﹦﹫']|[\t\r]""")


def guarded(text: str) -> str:
    """Text that a spreadsheet would take for a formula, with ' before it; so is text that begins with ' itself.

    Whoever takes one leading ' away from a text has what the data says (`unguarded`).
    """
    return f"'{text}" if _RISKY.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text.removeprefix("'")


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows of text and other cells as lines of the CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class Block:
    """Some rows, and the same as bytes of the CSV file."""

    rows: Sequence[Cells]
    csv: bytes


class StoppedError(Exception):
    """Nobody waits for the export any more."""


class Content:
    """A table on its way into a file: counts and hashes what passes. `is_over` is asked before every block."""

    def __init__(self, table: Table, is_over: Callable[[], bool] = lambda: False) -> None:
        self.fields = table.fields
        self._is_over = is_over
        self.rows = 0
        self.head = BOM + csv_bytes([[field.header for field in table.fields]])
        self._batches = table.batches
        self._digest = hashlib.sha256(self.head)

    def blocks(self) -> Iterator[Block]:
        """The rows with their bytes, once; no block is empty. Raises `StoppedError`."""
        for rows in filter(None, self._batches):
            if self._is_over():
                raise StoppedError("导出已取消")
            lines = csv_bytes([[_cell(cell) for cell in row] for row in rows])
            self._digest.update(lines)
            self.rows += len(rows)
            yield Block(rows, lines)

    @property
    def sha256(self) -> str:
        """The checksum of what has passed: of the whole table once `blocks` is through."""
        return self._digest.hexdigest()


def _cell(cell: object) -> str:
    return guarded(cell) if isinstance(cell, str) else text_of(cell)  # type: ignore[arg-type]
