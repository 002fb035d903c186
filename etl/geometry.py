"""What shape has a place on the map? Its own polygon, those below it merged, a circle at its centre, or its cell."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from etl import cells
from etl.boundaries import Feature, find, read_boundaries
from etl.coverage import Plane, Shapes, gaps, overlaps, together

LEVELS = ("grid", "village", "town", "county")

SIMPLIFY_METRES = {"grid": 8.0, "village": 30.0, "town": 60.0, "county": 60.0}
"""Least tolerance of the coverage simplification per layer; raised until the layer fits `MAX_LAYER_BYTES`."""

MAX_LAYER_BYTES = 200_000
"""Of a layer's shapes, compressed. Names and codes come on top: together they stay under 300 kB."""

COARSEST_METRES = 500.0
DECIMALS = 5

CIRCLE_SHARE = 0.45
"""A circle's radius as a share of the distance to the nearest centre; neighbours' circles do not touch."""

LONE_METRES = 500.0
"""Radius of the only circle there is."""

COUNTY = "county"


def load_grids(con: duckdb.DuckDBPyConnection) -> gpd.GeoDataFrame:
    """Grids with a polygon, given or repaired: grid, village, town, geometry (WGS-84); empty where none was given."""
    shapes = {f.code: f.shape for f in read_boundaries(con) if f.level == "grid"}
    grids = con.execute("select grid, village, town from dim_grid order by grid").df()
    grids = grids[grids["grid"].isin(shapes)].reset_index(drop=True)
    outlines = gpd.GeoSeries([shapes[code] for code in grids["grid"]], crs="EPSG:4326")
    return gpd.GeoDataFrame(grids, geometry=outlines)


@dataclass
class Layer:
    """The shapes of one level by code, in metres, with what each was made of."""

    shapes: dict[str, shapely.Geometry] = field(default_factory=dict)
    basis: dict[str, str] = field(default_factory=dict)

    def add(self, shapes: dict[str, shapely.Geometry], basis: str) -> None:
        """Take shapes for codes that have none yet."""
        for code, shape in shapes.items():
            if code not in self.shapes:
                self.shapes[code], self.basis[code] = shape, basis

    @property
    def areas(self) -> dict[str, shapely.Geometry]:
        """The shapes that tile the ground: all but circles."""
        return {code: shape for code, shape in self.shapes.items() if self.basis[code] != "centroid"}


def write_layers(con: duckdb.DuckDBPyConnection) -> None:
    """Make `dim_geometry`: each level's own polygons, else those below merged, else circles; light enough to send.

    Simplified as a coverage, so that neighbours keep their border. Overlaps and holes between given polygons are
    flagged. Empty where neither a polygon nor a centre is known.
    """
    con.execute(
        "create table dim_geometry"
        " (layer varchar, code varchar, lon double, lat double, basis varchar, geojson varchar)"
    )
    given = read_boundaries(con)
    places = con.execute(_PLACES).df()
    if not given and places["lon"].isna().all():
        return
    centres = shapely.points(places["lon"], places["lat"])
    plane = Plane(np.array([*(f.shape for f in given), *centres[places["lon"].notna()]], dtype=object))
    for f in given:
        f.shape = plane.metres(f.shape)
    places["centre"] = plane.metres(centres)
    for level, layer in _layers(con, given, places, plane).items():
        if layer.shapes:
            rows = _features(level, layer, plane)
            con.executemany("insert into dim_geometry values (?, ?, ?, ?, ?, ?)", rows)


_PLACES = """
with seen as (
    select grid_code as grid, median(lon) as lon, median(lat) as lat from clean_case
    where lon is not null and lat is not null group by 1
)
select d.grid, coalesce(d.village, '') as village, coalesce(d.town, '') as town,
       if(d.lon is null or d.lat is null, s.lon, d.lon) as lon, if(d.lon is null or d.lat is null, s.lat, d.lat) as lat,
       c.grid is not null as is_cell
from dim_grid as d left join cell_grid as c using (grid) left join seen as s using (grid)
-- A grid that was closed has given its ground to others.
where d.valid_to is null or d.valid_to >= getvariable('as_of')::date
order by d.grid
"""


def _layers(
    con: duckdb.DuckDBPyConnection, given: list[Feature], places: pd.DataFrame, plane: Plane
) -> dict[str, Layer]:
    """All levels from the ground up: a level that has no polygons of its own is made of the one before."""
    layers = {level: Layer() for level in LEVELS}
    current = set(places["grid"])
    for level, layer in layers.items():
        drawn = [f for f in given if f.level == level and (level != "grid" or f.code in current)]
        _report_misfits(con, drawn)
        layer.add({f.code: f.shape for f in drawn}, "boundary")
    grid, village, town, county = (layers[level] for level in LEVELS)
    codes = places.loc[places["is_cell"], "grid"]
    hexagons = plane.metres(np.array([cells.outline(code) for code in codes], dtype=object))
    grid.add(dict(zip(codes, hexagons, strict=True)), "cell")
    grid.add(_circles(places, "grid"), "centroid")
    village.add(_merged(grid.areas, dict(zip(places["grid"], places["village"], strict=True))), "merged")
    village.add(_circles(places, "village"), "centroid")
    town.add(_merged(village.areas | grid.areas, _towns(con, places)), "merged")
    town.add(_circles(places, "town"), "centroid")
    _close(county, town.areas or village.areas or grid.areas, grid.shapes)
    return layers


