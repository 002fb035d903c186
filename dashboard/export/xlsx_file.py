"""The table as a workbook: texts stay texts, and the second sheet says what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO

import xlsxwriter

from dashboard.export.about import mark, sheet
from dashboard.export.content import Content
from dashboard.export.table import Cell, Field, Kind, text_of

ROW_LIMIT = 1_000_000
CELL_LIMIT = 32_767
"""Of an Excel cell, in UTF-16 units; a longer text is cut and says so."""
CUT = "……（超过 Excel 单元格长度，已截断）"
FORMATS: Mapping[Kind, Mapping[str, str]] = {
    "text": {"num_format": "@"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "day": {"num_format": "yyyy-mm-dd"},
    "share": {"num_format": "0.0%"},
}
WIDTHS: Mapping[Kind, int] = {"text": 16, "moment": 20, "day": 12}
_FIRST_DAY = date(1901, 1, 1)
"""Excel counts a day in 1900 that never was, and knows none before: earlier times are written as text."""

Write = Callable[[int, int, Cell], Any]


def write_xlsx(content: Content, out: BinaryIO, *, about: Callable[[], Mapping[str, Any]], made: datetime) -> None:
    """Sheet 数据, a row at a time, then 说明. `made` is the workbook's own date, the data's time."""
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"created": made})
        data = book.add_worksheet("数据")
        notes = book.add_worksheet("说明")
        _write_data(book, data, content)
        said = about()
        _write_notes(book, notes, sheet(said))
        for page in (data, notes):
            # In a footer & begins a command.
            page.set_footer(f"&L{mark(said).replace('&', '&&')}&R&P / &N")


def _write_data(book: Any, data: Any, content: Content) -> None:
    bold = book.add_format({"bold": True})
    looks = {kind: book.add_format(look) for kind, look in FORMATS.items()}
    data.freeze_panes(1, 0)
    for place, field in enumerate(content.fields):
        data.set_column(place, place, WIDTHS.get(field.kind, 10))
        data.write_string(0, place, field.header, bold)
    writers = [_writer(data, field, looks) for field in content.fields]
    number = 1
    for block in content.blocks():
        for row in block.rows:
            for place, (write, cell) in enumerate(zip(writers, row, strict=True)):
                if cell is not None and cell != "":
                    write(number, place, cell)
            number += 1


def _writer(data: Any, field: Field, looks: Mapping[Kind, Any]) -> Write:
    """What writes a cell of this column; never `worksheet.write`, which makes formulas and links of texts."""
    look = looks.get(field.kind)

    def text(row: int, column: int, cell: Cell) -> None:
        data.write_string(row, column, fitting(text_of(cell)), looks["text"])

    def moment(row: int, column: int, cell: Cell) -> None:
        day = cell.date() if isinstance(cell, datetime) else cell
        if isinstance(day, date) and day >= _FIRST_DAY:
            data.write_datetime(row, column, cell, look)
        else:
            text(row, column, cell)

    def number(row: int, column: int, cell: Cell) -> None:
        data.write_number(row, column, cell, look)

    if field.kind in ("moment", "day"):
        return moment
    return number if field.kind in ("whole", "number", "share") else text


def fitting(text: str) -> str:
    """The text, cut where a cell cannot hold it."""
    return text if len(text.encode("utf-16-le")) // 2 <= CELL_LIMIT else text[: CELL_LIMIT // 2 - len(CUT)] + CUT


def _write_notes(book: Any, notes: Any, lines: Sequence[Sequence[str]]) -> None:
    wrap = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    notes.set_column(0, 0, 22)
    notes.set_column(1, 2, 44)
    for number, line in enumerate(lines):
        for place, text in enumerate(line):
            notes.write_string(number, place, fitting(text), wrap)
