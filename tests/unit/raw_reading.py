"""One file through the reader and the raw tables alone: what was kept, what was refused, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.mapping import load_mappings
from etl.raw import RawLoader, SourceFile, create_tables
from etl.reference import SOURCES, Reference


@dataclass(frozen=True)
class Raw:
    """A file's rows as text, and the rows that were not kept as (line, rule)."""

    source: SourceFile
    rows: list[dict[str, str]]
    rejected: list[tuple[int, str]]

    @property
    def column(self) -> list[str]:
        """The case numbers that were read."""
        return [row["case_id"] for row in self.rows]


MAPPINGS = tuple(load_mappings(SOURCES).values())


def read_raw(path: Path, entity: str = "case") -> Raw:
    """Read one file. Raises `LoadError` as a load would."""
    con = duckdb.connect(":memory:")
    try:
        create_tables(con)
        loader = RawLoader(con, mappings=MAPPINGS, reference=Reference(), salt=b"salt of the tests")
        source = SourceFile(1, path)
        for _ in loader.load(source):
            pass
        cursor = con.execute(f"select * from raw_{entity} order by line_no")
        names = [d[0] for d in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        rejected = con.execute("select line_no, rule from quarantine order by line_no").fetchall()
        return Raw(source, rows, rejected)
    finally:
        con.close()
