"""Which polygon belongs to which place? Outlines of every source in WGS-84, repaired or refused, never guessed at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyproj
import shapely

from etl import coordinates
from etl.coordinates import Floats
from etl.errors import LoadError

MAX_UNKNOWN_SHARE = 0.5
"""A map file with more features of unknown code than this is another county's, or its codes are damaged."""

CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east, north: only to tell a swapped pair from a right one."""

KEPT = "未发布，原批次保留"


def place_boundaries(con: duckdb.DuckDBPyConnection, names: dict[int, str]) -> None:
    """Make `boundary_shape`: level, code, file_id, line_no, wkb of every usable polygon, in WGS-84.

    Polygons come from map files and, where these have none for a grid, from the grid list's own outlines. Raises
    `LoadError` with file, feature and reason for a map file that is wrong; an outline in the grid list that is wrong
    is flagged and left out, a feature whose code no list knows is quarantined.
    """
    _refuse_bad_rows(con, names)
    features = con.execute(_FEATURES).df()
    features = _without_unknown(con, features, names)
    _refuse_repeats(features, names)
    features["shape"] = _in_degrees(features)
    for row, fault in zip(features.itertuples(), _faults(features), strict=True):
        if fault:
            raise _wrong(names, row.file_id, row.line_no, fault)
    outlines = con.execute(_OUTLINES).df()
    outlines["shape"] = _in_degrees(outlines)
    outlines["fault"] = _faults(outlines)
    for row in outlines[outlines["fault"] != ""].itertuples():
        shown = f"{row.given}：{row.fault}"
        find(con, row, rule="geometry_unreadable", sentence="网格边界不是可用的多边形，未采用", shown=shown)
    found = pd.concat([features, outlines[outlines["fault"] == ""]], ignore_index=True)
    _repair(con, found)
    twice = found.duplicated(["level", "code"])
    for row in found[twice].itertuples():
        sentence = "网格表与边界文件都有该网格的边界，以边界文件为准"
        find(con, row, rule="geometry_twice", sentence=sentence, shown=row.code)
    _write(con, found[~twice])


_FEATURES = """
with place as (
    select 'grid' as level, grid as code, grid as given from dim_grid
    union all select region_level, region_code, region_code from dim_region
    -- The statistical codes of towns and counties are filled up with zeros to twelve digits.
    union all select region_level, region_code, rpad(region_code, 12, '0') from dim_region where length(region_code) < 12
)
select b.file_id, b.line_no, b.place_code as given, p.level, p.code, b.boundary_wkt as wkt, f.crs
from clean_boundary as b
left join file_crs as f using (file_id)
left join place as p on p.given = b.place_code and (b.level is null or b.level = p.level)
order by b.file_id, b.line_no
"""

_OUTLINES = """
select c.file_id, c.line_no, d.grid as given, 'grid' as level, d.grid as code, c.boundary_wkt as wkt,
       coalesce(f.crs, 'WGS84') as crs
from dim_grid as d
join clean_grid as c on c.grid_code = d.grid and c.valid_from is not distinct from d.valid_from
left join file_crs as f using (file_id)
where c.boundary_wkt is not null and clean(c.boundary_wkt) is not null order by d.grid
"""


def _wrong(names: dict[int, str], file_id: int, line_no: int, reason: str) -> LoadError:
    return LoadError(f"{names[int(file_id)]} 第 {int(line_no)} 个要素：{reason}。{KEPT}")


def _refuse_bad_rows(con: duckdb.DuckDBPyConnection, names: dict[int, str]) -> None:
    """A feature without code or geometry, or with another's code, makes the whole file doubtful."""
    bad = con.execute(
        "select q.file_id, q.line_no, q.sentence from quarantine as q semi join stage_boundary using (file_id, line_no)"
        " where q.severity = 'quarantined' order by 1, 2 limit 1"
    ).fetchone()
    if bad:
        raise _wrong(names, *bad)


def _without_unknown(con: duckdb.DuckDBPyConnection, features: pd.DataFrame, names: dict[int, str]) -> pd.DataFrame:
    """Features whose code a list knows. Single strangers (closed or neighbouring places) are quarantined by name."""
    for file_id, group in features.groupby("file_id"):
        unknown = group[group["code"].isna()]
        if len(unknown) > MAX_UNKNOWN_SHARE * len(group):
            first = unknown.iloc[0]
            raise _wrong(
                names,
                int(file_id),
                first["line_no"],
                f"编码 {first['given']} 不在网格表或区划表中（共 {len(unknown)}/{len(group)} 个要素如此），"
                "请核对是否为本县文件、编码是否被改坏，并一并提供网格表",
            )
        for row in unknown.itertuples():
            sentence = "编码不在网格表或区划表中（已撤销或属外县），该边界未采用"
            find(con, row, rule="boundary_unknown", sentence=sentence, shown=row.given, severity="quarantined")
    return features[features["code"].notna()].reset_index(drop=True)


def _refuse_repeats(features: pd.DataFrame, names: dict[int, str]) -> None:
    again = features[features.duplicated(["level", "code"])]
    if len(again):
        row = again.iloc[0]
        first = features[(features["level"] == row["level"]) & (features["code"] == row["code"])].iloc[0]
        raise _wrong(
            names,
            row["file_id"],
            row["line_no"],
            f"编码 {row['given']} 与 {names[int(first['file_id'])]} 第 {int(first['line_no'])} 个要素重复，"
            "请合并为一个多部分要素，或只保留一份",
        )


