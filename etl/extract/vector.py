"""Shapefile and GeoPackage: attributes as text cells, the geometry as WKT in the last one.

GDAL reads the files; it never converts coordinates or words here. The words of a .dbf are decoded by us, because
.cpg files are often missing or wrong.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import read_arrow

from etl.errors import RefusedFileError
from etl.extract.crs import crs_name
from etl.extract.parquet import texts
from etl.extract.rows import GEOMETRY, Line, Reading

COMPANIONS = frozenset(
    {".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qmd", ".qix", ".sbn", ".sbx", ".fix", ".atx", ".ain", ".aih", ".xml"}
    | {".gpkg-wal", ".gpkg-shm"}
)
"""Endings of the files that belong to a map file of the same name beside them."""

_RAW = "ISO-8859-1"
_CODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "65001": "utf-8"}


def layers(path: Path) -> list[str]:
    """Names of the layers with geometry in a GeoPackage. Raises `RefusedFileError` if there is none."""
    try:
        found = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except (DataSourceError, DataLayerError) as error:
        raise RefusedFileError("GeoPackage 损坏或不完整，请重新导出") from error
    if not found:
        raise RefusedFileError("GeoPackage 中没有带几何的图层，请重新导出")
    return found


def read_geopackage(path: Path, layer: str) -> Reading:
    """The features of one layer in order, numbered from 1. Raises `RefusedFileError` if it cannot be read."""
    table, crs = _table(path, layer=layer or layers(path)[0])
    return Reading("geopackage", _lines(table, ""), crs=crs)


def read_shapefile(path: Path) -> Reading:
    """The features in order, numbered from 1; words in the encoding that fits them, the .cpg's own first.

    Raises `RefusedFileError` if it cannot be read or a part of it is missing.
    """
    beside = {p.suffix.lower(): p for p in path.parent.iterdir() if p.stem == path.stem}
    for part, use in ((".dbf", "属性（编码、名称）"), (".shx", "索引")):
        if part not in beside:
            raise RefusedFileError(f"缺少同名的 {part} 文件（{use}），请把整套 Shapefile 一起放入")
    table, crs = _table(path, encoding=_RAW)
    stated = beside[".cpg"].read_text(encoding="ascii", errors="ignore").strip().lower() if ".cpg" in beside else ""
    encoding = _encoding(table, _CODINGS.get(stated, "gb18030" if stated else "utf-8"))
    return Reading(f"shapefile {encoding}", _lines(table, encoding), crs=crs)


def _table(path: Path, **options: str) -> tuple[pa.Table, str]:
    """All features, geometry last, and the reference system."""
    try:
        meta, table = read_arrow(path, **options)
    except (DataSourceError, DataLayerError, pa.ArrowException, OSError, RuntimeError) as error:
        raise RefusedFileError(f"损坏或不完整，无法读取（{str(error)[:80]}），请重新导出") from error
    if not table.num_rows:
        raise RefusedFileError("没有任何要素，请重新导出")
    geometry = meta["geometry_name"] or "wkb_geometry"
    attributes = [name for name in table.column_names if name not in (geometry, meta["fid_column"])]
    return table.select([*attributes, geometry]), crs_name(meta["crs"] or "")


def _encoding(table: pa.Table, likeliest: str) -> str:
    """The encoding in which fewest words are damaged; the likeliest among equals."""
    words = {name.encode(_RAW) for name in table.column_names[:-1]}
    for column in table.columns[:-1]:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            words |= {text.encode(_RAW) for text in column.to_pylist() if text}
    return min(
        dict.fromkeys((likeliest, "utf-8", "gb18030")), key=lambda name: sum(_is_damaged(w, name) for w in words)
    )


def _is_damaged(word: bytes, encoding: str) -> bool:
    try:
        _decoded(word, encoding, "strict")
    except UnicodeDecodeError:
        return True
    return False


def _decoded(word: bytes, encoding: str, errors: str) -> str:
    """The word without the half character at its end: the .dbf cuts off what is too long for a field, byte by byte."""
    return codecs.getincrementaldecoder(encoding)(errors).decode(word)


def _lines(table: pa.Table, encoding: str) -> Iterator[Line]:
    """Header and cells; `encoding` is what the words were written in, '' where they were decoded already."""

    def told(text: str) -> str:
        return _decoded(text.encode(_RAW), encoding, "replace") if encoding else text

    yield Line(0, [*map(told, table.column_names[:-1]), GEOMETRY])
    columns = [[told(text) for text in texts(_whole(column.combine_chunks()))] for column in table.columns[:-1]]
    shapes = shapely.force_2d(shapely.from_wkb(table.columns[-1].to_pylist(), on_invalid="ignore"))
    outlines = ["" if text is None else text for text in shapely.to_wkt(shapes, rounding_precision=-1)]
    for number, cells in enumerate(zip(*columns, outlines, strict=True), start=1):
        yield Line(number, list(cells))


def _whole(column: pa.Array) -> pa.Array:
    """Codes that were stored as floating numbers, as the whole numbers they are."""
    if not pa.types.is_floating(column.type):
        return column
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:  # a true fraction somewhere: a measurement, not a code
        return column
