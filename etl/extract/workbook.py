"""XLSX workbooks, read cell by cell as the text a person sees."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from etl.errors import RefusedFileError
from etl.extract.rows import Line, Reading

MAX_UNPACKED = 600 * 1024 * 1024
MAX_RATIO = 200


def read(path: Path) -> Reading:
    """The first visible sheet. Raises `RefusedFileError` for a workbook that cannot be opened or is a zip bomb."""
    _refuse_bomb(path)
    try:
        # The open file, not its name: openpyxl refuses by ending, and exports are renamed.
        book = openpyxl.load_workbook(path.open("rb"), read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise RefusedFileError("不是可读的 xlsx 工作簿，请重新导出") from error
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise RefusedFileError("工作簿没有可见的工作表")
    others = len(book.worksheets) - 1
    remark = f"只读取第一张可见的工作表，另有 {others} 张未读" if others else ""
    return Reading("xlsx", _lines(visible[0]), remark)


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as error:
        raise RefusedFileError("压缩结构损坏，请重新导出") from error
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(path.stat().st_size, 65_536):
        raise RefusedFileError("解压后过大，疑似异常文件，请拆分或改用 CSV 导出")


def _lines(sheet: Any) -> Iterator[Line]:
    width = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [_text(value) for value in row]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if not any(cells):
            continue
        width = width or len(cells)
        cells += [""] * (width - len(cells))
        yield Line(number, cells)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
