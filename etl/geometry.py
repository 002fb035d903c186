"""How do shapes get onto the map? Checked against their neighbours, simplified with them, light enough to send."""

from __future__ import annotations

import gzip
import json

import duckdb
import geopandas as gpd
import numpy as np
import shapely

from etl.boundaries import Feature, append, find, read_boundaries
from etl.coverage import Plane, Shapes, gaps, overlaps, together
from etl.layers import LEVELS, Layer, make_layers, read_places

SIMPLIFY_METRES = {"grid": 8.0, "village": 30.0, "town": 60.0, "county": 60.0}
"""Least tolerance of the coverage simplification per layer; raised until the layer fits `MAX_LAYER_BYTES`."""

MAX_LAYER_BYTES = 200_000
"""Of a layer's shapes, compressed. Names and codes come on top: together they stay under 300 kB."""

COARSEST_METRES = 500.0
DECIMALS = 5


def load_grids(con: duckdb.DuckDBPyConnection) -> gpd.GeoDataFrame:
    """Grids with a polygon, given or repaired: grid, village, town, geometry (WGS-84); empty where none was given."""
    shapes = {f.code: f.shape for f in read_boundaries(con) if f.level == "grid"}
    grids = con.execute("select grid, village, town from dim_grid order by grid").df()
    grids = grids[grids["grid"].isin(shapes)].reset_index(drop=True)
    outlines = gpd.GeoSeries([shapes[code] for code in grids["grid"]], crs="EPSG:4326")
    return gpd.GeoDataFrame(grids, geometry=outlines)


def write_layers(con: duckdb.DuckDBPyConnection) -> None:
    """Make `dim_geometry`: each level's own polygons, else those below merged, else circles; light enough to send.

    Simplified as a coverage, so that neighbours keep their border. Overlaps and holes between given polygons are
    flagged. Empty where neither a polygon nor a centre is known.
    """
    con.execute(
        "create table dim_geometry"
        " (layer varchar, code varchar, lon double, lat double, basis varchar, geojson varchar)"
    )
    places = read_places(con)
    current = set(places["grid"])
    given = [f for f in read_boundaries(con) if f.level != "grid" or f.code in current]
    if not given and places["lon"].isna().all():
        return
    centres = shapely.points(places["lon"], places["lat"])
    plane = Plane(np.array([*(f.shape for f in given), *centres[places["lon"].notna()]], dtype=object))
    for f in given:
        f.shape = plane.metres(f.shape)
    places["centre"] = plane.metres(centres)
    for level in LEVELS:
        _report_misfits(con, [f for f in given if f.level == level])
    for level, layer in make_layers(con, given, places, plane).items():
        if layer.shapes:
            append(con, "dim_geometry", _features(level, layer, plane))


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


def _features(level: str, layer: Layer, plane: Plane) -> dict[str, list[object]]:
    """The columns of `dim_geometry`: simplified, rounded, with a point to write a label at."""
    drawn = dict(zip(layer.areas, light(np.array([*layer.areas.values()], dtype=object), level, plane), strict=True))
    discs = {code: shape for code, shape in layer.shapes.items() if code not in drawn}
    drawn |= dict(zip(discs, _rounded(np.array([*discs.values()], dtype=object), plane), strict=True))
    labels = [shape.representative_point() for shape in drawn.values()]
    return {
        "layer": [level] * len(drawn),
        "code": list(drawn),
        "lon": [round(label.x, DECIMALS) for label in labels],
        "lat": [round(label.y, DECIMALS) for label in labels],
        "basis": [layer.basis[code] for code in drawn],
        "geojson": [_body(shape) for shape in drawn.values()],
    }


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
