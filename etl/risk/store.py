"""How do computed columns become a table of the snapshot?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from etl.contract import TABLES


def create(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make an empty table as the contract declares it."""
    columns = ", ".join(f"{c.name} {c.type}" for c in TABLES[table])
    con.execute(f"create table {table} ({columns})")


def append(con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Any]) -> None:
    """Add rows given as columns by name; NaN becomes NULL."""
    rows = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    con.register("new_rows", rows)
    con.execute(f"insert into {table} by name select * from new_rows")
    con.unregister("new_rows")


def append_row(con: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    """Add one row."""
    append(con, table, {name: [value] for name, value in row.items()})
