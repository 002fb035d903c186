"""What is computed for a snapshot? Every run of the risk map, its replay, near repeats and the back-test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import product
from typing import Any

import duckdb

from etl import tables
from etl.risk import store
from etl.risk.backtest import Backtest
from etl.risk.frames import Replay
from etl.risk.inputs import SCOPES, STRATA, Cases, Grids, read_cases, read_grids
from etl.risk.near_repeat import write_near_repeats
from etl.risk.parameters import Parameters, read_parameters
from etl.risk.places import neighbourhood
from etl.risk.runs import DEFAULT, Runs

TABLES = (
    "fact_risk_run", "fact_grid_risk", "fact_risk_frame", "fact_near_repeat", "fact_knox", "fact_risk_backtest",
)  # fmt: skip


def compute(con: duckdb.DuckDBPyConnection, *, polygons: Any, rules: Mapping[str, Any], as_of: datetime) -> None:
    """Make the risk tables of the contract from `fact_case`, `case_point`, `dim_grid` and `fact_population`.

    `polygons` is the frame of `etl.geometry.load_grids`. Raises `LoadError` if the section [risk] is wrong.
    """
    parameters = read_parameters(rules)
    for table in TABLES:
        tables.create(con, table)
    grids = read_grids(con, in_force=as_of, at=as_of, parameters=parameters)
    cases = read_cases(con, grids, as_of=as_of, days=parameters.replay_days + parameters.lookback_days)
    _write_runs(con, Runs(grids, cases, neighbourhood(grids, polygons), parameters, as_of))
    _write_past(con, grids, cases, parameters=parameters, as_of=as_of)
    write_near_repeats(con, as_of=as_of, parameters=parameters)


def _write_runs(con: duckdb.DuckDBPyConnection, runs: Runs) -> None:
    for scope, strata in product(SCOPES, STRATA):
        for row, columns in runs.of(scope, strata):
            store.append_row(con, "fact_risk_run", row)
            if columns:
                store.append(con, "fact_grid_risk", columns)


def _write_past(
    con: duckdb.DuckDBPyConnection, grids: Grids, cases: Cases, *, parameters: Parameters, as_of: datetime
) -> None:
    """The replay and the back-test of the default scope; nothing where no grid has a basis."""
    if not grids.basis_name:
        return
    reported, known_days = cases.within(DEFAULT[0]), cases.known_days()
    replay = Replay(
        reported,
        known_days,
        grids.codes,
        lambda at: read_grids(con, in_force=as_of, at=at, parameters=parameters).basis,
        parameters,
        as_of,
    )
    for columns in replay.frames():
        store.append(con, "fact_risk_frame", columns)
    for row in Backtest(grids, reported, known_days, parameters, as_of).rows():
        store.append_row(con, "fact_risk_backtest", row)
