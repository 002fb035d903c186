"""Does every format bring each text, number and day back unharmed, and none of them alive?"""

from __future__ import annotations

import hashlib
import io
from datetime import date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.export import about as about_file
from dashboard.export.asked import FORMATS
from dashboard.export.content import Content, guarded, unguarded
from dashboard.export.csv_file import write_csv
from dashboard.export.geojson_file import write_geojson
from dashboard.export.parquet_file import write_parquet
from dashboard.export.table import Cell, Field, Table, plain
from dashboard.export.xlsx_file import CELL_LIMIT, CUT, write_xlsx
from tests.export_files import READERS, checksum

AT = datetime(2026, 11, 1, 9, 30)
NASTY = [
    "=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "  =1", "＝1+1", "'quoted", "a\nb\r\nc\rd", 'say "hi", he', "\x00\x01",
    "_x0041_", "😀\u200d👨", "\ufffe\uffff", "123456789012345678", "0012", "1e5", "https://x", "<b>&amp;", " ",
    "\ufeff=1",
]  # fmt: skip


def written(form: str, cells: list[Cell], kind: str = "text") -> bytes:
    """A table of numbered cells as a file; numbered, because a workbook has no empty last rows."""
    fields = (
        Field(key="number", header="序号", kind="whole", meaning=""),
        Field(key="cell", header="内容", kind=kind, meaning=""),  # type: ignore[arg-type]
    )
    rows = [(number, plain(cell)) for number, cell in enumerate(cells)]
    content = Content(Table(fields=fields, total=len(cells), batches=iter([rows])))
    out = io.BytesIO()

    def about() -> dict[str, object]:
        columns = [{"key": f.key, "header": f.header, "unit": "", "meaning": ""} for f in fields]
        said = dict.fromkeys(about_file.LINES, "")
        return {**said, "rows": content.rows, "sha256": content.sha256, "columns": columns}

    if form == "csv":
        write_csv(content, out)
    elif form == "xlsx":
        write_xlsx(content, out, about=about, made=AT)
    elif form == "parquet":
        write_parquet(content, out, about=about)
    else:
        write_geojson(content, out, locate=lambda _: "null", members=lambda: {"about": about()})
    return out.getvalue()


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=30)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
@example(NASTY)
def test_every_text_comes_back_as_it_was(form: str, texts: list[str]) -> None:
    found = READERS[form](written(form, list(texts)))
    assert [row[1] for row in found.rows] == texts


@pytest.mark.parametrize("text", NASTY)
def test_a_guard_is_taken_off_by_one_rule(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text).lstrip()[:1] not in tuple("=+-@＝＋－＠")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("whole", [0, None, 7, 2**53]),
        ("number", [0.1, 1 / 3, -5.5, 1e-9, 123456789.123456]),
        ("share", [0.0, None, 2 / 3, 1.0]),
        ("flag", [True, False, None]),
        ("day", [date(2026, 3, 1), None, date(1899, 12, 31)]),
        ("moment", [datetime(2026, 3, 1, 9, 0, 1), None, datetime(1900, 2, 28, 23, 59, 59)]),
    ],
)
def test_cells_of_every_kind_come_back_and_the_checksum_with_them(form: str, kind: str, cells: list[Cell]) -> None:
    body = written(form, cells, kind)
    found, twin = READERS[form](body), READERS["csv"](written("csv", cells, kind))
    assert found.rows == twin.rows
    assert (
        checksum(found, [{"kind": "whole"}, {"kind": kind}]) == hashlib.sha256(written("csv", cells, kind)).hexdigest()
    )


def test_what_is_not_a_number_is_left_empty() -> None:
    assert [plain(float(text)) for text in ("nan", "inf", "-inf")] == [None, None, None]


def test_a_text_longer_than_a_cell_is_cut_and_says_so() -> None:
    fits, long = "字" * CELL_LIMIT, "😀" * CELL_LIMIT
    found = READERS["xlsx"](written("xlsx", [fits, long]))
    assert found.rows[0][1] == fits
    assert found.rows[1][1].endswith(CUT)
    assert READERS["csv"](written("csv", [long])).rows == [["0", long]]
