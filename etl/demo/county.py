"""Which county is it? Places with codes and names, departments with habits, and where trouble truly is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import shapely

from etl.demo import names
from etl.demo.clock import Flags, Floats, Ints
from etl.demo.geography import MARKET_TOWNS, RURAL_TOWNS, STREETS, TOWNS, build_geography, to_km
from etl.reference import Reference

GRIDS_EXPIRED = 4


@dataclass(frozen=True)
class HotSpot:
    """A grid where cases of a category (-1: all) are `multiplier` times as frequent for some months."""

    grid: int
    multiplier: float
    category: int
    first_month: int
    last_month: int


@dataclass(frozen=True)
class Departments:
    """What each department is truly like; the dashboard only ever sees what this leads to."""

    on_time: Floats
    signs: Floats
    returns: Floats
    speed: Floats
    satisfies: Floats


@dataclass(frozen=True)
class County:
    """Everything about the county that does not depend on how many cases there are."""

    towns: list[tuple[str, str, str]]
    villages: list[tuple[str, str, str, str]]
    town_of_village: Ints
    grid_codes: list[str]
    grid_names: list[str]
    grid_types: list[str]
    shapes: Any
    village_of_grid: Ints
    population: Ints
    area_m2: Floats
    base_rate: Floats
    late_towns: tuple[int, ...]
    unpopulated: tuple[int, int]
    expired: list[tuple[str, str, int]]
    departments: Departments
    in_time_by_town: Floats
    hot_spots: list[HotSpot]
    triangles: Triangles

    @property
    def town_of_grid(self) -> Ints:
        """The town of each grid."""
        return np.asarray(self.town_of_village[self.village_of_grid])


@dataclass(frozen=True)
class Triangles:
    """Grid polygons cut into triangles, so that a point inside a grid is drawn without rejection."""

    corners: Floats
    edges: Floats
    first: Ints

    def points(self, rng: np.random.Generator, grid: Ints) -> Floats:
        """One uniform point (lon, lat) strictly inside each of the given grids."""
        picked = np.searchsorted(self.edges, grid + rng.random(len(grid)) * 0.999_999, side="right")
        u, v = rng.random((2, len(grid)))
        fold = u + v > 1
        u, v = np.where(fold, 1 - u, u), np.where(fold, 1 - v, v)
        # A little towards the middle: rounding to six decimals must not push a point over a border.
        u, v = 0.96 * u + 0.0133, 0.96 * v + 0.0133
        a, b, c = self.corners[picked].transpose(1, 0, 2)
        return np.asarray(a + u[:, None] * (b - a) + v[:, None] * (c - a))


def _triangles(shapes: Any) -> Triangles:
    corners, areas, owner = [], [], []
    for index, shape in enumerate(shapes):
        parts = shapely.get_parts(shapely.constrained_delaunay_triangles(shape))
        corners.append(shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3])
        areas.append(shapely.area(parts))
        owner.append(np.full(len(parts), index))
    edges = [index + np.cumsum(part) / part.sum() for index, part in enumerate(areas)]
    return Triangles(np.concatenate(corners), np.concatenate(edges), np.concatenate(owner).astype(np.int64))


def _town_rows() -> list[tuple[str, str, str]]:
    groups = (
        ("街道", 1, names.STREET_NAMES),
        ("镇", 100, names.MARKET_TOWN_NAMES),
        ("乡", 200, names.RURAL_TOWN_NAMES),
    )
    return [
        (f"{names.COUNTY_CODE}{start + index:03d}", name, kind)
        for kind, start, members in groups
        for index, name in enumerate(members)
    ]


def _urban_villages(town_of_village: Ints, density: Floats) -> Flags:
    """Which villages are communities: most of a street, two of a 镇, one of a 乡, the densest first."""
    urban = np.zeros(len(density), dtype=bool)
    for town in range(TOWNS):
        members = np.flatnonzero(town_of_village == town)
        ranked = members[np.argsort(-density[members], kind="stable")]
        share = int(np.ceil(0.8 * len(members))) if town < STREETS else (2 if town < STREETS + MARKET_TOWNS else 1)
        urban[ranked[:share]] = True
    return urban


def _urban_rural_code(town: int, *, urban: bool, rank: int) -> str:
    if town < STREETS:
        return "111" if urban else "112"
    if town < STREETS + MARKET_TOWNS:
        return ("121" if rank == 0 else "122") if urban else "220"
    return "210" if urban else "220"


def _village_rows(
    rng: np.random.Generator, *, towns: list[tuple[str, str, str]], town_of_village: Ints, density: Floats
) -> list[tuple[str, str, str, str]]:
    """Code, name, type and urban-rural code of every village."""
    urban = _urban_villages(town_of_village, density)
    communities, villages = iter(names.community_names(rng)), iter(names.village_names(rng))
    rows: list[tuple[str, str, str, str]] = [("", "", "", "")] * len(density)
    for town in range(TOWNS):
        counts = {True: 0, False: 0}
        for village in np.flatnonzero(town_of_village == town):
            is_urban = bool(urban[village])
            code = f"{towns[town][0]}{(1 if is_urban else 200) + counts[is_urban]:03d}"
            name = next(communities if is_urban else villages)
            class_code = _urban_rural_code(town, urban=is_urban, rank=counts[True])
            rows[village] = (code, name, "居委会" if is_urban else "村委会", class_code)
            counts[is_urban] += 1
    return rows


def _sorted_places(shapes: Any, village_of_grid: Ints, town_of_village: Ints) -> tuple[Ints, Ints]:
    """New order of villages (town, north to south) and grids (village, west to east)."""
    places = shapely.get_coordinates(shapely.centroid(shapes))
    count = len(town_of_village)
    north = np.array([-places[village_of_grid == v, 1].mean() for v in range(count)])
    villages = np.lexsort((north, town_of_village))
    rank = np.empty(count, dtype=np.int64)
    rank[villages] = np.arange(count)
    grids = np.lexsort((-places[:, 1], places[:, 0], rank[village_of_grid]))
    return villages.astype(np.int64), grids.astype(np.int64)


def _departments(rng: np.random.Generator) -> Departments:
    count = len(names.DEPARTMENTS)
    on_time = 0.999 - 0.028 * rng.gamma(1.1, 1.0, count)
    # A league table needs its ends: two slow departments and two that hardly ever fail.
    slow = rng.choice(count, 4, replace=False)
    on_time[slow] = [0.915, 0.93, 0.999, 0.998]
    returns = rng.gamma(2.2, 1.0, count)
    returns = np.clip(0.042 * returns / returns.mean(), 0.008, 0.12)
    return Departments(
        on_time=np.clip(on_time, 0.9, 0.999),
        signs=np.clip(rng.normal(0.984, 0.007, count), 0.955, 0.997),
        returns=returns,
        speed=np.clip(rng.lognormal(0.0, 0.3, count), 0.5, 2.0),
        satisfies=np.clip(rng.normal(0.0, 0.02, count), -0.05, 0.035),
    )


def _hot_spots(rng: np.random.Generator, *, population: Ints, months: int) -> list[HotSpot]:
    """Ten true hot spots: five for good, one past, one rising now, three of one category."""
    sizeable = np.flatnonzero((population > 400) & (population < 2500))
    grids = rng.choice(sizeable, 10, replace=False)
    last = months - 1
    windows = [(0, last)] * 5 + [(months // 3, months // 2), (max(last - 2, 0), last)] + [(0, last)] * 3
    categories = [-1] * 7 + [16, 9, 8]
    multipliers = np.round(rng.uniform(3.0, 6.0, 10), 2)
    return [
        HotSpot(int(g), float(m), c, first, final)
        for g, m, c, (first, final) in zip(grids, multipliers, categories, windows, strict=True)
    ]


def _grid_names(village_of_grid: Ints, *, villages: list[tuple[str, str, str, str]], special: Flags) -> list[str]:
    places = ("学校", "园区", "商圈", "医院")
    numbers: dict[int, int] = {}
    result = []
    for grid, village in enumerate(village_of_grid.tolist()):
        numbers[village] = number = numbers.get(village, 0) + 1
        plain, dedicated = f"第{number}网格", f"{places[grid % len(places)]}专属网格{number}"
        result.append(f"{villages[village][1]}{dedicated if special[grid] else plain}")
    return result


def _grid_codes(village_of_grid: Ints, *, villages: list[tuple[str, str, str, str]]) -> list[str]:
    numbers: dict[int, int] = {}
    codes = []
    for village in village_of_grid.tolist():
        numbers[village] = numbers.get(village, 0) + 1
        codes.append(f"{villages[village][0]}{numbers[village]:03d}")
    return codes


def _expired(rng: np.random.Generator, *, villages: list[tuple[str, str, str, str]]) -> list[tuple[str, str, int]]:
    """Grids closed before the period, with the village they were in: code, name, village."""
    chosen = np.sort(rng.choice(len(villages), GRIDS_EXPIRED, replace=False))
    return [(f"{villages[v][0]}099", f"{villages[v][1]}原第99网格", int(v)) for v in chosen]


def _population(rng: np.random.Generator, *, town_of_grid: Ints, area_m2: Floats) -> Ints:
    """Log-normal around 900 persons; small, dense grids of the streets hold somewhat more."""
    dense = np.where(town_of_grid < STREETS, 0.22, 0.0) - 0.05 * np.log(area_m2 / np.median(area_m2))
    people = 900 * np.exp(0.62 * rng.standard_normal(len(area_m2)) + dense)
    return np.asarray(np.clip(people, 60, 6000), dtype=np.int64)


def build_county(*, seed: int, months: int, grids: int = 900, flat: bool = False) -> County:
    """The county of a seed with about `grids` grids: same seed, same county, whatever the number of cases.

    `flat`: all grids share one rate.
    """
    rng = np.random.default_rng([seed, 1])
    geography = build_geography(rng, grids=grids)
    village_order, grid_order = _sorted_places(geography.grids, geography.village_of_grid, geography.town_of_village)
    rank = np.argsort(village_order)
    shapes, village_of_grid = geography.grids[grid_order], rank[geography.village_of_grid[grid_order]]
    town_of_village = geography.town_of_village[village_order]
    area_m2 = shapely.area(shapely.transform(shapes, to_km)) * 1e6
    population = _population(rng, town_of_grid=town_of_village[village_of_grid], area_m2=area_m2)
    people = np.bincount(village_of_grid, weights=population)
    density = people / np.bincount(village_of_grid, weights=area_m2)
    towns = _town_rows()
    villages = _village_rows(rng, towns=towns, town_of_village=town_of_village, density=density)
    special = rng.random(len(shapes)) < 0.03
    town_tilt = rng.lognormal(0.0, 0.15, TOWNS)[town_of_village[village_of_grid]]
    hot_spots = _hot_spots(rng, population=population, months=months)
    hot = {spot.grid for spot in hot_spots}
    plain = [int(g) for g in rng.permutation(len(shapes)) if int(g) not in hot and population[g] > 700]
    county = County(
        towns=towns,
        villages=villages,
        town_of_village=town_of_village,
        grid_codes=_grid_codes(village_of_grid, villages=villages),
        grid_names=_grid_names(village_of_grid, villages=villages, special=special),
        grid_types=["02" if s else "01" for s in special],
        shapes=shapes,
        village_of_grid=village_of_grid,
        population=population,
        area_m2=area_m2,
        base_rate=rng.lognormal(0.0, 0.3, len(shapes)) * town_tilt,
        late_towns=(STREETS + 2, TOWNS - RURAL_TOWNS + 1),
        unpopulated=(plain[0], plain[1]),
        expired=_expired(rng, villages=villages),
        departments=_departments(rng),
        in_time_by_town=np.asarray(rng.uniform(0.89, 0.985, (5, TOWNS)).round(4), dtype=np.float64),
        hot_spots=hot_spots,
        triangles=_triangles(shapes),
    )
    return _flattened(county) if flat else county


def _flattened(county: County) -> County:
    """The same county with one rate for all grids: no tilt, no hot spots, no town that enters at the month's end."""
    return replace(county, base_rate=np.ones_like(county.base_rate), hot_spots=[], late_towns=())


