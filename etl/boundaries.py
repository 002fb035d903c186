"""Which polygon belongs to which place? Outlines of every source in WGS-84, repaired or refused, never guessed at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyproj
import shapely

from etl import coordinates
from etl.cells import MAX_AWAY_DEGREES
from etl.coordinates import Floats
from etl.errors import LoadError

MAX_UNKNOWN_SHARE = 0.5
"""A map file with more features of unknown code than this is another county's, or its codes are damaged."""

CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east, north: only to tell a swapped pair from a right one."""


@dataclass(frozen=True)
class MapFile:
    """How people are told of a file, and the reference system of its shapes."""

    name: str
    crs: str


Maps = dict[int, MapFile]
"""By file number."""


@dataclass
class Feature:
    """A polygon and where it was found: `given` is its code as written, `code` as a list knows it ('' if none does)."""

    file_id: int
    line_no: int
    given: str
    level: str
    code: str
    shape: Any = None
    fault: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Which place it is the polygon of."""
        return self.level, self.code


def place_boundaries(con: duckdb.DuckDBPyConnection, maps: Maps) -> None:
    """Make `boundary_shape`: level, code, file_id, line_no, wkb of every usable polygon, in WGS-84.

    Polygons come from map files and, where these have none for a grid, from the grid list's own outlines. Raises
    `LoadError` with file, feature and reason for a map file that is wrong; an outline in the grid list that is wrong
    is flagged and left out, a feature whose code no list knows is quarantined.
    """
    _refuse_bad_rows(con, maps)
    features = _without_unknown(con, _features(con, _FEATURES, maps), maps)
    _refuse_repeats(features, maps)
    outlines = _features(con, _OUTLINES, maps)
    _find_strays([*features, *outlines])
    for wrong in [f for f in features if f.fault][:1]:
        raise _error(maps, wrong, wrong.fault)
    for bad in [o for o in outlines if o.fault]:
        sentence = "网格边界不是可用的多边形，未采用"
        find(con, bad, rule="geometry_unreadable", sentence=sentence, shown=f"{bad.given}：{bad.fault}")
    drawn = {f.place for f in features}
    for spare in [o for o in outlines if o.place in drawn]:
        sentence = "网格表与边界文件都有该网格的边界，以边界文件为准"
        find(con, spare, rule="geometry_twice", sentence=sentence, shown=spare.code)
    found = features + [o for o in outlines if not o.fault and o.place not in drawn]
    _repair(con, found)
    _write(con, found)


_FEATURES = """
with place as (
    select 'grid' as level, grid as code, grid as given from dim_grid
    union all select region_level, region_code, region_code from dim_region
    -- The statistical codes of towns and counties are filled up with zeros to twelve digits.
    union all select region_level, region_code, rpad(region_code, 12, '0') from dim_region
    where length(region_code) < 12
)
select b.file_id, b.line_no, b.place_code, coalesce(p.level, ''), coalesce(p.code, ''), b.boundary_wkt
from clean_boundary as b
left join place as p on p.given = b.place_code and (b.level is null or b.level = p.level)
order by b.file_id, b.line_no
"""

_OUTLINES = """
select c.file_id, c.line_no, d.grid, 'grid', d.grid, c.boundary_wkt
from dim_grid as d
join clean_grid as c on c.grid_code = d.grid and c.valid_from is not distinct from d.valid_from
where c.boundary_wkt is not null and clean(c.boundary_wkt) is not null order by c.file_id, c.line_no
"""


def _features(con: duckdb.DuckDBPyConnection, sql: str, maps: Maps) -> list[Feature]:
    """The features of a query that ends in an outline, by file; in WGS-84."""
    found = []
    for file, group in groupby(con.execute(sql).fetchall(), key=lambda row: maps[row[0]]):
        rows, crs = list(group), file.crs or "WGS84"
        shapes = shapely.force_2d(shapely.from_wkt([row[-1] for row in rows], on_invalid="ignore"))
        faults = [_fault(shape, crs) for shape in shapes]
        good = np.array([not fault for fault in faults])
        shapes[good] = shapely.transform(shapes[good], _converter(crs))
        lost = ~np.isfinite(shapely.bounds(shapes)).all(axis=1) & good
        for row, shape, fault, is_lost in zip(rows, shapes, faults, lost, strict=True):
            file_id, line_no, given, level, code = row[:-1]
            reason = "坐标在所写坐标系中无意义，请核对坐标系" if is_lost else fault
            found.append(Feature(file_id, line_no, given, level, code, shape, reason))
    return found


