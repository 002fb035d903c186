"""How do tests get map files? Twelve square grids of the tests' county, as any of the formats a county sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from pyogrio.raw import write

from etl.coordinates import gcj_to_bd, wgs_to_gcj
from tests import builders

SIDE = 0.01
WEST, SOUTH = 112.6, 37.8

SQUARES: dict[str, shapely.Polygon] = {
    code: shapely.box(
        WEST + n % 4 * SIDE, SOUTH + n // 4 * SIDE, WEST + (n % 4 + 1) * SIDE, SOUTH + (n // 4 + 1) * SIDE
    )
    for n, code in enumerate(builders.GRIDS)
}
"""Grid code → its square, degrees WGS-84; four in a row, three rows."""

Feature = tuple[Mapping[str, Any], Any]


def features(shapes: Mapping[str, Any] = SQUARES, *, header: str = "网格编码") -> list[Feature]:
    """One feature per code."""
    return [({header: code}, shape) for code, shape in shapes.items()]


def write_geojson(path: Path, made: Sequence[Feature], **members: Any) -> Path:
    """A feature collection; a geometry may be a shape, a dictionary or None."""
    rows = [{"type": "Feature", "properties": dict(words), "geometry": _geometry(shape)} for words, shape in made]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows} | members, ensure_ascii=False))
    return path


def _geometry(shape: Any) -> Any:
    return shapely.geometry.mapping(shape) if isinstance(shape, shapely.Geometry) else shape


def write_vector(path: Path, made: Sequence[Feature], *, crs: str | None = "EPSG:4326", **options: Any) -> Path:
    """A Shapefile or a layer of a GeoPackage, by the ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(made[0][0])
    columns = [np.array([words[name] for words, _ in made], dtype=object) for name in names]
    shapes = shapely.to_wkb([shape for _, shape in made])
    driver = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}[path.suffix]
    names_ = np.array(names, dtype=object)
    write(path, shapes, columns, names_, geometry_type="Polygon", crs=crs, driver=driver, **options)
    return path


def moved(shape: Any, convert: Callable[..., Any]) -> Any:
    """A shape with its (x, y) converted."""
    return shapely.transform(shape, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))


def in_crs(crs: str, shapes: Mapping[str, Any] = SQUARES) -> dict[str, Any]:
    """The shapes with the numbers they have in another reference system."""
    if crs == "GCJ02":
        return {code: moved(shape, wgs_to_gcj) for code, shape in shapes.items()}
    if crs == "BD09":
        return {code: moved(shape, lambda x, y: gcj_to_bd(*wgs_to_gcj(x, y))) for code, shape in shapes.items()}
    there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return {code: moved(shape, there.transform) for code, shape in shapes.items()}