def _in_degrees(rows: pd.DataFrame) -> np.ndarray:
    """The shapes in WGS-84; None where the text is no geometry. Shapes whose numbers cannot be right stay as given."""
    shapes = np.array(shapely.from_wkt(rows["wkt"].to_numpy(dtype=object), on_invalid="ignore"), dtype=object)
    rows["odd"] = ""
    for crs, group in rows.groupby("crs", dropna=False):
        places = group.index.to_numpy()
        odd = np.array([_odd(bounds, str(crs)) for bounds in shapely.bounds(shapes[places])], dtype=object)
        rows.loc[places, "odd"] = odd
        good = places[(odd == "") & ~shapely.is_missing(shapes[places])]
        shapes[good] = shapely.transform(shapely.force_2d(shapes[good]), _converter(str(crs)))
    return shapes


def _converter(crs: str) -> Callable[[Floats], Floats]:
    def convert(points: Floats) -> Floats:
        if coordinates.is_known(crs):
            return np.column_stack(coordinates.to_wgs84(points[:, 0], points[:, 1], crs))
        # A zone of its own, which no EPSG code names: the file's definition is all there is.
        own = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        return np.column_stack(own.transform(points[:, 0], points[:, 1]))

    return convert


def _is_projected(crs: str) -> bool:
    return crs not in coordinates.NAMED and bool(pyproj.CRS.from_user_input(crs).is_projected)


def _odd(bounds: Floats, crs: str) -> str:
    """What is wrong with the extent of one shape, as its file gives it; '' if nothing, or if there is no shape."""
    west, south, east, north = bounds
    fits = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    if not np.isfinite(bounds).all():
        return ""
    if _is_projected(crs):
        return "坐标像是经纬度，但坐标系写的是以米计的投影，请在映射文件写明 src_crs" if fits else ""
    if max(map(abs, bounds)) > 1000:
        return f"坐标像是以米计的投影坐标（{west:.0f}, {south:.0f}），不是经纬度，请在映射文件写明 src_crs（EPSG:编号）"
    if _in_china((south, west, north, east)) and not _in_china((west, south, east, north)):
        return f"经纬度疑似颠倒（{west:.4f}, {south:.4f}），请按先经度后纬度重新导出"
    return "" if fits else f"坐标超出经纬度范围（{west:.4f}, {south:.4f}），请核对坐标系"


def _in_china(bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return CHINA[0] <= west and CHINA[1] <= south and east <= CHINA[2] and north <= CHINA[3]


def _faults(rows: pd.DataFrame) -> list[str]:
    """Why each shape cannot be used; '' if it can."""
    return [_fault(shape, odd) for shape, odd in zip(rows["shape"], rows["odd"], strict=True)]


def _fault(shape: shapely.Geometry | None, odd: str) -> str:
    if shape is None:
        return "几何无法读取，请重新导出"
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return f"几何是{_KINDS.get(shape.geom_type, shape.geom_type)}，应为面，请检查导出的图层"
    if shape.is_empty:
        return "几何为空，请补画该要素或从文件中删去"
    if odd:
        return odd
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return "坐标含有非数值（NaN 或无穷大），或在所写坐标系中无意义，请检查该要素"
    if shapely.area(shape) == 0 and shapely.area(polygonal(shape)) == 0:
        return "面积为零（所有点在一条线上），请重画该要素"
    return ""


_KINDS = {"Point": "点", "MultiPoint": "点", "LineString": "线", "MultiLineString": "线", "LinearRing": "线"}


def polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """The shape made valid; lines and points that are left over are dropped."""
    whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(shapely.get_parts(whole))
    return shapely.union_all(parts[shapely.get_type_id(parts) == 3])


def _repair(con: duckdb.DuckDBPyConnection, rows: pd.DataFrame) -> None:
    """Make invalid shapes valid, each said with its reason."""
    for index in np.flatnonzero(~shapely.is_valid(rows["shape"].to_numpy())):
        row = rows.iloc[index]
        shown = f"{row['code']}：{shapely.is_valid_reason(row['shape'])}"
        find(con, row, rule="geometry_repaired", sentence="边界自相交或未闭合，已自动修复，请核对", shown=shown)
        rows.at[index, "shape"] = polygonal(row["shape"])


def find(
    con: duckdb.DuckDBPyConnection, row: Any, *, rule: str, sentence: str, shown: str, severity: str = "flagged"
) -> None:
    """Write one finding about the feature `row` (anything with file_id and line_no) for the unit that drew it."""
    con.execute(
        "insert into quarantine values (?, ?, '边界', ?, ?, ?, ?)",
        [int(row.file_id), int(row.line_no), shown, rule, sentence, severity],
    )


def _write(con: duckdb.DuckDBPyConnection, found: pd.DataFrame) -> None:
    rows = found[["level", "code", "file_id", "line_no"]].assign(wkb=shapely.to_wkb(found["shape"].to_numpy()))
    con.execute("create table boundary_shape (level varchar, code varchar, file_id integer, line_no integer, wkb blob)")
    con.register("shape_rows", rows)
    con.execute("insert into boundary_shape select level, code, file_id, line_no, wkb from shape_rows")
    con.unregister("shape_rows")
