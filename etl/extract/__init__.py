"""How is a file read? As text, with its row numbers, and no judgement about what it says.

The reader is chosen by the file's first bytes, never by its name: exports are renamed too often.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from etl.errors import RefusedFileError
from etl.extract import delimited, geojson, json_lines, parquet, vector, workbook
from etl.extract.rows import Reading

__all__ = ["DATA_SUFFIXES", "Reading", "belongs_to_a_map", "is_map", "layers", "readings"]

MAP_SUFFIXES = frozenset({".geojson", ".shp", ".gpkg"})

DATA_SUFFIXES = MAP_SUFFIXES | {
    *(".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".et", ".jsonl", ".ndjson", ".parquet")
}
"""Endings of files a load looks at; anything else in the folder is passed over and named in the report."""

_SHAPEFILE, _SQLITE = b"\x00\x00\x27\x0a", b"SQLite format 3\x00"
_BLANK = b"\xef\xbb\xbf \t\r\n"
_HEAD = 4096


def is_map(path: Path) -> bool:
    """Does this file hold polygons? By its ending, or for .json by what it says it is."""
    if path.suffix.lower() == ".json" and path.is_file():
        return _is_collection(_head(path))
    return path.suffix.lower() in MAP_SUFFIXES


def belongs_to_a_map(path: Path, maps: list[Path]) -> bool:
    """Is this one of the further files that make up a Shapefile or GeoPackage of the delivery?"""
    return path.suffix.lower() in vector.COMPANIONS and any(
        path.parent == m.parent and path.name.lower().startswith(f"{m.stem.lower()}.") for m in maps
    )


def layers(path: Path) -> list[str]:
    """The tables in a file: the layers of a GeoPackage by name; any other file is one, without a name."""
    if path.suffix.lower() != ".gpkg" or path.is_symlink() or not _head(path).startswith(_SQLITE):
        return [""]
    try:
        return vector.layers(path)
    except RefusedFileError:  # said again, with the file's name, when it is read
        return [""]


def readings(path: Path, layer: str = "") -> Iterator[Reading]:
    """The ways this file (or layer of it) can be read, likeliest first (several only where its encoding is in doubt).

    Raises `RefusedFileError` for a file that is no table of a kind we read.
    """
    if not path.is_file() or path.is_symlink():
        raise RefusedFileError("不是普通文件（链接、目录或管道），请放入文件本身")
    head = _head(path)
    if not head.strip(_BLANK):
        raise RefusedFileError("文件是空的，请重新导出")
    if is_map(path) or _is_collection(head):
        return iter([_read_map(path, head, layer)])
    return _read_table(path, head)


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(_HEAD)


def _is_collection(head: bytes) -> bool:
    return head.lstrip(_BLANK).startswith(b"{") and b'"FeatureCollection"' in head


def _read_map(path: Path, head: bytes, layer: str) -> Reading:
    """GDAL is shown only what truly is one of its two formats: it would follow other content elsewhere."""
    if head.startswith(_SHAPEFILE):
        return vector.read_shapefile(path)
    if head.startswith(_SQLITE):
        return vector.read_geopackage(path, layer)
    if path.suffix.lower() in (".shp", ".gpkg"):
        raise RefusedFileError("内容不是 Shapefile 或 GeoPackage，多半已损坏，请重新导出")
    return geojson.read(path)


def _read_table(path: Path, head: bytes) -> Iterator[Reading]:
    if head.startswith(b"PK\x03\x04"):
        return iter([workbook.read(path)])
    if head.startswith(b"PAR1"):
        return iter([parquet.read(path)])
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise RefusedFileError("旧版 .xls/.et 或加密的工作簿无法读取，请另存为不加密的 .xlsx 或 CSV")
    if head.lstrip(_BLANK).lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise RefusedFileError("内容是网页而不是数据表（多半是导出时登录失效），请重新导出")
    if head.lstrip(_BLANK).startswith(b"{"):
        return iter([json_lines.read(path)])
    return delimited.read(path)
