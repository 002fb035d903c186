"""Where did it happen? Points made WGS-84 once, then those of cases checked against the grid they claim."""

from __future__ import annotations

import duckdb
import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely

from etl.crs_detector import Axes, Interpretation

OUTSIDE_MARGIN = 0.05
"""How far (degrees) around the county a point may lie before it counts as another county's."""


def convert_points(con: duckdb.DuckDBPyConnection) -> None:
    """Make lon and lat of the staged cases and grids WGS-84; `source_point` keeps what the file said where it differs.

    (0, 0) stays what it is: it is no place in any system.
    """
    con.execute("create table source_point (file_id integer, line_no integer, x double, y double)")
    systems = con.execute(
        """
        select crs, axes, list(file_id order by file_id) from file_crs
        where crs not in ('WGS84', 'CGCS2000') or axes = 'lat_lon' group by crs, axes order by crs, axes
        """
    ).fetchall()
    for crs, axes, file_ids in systems:
        for entity in ("case", "grid"):
            _convert(con, entity, crs=crs, axes=axes, file_ids=file_ids)


def _convert(con: duckdb.DuckDBPyConnection, entity: str, *, crs: str, axes: Axes, file_ids: list[int]) -> None:
    given = con.sql(
        f"""
        select file_id, line_no, lon as x, lat as y from stage_{entity}
        where list_contains($files, file_id) and (lon is not null or lat is not null)
          and not coalesce(lon = 0 and lat = 0, false)
        """,
        params={"files": file_ids},
    ).to_arrow_table()
    x, y = (given[name].to_numpy(zero_copy_only=False) for name in ("x", "y"))
    with np.errstate(all="ignore"):  # a number that is no coordinate leads nowhere, and gets no point
        places = Interpretation(crs, axes).read(x, y)
    lon, lat = (pa.array(np.where(np.isfinite(part), part, np.nan), from_pandas=True) for part in places)
    columns = {name: given[name] for name in ("file_id", "line_no", "x", "y")}
    converted = pa.table({**columns, "lon": lon, "lat": lat})
    con.register("given_points", converted)
    con.execute("insert into source_point select file_id, line_no, x, y from given_points")
    con.execute(
        f"""
        update stage_{entity} as s set lon = g.lon, lat = g.lat from given_points as g
        where s.file_id = g.file_id and s.line_no = g.line_no
        """
    )
    con.unregister("given_points")


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
    _judge_without_polygons(verdict, lon, lat)
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
            select b.file_id, b.line_no, '经度/纬度', coalesce(s.x, b.lon) || ', ' || coalesce(s.y, b.lat),
                   $rule, $sentence, 'flagged'
            from case_base as b join case_point as p using (case_key)
            left join source_point as s using (file_id, line_no) where p.problem = $problem
            """,
            {"rule": f"point_{rule}", "sentence": sentence, "problem": rule},
        )


_POINT_RULES = {
    "zero": "坐标为 (0,0)，按无坐标处理，不上点图",
    "swapped": "经纬度疑似颠倒，未自动更正，不上点图",
    "outside": "坐标在县域之外，不上点图",
    "wrong_grid": "坐标不在所填网格内，按所填网格统计，不上点图",
}


def _judge_without_polygons(verdict: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> None:
    """Fill in the verdicts that figures which are no degrees give by themselves."""
    nowhere = (verdict == "ok") & ((np.abs(lon) > 180) | (np.abs(lat) > 90))
    verdict[nowhere] = "outside"
    verdict[nowhere & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)] = "swapped"


def _judge(verdict: np.ndarray, lon: np.ndarray, lat: np.ndarray, claimed: np.ndarray, grids: gpd.GeoDataFrame) -> None:
    """Fill in the verdicts that need polygons."""
    if not len(claimed):
        return  # numpy splits nothing into one empty piece
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
