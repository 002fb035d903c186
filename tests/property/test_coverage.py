"""Do drawn polygons keep their neighbours, and are planted overlaps and holes the only ones found?"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import geometry
from etl.boundaries import polygonal
from etl.coverage import LEAST_M2, Plane, gaps, overlaps, together

LON, LAT = 112.6, 37.8


def cells(seed: int, count: int) -> Any:
    """A random coverage in degrees, some 10 km wide: Voronoi cells whose borders wander, on a lattice of 1e-6°."""
    rng = np.random.default_rng(seed)
    seeds = shapely.MultiPoint(np.array([LON, LAT]) + rng.uniform(0, 0.1, (count, 2)))
    frame = shapely.box(LON, LAT, LON + 0.1, LAT + 0.1)
    borders = shapely.get_parts(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame, only_edges=True)))
    lines = [_wandering(rng, line) for line in shapely.intersection(borders, frame) if line.length > 1e-4]
    noded = shapely.union_all([*lines, frame.exterior], grid_size=1e-6)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return faces[shapely.area(faces) > 1e-9]


def _wandering(rng: np.random.Generator, line: Any) -> Any:
    steps = np.linspace(0, 1, 33)
    points = shapely.get_coordinates(shapely.line_interpolate_point(line, steps, normalized=True))
    points[1:-1] += rng.normal(0, line.length / 200, (31, 2))
    return shapely.LineString(points)


counties = st.builds(cells, st.integers(0, 10_000), st.integers(3, 40))


def drawn(shapes: Any, level: str = "grid") -> Any:
    """As the map gets them: degrees, simplified, five decimals."""
    plane = Plane(shapes)
    return geometry.light(plane.metres(shapes), level, plane)


@settings(max_examples=25)
@given(counties, st.sampled_from(["grid", "village", "town"]))
def test_neighbours_still_share_their_border_after_simplification(shapes: Any, level: str) -> None:
    simple = drawn(shapes, level)
    flat = shapely.make_valid(Plane(simple).metres(simple))
    # Five decimals are a metre: a neck narrower than that may close, and no more.
    assert overlaps(flat) == []
    assert gaps(flat) == []
    assert shapely.get_num_coordinates(simple).sum() <= shapely.get_num_coordinates(shapes).sum()
    touching = shapely.STRtree(shapes).query(shapes, predicate="touches").T
    for left, right in touching[touching[:, 0] < touching[:, 1]]:
        if shapely.intersection(shapes[left], shapes[right]).length > 0.002:
            shared = set(map(tuple, shapely.get_coordinates(simple[left])))
            assert len(shared & set(map(tuple, shapely.get_coordinates(simple[right])))) >= 2


@settings(max_examples=15)
@given(counties)
def test_a_clean_county_has_neither_overlap_nor_hole_and_is_left_as_it_is(shapes: Any) -> None:
    flat = Plane(shapes).metres(shapes)
    assert overlaps(flat) == []
    assert gaps(flat) == []
    assert together(flat) is flat


@settings(max_examples=25)
@given(counties, st.data())
def test_exactly_the_planted_overlap_is_found_with_its_area(shapes: Any, data: st.DataObject) -> None:
    flat = np.array(Plane(shapes).metres(shapes))
    who = data.draw(st.integers(0, len(flat) - 1))
    metres = data.draw(st.floats(2, 60))
    flat[who] = flat[who].buffer(metres, join_style="mitre", mitre_limit=1.5)
    expected = {
        tuple(sorted((who, other))): shapely.intersection(flat[who], flat[other]).area
        for other in range(len(flat))
        if other != who
    }
    found = {(pair.first, pair.second): pair.area_m2 for pair in overlaps(flat)}
    assert found == pytest.approx({pair: m2 for pair, m2 in expected.items() if m2 >= LEAST_M2})


@settings(max_examples=25)
@given(counties, st.data())
def test_a_missing_polygon_inside_the_county_is_a_hole_between_its_neighbours(shapes: Any, data: st.DataObject) -> None:
    flat = np.array(Plane(shapes).metres(shapes))
    who = data.draw(st.integers(0, len(flat) - 1))
    rest = np.delete(flat, who)
    union = shapely.union_all(rest)
    inner = sum(union.area < shapely.Polygon(part.exterior).area for part in shapely.get_parts(union))
    found = gaps(rest)
    if inner and shapely.get_num_interior_rings(shapely.get_parts(union)).sum() == 1:
        assert [gap.area_m2 for gap in found] == pytest.approx([flat[who].area], rel=1e-6)
        around = {i for i, shape in enumerate(rest) if shape.intersects(flat[who])}
        assert set(found[0].neighbours) == around
    else:
        assert all(gap.neighbours for gap in found)


@settings(max_examples=20)
@given(counties, st.integers(0, 1000))
def test_borders_drawn_twice_within_half_a_metre_become_one(shapes: Any, seed: int) -> None:
    """Each polygon digitised for itself: every corner up to 0.3 m off in each direction, differently per polygon."""
    rng = np.random.default_rng(seed)
    plane = Plane(shapes)

    def shaken(points: Any) -> Any:
        moves = rng.uniform(-0.3, 0.3, (len(points) - 1, 2))
        return points + np.vstack([moves, moves[:1]])

    rough = [polygonal(shapely.transform(shape, shaken)) for shape in plane.metres(shapes)]
    clean = together(np.array(rough, dtype=object))
    assert shapely.coverage_is_valid(clean)
    assert len(clean) == len(shapes)
    for before, after in zip(rough, clean, strict=True):
        assert shapely.symmetric_difference(before, after).area < 2.0 * before.length


@given(st.floats(-70, 70), st.floats(-179, 179), st.floats(1e-4, 0.3))
def test_areas_on_the_plane_are_those_on_the_ground(lat: float, lon: float, side: float) -> None:
    """Against the area of a spherical quadrangle; the ellipsoid differs from the sphere by less than 1.4 %."""
    square = shapely.segmentize(shapely.box(lon, lat, min(lon + side, 180), lat + side), side / 20)
    flat = Plane(np.array([square], dtype=object)).metres(square)
    west, south, east, north = np.radians(square.bounds)
    ground = 6371008.8**2 * (east - west) * (np.sin(north) - np.sin(south))
    assert flat.area == pytest.approx(ground, rel=0.014)


def test_every_pair_of_three_that_share_ground_is_named() -> None:
    shapes = np.array([shapely.box(0, 0, 100, 100), shapely.box(50, 0, 150, 100), shapely.box(20, 20, 80, 80)])
    assert [(p.first, p.second) for p in overlaps(shapes)] == list(combinations(range(3), 2))
    assert [p.area_m2 for p in overlaps(shapes)] == [5000, 3600, 1800]


def test_a_polygon_inside_another_is_still_drawn() -> None:
    shapes = np.array([shapely.box(0, 0, 100, 100), shapely.box(20, 20, 80, 80)])
    assert all(shape.area > 0 for shape in together(shapes))
