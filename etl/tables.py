"""How does a table that the contract declares come to be?"""

from __future__ import annotations

import duckdb

from etl.contract import TABLES


def create(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make an empty table with the columns that the contract declares."""
    columns = ", ".join(f"{c.name} {c.type}" for c in TABLES[table])
    con.execute(f"create table {table} ({columns})")
