"""Where do cases lie close together? Gaussian kernel density of counted cells, in metres on the ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import atan, cos, degrees, pi, radians, sinh

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dashboard.filters import DIMENSIONS, Filters

BANDWIDTHS = (150, 300, 500, 1000)
"""Standard deviations of the kernel that may be asked for, in metres on the ground."""

FOLLOWED = ("town", "kind")
REACH_M = 100_000
TRUNCATE = 4.0
EARTH_M = 6_378_137

Bounds = tuple[tuple[float, float], tuple[float, float]]
"""South-west and north-east corner as (latitude, longitude), as Leaflet takes them."""


class NoSurfaceError(Exception):
    """There is no honest surface for this question; the text says why, for a person."""


@dataclass(frozen=True)
class Bins:
    """Cases counted into square Web-Mercator cells, summed over whole months."""

    centre_lat: float
    cell_side: float
    first: date
    end: date
    rows: tuple[tuple[int, int, str, int], ...]
    """Column, row (counted from 0°, 0°), location precision, cases."""

    @property
    def months(self) -> int:
        """How many months, from the first day of `first` to before `end`."""
        return 12 * (self.end.year - self.first.year) + self.end.month - self.first.month


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Cases per km² and month; the first row of `values` is the northernmost."""

    values: NDArray[np.float64]
    bounds: Bounds
    cell_km2: float
    first: date
    end: date
    cases: int
    too_coarse: int
    too_far: int


def whole_months(filters: Filters, as_of: datetime) -> tuple[date | None, date]:
    """First day of the first and day after the last whole month of the period (`None`: from the beginning).

    The day of the data counts as over, as in the default period. Raises `NoSurfaceError` if no month is whole.
    """
    today = as_of.date() + timedelta(days=1)
    end = min(filters.until or today, today).replace(day=1)
    since = filters.since
    if since is not None and since.day != 1:
        since = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
    if since is not None and since >= end:
        raise NoSurfaceError("热力面按整月计算，所选时段内没有完整的月份；请放宽时段")
    return since, end


def not_followed(filters: Filters) -> tuple[str, ...]:
    """Words for the conditions that the cells do not know, and the surface therefore ignores."""
    return tuple(name for key, name in DIMENSIONS.items() if key not in FOLLOWED and filters.values(key))


def surface(bins: Bins, *, bandwidth: int, precision_m: Mapping[str, float]) -> Surface:
    """Kernel density of the cells (Gaussian, `bandwidth` metres standard deviation, cut at four).

    One ground metre is 1/cos(latitude) Mercator metres; the middle latitude stands for the county (1 % off at 0.7°
    from it near 38° N). The raster is padded by the kernel's reach, so that no case is lost at its edge: the sum
    of values × cell area × months is the number of cases. Raises `NoSurfaceError` where locations are too coarse.
    """
    kept, too_coarse = _fine_enough(bins, bandwidth, precision_m)
    ground_m = bins.cell_side * cos(radians(bins.centre_lat))
    near = _near(kept, round(REACH_M / ground_m))
    pad = int(TRUNCATE * bandwidth / ground_m + 1)
    (west, south), (east, north) = near[:, :2].min(axis=0) - pad, near[:, :2].max(axis=0) + pad
    counts = np.zeros((north - south + 1, east - west + 1))
    np.add.at(counts, (north - near[:, 1], near[:, 0] - west), near[:, 2])
    area = (ground_m / 1000) ** 2
    smooth = gaussian_filter(counts, bandwidth / ground_m, mode="constant", truncate=TRUNCATE)
    corners = [(west, south), (east + 1, north + 1)]
    low, high = (_lat_lon(x * bins.cell_side, y * bins.cell_side) for x, y in corners)
    cases, all_kept = int(near[:, 2].sum()), int(kept[:, 2].sum())
    return Surface(
        values=smooth / area / bins.months,
        bounds=(low, high),
        cell_km2=area,
        first=bins.first,
        end=bins.end,
        cases=cases,
        too_coarse=too_coarse,
        too_far=all_kept - cases,
    )


def _fine_enough(bins: Bins, bandwidth: int, precision_m: Mapping[str, float]) -> tuple[NDArray[np.int64], int]:
    """Column, row and cases of the cells located finely enough, and how many cases are not; untold counts as grid."""
    kept = [(x, y, n) for x, y, told, n in bins.rows if precision_m.get(told, precision_m["grid"]) <= bandwidth]
    total, fine = sum(row[3] for row in bins.rows), sum(row[2] for row in kept)
    if not total:
        raise NoSurfaceError("所选范围内没有坐标可用的事项，热力面不显示")
    if 2 * fine < total:
        raise NoSurfaceError(
            f"{total} 件中有 {total - fine} 件的定位精度粗于带宽 {bandwidth} 米，超过一半，热力面不显示；请选更大的带宽"
        )
    return np.array(kept, dtype=np.int64), total - fine


def _near(cells: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """The cells within reach of the middle one: a mistyped point must not stretch the raster over a continent."""
    away = np.abs(cells[:, :2] - np.median(cells[:, :2], axis=0)).max(axis=1)
    middle = cells[away.argmin(), :2]  # a cell, not the empty ground between two halves far apart
    near: NDArray[np.int64] = cells[(np.abs(cells[:, :2] - middle) <= reach).all(axis=1)]
    return near


def _lat_lon(x: float, y: float) -> tuple[float, float]:
    """Degrees of a Web-Mercator point (spherical, EPSG:3857)."""
    return degrees(atan(sinh(y / EARTH_M))), x / EARTH_M * 180 / pi
