"""Which reference system do a source's numbers really use? The one under which points lie in the grid they claim.

A method of this project (domain.md section 12). The answer is relative to the polygons: that they are shifted alone is
found too, that both are shifted alike is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from scipy.stats import binom

from etl import coordinates
from etl.coordinates import Floats

Axes = Literal["lon_lat", "lat_lon"]
Verdict = Literal["ok", "suspect", "unknown"]
Flags = npt.NDArray[np.bool_]

MIN_TESTED = 30
"""Fewer different points decide nothing."""

MARGIN = 0.05
"""By how much the share inside must rise. A rise that is certain but smaller moves too few points to matter, and the
grid polygons' own errors reach it; GCJ-02 moves 24 to 59 % of points out of their grid where grids are 1 km wide."""

FALSE_ALARM = 0.001
"""Accepted chance of an alarm per test when no interpretation is truly better than the declared one."""

FITTING = 0.5
"""Where not even half the points lie in the grid they claim, agreement with the declared system cannot be stated."""

_DEGREES = 360.0


@dataclass(frozen=True)
class Interpretation:
    """A reference system, and whether the longitude (or easting) column holds longitude or latitude.

    `borders` supposes that not the points but the polygons are in another system than they were read in.
    """

    crs: str
    axes: Axes = "lon_lat"
    borders: str = ""

    @property
    def code(self) -> str:
        """How the snapshot writes it: “GCJ02”, “GCJ02 lat_lon”, “WGS84 borders GCJ02”."""
        return " ".join(
            filter(None, [self.crs, self.axes.removeprefix("lon_lat"), self.borders and f"borders {self.borders}"])
        )

    def read(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude of the numbers so read, to be held against the polygons as they were read."""
        if self.axes == "lat_lon":
            x, y = y, x
        return coordinates.from_wgs84(*coordinates.to_wgs84(x, y, self.crs), self.borders or "WGS84")


@dataclass(frozen=True)
class Finding:
    """What the points say. Shares are of the tested points, inside the grid each claims; `rival` fits as well as
    `best` as far as these points can tell."""

    verdict: Verdict
    tested: int
    share_declared: float
    best: Interpretation
    share_best: float
    rival: Interpretation | None = None


def interpretations(declared: Interpretation, *, x: Floats, longitude: float) -> list[Interpretation]:
    """The declared interpretation first, then every other worth a test.

    Numbers too large for degrees are also read in the CGCS2000 zones around `longitude`. Points
    declared as true ones are last held against polygons that may be GCJ-02 or BD-09.
    """
    systems = [declared.crs, "WGS84", "GCJ02", "BD09"]
    if np.median(np.abs(x)) > _DEGREES:
        systems += zones(longitude)
    if declared.crs == "CGCS2000":  # the same numbers as WGS-84
        systems.remove("WGS84")
    order = sorted(("lon_lat", "lat_lon"), key=lambda axes: axes != declared.axes)
    points = [Interpretation(crs, axes) for crs in dict.fromkeys(systems) for axes in order]  # type: ignore[arg-type]
    if declared.crs not in ("WGS84", "CGCS2000"):
        return points  # that points and polygons are both shifted is no better an answer than that neither is
    return points + [replace(declared, borders=crs) for crs in ("GCJ02", "BD09")]


def zones(longitude: float) -> list[str]:
    """CGCS2000 Gauss-Krüger zones near a longitude, with and without zone prefix: three of 3°, one of 6°."""
    three = [zone for zone in (round(longitude / 3) + step for step in (0, -1, 1)) if 25 <= zone <= 45]
    six = [zone for zone in (int(longitude // 6) + 1,) if 13 <= zone <= 23]
    codes = [base + zone for zone in three for base in (4488, 4509)] + [base + z for z in six for base in (4478, 4489)]
    return [f"EPSG:{code}" for code in codes]


def fits(x: Floats, y: Floats, *, shapes: npt.NDArray[Any], readings: Sequence[Interpretation]) -> Flags:
    """Per point (row) and reading (column): does it lie in the polygon the record claims (`shapes`, one per point)?"""
    shapely.prepare(shapes)
    columns = []
    with np.errstate(all="ignore"):  # a wrong reading may lead anywhere
        for reading in readings:
            lon, lat = (np.nan_to_num(part, nan=0, posinf=0, neginf=0) for part in reading.read(x, y))
            columns.append(shapely.intersects_xy(shapes, lon, lat))
    return np.column_stack(columns)


def judge(inside: Flags, readings: Sequence[Interpretation]) -> Finding:
    """The verdict on a matrix of `fits` whose first column is the declared reading.

    suspect: another reading holds `MARGIN` more of the points, and a sign test on the points that only one of the two
    holds rejects chance (`FALSE_ALARM` divided by the number of readings tried). unknown: too few points, or no
    reading fits. Points must be different ones: copies of one address would count as independent witnesses.
    """
    tested = len(inside)
    if not tested:
        return Finding("unknown", 0, float("nan"), readings[0], float("nan"))
    shares = inside.mean(axis=0)
    order = np.argsort(-shares, kind="stable")
    best, second = int(order[0]), int(order[1])
    level = FALSE_ALARM / (len(readings) - 1)
    verdict: Verdict = "ok"
    if tested >= MIN_TESTED and _is_better(inside, best, than=0, level=level):
        verdict = "suspect"
    elif tested < MIN_TESTED or shares[0] < FITTING:
        verdict = "unknown"
    alike = verdict == "suspect" and not _is_better(inside, best, than=second, level=level)
    return Finding(
        verdict, tested, float(shares[0]), readings[best], float(shares[best]), readings[second] if alike else None
    )


def _is_better(inside: Flags, best: int, *, than: int, level: float) -> bool:
    """Does one reading hold clearly more points than another? One-sided exact sign test (McNemar's pairs)."""
    gained = int((inside[:, best] & ~inside[:, than]).sum())
    lost = int((inside[:, than] & ~inside[:, best]).sum())
    chance = float(binom.sf(gained - 1, gained + lost, 0.5))
    return gained - lost >= MARGIN * len(inside) and chance < level
