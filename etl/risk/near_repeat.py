"""Does the same trouble come back close by and soon? Near repeats, and the Knox test of whether that is chance.

Only cases with an exact place count; who was involved is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
from scipy.spatial import cKDTree

from etl.risk import store
from etl.risk.estimate import Flags, Floats, Ints, Words
from etl.risk.parameters import Parameters
from etl.risk.places import to_metres

SEED = 11
CHUNK = 2_000_000
"""Most pairs in memory at a time (cases piled on one coordinate make pairs by the square)."""


@dataclass(frozen=True)
class Points:
    """Cases with an exact place, oldest first: key, category, grid, metres east and north, days before the end."""

    key: Ints
    category: Words
    grid: Words
    place: Floats
    age: Floats

    def where(self, rows: Flags) -> Points:
        """The cases of these rows."""
        return Points(self.key[rows], self.category[rows], self.grid[rows], self.place[rows], self.age[rows])


def read_points(con: duckdb.DuckDBPyConnection, *, as_of: datetime, days: int) -> Points:
    """The cases of the last `days` days that have a category and are located to the point or building."""
    found = con.execute(
        """
        select f.case_key, f.category, f.grid, p.lon, p.lat, epoch($as_of - f.accept_at) / 86400 as age
        from fact_case as f join case_point as p using (case_key) join case_base as b using (case_key)
        where b.precision in ('point', 'building') and p.lon is not null and p.lat is not null and f.category != ''
          and f.accept_at <= $as_of and f.accept_at > $as_of - to_days($days)
        order by f.case_key
        """,
        {"as_of": as_of, "days": days},
    ).fetchnumpy()
    lon, lat, age = (np.asarray(found[name], dtype=np.float64) for name in ("lon", "lat", "age"))
    place = to_metres(lon, lat) if len(lon) else np.empty((0, 2))
    category, grid = (np.asarray(found[name], dtype=object) for name in ("category", "grid"))
    return Points(np.asarray(found["case_key"], dtype=np.int64), category, grid, place, age)


def close_pairs(place: Floats, *, metres: float) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (i < j) at most `metres` apart, in pieces of bounded size."""
    tree = cKDTree(place)
    number = tree.query_ball_point(place, metres, return_length=True)
    piece = np.cumsum(number) // CHUNK
    for rows in np.split(np.arange(len(place)), np.flatnonzero(np.diff(piece)) + 1):
        found = tree.query_ball_point(place[rows], metres)
        left, right = np.repeat(rows, number[rows]), np.concatenate([np.asarray(f, dtype=np.int64) for f in found])
        yield left[left < right], right[left < right]


def soon_pairs(age: Floats, *, days: float) -> int:
    """How many pairs lie at most `days` apart."""
    ordered = np.sort(age)
    return int((np.searchsorted(ordered, ordered + days, side="right") - np.arange(len(ordered)) - 1).sum())


def knox(points: Points, parameters: Parameters) -> tuple[dict[str, Any], dict[str, Any]]:
    """A row of `fact_knox` for cases of one category, and the columns of `fact_near_repeat`."""
    p, age = parameters, points.age
    pieces: list[tuple[Ints, Ints]] = []
    repeats: list[tuple[Ints, Ints]] = []
    near = observed = 0
    for i, j in close_pairs(points.place, metres=p.near_metres):
        soon = np.abs(age[i] - age[j]) <= p.near_days
        near, observed = near + len(i), observed + int(soon.sum())
        pieces = [*pieces, (i, j)] if near <= p.knox_pairs else []
        recent = soon & (age[j] < p.recent_days)
        repeats.append((i[recent], j[recent]))
    in_time, n = soon_pairs(age, days=p.near_days), len(age)
    row = {
        "category": points.category[0],
        "cases": n,
        "near_space": near,
        "near_time": in_time,
        "observed": observed,
        "expected": near * in_time / (n * (n - 1) / 2) if n > 1 else 0.0,
        "p_value": _by_chance(pieces, age, observed=observed, parameters=p) if near <= p.knox_pairs else np.nan,
    }
    return row, _listed(repeats, points, limit=p.near_pairs)


def _by_chance(pieces: list[tuple[Ints, Ints]], age: Floats, *, observed: int, parameters: Parameters) -> float:
    """Share of reshufflings of the times over the places with at least as many pairs, the observed one included."""
    rng = np.random.default_rng(SEED)
    reached = 1
    for _ in range(parameters.knox_permutations):
        shuffled = rng.permutation(age)
        found = sum(int((np.abs(shuffled[i] - shuffled[j]) <= parameters.near_days).sum()) for i, j in pieces)
        reached += found >= observed
    return reached / (parameters.knox_permutations + 1)


def _listed(repeats: list[tuple[Ints, Ints]], points: Points, *, limit: int) -> dict[str, Any]:
    """The newest pairs as columns; points are in order of time, so that the later case is the second."""
    earlier, later = (np.concatenate(side) for side in zip(*repeats, strict=True))
    newest = np.lexsort((-earlier, -later))[:limit]
    i, j = earlier[newest], later[newest]
    return {
        "category": points.category[j],
        "case_key": points.key[j],
        "other_key": points.key[i],
        "metres": np.hypot(*(points.place[i] - points.place[j]).T),
        "days": points.age[i] - points.age[j],
        "grid": points.grid[j],
    }


def write_near_repeats(con: duckdb.DuckDBPyConnection, *, as_of: datetime, parameters: Parameters) -> None:
    """Fill `fact_knox` and `fact_near_repeat`, category by category."""
    points = read_points(con, as_of=as_of, days=parameters.lookback_days)
    for category in np.unique(points.category.astype(str)):
        row, pairs = knox(points.where(points.category == category), parameters)
        store.append_row(con, "fact_knox", row)
        store.append(con, "fact_near_repeat", pairs)
