"""How do computed columns become a table of the snapshot?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa


def append(con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, Any]) -> None:
    """Add rows given as columns by name; NaN becomes NULL."""
    rows = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    con.register("new_rows", rows)
    con.execute(f"insert into {table} by name select * from new_rows")
    con.unregister("new_rows")


def append_row(con: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    """Add one row."""
    append(con, table, {name: [value] for name, value in row.items()})
