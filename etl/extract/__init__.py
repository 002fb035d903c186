"""How is a file read? As text, with its row numbers, and no judgement about what it says.

The reader is chosen by the file's first bytes, never by its name: exports are renamed too often.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from etl.errors import RefusedFileError
from etl.extract import delimited, json_lines, parquet, workbook
from etl.extract.rows import Reading

__all__ = ["DATA_SUFFIXES", "Reading", "readings"]

DATA_SUFFIXES = frozenset({".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".et", ".jsonl", ".ndjson", ".parquet"})
"""Endings of files a load looks at; anything else in the folder is passed over and named in the report."""


def readings(path: Path) -> Iterator[Reading]:
    """The ways this file can be read, likeliest first (several only where its encoding is in doubt).

    Raises `RefusedFileError` for a file that is no table of a kind we read.
    """
    if not path.is_file() or path.is_symlink():
        raise RefusedFileError("不是普通文件（链接、目录或管道），请放入文件本身")
    with path.open("rb") as handle:
        head = handle.read(4096)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise RefusedFileError("文件是空的，请重新导出")
    if head.startswith(b"PK\x03\x04"):
        return iter([workbook.read(path)])
    if head.startswith(b"PAR1"):
        return iter([parquet.read(path)])
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise RefusedFileError("旧版 .xls/.et 或加密的工作簿无法读取，请另存为不加密的 .xlsx 或 CSV")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise RefusedFileError("内容是网页而不是数据表（多半是导出时登录失效），请重新导出")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return iter([json_lines.read(path)])
    return delimited.read(path)
