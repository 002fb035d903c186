"""In which reference system is a pair of numbers? Everything becomes WGS-84, which CGCS2000 equals within centimetres.

GCJ-02 and BD-09 follow the public formulas in general use; their inverses are found by iteration.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt
import pyproj

Floats = npt.NDArray[np.float64]

NAMED = ("WGS84", "CGCS2000", "GCJ02", "BD09")
_PROJECTED = re.compile(r"EPSG:\d{4,6}")

_AXIS = 6378245.0
_FLATNESS = 0.00669342162296594323
_BAIDU_TURN = np.pi * 3000.0 / 180.0
_ROUNDS = 10


def is_known(crs: str) -> bool:
    """Is this one of `NAMED`, or the EPSG code of a map system that the projection library knows?"""
    if crs in NAMED:
        return True
    if not _PROJECTED.fullmatch(crs):
        return False
    try:
        system = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return False
    return system.is_projected or system.is_geographic


def to_wgs84(x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats]:
    """Longitude and latitude (degrees, WGS-84) of coordinates in `crs`; x is longitude or easting. NaN stays NaN.

    Raises `ValueError` for a system that `is_known` does not know.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if crs in ("WGS84", "CGCS2000"):
        return x, y
    if crs == "GCJ02":
        return gcj_to_wgs(x, y)
    if crs == "BD09":
        return gcj_to_wgs(*bd_to_gcj(x, y))
    if not is_known(crs):
        raise ValueError(f"不认识的坐标系 {crs}；可用：{'、'.join(NAMED)} 或 EPSG:编号")
    lon, lat = _transformer(crs).transform(x, y)
    inside = np.isfinite(lon) & np.isfinite(lat)
    return np.where(inside, lon, np.nan), np.where(inside, lat, np.nan)


def from_wgs84(lon: Floats, lat: Floats, crs: str) -> tuple[Floats, Floats]:
    """The same places in one of `NAMED`, degrees."""
    if crs in ("WGS84", "CGCS2000"):
        return lon, lat
    shifted = wgs_to_gcj(lon, lat)
    return shifted if crs == "GCJ02" else gcj_to_bd(*shifted)


@cache
def _transformer(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def wgs_to_gcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS-84 to GCJ-02, degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
    north += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
    east += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    angle = np.radians(lat)
    curve = 1 - _FLATNESS * np.sin(angle) ** 2
    lat_gcj = lat + np.degrees(north / (_AXIS * (1 - _FLATNESS) / (curve * np.sqrt(curve))))
    lon_gcj = lon + np.degrees(east / (_AXIS / np.sqrt(curve) * np.cos(angle)))
    return lon_gcj, lat_gcj


def gcj_to_wgs(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 to WGS-84, degrees; iterated until far below a millimetre."""
    found_lon, found_lat = lon, lat
    for _ in range(_ROUNDS):
        shown_lon, shown_lat = wgs_to_gcj(found_lon, found_lat)
        found_lon, found_lat = found_lon + lon - shown_lon, found_lat + lat - shown_lat
    return found_lon, found_lat


def gcj_to_bd(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 to BD-09, degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd_to_gcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """BD-09 to GCJ-02, degrees; iterated, because the customary closed form is off by up to a metre."""
    found_lon, found_lat = lon - 0.0065, lat - 0.006
    for _ in range(_ROUNDS):
        shown_lon, shown_lat = gcj_to_bd(found_lon, found_lat)
        found_lon, found_lat = found_lon + lon - shown_lon, found_lat + lat - shown_lat
    return found_lon, found_lat
