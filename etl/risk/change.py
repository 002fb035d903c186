"""Is it more than before? Counts of the last weeks against the weeks before and a year ago."""

from __future__ import annotations

import numpy as np

from etl.risk.estimate import Floats, Ints
from etl.risk.inputs import Cases

YEAR_DAYS = 365


def change(current: Ints, before: Ints) -> Floats:
    """z of two Poisson counts: 2(√current − √before), data_model_and_metrics.md section 5.3."""
    return np.asarray(2 * (np.sqrt(current) - np.sqrt(before)))


def changes(cases: Cases, *, grids: int, days: int, known_days: float) -> dict[str, Ints | Floats]:
    """Columns recent, previous, last_year and their z by grid; NaN where the data do not reach back `known_days`."""
    recent = cases.since(days).count(grids)
    columns: dict[str, Ints | Floats] = {"recent": recent}
    for name, until in (("previous", days), ("last_year", YEAR_DAYS)):
        if known_days >= until + days:
            columns[name] = cases.since(days, until=until).count(grids)
            columns[f"z_{name}"] = change(recent, columns[name].astype(np.int64))
        else:
            columns[name] = columns[f"z_{name}"] = np.full(grids, np.nan)
    return columns
