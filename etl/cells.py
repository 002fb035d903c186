"""No grid list and no grid on a case, only points: which cells of the H3 lattice stand in for grids?"""

from __future__ import annotations

import duckdb
import h3
import numpy as np
import pandas as pd
import shapely

from etl.coordinates import Floats

USUAL, FINEST, COARSEST = 8, 10, 7
CASES_PER_CELL = 20
MOST_CELLS = 2000
MAX_AWAY_DEGREES = 2.0
"""A point farther than this from the middle of all is another county's, or a slip: nothing is drawn for it."""


def name_cells(con: duckdb.DuckDBPyConnection) -> None:
    """Make `cell_grid` (grid): the H3 cells that became grid codes of cases, none where there are grids already.

    Only sources without lists of their own (`own_dimensions`) are given cells, and only if no grid is known at all.
    """
    con.execute("create table cell_grid (grid varchar)")
    points = con.execute(
        """
        select file_id, line_no, lon, lat from stage_case
        where own_dimensions and lon between -180 and 180 and lat between -90 and 90 and (lon != 0 or lat != 0)
          and not exists (select 1 from clean_grid)
          and not exists (select 1 from stage_case where grid_code is not null)
        """
    ).df()
    if points.empty:
        return
    points = points[is_near_the_rest(points)]
    found = pd.DataFrame({"file_id": points["file_id"], "line_no": points["line_no"], "grid": choose(points)})
    con.register("cell_rows", found)
    con.execute("insert into cell_grid select distinct grid from cell_rows")
    con.execute(
        "update stage_case set grid_code = c.grid from cell_rows as c"
        " where c.file_id = stage_case.file_id and c.line_no = stage_case.line_no"
    )
    con.unregister("cell_rows")


def is_near_the_rest(points: pd.DataFrame) -> pd.Series[bool]:
    """Which points (lon, lat) lie where most of them do; none where a coordinate is missing or is no degrees.

    A source whose columns are swapped, or in metres, is far from the rest as a whole.
    """
    places = points[["lon", "lat"]]
    away = (places - places.median()).abs()
    on_earth = (places["lon"].abs() <= 180) & (places["lat"].abs() <= 90)
    return on_earth & (away["lon"] <= MAX_AWAY_DEGREES) & (away["lat"] <= MAX_AWAY_DEGREES)


def choose(points: pd.DataFrame) -> list[str]:
    """The cell of each point, as fine as the points are dense."""
    usual = _at(points, USUAL)
    for resolution in (FINEST, USUAL + 1):
        cells = _at(points, resolution)
        count = len(set(cells))
        if count <= MOST_CELLS and len(cells) >= CASES_PER_CELL * count:
            return cells
    return usual if len(set(usual)) <= MOST_CELLS else _at(points, COARSEST)


def _at(points: pd.DataFrame, resolution: int) -> list[str]:
    return [h3.latlng_to_cell(lat, lon, resolution) for lon, lat in zip(points["lon"], points["lat"], strict=True)]


def outline(cell: str) -> shapely.Polygon:
    """The hexagon of a cell in degrees, its corners rounded so that neighbours have the same ones."""
    corners: Floats = np.round([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)], 7)
    return shapely.Polygon(corners)
