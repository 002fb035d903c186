"""Is the right reading of a source's numbers found, and only where the points prove it?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

from etl import coordinates, crs_detector
from etl.coordinates import Floats
from etl.crs_detector import MIN_TESTED, Finding, Interpretation, judge
from etl.demo.county import County, build_county
from etl.demo.geography import LON, PointsCrs, as_written

WGS84 = Interpretation("WGS84")
RIGHT = {crs: Interpretation(crs) for crs in ("WGS84", "GCJ02", "BD09")}
RIGHT["swapped"] = Interpretation("WGS84", "lat_lon")


@pytest.fixture(scope="module", params=[1, 2, 3])
def county(request: pytest.FixtureRequest) -> County:
    return build_county(seed=request.param, months=1)


def points_of(county: County, count: int = 400) -> tuple[Floats, Any]:
    """Points with the polygon of the grid each lies in."""
    rng = np.random.default_rng(count)
    grid = rng.integers(len(county.grid_codes), size=count)
    return county.triangles.points(rng, grid), county.shapes[grid]


def detect(written: Floats, shapes: Any, declared: Interpretation) -> Finding:
    x, y = written.T
    readings = crs_detector.interpretations(declared, x=x, longitude=LON)
    return judge(crs_detector.fits(x, y, shapes=shapes, readings=readings), readings)


@pytest.mark.parametrize("declared", ["WGS84", "GCJ02", "BD09", "swapped"])
@pytest.mark.parametrize("written", ["WGS84", "GCJ02", "BD09", "swapped"])
def test_whatever_is_declared_the_system_in_use_is_found(county: County, written: PointsCrs, declared: str) -> None:
    places, shapes = points_of(county)
    found = detect(as_written(places, written), shapes, RIGHT[declared])
    assert (found.best, found.verdict) == (RIGHT[written], "ok" if written == declared else "suspect")
    assert (found.share_best, found.rival) == (1, None)


def test_cgcs2000_is_not_told_from_wgs84(county: County) -> None:
    places, shapes = points_of(county)
    declared = Interpretation("CGCS2000")
    assert detect(places, shapes, declared).best == declared
    assert detect(as_written(places, "GCJ02"), shapes, declared).best == RIGHT["GCJ02"]


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4526"])
@pytest.mark.parametrize("declared", [WGS84, Interpretation("EPSG:4547"), Interpretation("EPSG:4526", "lat_lon")])
def test_metres_are_recognised_and_their_zone_named(county: County, crs: str, declared: Interpretation) -> None:
    places, shapes = points_of(county)
    metres = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(*places.T)
    found = detect(np.column_stack(metres), shapes, declared)
    assert found.best == Interpretation(crs)
    assert found.verdict == ("ok" if declared == found.best else "suspect")
    swapped = detect(np.column_stack(metres[::-1]), shapes, declared)
    assert swapped.best == Interpretation(crs, "lat_lon")


def test_a_zone_of_3_and_of_6_degrees_on_one_meridian_are_both_named(county: County) -> None:
    """111°E is the middle of a 3° and of a 6° zone: without prefix their numbers are the same."""
    places, shapes = points_of(county)
    x, y = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4546", always_xy=True).transform(*places.T)
    readings = crs_detector.interpretations(WGS84, x=x, longitude=LON)
    found = judge(crs_detector.fits(x, y, shapes=shapes, readings=readings), readings)
    assert {found.best, found.rival} == {Interpretation("EPSG:4546"), Interpretation("EPSG:4508")}


@pytest.mark.parametrize("crs", ["GCJ02", "BD09"])
def test_polygons_in_another_system_are_told_from_points_in_another(county: County, crs: str) -> None:
    """The clerk's commonest slip with map files: borders from an online map, points from a GPS."""
    points, shapes = points_of(county)
    shifted = shapely.transform(
        shapes, lambda corners: np.column_stack(coordinates.from_wgs84(corners[:, 0], corners[:, 1], crs))
    )
    found = detect(points, shifted, WGS84)
    assert (found.verdict, found.best) == ("suspect", Interpretation("WGS84", borders=crs))
    assert found.rival is None and found.share_best > 0.99
    assert found.best.code == f"WGS84 borders {crs}"


