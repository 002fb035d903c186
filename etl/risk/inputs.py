"""What does the risk map start from? Grids in force with their basis, and the cases that count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from etl.risk.estimate import Flags, Floats, Ints, Words, weigh
from etl.risk.parameters import LEVELS, Parameters

SCOPES = ("reported", "all")
STRATA = ("none", "urban_rural")


@dataclass(frozen=True)
class Grids:
    """The grids in force, in order of their codes. `basis` counts persons (or households), NaN where unknown."""

    codes: Words
    urban_rural: Ints
    area_m2: Floats
    lon: Floats
    lat: Floats
    basis: Floats
    basis_name: str

    def stratum(self, strata: str) -> Ints:
        """Number of the stratum of each grid."""
        return self.urban_rural if strata == "urban_rural" else np.zeros(len(self.codes), dtype=np.int64)


@dataclass(frozen=True)
class Cases:
    """Cases of grids in force, oldest first: index of the grid, days before the data's end, severity, self-found."""

    grid: Ints
    age: Floats
    level: Ints
    self_found: Flags

    def within(self, scope: str) -> Cases:
        """The cases of a scope: reported leaves out what patrols found, so that patrols do not raise risk."""
        return self if scope == "all" else self.where(~self.self_found)

    def since(self, days: float, *, until: float = 0) -> Cases:
        """The cases accepted in (end − days, end], where the end lies `until` days before the data's; ages from it."""
        found = self.where((self.age >= until) & (self.age < until + days))
        return replace(found, age=found.age - until)

    def where(self, rows: Flags) -> Cases:
        """The cases of these rows."""
        return Cases(self.grid[rows], self.age[rows], self.level[rows], self.self_found[rows])

    def severity(self, parameters: Parameters) -> Floats:
        """The severity weight of each case; ungraded counts as blue."""
        return np.array([parameters.severity[level] for level in LEVELS], dtype=np.float64)[self.level]

    def weights(self, parameters: Parameters, *, half_life: float) -> Floats:
        """The weight of each case: severity and recency."""
        return weigh(self.severity(parameters), self.age, half_life=half_life)

    def known_days(self) -> float:
        """Since how many days cases are known, the oldest thousandth left out: a mistyped year is no history."""
        return float(np.quantile(self.age, 0.999, method="higher")) if len(self.age) else 0.0

    def count(self, grids: int) -> Ints:
        """Cases by grid."""
        return np.bincount(self.grid, minlength=grids)


_GRIDS = """
with counted as (
    select grid, last(population order by month) filter (where population > 0) as population,
           last(households order by month) filter (where households > 0) as households
    from fact_population where month <= $at group by grid
)
select g.grid,
       case when left(r.urban_rural_code, 1) = '1' then 0 when left(r.urban_rural_code, 1) = '2' then 1 else 2 end
           as urban_rural,
       g.area_m2, g.lon, g.lat,
       coalesce(c.population, g.population) as population, coalesce(c.households, g.households) as households
from dim_grid as g
left join counted as c using (grid)
left join dim_region as r on r.region_code = g.village and r.region_level = 'village'
where coalesce(g.valid_from <= $in_force, true) and coalesce($in_force < g.valid_to + interval 1 day, true)
order by g.grid
"""


def read_grids(con: duckdb.DuckDBPyConnection, *, in_force: datetime, at: datetime, parameters: Parameters) -> Grids:
    """The grids in force at `in_force`, with the persons of the newest month up to `at`.

    Households stand in where hardly any grid has persons; where these are missing too, `basis_name` is ''.
    """
    found = con.execute(_GRIDS, {"at": at, "in_force": in_force}).fetchnumpy()
    columns = {
        name: np.ma.filled(np.ma.asarray(found[name], dtype=np.float64), np.nan)
        for name in ("area_m2", "lon", "lat", "population", "households")
    }
    usable = {name: np.where(columns[name] > 0, columns[name], np.nan) for name in ("population", "households")}
    enough = (n for n, v in usable.items() if np.isfinite(v).sum() >= max(parameters.min_basis_share * len(v), 1))
    name = next(enough, "")
    return Grids(
        codes=np.asarray(found["grid"], dtype=object),
        urban_rural=np.asarray(found["urban_rural"], dtype=np.int64),
        area_m2=columns["area_m2"],
        lon=columns["lon"],
        lat=columns["lat"],
        basis=usable.get(name, np.full(len(found["grid"]), np.nan)),
        basis_name=name,
    )


def read_cases(con: duckdb.DuckDBPyConnection, grids: Grids, *, as_of: datetime, days: float) -> Cases:
    """The cases of the last `days` days whose grid is in force."""
    con.register(
        "grid_place", pa.table({"grid": pa.array(grids.codes, pa.string()), "place": np.arange(len(grids.codes))})
    )
    found = con.execute(
        """
        select p.place, epoch($as_of - f.accept_at) / 86400 as age, f.discovery is not distinct from 'self' as own,
               greatest(list_position($levels, f.level), 1) - 1 as level
        from fact_case as f join grid_place as p using (grid)
        where f.accept_at <= $as_of and f.accept_at > $as_of - to_seconds($seconds)
        order by f.case_key
        """,
        {"as_of": as_of, "seconds": days * 86400, "levels": list(LEVELS)},
    ).fetchnumpy()
    con.unregister("grid_place")
    place, level = (np.asarray(found[name], dtype=np.int64) for name in ("place", "level"))
    return Cases(place, np.asarray(found["age"], dtype=np.float64), level, np.asarray(found["own"], dtype=bool))
