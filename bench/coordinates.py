"""Is the right coordinate system found in every county? Fifty invented counties, four ways to write their points.

`python -m bench.coordinates [--seeds 50] [--points 2000 60]`; a report, the tests do a handful. Counties come from the
demo's own generator; the points are drawn as its cases are, written with six decimals, and dirtied far more than the
demo's files are. What is asked is the load's own check.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from etl import crs_detector
from etl.coordinates import Floats
from etl.crs_detector import Finding, Interpretation
from etl.demo.county import County, build_county, grid_rates
from etl.demo.geography import LON, PointsCrs, as_written

WRITTEN: dict[PointsCrs, Interpretation] = {
    "WGS84": Interpretation("WGS84"),
    "GCJ02": Interpretation("GCJ02"),
    "BD09": Interpretation("BD09"),
    "swapped": Interpretation("WGS84", "lat_lon"),
}
DIRT = 0.02
"""Share of points with each of three faults (the demo: 0.0003 to 0.0005): swapped, moved, in another grid."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the counties and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.coordinates")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--points", type=int, nargs="+", default=[2000, 60])
    options = parser.parse_args(arguments)
    rows = [row for seed in range(1, options.seeds + 1) for row in one_county(seed, sizes=options.points)]
    table = pd.DataFrame(rows).groupby(["points", "declared", "written"], sort=False)
    summary = table.agg(
        seeds=("right", "size"),
        right=("right", "sum"),
        alarms=("alarm", "sum"),
        least_best=("share_best", "min"),
        most_declared=("share_declared", "max"),
    )
    print(summary.round(3).to_string())


def one_county(seed: int, *, sizes: Sequence[int]) -> list[dict[str, object]]:
    """Every written system under two declarations, for each number of points."""
    county, rows = build_county(seed=seed, months=1), []
    for points in sizes:
        for declared in ("WGS84", "GCJ02"):
            for written, truth in WRITTEN.items():
                found = judged(county, points=points, written=written, declared=WRITTEN[declared], seed=seed)
                expected = "ok" if truth == WRITTEN[declared] else "suspect"
                rows.append(
                    {
                        "points": points,
                        "declared": declared,
                        "written": written,
                        "right": found.verdict == expected and found.best == truth,
                        "alarm": found.verdict == "suspect",
                        "share_best": found.share_best,
                        "share_declared": found.share_declared,
                    }
                )
    return rows


def judged(county: County, *, points: int, written: PointsCrs, declared: Interpretation, seed: int) -> Finding:
    """What the load would say about so many cases of this county."""
    rng = np.random.default_rng([seed, points])
    weight = county.population * grid_rates(county, month=0, category=-1)
    grid = rng.choice(len(weight), points, p=weight / weight.sum())
    x, y = _dirty(as_written(county.triangles.points(rng, grid), written), county, written=written, rng=rng).T
    readings = crs_detector.interpretations(declared, x=x, longitude=LON)
    return crs_detector.judge(crs_detector.fits(x, y, shapes=county.shapes[grid], readings=readings), readings)


def _dirty(places: Floats, county: County, *, written: PointsCrs, rng: np.random.Generator) -> Floats:
    fault = rng.choice(4, len(places), p=[1 - 3 * DIRT, DIRT, DIRT, DIRT])
    places[fault == 1] = places[fault == 1][:, ::-1]
    places[fault == 2, 0] += rng.uniform(0.9, 3, int((fault == 2).sum()))
    elsewhere = rng.integers(len(county.grid_codes), size=int((fault == 3).sum()))
    places[fault == 3] = as_written(county.triangles.points(rng, elsewhere), written)
    return np.round(places, 6)


if __name__ == "__main__":
    main()