def _error(maps: Maps, feature: Feature, reason: str) -> LoadError:
    return LoadError(f"{_where(maps, feature.file_id, feature.line_no)}：{reason}。未发布，原批次保留")


def _where(maps: Maps, file_id: int, line_no: int) -> str:
    return f"{maps[file_id].name} 第 {line_no} 个要素"


def _refuse_bad_rows(con: duckdb.DuckDBPyConnection, maps: Maps) -> None:
    """A feature without code or geometry, or with another's code, makes the whole file doubtful."""
    bad = con.execute(
        "select q.file_id, q.line_no, q.sentence from quarantine as q semi join stage_boundary using (file_id, line_no)"
        " where q.severity = 'quarantined' order by 1, 2 limit 1"
    ).fetchone()
    if bad:
        raise LoadError(f"{_where(maps, bad[0], bad[1])}：{bad[2]}。未发布，原批次保留")


def _without_unknown(con: duckdb.DuckDBPyConnection, features: list[Feature], maps: Maps) -> list[Feature]:
    """Features whose code a list knows. Single strangers (closed or neighbouring places) are quarantined by name."""
    for _, group in groupby(features, key=lambda f: f.file_id):
        members = list(group)
        unknown = [f for f in members if not f.code]
        if len(unknown) > MAX_UNKNOWN_SHARE * len(members):
            reason = (
                f"编码 {unknown[0].given} 不在网格表或区划表中（{len(members)} 个要素中有 {len(unknown)} 个如此），"
                "请核对是否为本县文件、编码是否被改坏，并一并提供网格表"
            )
            raise _error(maps, unknown[0], reason)
        for f in unknown:
            sentence = "编码不在网格表或区划表中（已撤销或属外县），该边界未采用"
            find(con, f, rule="boundary_unknown", sentence=sentence, shown=f.given, severity="quarantined")
    return [f for f in features if f.code]


def _refuse_repeats(features: list[Feature], maps: Maps) -> None:
    first: dict[tuple[str, str], Feature] = {}
    for f in features:
        known = first.setdefault(f.place, f)
        if known is not f:
            other = _where(maps, known.file_id, known.line_no)
            raise _error(maps, f, f"编码 {f.given} 与 {other}重复，请合并为一个多部分要素，或只保留一份")


def _find_strays(features: Sequence[Feature]) -> None:
    """Call a polygon wrong that reaches far beyond the others: the map and the county would stretch over a country.

    In the sense of `cells.is_near_the_rest`, for both its corners.
    """
    good = [f for f in features if not f.fault]
    if not good:
        return
    bounds = shapely.bounds(np.array([f.shape for f in good], dtype=object)).reshape(-1, 4)
    middle = np.median((bounds[:, :2] + bounds[:, 2:]) / 2, axis=0)
    for f, (west, south, east, north) in zip(good, bounds, strict=True):
        if np.abs([*(middle - (west, south)), *(middle - (east, north))]).max() > MAX_AWAY_DEGREES:
            f.fault = f"远离本县其余边界（{west:.4f}, {south:.4f} 至 {east:.4f}, {north:.4f}），请核对坐标与编码"


def _converter(crs: str) -> Callable[[Floats], Floats]:
    def convert(points: Floats) -> Floats:
        if coordinates.is_known(crs):
            return np.column_stack(coordinates.to_wgs84(points[:, 0], points[:, 1], crs))
        # A zone of its own, which no EPSG code names: the file's definition is all there is.
        own = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        return np.column_stack(own.transform(points[:, 0], points[:, 1]))

    return convert


@cache
def _is_projected(crs: str) -> bool:
    return crs not in coordinates.NAMED and bool(pyproj.CRS.from_user_input(crs).is_projected)


