"""GeoJSON: the properties of each feature as text cells, its geometry as WKT in the last one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
import shapely.geometry

from etl.errors import RefusedFileError
from etl.extract.crs import crs_name
from etl.extract.rows import GEOMETRY, Line, Reading

MAX_BYTES = 300 * 1024 * 1024


def read(path: Path) -> Reading:
    """The features of a collection in order, numbered from 1.

    Raises `RefusedFileError` for text that is no complete JSON or no collection, and with the feature's number, while
    the lines are read, for a feature whose geometry cannot be understood.
    """
    document = _parse(path)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise RefusedFileError("不是含有要素的 GeoJSON FeatureCollection，请重新导出")
    stated = document.get("crs")
    # RFC 7946 has no other system than WGS-84; the older standard could name one.
    crs = crs_name(str(stated["properties"]["name"])) if _names_crs(stated) else "EPSG:4326"
    return Reading("geojson", _lines(features), crs=crs)


def _parse(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise RefusedFileError("GeoJSON 超过 300 MB，请改用 GeoPackage 导出，或先在制图软件中简化")
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RefusedFileError("GeoJSON 不是 UTF-8 编码，请重新导出") from error
    except json.JSONDecodeError as error:
        raise RefusedFileError(
            f"GeoJSON 在第 {error.lineno} 行第 {error.colno} 列中断或有误，多半没有传输完整，请重新导出"
        ) from error
    except RecursionError as error:
        raise RefusedFileError("GeoJSON 嵌套过深，请重新导出") from error


def _names_crs(stated: Any) -> bool:
    return isinstance(stated, dict) and isinstance(stated.get("properties"), dict) and "name" in stated["properties"]


def _lines(features: list[Any]) -> Iterator[Line]:
    tables = [_properties(feature, number) for number, feature in enumerate(features, start=1)]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    yield Line(0, [*keys, GEOMETRY])
    for number, (table, feature) in enumerate(zip(tables, features, strict=True), start=1):
        yield Line(number, [*(_text(table.get(key)) for key in keys), _wkt(feature.get("geometry"), number)])


def _properties(feature: Any, number: int) -> dict[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise RefusedFileError(f"第 {number} 个要素不是 Feature 对象，请重新导出")
    table = feature.get("properties") or {}
    if not isinstance(table, dict):
        raise RefusedFileError(f"第 {number} 个要素的 properties 不是对象，请重新导出")
    return table


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _wkt(geometry: Any, number: int) -> str:
    if not geometry:
        return ""
    try:
        shape = shapely.geometry.shape(geometry)
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise RefusedFileError(f"第 {number} 个要素的几何写法有误（{error}），请在制图软件中检查后重新导出") from error
    text: str = shapely.force_2d(shape).wkt
    return text
