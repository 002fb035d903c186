"""Where is it? Grid polygons made valid and light, and points checked against the grid they claim."""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb
import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely

SIMPLIFY_DEGREES = {"grid": 0.00008, "village": 0.0003, "town": 0.0006, "county": 0.0006}
"""Tolerance of the coverage simplification per layer, in degrees (0.0001° is about 10 m)."""

DECIMALS = 5
OUTSIDE_MARGIN = 0.05


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


def place_points(con: duckdb.DuckDBPyConnection, grids: gpd.GeoDataFrame) -> None:
    """Make `case_point`: per case a verdict on its coordinates, and the coordinates only where they hold.

    Verdicts: ok, none, zero, swapped, outside, wrong_grid. Nothing is corrected: a doubtful point is not drawn.
    """
    cases = con.sql(
        "select case_key, file_id, line_no, lon, lat, grid from case_base order by case_key"
    ).to_arrow_table()
    lon = cases["lon"].to_numpy(zero_copy_only=False)
    lat = cases["lat"].to_numpy(zero_copy_only=False)
    verdict = np.full(len(lon), "ok", dtype=object)
    verdict[~(np.isfinite(lon) & np.isfinite(lat))] = "none"
    verdict[(lon == 0) & (lat == 0)] = "zero"
    if not grids.empty:
        _judge(verdict, lon, lat, cases["grid"].to_numpy(zero_copy_only=False), grids)
    keep = verdict == "ok"
    points = pa.table(
        {
            "case_key": cases["case_key"],
            "lon": pa.array(np.where(keep, lon, np.nan), from_pandas=True),
            "lat": pa.array(np.where(keep, lat, np.nan), from_pandas=True),
            "verdict": pa.array(np.where(np.isin(verdict, ["zero", "swapped", "outside"]), "outside", verdict)),
            "problem": pa.array(verdict, pa.string()),
        }
    )
    con.register("point_rows", points)
    con.execute("create table case_point as select * from point_rows")
    con.unregister("point_rows")
    for rule, sentence in _POINT_RULES.items():
        con.execute(
            """
            insert into quarantine
            select b.file_id, b.line_no, '经度/纬度', b.lon || ', ' || b.lat, $rule, $sentence, 'flagged'
            from case_base as b join case_point as p using (case_key) where p.problem = $problem
            """,
            {"rule": f"point_{rule}", "sentence": sentence, "problem": rule},
        )


_POINT_RULES = {
    "zero": "坐标为 (0,0)，按无坐标处理，不上点图",
    "swapped": "经纬度疑似颠倒，未自动更正，不上点图",
    "outside": "坐标在县域之外，不上点图",
    "wrong_grid": "坐标不在所填网格内，按所填网格统计，不上点图",
}


def _judge(verdict: np.ndarray, lon: np.ndarray, lat: np.ndarray, claimed: np.ndarray, grids: gpd.GeoDataFrame) -> None:
    """Fill in the verdicts that need polygons."""
    west, south, east, north = grids.total_bounds + np.array([-1, -1, 1, 1]) * OUTSIDE_MARGIN

    def inside_box(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        inside: np.ndarray = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        return inside

    with np.errstate(invalid="ignore"):
        away = (verdict == "ok") & ~inside_box(lon, lat)
        verdict[away] = "outside"
        verdict[away & inside_box(lat, lon)] = "swapped"
    shapes = dict(zip(grids["grid"], grids.geometry, strict=True))
    county = grids.union_all()
    shapely.prepare(county)
    order = np.argsort(claimed, kind="stable")
    codes, starts = np.unique(claimed[order], return_index=True)
    for code, rows in zip(codes, np.split(order, starts[1:]), strict=True):
        rows = rows[verdict[rows] == "ok"]
        shape = shapes.get(code)
        if shape is None:
            outside = rows[~shapely.intersects_xy(county, lon[rows], lat[rows])]
        else:
            shapely.prepare(shape)
            missed = rows[~shapely.intersects_xy(shape, lon[rows], lat[rows])]
            verdict[missed] = "wrong_grid"
            outside = missed[~shapely.intersects_xy(county, lon[missed], lat[missed])]
        verdict[outside] = "outside"