def _fault(shape: Any, crs: str) -> str:
    """Why this shape, as its file gives it, cannot be used; '' if it can."""
    if shape is None:
        return "几何无法读取，请重新导出"
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return f"几何是{_KINDS.get(shape.geom_type, shape.geom_type)}，应为面，请检查导出的图层"
    if shape.is_empty:
        return "几何为空，请补画该要素或从文件中删去"
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return "坐标含有非数值（NaN 或无穷大），请检查该要素"
    # A bow's two halves cancel out in the plain area: only then is it worth a repair to see.
    return _odd_extent(shape.bounds, crs) or ("" if shape.area or polygonal(shape).area else "面积为零，请重画该要素")


def _odd_extent(bounds: tuple[float, float, float, float], crs: str) -> str:
    west, south, east, north = bounds
    fits = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if _is_projected(crs):
        return "坐标像是经纬度，但坐标系写的是以米计的投影，请在映射文件写明 src_crs" if fits else ""
    if max(map(abs, bounds)) > 1000:
        return f"坐标像是以米计的投影坐标（{west:.0f}, {south:.0f}），不是经纬度，请在映射文件写明 src_crs（EPSG:编号）"
    if _in_china((south, west, north, east)) and not _in_china(bounds):
        return f"经纬度疑似颠倒（{west:.4f}, {south:.4f}），请按先经度后纬度重新导出"
    return "" if fits else f"坐标超出经纬度范围（{west:.4f}, {south:.4f}），请核对坐标系"


def _in_china(bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return CHINA[0] <= west and CHINA[1] <= south and east <= CHINA[2] and north <= CHINA[3]


_KINDS = {"Point": "点", "MultiPoint": "点", "LineString": "线", "MultiLineString": "线", "LinearRing": "线"}


def polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """The shape made valid; lines and points that are left over are dropped."""
    whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(shapely.get_parts(whole))
    return shapely.union_all(parts[shapely.get_type_id(parts) == 3])


def _repair(con: duckdb.DuckDBPyConnection, features: list[Feature]) -> None:
    """Make invalid shapes valid, each said with its reason."""
    for f in features:
        if not f.shape.is_valid:
            shown = f"{f.code}：{shapely.is_valid_reason(f.shape)}"
            find(con, f, rule="geometry_repaired", sentence="边界自相交或未闭合，已自动修复，请核对", shown=shown)
            f.shape = polygonal(f.shape)


def find(
    con: duckdb.DuckDBPyConnection,
    feature: Feature,
    *,
    rule: str,
    sentence: str,
    shown: str,
    severity: str = "flagged",
) -> None:
    """Write one finding about a feature, for the unit that drew it."""
    con.execute(
        "insert into quarantine values (?, ?, '边界', ?, ?, ?, ?)",
        [feature.file_id, feature.line_no, shown, rule, sentence, severity],
    )


def _write(con: duckdb.DuckDBPyConnection, features: Sequence[Feature]) -> None:
    con.execute("create table boundary_shape (level varchar, code varchar, file_id integer, line_no integer, wkb blob)")
    columns: dict[str, Sequence[object]] = {
        "level": [f.level for f in features],
        "code": [f.code for f in features],
        "file_id": [f.file_id for f in features],
        "line_no": [f.line_no for f in features],
        "wkb": [shapely.to_wkb(f.shape) for f in features],
    }
    append(con, "boundary_shape", columns)


def append(con: duckdb.DuckDBPyConnection, table: str, columns: Dictionary[str, Sequence[object]]) -> None:
    """Add rows given by column to a table, all at once: row by row takes seconds for thousands of shapes."""
    con.register("appended_rows", pa.table(dict(columns)))
    con.execute(f"insert into {table} by name select * from appended_rows")
    con.unregister("appended_rows")


def read_boundaries(con: duckdb.DuckDBPyConnection) -> list[Feature]:
    """What `place_boundaries` found, in the order of level and code."""
    rows = con.execute("select file_id, line_no, code, level, wkb from boundary_shape order by level, code").fetchall()
    return [
        Feature(file_id, line_no, code, level, code, shapely.from_wkb(wkb))
        for file_id, line_no, code, level, wkb in rows
    ]
