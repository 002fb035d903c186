"""How does the county hand over its map? Grid polygons as the map files that offices send one another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyogrio
import pyproj
import shapely
from pyogrio.raw import write

from etl.demo.county import County

Boundaries = Literal["wkt", "geojson", "shapefile", "gpkg", "none"]
"""wkt: outlines stand in the grid list itself; none: nowhere."""

ZONE = "EPSG:4546"
"""CGCS2000, 3-degree zone round 111° E, metres: what a surveying office of this county would use."""

WRITTEN = "2026-01-01"
"""Date in the files' own headers: today's would make every run's bytes differ."""


def write_boundaries(folder: Path, county: County, kind: Boundaries) -> dict[Path, int]:
    """Features written by file: none for `wkt` and `none`."""
    writers = {"geojson": _write_geojson, "shapefile": _write_shapefile, "gpkg": _write_geopackage}
    if kind not in writers:
        return {}
    with _fixed_dates():
        return writers[kind](folder, county)


def _write_geojson(folder: Path, county: County) -> dict[Path, int]:
    """WGS-84, six decimals, a feature a line."""
    path = folder / "网格边界.geojson"
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"网格编码": code, "网格名称": name},
                "geometry": json.loads(shapely.to_geojson(shape)),
            },
            ensure_ascii=False,
        )
        for code, name, shape in zip(county.grid_codes, county.grid_names, county.shapes, strict=True)
    ]
    body = ",\n".join(lines)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n', encoding="utf-8")
    return {path: len(lines)}


def _write_shapefile(folder: Path, county: County) -> dict[Path, int]:
    """Metres of the county's zone, words in GBK: how surveying offices deliver."""
    path = folder / "网格边界.shp"
    to_zone = pyproj.Transformer.from_crs("EPSG:4326", ZONE, always_xy=True)
    shapes = shapely.transform(county.shapes, lambda xy: np.column_stack(to_zone.transform(xy[:, 0], xy[:, 1])))
    fields = {"网格编码": county.grid_codes, "网格名称": county.grid_names}
    _write(path, shapes, fields, crs=ZONE, driver="ESRI Shapefile", encoding="GBK")
    return {path: len(shapes)}


def _write_geopackage(folder: Path, county: County) -> dict[Path, int]:
    """Two layers, CGCS2000 degrees: the grids, and the villages they make up."""
    path = folder / "边界.gpkg"
    grids = {"网格编码": county.grid_codes, "网格名称": county.grid_names}
    _write(path, county.shapes, grids, crs="EPSG:4490", driver="GPKG", layer="网格")
    members = [np.flatnonzero(county.village_of_grid == village) for village in range(len(county.villages))]
    shapes = np.array([shapely.coverage_union_all(county.shapes[own]) for own in members], dtype=object)
    villages = {"区划编码": [v[0] for v in county.villages], "区划名称": [v[1] for v in county.villages]}
    _write(path, shapes, villages, crs="EPSG:4490", driver="GPKG", layer="村社区", append=True)
    return {path: len(county.shapes) + len(shapes)}


def _write(path: Path, shapes: Any, fields: dict[str, list[str]], **options: Any) -> None:
    columns = [np.array(column, dtype=object) for column in fields.values()]
    kind = "MultiPolygon" if (shapely.get_type_id(shapes) == 6).any() else "Polygon"
    if options["driver"] == "ESRI Shapefile":
        options["DBF_DATE_LAST_UPDATE"] = WRITTEN
    elif kind == "MultiPolygon":
        shapes = np.array([shapely.MultiPolygon(shapely.get_parts(shape).tolist()) for shape in shapes], dtype=object)
    write(path, shapely.to_wkb(shapes), columns, np.array([*fields], dtype=object), geometry_type=kind, **options)


@contextmanager
def _fixed_dates() -> Iterator[None]:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{WRITTEN}T00:00:00Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
