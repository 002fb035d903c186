"""What is a place drawn as? Its own polygon, those below it merged, its H3 cell, or a circle at its centre."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from etl import cells
from etl.boundaries import Feature
from etl.coverage import Plane, together

LEVELS = ("grid", "village", "town", "county")

CIRCLE_SHARE = 0.45
"""A circle's radius as a share of the distance to the nearest centre; neighbours' circles do not touch."""

LEAST_SHARE, MOST_SHARE = 0.1, 2.0
"""No circle is smaller or larger than these shares of the usual one."""

LONE_METRES = 500.0
"""What is usual where there is only one centre."""

COUNTY = "county"


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


def read_places(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Grids in force: grid, village, town, is_cell, lon and lat of the centre (of its cases where the list has none).

    A centre far from all others is a slip and counts as unknown.
    """
    places: pd.DataFrame = con.execute(_PLACES).df()
    places.loc[~cells.is_near_the_rest(places), ["lon", "lat"]] = np.nan
    return places


def make_layers(
    con: duckdb.DuckDBPyConnection, given: list[Feature], places: pd.DataFrame, plane: Plane
) -> dict[str, Layer]:
    """All levels, in metres, from the ground up: one that has no polygons of its own is made of the one before.

    `given` are polygons in metres, `places` the rows of `read_places` with their `centre` in metres.
    """
    layers = {level: Layer() for level in LEVELS}
    for level, layer in layers.items():
        layer.add(_snapped({f.code: f.shape for f in given if f.level == level}), "boundary")
    grid, village, town, county = (layers[level] for level in LEVELS)
    codes = places.loc[places["is_cell"], "grid"]
    grid.add(_snapped({code: plane.metres(cells.outline(code)) for code in codes}), "cell")
    grid.add(_circles(places, "grid"), "centroid")
    village.add(_merged(grid.areas, dict(zip(places["grid"], places["village"], strict=True))), "merged")
    village.add(_circles(places, "village"), "centroid")
    town.add(_merged(village.areas | grid.areas, _towns(con, places)), "merged")
    town.add(_circles(places, "town"), "centroid")
    _close(county, town.areas or village.areas or grid.areas, grid.shapes)
    return layers


def _snapped(shapes: dict[str, shapely.Geometry]) -> dict[str, shapely.Geometry]:
    return dict(zip(shapes, together(np.array([*shapes.values()], dtype=object)), strict=True))


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
    apart = near[np.isfinite(near) & (near > 0)]
    usual = np.median(apart) if len(apart) else LONE_METRES / CIRCLE_SHARE
    radius = CIRCLE_SHARE * np.clip(near, LEAST_SHARE * usual, MOST_SHARE * usual)
    discs = shapely.buffer(shapely.points(centres.to_numpy()), radius, quad_segs=6)
    return dict(zip(centres.index, discs, strict=True))


def _close(county: Layer, areas: dict[str, shapely.Geometry], shapes: dict[str, shapely.Geometry]) -> None:
    """One shape for the whole county: its own, else all areas together, else the hull of the circles."""
    own = county.shapes
    county.shapes, county.basis = {}, {}
    county.add({COUNTY: shapely.union_all(list(own.values()))} if own else {}, "boundary")
    county.add({COUNTY: shapely.union_all(list(areas.values()))} if areas else {}, "merged")
    county.add({COUNTY: shapely.convex_hull(shapely.union_all(list(shapes.values())))}, "centroid")