def grid_rates(county: County, *, month: int, category: int) -> Floats:
    """True cases per person (relative) of each grid in a month, for one category or all (-1)."""
    rate = county.base_rate.copy()
    for spot in county.hot_spots:
        if spot.first_month <= month <= spot.last_month and spot.category in (-1, category):
            rate[spot.grid] *= spot.multiplier
    return rate


def department_weights(reference: Reference) -> Floats:
    """Share of each department in the cases of a (kind, category): rows are kind × 18 + category."""
    lines = {d[4]: index for index, d in enumerate(names.DEPARTMENTS)}
    rows = reference.rows("categories")
    table = np.zeros((5 * len(rows), len(lines)))
    for kind in range(5):
        for category, row in enumerate(rows):
            cell = table[kind * len(rows) + category]
            cell[lines[row["default_line"]]] += 0.74
            for helper in names.LINE_HELPERS[row["default_line"]]:
                cell[lines[helper]] += 0.26 / len(names.LINE_HELPERS[row["default_line"]])
            if kind == 1:
                for line in names.HAZARD_LINES:
                    cell[lines[line]] += 0.09
    return table


def month_starts(*, as_of: date, months: int) -> list[date]:
    """First days of the `months` months that end with the month of `as_of`."""
    last = as_of.year * 12 + as_of.month - 1
    return [date(m // 12, m % 12 + 1, 1) for m in range(last - months + 1, last + 1)]
