"""CSV and its cousins: encodings, separators, broken quotes."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from etl.errors import RefusedFileError
from etl.extract.rows import Line, Reading

MAX_FIELD = 1_000_000
UNREADABLE = re.compile("[\udc80-\udcff\x00]")
SEPARATORS = ",\t;，|"
ENCODINGS = ("utf-8", "gb18030")


def read(path: Path) -> Iterator[Reading]:
    """The readings of a text table, likeliest encoding first. Raises `RefusedFileError` for UTF-16 without BOM."""
    for encoding in candidates(path):
        yield Reading(encoding, _lines(path, encoding))


def candidates(path: Path) -> list[str]:
    """Encodings to try: the byte order mark decides; else strict UTF-8, strict GB18030, then the less damaged.

    UTF-8 comes first because UTF-8 bytes often decode as valid GB18030, never the other way round by chance.
    """
    with path.open("rb") as handle:
        head = handle.read(512)
    if head.startswith(codecs.BOM_UTF8):
        return ["utf-8-sig"]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    if head[:64].count(b"\x00") > 8:
        raise RefusedFileError("像是没有 BOM 的 UTF-16 或二进制文件，请另存为 UTF-8 或 GB18030 的 CSV")
    if _decodes(path, "utf-8"):
        return ["utf-8"]
    if _decodes(path, "gb18030"):
        return ["gb18030", "utf-8"]
    return sorted(ENCODINGS, key=lambda encoding: _damage(path, encoding))


def _decodes(path: Path, encoding: str) -> bool:
    """Whether every byte decodes; stops at the first that does not."""
    strict = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                strict.decode(chunk)
            strict.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _damage(path: Path, encoding: str) -> int:
    """How many bytes do not decode."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    bad = 0
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 22):
            bad += len(UNREADABLE.findall(decoder.decode(chunk)))
    return bad


def _lines(path: Path, encoding: str) -> Iterator[Line]:
    csv.field_size_limit(MAX_FIELD)
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as handle:
        separator = _separator(handle.readline())
        handle.seek(0)
        reader = csv.reader(handle, delimiter=separator, strict=True)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, [], f"引号或分隔符不完整（{_explain(error)}）")
                continue
            if not cells:
                continue
            if UNREADABLE.search("".join(cells)):
                yield Line(number, [], "含无法解码的字节，可能传输损坏")
                continue
            yield Line(number, cells)


def _separator(first_line: str) -> str:
    return max(SEPARATORS, key=first_line.count)


def _explain(error: csv.Error) -> str:
    text = str(error)
    if "field larger" in text:
        return "单元格过长"
    if "unexpected end" in text:
        return "文件在引号内结束"
    return "引号后有多余字符"
