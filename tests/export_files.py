"""How does a reader without our code read an exported file? Each format back into one table of text."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import openpyxl
import pyarrow.parquet as pq


@dataclass(frozen=True)
class ReadBack:
    """Headers in Chinese, cells as text without guards, and what the file says of itself."""

    headers: list[str]
    rows: list[list[str]]
    about: Mapping[str, Any]
    not_on_map: Mapping[str, Any] = field(default_factory=dict)

    def column(self, header: str) -> list[str]:
        """The texts of one column."""
        place = self.headers.index(header)
        return [row[place] for row in self.rows]

    def total(self, header: str) -> float:
        """The sum of one column; empty cells count nothing."""
        return sum(float(text or 0) for text in self.column(header))


def as_text(cell: object) -> str:
    """A cell in the words of docs/exports.md: 是/否, times to the second, numbers with fifteen digits."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def read_csv(body: bytes) -> ReadBack:
    headers, *rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return ReadBack(headers, [[text.removeprefix("'") for text in row] for row in rows], {})


def read_xlsx(body: bytes) -> ReadBack:
    book = openpyxl.load_workbook(io.BytesIO(body))
    headers, *rows = book["数据"].iter_rows()
    said = {row[0]: row[1] for row in book["说明"].iter_rows(values_only=True) if row[0]}
    days = {n for n, cell in enumerate(rows[0] if rows else ()) if cell.number_format == "yyyy-mm-dd"}
    cells = [[_of_excel(cell, is_day=n in days) for n, cell in enumerate(row)] for row in rows]
    return ReadBack([str(cell.value) for cell in headers], cells, said)


def _of_excel(cell: Any, *, is_day: bool) -> str:
    assert cell.data_type != "f", f"a live formula: {cell.value}"
    assert cell.hyperlink is None
    value = cell.value
    if isinstance(value, str):
        # Excel's own escape for characters that XML cannot hold.
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), value)
    return as_text(value.date() if is_day and value else value)


def read_parquet(body: bytes) -> ReadBack:
    file = pq.ParquetFile(io.BytesIO(body))
    table = file.read()
    headers = [field.metadata[b"name"].decode() for field in table.schema]
    rows = [[as_text(cell) for cell in row] for row in zip(*[c.to_pylist() for c in table.columns], strict=True)]
    return ReadBack(headers, rows, json.loads(file.metadata.metadata[b"yiping"]))


def read_geojson(body: bytes) -> ReadBack:
    said = json.loads(body)
    columns = said["about"]["columns"]
    rows = [[_of_json(feature["properties"][column["key"]]) for column in columns] for feature in said["features"]]
    return ReadBack([column["header"] for column in columns], rows, said["about"], said.get("not_on_map", {}))


def _of_json(cell: object) -> str:
    return as_text(datetime.fromisoformat(cell)) if _is_moment(cell) else as_text(cell)  # type: ignore[arg-type]


def _is_moment(cell: object) -> bool:
    return isinstance(cell, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", cell))


READERS: Mapping[str, Callable[[bytes], ReadBack]] = {
    "csv": read_csv,
    "xlsx": read_xlsx,
    "parquet": read_parquet,
    "geojson": read_geojson,
}


def checksum(found: ReadBack, columns: Sequence[Mapping[str, str]]) -> str:
    """The SHA-256 of the table as docs/exports.md defines it, made anew from what was read."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow(found.headers)
    kinds = [column["kind"] for column in columns]
    for row in found.rows:
        lines.writerow([_guarded(text) if kind == "text" else text for text, kind in zip(row, kinds, strict=True)])
    return hashlib.sha256(b"\xef\xbb\xbf" + out.getvalue().encode()).hexdigest()


def _guarded(text: str) -> str:
    """By the written rule."""
    bare = re.sub(r"^[\s\x00-\x1f\x7f\ufeff]+", "", text)
    return f"'{text}" if bare[:1] in tuple("=+-@＝＋－＠'") else text


def check_metric(found: ReadBack, name: str, said: list[Any], form: str) -> None:
    """The columns of a metric hold what the API says: value, n, N and state."""
    if not said or not isinstance(said[0], dict):
        assert [float(text) for text in found.column(name)] == said, (form, name)
        return
    digits = ["" if v["value"] is None else f"{v['value']:.15g}" for v in said]
    assert found.column(name) == digits, (form, name)
    states = {"ok": "正常", "small": "样本不足", "none": "无数据"}
    assert found.column(f"{name}·状态") == [states[v.get("state", "ok")] for v in said], (form, name)
    bottom = "分母 N" if f"{name}·分母 N" in found.headers else "件数 N"
    assert [int(text) for text in found.column(f"{name}·{bottom}")] == [v["N"] for v in said], (form, name)
    if f"{name}·分子 n" in found.headers:
        assert [float(text) for text in found.column(f"{name}·分子 n")] == [v["n"] for v in said], (form, name)
