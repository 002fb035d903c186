"""What shape has a place? Grid polygons made valid and light, and the layers made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb
import geopandas as gpd
import numpy as np
import shapely

SIMPLIFY_DEGREES = {"grid": 0.00008, "village": 0.0003, "town": 0.0006, "county": 0.0006}
"""Tolerance of the coverage simplification per layer, in degrees (0.0001° is about 10 m)."""

DECIMALS = 5


def load_grids(con: duckdb.DuckDBPyConnection) -> gpd.GeoDataFrame:
    """Grids with a readable polygon: grid, village, town, geometry (WGS-84), line of the file. Bad ones are flagged."""
    rows = con.execute(
        """
        select d.grid, d.village, d.town, c.file_id, c.line_no, c.boundary_wkt
        from dim_grid as d join clean_grid as c
          on c.grid_code = d.grid and c.valid_from is not distinct from d.valid_from
        where c.boundary_wkt is not null and clean(c.boundary_wkt) is not null order by d.grid
        """
    ).df()
    shapes = shapely.from_wkt(rows["boundary_wkt"].to_numpy(dtype=object), on_invalid="ignore")
    frame = gpd.GeoDataFrame(rows.drop(columns="boundary_wkt"), geometry=shapes, crs="EPSG:4490")
    polygon = frame.geom_type.isin(["Polygon", "MultiPolygon"]) & ~frame.is_empty
    _flag(con, frame[~polygon], "geometry_unreadable", "网格边界不是可读的多边形 WKT，该网格不上图")
    frame = frame[polygon].copy()
    broken = ~frame.is_valid
    _flag(con, frame[broken], "geometry_repaired", "网格边界自相交或未闭合，已自动修复")
    frame.loc[broken, "geometry"] = frame.loc[broken, "geometry"].make_valid()
    return frame


def _flag(con: duckdb.DuckDBPyConnection, frame: gpd.GeoDataFrame, rule: str, sentence: str) -> None:
    for row in frame.itertuples():
        con.execute(
            "insert into quarantine values (?, ?, '网格边界', ?, ?, ?, 'flagged')",
            [int(row.file_id), int(row.line_no), row.grid, rule, sentence],
        )


def write_layers(con: duckdb.DuckDBPyConnection, grids: gpd.GeoDataFrame) -> None:
    """Make `dim_geometry`: every layer dissolved from the grids and simplified so that neighbours keep their border."""
    con.execute("create table dim_geometry (layer varchar, code varchar, lon double, lat double, geojson varchar)")
    if grids.empty:
        return
    layers = {
        "grid": grids.rename(columns={"grid": "code"})[["code", "geometry"]],
        "village": grids.dissolve("village").reset_index(names="code")[["code", "geometry"]],
        "town": grids.dissolve("town").reset_index(names="code")[["code", "geometry"]],
        "county": gpd.GeoDataFrame({"code": ["county"]}, geometry=[grids.union_all()], crs=grids.crs),
    }
    for layer, frame in layers.items():
        simple = shapely.coverage_simplify(frame.geometry.to_numpy(), SIMPLIFY_DEGREES[layer])
        rounded = shapely.set_precision(simple, 10**-DECIMALS, mode="pointwise")
        con.executemany("insert into dim_geometry values (?, ?, ?, ?, ?)", _features(layer, frame["code"], rounded))


def _features(layer: str, codes: Sequence[str], shapes: np.ndarray) -> list[tuple[str, str, float, float, str]]:
    rows = []
    for code, shape in zip(codes, shapes, strict=True):
        label = shape.representative_point()
        body = json.dumps(shapely.geometry.mapping(shape), separators=(",", ":"))
        rows.append((layer, code, round(label.x, DECIMALS), round(label.y, DECIMALS), body))
    return rows
