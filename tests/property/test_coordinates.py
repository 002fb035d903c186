"""Does every conversion of coordinates come back to where it started, anywhere in China?"""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import coordinates
from etl.coordinates import Floats
from etl.demo.geography import as_written

PLACES = st.lists(st.tuples(st.floats(73.5, 135.1), st.floats(17.5, 53.6)), min_size=1, max_size=200)
SPHERE = pyproj.Geod(ellps="WGS84")


def metres(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Distances along the ellipsoid."""
    return np.asarray(SPHERE.inv(lon, lat, other_lon, other_lat)[2])


@given(PLACES, st.sampled_from(["GCJ02", "BD09"]))
def test_points_written_in_another_system_come_back_within_a_centimetre(
    places: list[tuple[float, float]], crs: str
) -> None:
    given = np.array(places)
    back = coordinates.to_wgs84(*as_written(given, crs).T, crs)
    assert metres(*given.T, *back).max() < 0.01


@given(PLACES, st.booleans())
def test_a_three_degree_zone_comes_back_with_and_without_its_prefix(
    places: list[tuple[float, float]], has_prefix: bool
) -> None:
    lon, lat = np.array(places).T
    zone = int(np.clip(round(float(lon[0]) / 3), 25, 45))
    lon = 3 * zone + (lon - 104.3) / 31 * 1.5  # within the zone
    crs = f"EPSG:{(4488 if has_prefix else 4509) + zone}"
    x, y = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(lon, lat)
    assert (int(x[0] // 1_000_000) == zone) == has_prefix
    assert metres(lon, lat, *coordinates.to_wgs84(x, y, crs)).max() < 0.01


@pytest.mark.parametrize(("crs", "metres_away"), [("GCJ02", 576), ("BD09", 1351)])
def test_the_offsets_are_those_known_for_taiyuan(crs: str, metres_away: float) -> None:
    """domain.md section 12, at 112.5°E 37.9°N; rounded there, and measured on a sphere."""
    here = np.array([[112.5, 37.9]])
    assert metres(*here.T, *as_written(here, crs).T)[0] == pytest.approx(metres_away, abs=6)


@pytest.mark.parametrize(("crs", "easting"), [("EPSG:4526", 38_500_000), ("EPSG:4547", 500_000)])
def test_the_middle_of_zone_38_is_114_east(crs: str, easting: float) -> None:
    """The central meridian has no scale error: the pole is a quarter meridian (10,001,965.73 m) away."""
    lon, lat = coordinates.to_wgs84(np.array([easting, easting]), np.array([0.0, 10_001_965.73]), crs)
    assert lon[0] == pytest.approx(114, abs=1e-9)
    assert lat == pytest.approx([0, 90], abs=1e-7)


@pytest.mark.parametrize("crs", [*coordinates.NAMED, "EPSG:4547"])
def test_no_coordinate_stays_no_coordinate(crs: str) -> None:
    nothing = np.array([np.nan])
    assert np.isnan(coordinates.to_wgs84(nothing, nothing, crs)).all()


@pytest.mark.parametrize("crs", ["EPSG:1", "EPSG:5773", "GCJ-02", "wgs84", "", "EPSG:4547; drop table"])
def test_an_unknown_system_is_refused(crs: str) -> None:
    assert not coordinates.is_known(crs)
    with pytest.raises(ValueError, match="不认识的坐标系"):
        coordinates.to_wgs84(np.array([112.5]), np.array([37.9]), crs)
