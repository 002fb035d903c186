"""Do neighbouring polygons fit together? Overlaps, holes and shared borders, measured in metres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from etl.coordinates import Floats

Shapes = npt.NDArray[np.object_]

LEAST_M2 = 10.0
"""Overlaps and holes below this area are not worth a finding (口径为本项目默认值)."""

SNAP_METRES = 1.0
"""Borders that are nearly shared, within this, are drawn as one (口径为本项目默认值)."""


class Plane:
    """A map plane in metres round the middle of some shapes, true in area (Lambert azimuthal, ellipsoidal)."""

    def __init__(self, shapes: Shapes) -> None:
        west, south, east, north = shapely.total_bounds(shapes)
        crs = f"+proj=laea +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +datum=WGS84 +units=m"
        self._there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def metres(self, shapes: Any) -> Any:
        """A shape or an array of shapes in degrees, in metres on this plane."""
        return _moved(shapes, lambda x, y: self._there.transform(x, y))

    def degrees(self, shapes: Any) -> Any:
        """A shape or an array of shapes in metres on this plane, in degrees."""
        return _moved(shapes, lambda x, y: self._there.transform(x, y, direction="INVERSE"))


def _moved(shapes: Any, convert: Callable[[Floats, Floats], Any]) -> Any:
    return shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))


@dataclass(frozen=True)
class Overlap:
    """Two polygons (places in the list, the lower first) that cover the same ground."""

    first: int
    second: int
    area_m2: float


@dataclass(frozen=True)
class Gap:
    """A hole that no polygon covers, and the polygons round it."""

    area_m2: float
    neighbours: tuple[int, ...]


def overlaps(shapes: Shapes) -> list[Overlap]:
    """Pairs of polygons (metres) that overlap by at least `LEAST_M2`, in the order of the list."""
    if shapely.coverage_is_valid(shapes):
        return []
    doubtful = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    left, right = shapely.STRtree(shapes).query(shapes[doubtful], predicate="intersects")
    pairs = np.unique(np.sort(np.column_stack([doubtful[left], right]), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    areas = shapely.area(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]))
    return [Overlap(int(a), int(b), float(m2)) for (a, b), m2 in zip(pairs, areas, strict=True) if m2 >= LEAST_M2]


def gaps(shapes: Shapes) -> list[Gap]:
    """Holes of at least `LEAST_M2` inside the union of the polygons (metres), largest first.

    An inlet that is open to the outside cannot be told from the county's own outline and is not listed.
    """
    covered = shapely.get_parts(shapely.union_all(shapes))
    holes = [shapely.Polygon(ring) for part in covered for ring in part.interiors]
    holes = sorted((hole for hole in holes if hole.area >= LEAST_M2), key=lambda hole: -hole.area)
    tree = shapely.STRtree(shapes)
    return [
        Gap(hole.area, tuple(sorted(map(int, tree.query(hole, "dwithin", distance=SNAP_METRES))))) for hole in holes
    ]


def together(shapes: Shapes) -> Shapes:
    """The polygons (metres) with borders that are nearly shared made one, and overlaps given to one side.

    Only for drawing: counting and placing use the polygons as they were given.
    """
    if shapely.coverage_is_valid(shapes):
        return shapes
    clean = np.asarray(shapely.coverage_clean(shapes, gap_width=SNAP_METRES, snapping_distance=SNAP_METRES))
    # A polygon that lies wholly inside another one would be gone: it is drawn on top instead.
    return np.where(shapely.is_empty(clean), shapes, clean)
