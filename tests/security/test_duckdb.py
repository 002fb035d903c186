"""DK-25…DK-28, DK-31: does DuckDB still do, and refuse, what the one door to it was built upon?

Where a later version answers otherwise, `dashboard/warehouse.py` is to be thought over again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dashboard import warehouse
from dashboard.warehouse import Snapshot, open_warehouse
from etl.contract import NoSnapshotError, read_pointer

REFUSED = r"(?i)disabled by configuration|disabled through configuration|locked|read-only|cannot change|cannot enable"


@pytest.fixture
def copied(small_county: Path, tmp_path: Path) -> Path:
    """A warehouse of one's own: what is written beside it harms nobody."""
    return Path(shutil.copytree(small_county, tmp_path / "warehouse"))


@pytest.fixture
def snapshot(copied: Path) -> Iterator[Snapshot]:
    """The snapshot as pages ask it."""
    opened = Snapshot(copied, read_pointer(copied))
    yield opened
    opened.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that is only opened read-only, with twenty rows in one table and one in another."""
    path = tmp_path / "plain.duckdb"
    with duckdb.connect(path) as made:
        made.execute("create table shown as select range::varchar as word from range(20)")
        made.execute("create table hidden as select 1 as secret")
    with duckdb.connect(path, read_only=True) as opened:
        yield opened


def is_refused(snapshot: Snapshot, sql: str) -> bool:
    """Is the statement refused by what was locked, and not for some other reason? Raises where it is another one."""
    try:
        snapshot.rows(sql)
    except duckdb.Error as error:
        if re.search(REFUSED, str(error)):
            return True
        raise
    return False


# --- what keeps nobody out ------------------------------------------------------------------------------------------


def test_dk25_read_only_alone_is_no_sandbox(plain: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for sql in ("insert into shown values ('x')", "drop table shown"):
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            plain.execute(sql)
    (tmp_path / "note.txt").write_text("of somebody else", encoding="utf-8")
    frame = pd.DataFrame({"held": ["in memory"]})
    plain.execute("set memory_limit = '1GB'")
    plain.execute(f"copy shown to '{tmp_path}/out.csv'")
    assert plain.execute(f"select content from read_text('{tmp_path}/note.txt')").fetchall() == [("of somebody else",)]
    assert plain.execute("select * from frame").fetchall() == [(frame["held"][0],)]
    assert (tmp_path / "out.csv").exists()


def test_dk26_what_the_locked_connection_refuses(snapshot: Snapshot, copied: Path) -> None:
    path = copied / read_pointer(copied).file
    for sql in (
        "insert into mart.fact_case select * from mart.fact_case", "drop table mart.fact_case",
        "select * from read_text('/etc/passwd')", "select * from read_csv('/etc/passwd')", "select * from glob('/*')",
        "select * from read_csv('http://127.0.0.1:1/x')", f"export database '{copied}/all'",
        f"copy (select 1) to '{copied}/out.csv'", f"copy (select 1) to '{path}.csv'", f"attach '{copied}/new.duckdb'",
        "install httpfs", "load httpfs", "create persistent secret s (type http)",
        "set memory_limit = '9GB'", "pragma memory_limit = '9GB'", "reset memory_limit", "set threads = 9",
        "set enable_external_access = true", "set lock_configuration = false", "set python_enable_replacements = true",
    ):  # fmt: skip
        assert is_refused(snapshot, sql), sql
    assert sorted(found.suffix for found in copied.iterdir() if found.stem == "out" or found.is_dir()) == []


def test_dk26_the_locked_connection_sees_no_frame_of_the_program(snapshot: Snapshot) -> None:
    frame = pd.DataFrame({"held": ["in memory"]})
    with pytest.raises(duckdb.CatalogException, match="frame does not exist"):
        snapshot.rows("select * from frame")
    assert len(frame) == 1


def test_dk26_what_it_still_allows_is_why_no_text_of_a_person_becomes_sql(snapshot: Snapshot, copied: Path) -> None:
    """Nothing of this is a promise; a version that refuses more is welcome, and this is then to be written anew."""
    path = copied / read_pointer(copied).file
    assert snapshot.rows("select 1; select 2") == [(2,)]
    assert snapshot.rows("select * from query('select 3')") == [(3,)]
    assert snapshot.rows("create temp table held as select 1") == [(1,)]
    assert snapshot.rows("set variable held = 1") == []
    assert (str(path),) in snapshot.rows("select path from duckdb_databases()")
    assert snapshot.rows("select count(*) > 100 from duckdb_settings()") == [(True,)]


# --- the order of locking -------------------------------------------------------------------------------------------


def test_dk27_the_spill_folder_is_set_before_files_are_shut_off_and_by_sql(tmp_path: Path) -> None:
    with pytest.raises(duckdb.PermissionException, match="temp_directory"):
        duckdb.connect(config={"temp_directory": str(tmp_path), "enable_external_access": "false"})
    with pytest.raises(duckdb.InvalidInputException, match="allowed_directories"):
        duckdb.connect(config={"allowed_directories": [str(tmp_path)], "enable_external_access": "false"})
    with closing(duckdb.connect()) as late:
        late.execute("set enable_external_access = false")
        for sql in (
            f"set temp_directory = '{tmp_path}'", f"set allowed_directories = ['{tmp_path}']",
            "set enable_external_access = true",
        ):  # fmt: skip
            with pytest.raises(duckdb.Error, match=r"(?i)disabled|cannot"):
                late.execute(sql)
        late.execute("set memory_limit = '1GB'")  # which is why the lock comes last


def test_dk27_a_question_too_large_for_memory_still_spills(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "MEMORY_LIMIT", "48MB")
    with closing(Snapshot(copied, read_pointer(copied))) as opened:
        running = opened.batches("select hash(range) as h from range(6000000) order by h", size=10)
        assert len(next(running)) == 10
        assert sum(file.stat().st_size for file in Path(opened._spill.name).iterdir()) > 1_000_000


def test_dk27_nothing_leads_out_of_the_spill_folder(snapshot: Snapshot) -> None:
    spill = Path(snapshot._spill.name)
    assert snapshot.rows(f"copy (select 1) to '{spill}/in.csv'") == [(1,)]
    for out in (f"{spill}/../out.csv", f"{spill}x/out.csv", f"{spill}/in/../../out.csv", f"{spill.parent}/out.csv"):
        assert is_refused(snapshot, f"copy (select 1) to '{out}'"), out
    assert not (spill.parent / "out.csv").exists()


# --- the file itself ------------------------------------------------------------------------------------------------


def test_dk28_the_locked_connection_is_no_write_barrier_so_a_stray_wal_keeps_it_shut(
    snapshot: Snapshot, copied: Path
) -> None:
    """Why the server is to have no write right in the folder, and why what lies beside a snapshot is looked at."""
    path = copied / read_pointer(copied).file
    assert snapshot.rows(f"select size from read_blob('{path}')") == [(path.stat().st_size,)]
    wal = path.with_name(f"{path.name}.wal")
    assert snapshot.rows(f"copy (select 'crafted'::blob) to '{wal}' (format blob)") == [(1,)]
    assert wal.read_bytes() == b"crafted"
    door = open_warehouse(copied)
    with pytest.raises(NoSnapshotError, match=r"\.wal"), door.lease():
        pass
    wal.unlink()
    with door.lease() as ask:
        assert ask.info.snapshot == snapshot.pointer.snapshot
    door.close()


# --- parameters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("select word from shown order by ?", "word"),
        ("select word from shown limit ?", -1),
        ("select * from ?", "hidden"),
    ],
)
def test_dk31_a_parameter_is_no_name_and_no_order(plain: duckdb.DuckDBPyConnection, sql: str, value: object) -> None:
    with pytest.raises(duckdb.Error, match=r"(?i)not supported|cannot be negative|syntax error"):
        plain.execute(sql, [value])
    assert plain.execute("select ? from shown limit 1", ["word"]).fetchall() == [("word",)]


def test_dk31_query_table_takes_any_name_so_nothing_of_ours_uses_it(plain: duckdb.DuckDBPyConnection) -> None:
    assert plain.execute("select * from query_table(?)", ["hidden"]).fetchall() == [(1,)]
    ours = Path(warehouse.__file__).parent.rglob("*.py")
    said = {path.name for path in ours if re.search(r"\b(query_table|query)\(\s*['\"$?]", path.read_text("utf-8"))}
    assert said == set()


def test_dk31_a_percent_in_a_pattern_finds_everything_and_contains_does_not(plain: duckdb.DuckDBPyConnection) -> None:
    pattern, contains = "word like '%' || ? || '%'", "contains(word, ?)"
    found = [plain.execute(f"select count(*) from shown where {w}", ["%"]).fetchall() for w in (pattern, contains)]
    assert found == [[(20,)], [(0,)]]
