"""Does the risk map find what is truly risky, and keep silent where nothing is? Prints a table over many counties.

`python -m bench.risk [--seeds 20] [--cases 60000] [--loads 2]`

Counties are drawn by the demo's own generator, with the same random numbers as its files, but without writing them.
The last `--loads` seeds also go through the real files and the real load, to show that both agree.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from etl.build import load
from etl.demo import AS_OF, write_demo
from etl.demo.cases import DISCOVERY_OF_CHANNEL, Drawer, Pool, draw_slots, make_plan
from etl.demo.clock import DAY, NEVER, Clock, seconds
from etl.demo.county import County, build_county, grid_rates, month_starts
from etl.demo.flow import Flow
from etl.demo.truth import TOP
from etl.reference import Reference
from etl.risk.clusters import Neighbourhood
from etl.risk.inputs import Cases, Grids
from etl.risk.parameters import read_parameters
from etl.risk.runs import Runs

MONTHS = 24
METHODS = {"counts": "counts", "rr_raw": "raw rates", "rr": "empirical Bayes"}
FLAT_SENTENCE = "各网格差异未超出随机波动"


@dataclass(frozen=True)
class Outcome:
    """What one county's default run says: true top grids found by each method, tiers, state."""

    found: dict[str, int]
    red: int
    coloured: int
    state: str
    sentence: str
    p_flat: float
    rr: Any

    @property
    def silent(self) -> bool:
        """No red grid, and the sentence said."""
        return self.red == 0 and self.sentence == FLAT_SENTENCE


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the counties and print what the map finds."""
    parser = argparse.ArgumentParser(prog="python -m bench.risk")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--cases", type=int, default=60_000, help="over 24 months")
    parser.add_argument("--loads", type=int, default=2, help="seeds that also go through files and load")
    options = parser.parse_args(arguments)
    seeds = range(1, options.seeds + 1)
    print(f"{options.seeds} counties of {options.cases:,} cases in {MONTHS} months; default run (h60, reported)")
    print_found([drawn_outcome(seed, cases=options.cases) for seed in seeds])
    print_silence([drawn_outcome(seed, cases=options.cases, flat=True) for seed in seeds])
    for seed in seeds[len(seeds) - options.loads :]:
        print_agreement(seed, cases=options.cases)


def drawn_outcome(seed: int, *, cases: int, flat: bool = False) -> Outcome:
    """The default run on a county drawn without files."""
    reference = Reference()
    county = build_county(seed=seed, months=MONTHS, flat=flat)
    parameters = replace(read_parameters(reference.rules), half_life_days=(60,))
    drawn = draw_cases(county, Clock(reference), seed=seed, cases=cases)
    around = Neighbourhood(np.empty(0, dtype=np.int64), np.empty((0, 2)), np.empty((2, 0), dtype=np.int64))
    runs = Runs(known_grids(county), drawn, around, parameters, AS_OF)
    ((row, columns),) = runs.of("reported", "none")
    return outcome(row, {name: np.asarray(columns[name]) for name in ("cases", "rr_raw", "rr", "tier")}, county)


def known_grids(county: County) -> Grids:
    """The county's grids with the persons its files name."""
    basis = county.population.astype(np.float64)
    basis[list(county.unpopulated)] = np.nan
    nowhere = np.full(len(basis), np.nan)
    codes = np.array(county.grid_codes, dtype=object)
    return Grids(codes, np.zeros(len(basis), dtype=np.int64), county.area_m2, nowhere, nowhere, basis, "population")


def draw_cases(county: County, clock: Clock, *, seed: int, cases: int) -> Cases:
    """The cases of the look-back whose grid is known, with the random numbers of `etl.demo.write_demo`."""
    months = month_starts(as_of=AS_OF.date(), months=MONTHS)
    plan = make_plan(clock, months=months, as_of=AS_OF, cases=cases, rng=np.random.default_rng([seed, 5]))
    drawer, flow, pool = Drawer(county, clock), Flow(county, clock, as_of=seconds(AS_OF)), Pool()
    drawn, pieces = 0, []
    for index, month in enumerate(months):
        slots = draw_slots(plan, month=index, as_of=AS_OF, rng=np.random.default_rng([seed, 7, index]))
        rng = np.random.default_rng([seed, 8, index, 1])
        one = drawer.draw(slots, month=month, index=index, first_number=drawn, pool=pool, rng=rng)
        pool.remember(one, rng)
        drawn += len(one)
        if month > (AS_OF - timedelta(days=220)).date():
            graded = flow.run(one, rng).times["grade"] != NEVER
            level = np.where(graded, 3 - one.level, 0)
            own = DISCOVERY_OF_CHANNEL[one.channel] == 0
            rows = np.stack([one.grid, seconds(AS_OF) - one.slot, level, own, one.grid_known])
            pieces.append(rows)
    grid, age, level, own, known = np.concatenate(pieces, axis=1)
    return Cases(grid, age / DAY, level, own.astype(bool)).where(known.astype(bool))