def test_points_too_coarse_to_tell_give_no_alarm(county: County) -> None:
    """Two decimals are about a kilometre: every reading is about as right as any other."""
    places, shapes = points_of(county)
    assert detect(np.round(places, 2), shapes, WGS84).verdict != "suspect"


def test_points_that_fit_no_reading_are_not_judged(county: County) -> None:
    places, shapes = points_of(county)
    found = detect(places, np.random.default_rng(1).permutation(shapes), WGS84)
    assert found.verdict == "unknown"


def test_dirt_of_a_fifth_is_no_alarm(county: County) -> None:
    places, shapes = points_of(county)
    dirty = places.copy()
    dirty[::10] = as_written(places[::10], "GCJ02")
    dirty[5::10] = as_written(places[5::10], "swapped")
    assert detect(dirty, shapes, WGS84).verdict == "ok"


def pairs(*, both: int = 0, gained: int = 0, lost: int = 0, neither: int = 0) -> tuple[Any, list[Interpretation]]:
    """A matrix of `fits` for six readings of which only the declared one and the second hold any point."""
    first = [True] * both + [False] * gained + [True] * lost + [False] * neither
    second = [True] * both + [True] * gained + [False] * lost + [False] * neither
    inside = np.zeros((len(first), 6), dtype=bool)
    inside[:, 0], inside[:, 1] = first, second
    return inside, crs_detector.interpretations(WGS84, x=np.array([112.0]), longitude=LON)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        # Sign test at 0.001 / 5 = 0.0002: 2⁻¹² = 0.00024 is too much, 2⁻¹³ = 0.00012 is enough.
        ({"both": 80, "gained": 12}, "ok"),
        ({"both": 80, "gained": 13}, "suspect"),
        # 5 % more of all points: 49 of 1000 do not suffice, however certain; 50 do.
        ({"both": 951, "gained": 49}, "ok"),
        ({"both": 950, "gained": 50}, "suspect"),
        # A net gain of 10 % that chance explains (55 to 45 of 100).
        ({"gained": 55, "lost": 45}, "unknown"),
        ({"both": 300, "gained": 55, "lost": 45}, "ok"),
        # 30 points are the least.
        ({"gained": MIN_TESTED - 1}, "unknown"),
        ({"gained": MIN_TESTED}, "suspect"),
        # Half of the points must lie in their grid before the declared system counts as confirmed.
        ({"both": 50, "neither": 50}, "ok"),
        ({"both": 49, "neither": 51}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_rule_can_be_checked_by_hand(counts: dict[str, int], verdict: str) -> None:
    inside, readings = pairs(**counts)
    assert judge(inside, readings).verdict == verdict


@pytest.mark.parametrize(
    ("longitude", "first"), [(114.0, ["EPSG:4526", "EPSG:4547"]), (75.0, ["EPSG:4513", "EPSG:4534"])]
)
def test_the_nearest_zone_comes_first_and_every_code_is_a_cgcs2000_zone(longitude: float, first: list[str]) -> None:
    codes = crs_detector.zones(longitude)
    assert codes[:2] == first
    assert all("CGCS2000 / " in pyproj.CRS(code).name for code in codes)


def test_numbers_that_lead_nowhere_are_outside() -> None:
    places = np.array([[1e300, 1e300], [-1e9, 5.0], [0.0, 90.0], [np.inf, 1.0]])
    shapes = np.array([shapely.box(100, 30, 120, 40)] * len(places))
    readings = crs_detector.interpretations(Interpretation("EPSG:4547"), x=places[:, 0], longitude=LON)
    assert not crs_detector.fits(*places.T, shapes=shapes, readings=readings).any()