def _towns(con: duckdb.DuckDBPyConnection, places: pd.DataFrame) -> dict[str, str]:
    """The town of every village, and of every grid that has no village."""
    alone = places[places["village"] == ""]
    towns = dict(zip(alone["grid"], alone["town"], strict=True)) | dict(
        zip(places["village"], places["town"], strict=True)
    )
    listed = con.execute(
        "select region_code, coalesce(parent_code, '') from dim_region where region_level = 'village'"
    ).fetchall()
    return towns | dict(listed)


def _merged(parts: dict[str, shapely.Geometry], parents: dict[str, str]) -> dict[str, shapely.Geometry]:
    """The parts of each parent as one shape; parts without a parent belong to none."""
    members: dict[str, list[shapely.Geometry]] = {}
    for code, shape in parts.items():
        if parent := parents.get(code):
            members.setdefault(parent, []).append(shape)
    return {parent: shapely.union_all(shapes) for parent, shapes in members.items()}


def _circles(places: pd.DataFrame, level: str) -> dict[str, shapely.Geometry]:
    """A circle round each place's centre, apart from its neighbours unless centres all but coincide, and none huge."""
    known = places[places["lon"].notna() & (places[level] != "")]
    if known.empty:
        return {}
    points = shapely.get_coordinates(known["centre"].to_numpy())
    centres = pd.DataFrame(points, index=known[level]).groupby(level=0).mean()
    near = cKDTree(centres).query(centres, k=2)[0][:, 1]
    usual = np.median(near[np.isfinite(near) & (near > 0)]) if np.isfinite(near).any() else LONE_METRES / CIRCLE_SHARE
    radius = CIRCLE_SHARE * np.clip(near, 0.1 * usual, 2 * usual)
    discs = shapely.buffer(shapely.points(centres.to_numpy()), radius, quad_segs=3)
    return dict(zip(centres.index, discs, strict=True))


def _close(county: Layer, areas: dict[str, shapely.Geometry], shapes: dict[str, shapely.Geometry]) -> None:
    """One shape for the whole county: its own, else all areas together, else the hull of the circles."""
    own = county.shapes
    county.shapes, county.basis = {}, {}
    county.add({COUNTY: shapely.union_all(list(own.values()))} if own else {}, "boundary")
    county.add({COUNTY: shapely.union_all(list(areas.values()))} if areas else {}, "merged")
    county.add({COUNTY: shapely.convex_hull(shapely.union_all(list(shapes.values())))}, "centroid")


def _report_misfits(con: duckdb.DuckDBPyConnection, features: list[Feature]) -> None:
    """Flag overlaps and holes between the given polygons of one level."""
    shapes = np.array([f.shape for f in features], dtype=object)
    for pair in overlaps(shapes):
        first, second = features[pair.first], features[pair.second]
        shown = f"{first.code} 与 {second.code}：{pair.area_m2:.0f} 平方米"
        sentence = "与相邻边界重叠，重叠处的点按所填编码统计，请核对两条边界"
        find(con, first, rule="geometry_overlap", sentence=sentence, shown=shown)
    for gap in gaps(shapes):
        around = [features[place] for place in gap.neighbours]
        shown = f"{'、'.join(f.code for f in around)} 之间：{gap.area_m2:.0f} 平方米"
        sentence = "边界之间有空隙，落在空隙中的点不属于任何一个，请核对（水域可不理会）"
        find(con, around[0], rule="geometry_gap", sentence=sentence, shown=shown)


def _features(level: str, layer: Layer, plane: Plane) -> list[tuple[str, str, float, float, str, str]]:
    """Rows of `dim_geometry`: simplified, rounded, with a point to write a label at."""
    drawn = dict(zip(layer.areas, light(np.array([*layer.areas.values()], dtype=object), level, plane), strict=True))
    discs = {code: shape for code, shape in layer.shapes.items() if code not in drawn}
    drawn |= dict(zip(discs, _rounded(np.array([*discs.values()], dtype=object), plane), strict=True))
    rows = []
    for code, shape in drawn.items():
        label = shape.representative_point()
        place = round(label.x, DECIMALS), round(label.y, DECIMALS)
        rows.append((level, code, *place, layer.basis[code], _body(shape)))
    return rows


def light(shapes: Shapes, level: str, plane: Plane) -> Shapes:
    """The shapes simplified as a coverage just enough for the layer to be sent quickly, in degrees."""
    whole, tolerance = together(shapes), SIMPLIFY_METRES[level]
    while True:
        drawn = _rounded(shapely.coverage_simplify(whole, tolerance), plane)
        size = len(gzip.compress("".join(map(_body, drawn)).encode(), 6, mtime=0))
        if size <= MAX_LAYER_BYTES or tolerance > COARSEST_METRES:
            return drawn
        tolerance *= 1.5


def _rounded(shapes: Shapes, plane: Plane) -> Shapes:
    # Pointwise: every corner goes to its own nearest decimal, so neighbours' corners stay the same.
    return np.asarray(shapely.set_precision(plane.degrees(shapes), 10**-DECIMALS, mode="pointwise"))


def _body(shape: shapely.Geometry) -> str:
    return json.dumps(shapely.geometry.mapping(shape), separators=(",", ":"))
