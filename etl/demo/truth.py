"""What is really so? What the files were made from, for tests of detectors and maps."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import Any

import numpy as np

from etl.demo import names
from etl.demo.county import County, HotSpot, grid_rates
from etl.demo.dirt import Truth

TOP = 20


def _hot_spot(spot: HotSpot, *, county: County, months: list[date]) -> dict[str, Any]:
    last = months[spot.last_month]
    return {
        "grid_code": county.grid_codes[spot.grid],
        "multiplier": spot.multiplier,
        "category": f"{spot.category + 1:02d}" if spot.category >= 0 else None,
        "from": months[spot.first_month].isoformat(),
        "to": last.replace(day=monthrange(last.year, last.month)[1]).isoformat(),
    }


def _departments(county: County) -> dict[str, dict[str, float]]:
    habits = county.departments
    columns = {
        "on_time": habits.on_time,
        "signs_in_time": habits.signs,
        "returns": habits.returns,
        "speed": habits.speed,
        "satisfaction_tilt": habits.satisfies,
    }
    return {
        row[0]: {"name": row[1]} | {key: round(float(value[index]), 4) for key, value in columns.items()}  # type: ignore[misc]
        for index, row in enumerate(names.DEPARTMENTS)
    }


def truth_document(county: County, *, truth: Truth, months: list[date], seed: int, as_of: datetime) -> dict[str, Any]:
    """Hot spots, true rates of the last month (1 = mean per person), departments' habits, damage by line."""
    rate = grid_rates(county, month=len(months) - 1, category=-1)
    rate = rate / np.average(rate, weights=county.population)
    best = np.argsort(-rate, kind="stable")[:TOP]
    towns = [code for code, _, _ in county.towns]
    return {
        "county": names.COUNTY,
        "seed": seed,
        "as_of": as_of.isoformat(),
        "hot_spots": [_hot_spot(spot, county=county, months=months) for spot in county.hot_spots],
        "top_grids": [county.grid_codes[i] for i in best],
        "grid_rate": {code: round(float(value), 4) for code, value in zip(county.grid_codes, rate, strict=True)},
        "departments": _departments(county),
        "in_time_by_town": {
            kind: dict(zip(towns, row, strict=True))
            for kind, row in zip("RHCDP", county.in_time_by_town.tolist(), strict=True)
        },
        "late_entry_towns": [towns[t] for t in county.late_towns],
        "grids_without_population": [county.grid_codes[g] for g in county.unpopulated],
        "dirt": {
            kind: {"count": sum(map(len, by_file.values())), "lines": by_file}
            for kind, by_file in sorted(truth.dirt.items())
        },
    }
