"""How do tests get map files? Twelve square grids of the tests' county, as any of the formats a county sends."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyproj
import shapely
from pyogrio.raw import write

from etl import stage
from etl.boundaries import MapFile, place_boundaries, read_boundaries
from etl.coordinates import gcj_to_bd, wgs_to_gcj
from etl.entities import ENTITIES
from etl.mapping import Mapping, load_mappings
from etl.raw import RawLoader, SourceFile, create_tables, refuse_wrong_maps, sources_of
from etl.reference import Reference
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

Feature = tuple[Dictionary[str, Any], Any]


def features(shapes: Dictionary[str, Any] = SQUARES, *, header: str = "网格编码") -> list[Feature]:
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
    columns = [_column([words[name] for words, _ in made]) for name in names]
    shapes = shapely.to_wkb([shape for _, shape in made])
    driver = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}[path.suffix]
    names_ = np.array(names, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a .dbf cuts long names off, which is what is tested
        write(path, shapes, columns, names_, geometry_type="Polygon", crs=crs, driver=driver, **options)
    return path


def _column(values: list[Any]) -> Any:
    return np.array(values, dtype=object if isinstance(values[0], str) else float)


def moved(shape: Any, convert: Callable[..., Any]) -> Any:
    """A shape with its (x, y) converted."""
    return shapely.transform(shape, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))


def in_crs(crs: str, shapes: Dictionary[str, Any] = SQUARES) -> dict[str, Any]:
    """The shapes with the numbers they have in another reference system."""
    if crs == "GCJ02":
        return {code: moved(shape, wgs_to_gcj) for code, shape in shapes.items()}
    if crs == "BD09":
        return {code: moved(shape, lambda x, y: gcj_to_bd(*wgs_to_gcj(x, y))) for code, shape in shapes.items()}
    there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return {code: moved(shape, there.transform) for code, shape in shapes.items()}


@dataclass(frozen=True)
class Placed:
    """What one map file gave without a whole load: its polygons by code, its reports, the rules that hit."""

    shapes: dict[str, Any]
    files: list[SourceFile]
    rules: list[str]


@cache
def mappings(system: str = "") -> tuple[Mapping, ...]:
    """The shipped mappings; with a system, those of boundaries declare it."""
    found = load_mappings(builders.SOURCES).values()
    return tuple(m.model_copy(update={"src_crs": system}) if system and m.entity == "boundary" else m for m in found)


def place(path: Path, *, system: str = "") -> Placed:
    """One map file read, typed and placed in the county of `SQUARES`. Raises `LoadError` as a load does."""
    with duckdb.connect(":memory:") as con:
        create_tables(con)
        loader = RawLoader(con, mappings=mappings(system), reference=REFERENCE, salt=b"salt of the tests")
        files = sources_of([path])
        for file in files:
            list(loader.load(file))
        refuse_wrong_maps(files, path.parent)
        _stage(con, files)
        place_boundaries(con, {f.file_id: MapFile(f.name(path.parent), f.crs) for f in files})
        shapes = {f.code: f.shape for f in read_boundaries(con)}
        return Placed(shapes, files, [rule for (rule,) in con.execute("select rule from quarantine").fetchall()])


REFERENCE = Reference()


def _stage(con: duckdb.DuckDBPyConnection, files: list[SourceFile]) -> None:
    stage.prepare(con)
    con.execute("create table dim_grid (grid varchar, valid_from date)")
    con.execute("create table dim_region (region_level varchar, region_code varchar)")
    con.executemany("insert into dim_grid values (?, null)", [[code] for code in builders.GRIDS])
    con.executemany("insert into dim_region values ('town', ?)", [[code] for code in builders.TOWNS])
    known = [(f.file_id, f.mapping) for f in files if f.mapping]
    for batch in stage.batches(known, ENTITIES["boundary"]):
        stage.type_rows(con, batch, REFERENCE.codes)
    for name in ("grid", "boundary"):
        stage.settle(con, ENTITIES[name])