def outcome(row: dict[str, Any], columns: dict[str, Any], county: County) -> Outcome:
    """Compare a run with the truth: `truth.json`'s top grids by true rate of the last month."""
    best = set(np.argsort(-grid_rates(county, month=MONTHS - 1, category=-1), kind="stable")[:TOP].tolist())
    ranks = {"counts": columns["cases"], "rr_raw": columns["rr_raw"], "rr": columns["rr"]}
    found = {}
    for name, rank in ranks.items():
        order = np.argsort(-np.nan_to_num(rank.astype(np.float64), nan=-1.0), kind="stable")[:TOP]
        found[name] = len(best & set(order.tolist()))
    tier = columns["tier"]
    coloured = int(np.isin(tier, ("red", "orange", "yellow")).sum())
    red = int((tier == "red").sum())
    return Outcome(found, red, coloured, row["state"], row["sentence"], row["p_flat"], columns["rr"])


def print_found(outcomes: Sequence[Outcome]) -> None:
    """How many of the true top grids each method finds."""
    table = {name: np.array([one.found[name] for one in outcomes]) for name in METHODS}
    print(f"\nTrue top {TOP} grids by rate among the first {TOP} of each ranking (mean of counties ± standard error)")
    for name, words in METHODS.items():
        mean, error = table[name].mean(), _error(table[name])
        print(f"  {words:<16}{mean:6.2f} ± {error:4.2f}   {mean / TOP:6.1%}   each: {' '.join(map(str, table[name]))}")
    ratio = table["rr"].mean() / table["counts"].mean()
    difference = table["rr"] - table["rr_raw"]
    print(f"  EB / counts     {ratio:6.2f} ×   wanted ≥ 1.60: {_verdict(ratio >= 1.6)}")
    no_worse = difference.mean() >= -2 * _error(difference)
    gain = f"{difference.mean():+6.2f} ± {_error(difference):.2f}"
    print(f"  EB − raw rates {gain}   wanted ≥ −2 errors: {_verdict(no_worse)}")
    print(f"  red grids per county {np.mean([one.red for one in outcomes]):.1f}, states {_states(outcomes)}")


def print_silence(outcomes: Sequence[Outcome]) -> None:
    """How often the map keeps silent where all grids share one rate."""
    share = np.mean([one.silent for one in outcomes])
    print("\nAll grids share one rate")
    print(f"  no red grid and “{FLAT_SENTENCE}”: {share:6.1%}   wanted ≥ 95 %: {_verdict(share >= 0.95)}")
    print(f"  states {_states(outcomes)}, red grids {sum(one.red for one in outcomes)}")
    print(f"  p of the test for chance: {' '.join(f'{one.p_flat:.3f}' for one in outcomes)}")


def print_agreement(seed: int, *, cases: int) -> None:
    """One seed, and its flat twin, through real files and load beside the drawn county."""
    for flat in (False, True):
        drawn, loaded = drawn_outcome(seed, cases=cases, flat=flat), loaded_outcome(seed, cases=cases, flat=flat)
        both = np.isfinite(drawn.rr) & np.isfinite(loaded.rr)
        apart = np.abs(drawn.rr[both] - loaded.rr[both]).max()
        print(
            f"\nSeed {seed}{' flat' * flat} through files and load: found {loaded.found} (drawn {drawn.found}),"
            f" red {loaded.red} ({drawn.red}), state {loaded.state} ({drawn.state}), rr apart by at most {apart:.3f}"
        )


def loaded_outcome(seed: int, *, cases: int, flat: bool = False) -> Outcome:
    """The default run of a county that was written, loaded and published."""
    with tempfile.TemporaryDirectory(prefix="yiping-risk-") as folder:
        delivery, warehouse = Path(folder) / "delivery", Path(folder) / "warehouse"
        report = write_demo(delivery, cases=cases, seed=seed, months=MONTHS, flat=flat)
        pointer = load(delivery, warehouse, now=report.as_of + timedelta(hours=1)).pointer
        con = duckdb.connect(str(warehouse / pointer.file), read_only=True)
        row = con.execute("select state, sentence, p_flat from fact_risk_run where is_default").fetchall()[0]
        rows = con.execute(
            "select grid, g.cases, g.rr_raw, g.rr, g.tier from fact_grid_risk as g join fact_risk_run using (run_id)"
            " where is_default"
        ).fetchall()
        con.close()
    county = build_county(seed=seed, months=MONTHS, flat=flat)
    by_grid = {grid: values for grid, *values in rows}
    columns = zip(*(by_grid[code] for code in county.grid_codes), strict=True)
    counts, raw, smoothed, tier = (list(column) for column in columns)
    numbers = {"cases": counts, "rr_raw": raw, "rr": smoothed}
    named = {name: np.array(column, dtype=np.float64) for name, column in numbers.items()} | {"tier": np.array(tier)}
    return outcome(dict(zip(("state", "sentence", "p_flat"), row, strict=True)), named, county)


def _error(values: Any) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def _verdict(good: bool | np.bool_) -> str:
    return "holds" if good else "DOES NOT HOLD"


def _states(outcomes: Sequence[Outcome]) -> str:
    states = [one.state for one in outcomes]
    return "、".join(f"{state} {states.count(state)}" for state in sorted(set(states)))


if __name__ == "__main__":
    main()
