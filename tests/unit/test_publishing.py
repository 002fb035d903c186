"""Is a snapshot whole, unchanging and swapped under its readers without a seam?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from dashboard.audit.of_server import load_seen
from dashboard.audit.reading import Asked, piece
from dashboard.audit.trail import Trail
from dashboard.filters import Filters
from dashboard.warehouse import Warehouse, open_warehouse
from etl import __main__ as command
from etl import publish
from etl.build import load
from etl.contract import TABLES, NoSnapshotError, read_pointer
from etl.errors import LoadError
from tests import builders

AT = datetime(2026, 3, 1, 8)


def delivery(folder: Path, cases: int) -> Path:
    """So many cases of kind C, closed after two days, with their log."""
    names = [f"A{n}" for n in range(cases)]
    log = [builders.step(n, AT + timedelta(hours=1), "dispatch", to_department="D01") for n in names]
    log += [builders.step(n, AT + timedelta(days=2), "close") for n in names]
    return builders.write_delivery(folder, [builders.case(n, AT, grid_code="990108100001001") for n in names], log)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with two snapshots, of 3 and then 5 cases, published for real."""
    folder = tmp_path_factory.mktemp("published")
    for cases in (3, 5):
        source = delivery(folder / f"in{cases}", cases)
        load(source, folder / "warehouse", now=builders.NOW, as_of=builders.AS_OF)
    return folder / "warehouse"


@pytest.fixture
def warehouse(published: Path, tmp_path: Path) -> Path:
    """A copy to play with."""
    return Path(shutil.copytree(published, tmp_path / "warehouse"))


def accepted(path: Path) -> float | None:
    with builders.asking(path) as ask:
        return ask.numbers(["accepted"], filters=Filters()).only("accepted").value


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """A command of `python -m etl` with --json: its exit code and what it printed."""
    code = command.main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def contents(path: Path) -> dict[str, str]:
    """Table → a digest of its rows in any order, without what names the load."""
    with builders.asking(path) as ask:
        digests = {}
        for table in TABLES:
            where = "where key not in ('built_at')" if table == "snapshot_info" else ""
            sql = f"select count(*), coalesce(bit_xor(hash(t)), 0) from (select * from mart.{table} {where}) as t"
            digests[table] = str(ask._db.rows(sql))
        return digests


def test_loading_the_same_delivery_twice_gives_the_same_tables(tmp_path: Path) -> None:
    source = delivery(tmp_path / "in", 4)
    builders.load_quickly(source, tmp_path / "one")
    builders.load_quickly(source, tmp_path / "two", now=builders.NOW + timedelta(days=1))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_snapshot_has_its_own_name_and_cannot_be_written(published: Path) -> None:
    files = sorted(published.glob("snap-*.duckdb"))
    assert [f.name[:10] for f in files] == ["snap-00001", "snap-00002"]
    assert all(f.stat().st_mode & 0o777 == 0o440 for f in files)
    assert not list(published.glob("*.wal"))
    assert not list(published.glob(".build-*"))


def test_status_names_the_snapshot_its_time_and_what_can_be_gone_back_to(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(capsys, "status", "--warehouse", str(published))
    assert (code, said["as_of"]) == (0, "2026-03-14T08:00:00")
    assert said["snapshot"] == said["history"][-1]
    assert (len(said["history"]), said["counts"]["fact_case"]) == (2, 5)


def test_check_finds_a_whole_snapshot_whole(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "check", "--warehouse", str(published))
    assert (code, said["ok"]) == (0, True)


def test_load_prints_a_balance_of_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = delivery(tmp_path / "in", 2)
    code, said = run(capsys, "load", str(source), "--warehouse", str(tmp_path / "w"), "--as-of", "2026-03-14T08:00")
    totals = said["totals"]
    assert (code, said["as_of"], said["refused"]) == (0, "2026-03-14T08:00:00", [])
    assert totals["rows_in"] == totals["loaded"] + totals["aggregated"] + totals["quarantined"] + totals["duplicates"]


def test_rollback_goes_back_and_by_name_forward_again(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newest = read_pointer(warehouse).snapshot
    assert run(capsys, "rollback", "--warehouse", str(warehouse))[0] == 0
    assert accepted(warehouse) == 3
    code, said = run(capsys, "rollback", "--warehouse", str(warehouse), "--to", newest)
    assert (code, said["snapshot"], accepted(warehouse)) == (0, newest, 5)


def test_there_is_nothing_before_the_first_snapshot(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish.rollback(warehouse)
    code, said = run(capsys, "rollback", "--warehouse", str(warehouse))
    assert (code, said["error"]) == (1, "没有更早的批次可以回退")
    assert run(capsys, "rollback", "--warehouse", str(warehouse), "--to", "snap-nope")[0] == 1


def test_an_empty_warehouse_is_said_so_by_every_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("status", "check", "rollback"):
        code, said = run(capsys, name, "--warehouse", str(tmp_path))
        assert (code, "还没有已发布的数据" in said["error"]) == (1, True)


def spoil(path: Path) -> None:
    """Change one byte in the middle of a file."""
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def test_a_changed_snapshot_is_not_opened(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(warehouse / read_pointer(warehouse).file)
    with pytest.raises(NoSnapshotError, match="不一致"):
        accepted(warehouse)
    code, said = run(capsys, "check", "--warehouse", str(warehouse))
    assert (code, "校验和" in said["error"]) == (1, True)


def test_a_spoilt_snapshot_is_not_gone_back_to(warehouse: Path) -> None:
    spoil(warehouse / publish.history(warehouse)[0].file)
    before = read_pointer(warehouse)
    with pytest.raises(LoadError, match="已损坏"):
        publish.rollback(warehouse)
    assert read_pointer(warehouse) == before


def test_a_stray_wal_beside_a_snapshot_keeps_it_shut(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pointer = read_pointer(warehouse)
    (warehouse / f"{pointer.file}.wal").write_bytes(b"from somewhere else")
    with pytest.raises(NoSnapshotError, match="wal"):
        accepted(warehouse)
    assert run(capsys, "check", "--warehouse", str(warehouse))[0] == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"snapshot": "x"}', "\x00\x01"])
def test_a_pointer_that_cannot_be_read_is_said_so_and_rolled_back_from(warehouse: Path, text: str) -> None:
    (warehouse / "CURRENT.json").write_text(text)
    with pytest.raises(NoSnapshotError, match="rollback"):
        accepted(warehouse)


def test_a_missing_snapshot_file_is_said_so(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (warehouse / read_pointer(warehouse).file).unlink()
    with pytest.raises(NoSnapshotError, match="不见了"):
        accepted(warehouse)
    assert run(capsys, "check", "--warehouse", str(warehouse))[0] == 1


def test_a_second_loader_is_refused_while_the_first_runs(warehouse: Path, tmp_path: Path) -> None:
    source = delivery(tmp_path / "in", 1)
    with publish.exclusive(warehouse), pytest.raises(LoadError, match="另一个加载正在运行"):
        load(source, warehouse, now=builders.NOW)
    assert accepted(warehouse) == 5


def test_an_open_warehouse_sees_the_new_snapshot_and_old_leases_finish(warehouse: Path) -> None:
    newest = read_pointer(warehouse).snapshot
    publish.rollback(warehouse)
    door = open_warehouse(warehouse)
    question = {"metrics": ["accepted"], "filters": Filters()}
    with door.lease() as old:
        assert old.numbers(**question).only("accepted").value == 3
        publish.rollback(warehouse, newest)
        with door.lease() as new:
            assert new.numbers(**question).only("accepted").value == 5
        # A question never asked before, so that it is not answered from memory.
        assert old.numbers(["closed"], filters=Filters()).only("closed").value == 3
    with door.lease() as new:
        assert new.info.snapshot == newest
    door.close()


def test_p05_a_new_snapshot_is_on_record_once_whoever_sees_it(warehouse: Path, tmp_path: Path) -> None:
    newest = read_pointer(warehouse).snapshot
    older = publish.rollback(warehouse).snapshot
    with ExitStack() as opened:
        opened.enter_context(patch.object(Warehouse, "_warm_up", lambda _self, _snapshot: None))
        trails = [
            opened.enter_context(closing(Trail(tmp_path / "audit.sqlite", clock=lambda: builders.NOW)))
            for _worker in range(2)
        ]
        doors = [
            opened.enter_context(closing(open_warehouse(warehouse, partial(load_seen, trail)))) for trail in trails
        ]
        for snapshot in (older, newest, older):
            publish.rollback(warehouse, snapshot)
            for door in (*doors, *reversed(doors)):
                with door.lease() as ask:
                    assert ask.info.snapshot == snapshot
    found = piece(tmp_path / "audit.sqlite", Asked(), limit=10).records
    assert [(record.event, record.kind, json.loads(record.facts)) for record in reversed(found)] == [
        ("load_seen", "server", {"snapshot": snapshot, "rows": rows})
        for snapshot, rows in ((older, 3), (newest, 5), (older, 3))
    ]


def test_a_snapshot_that_cannot_be_put_on_record_is_read_all_the_same(warehouse: Path, tmp_path: Path) -> None:
    with closing(Trail(tmp_path / "audit.sqlite", clock=lambda: builders.NOW)) as trail:
        trail._connection.execute("pragma query_only = on")
        with closing(open_warehouse(warehouse, partial(load_seen, trail))) as door, door.lease() as ask:
            assert ask.numbers(["accepted"], filters=Filters()).only("accepted").value == 5


def test_an_open_warehouse_keeps_its_snapshot_when_the_pointer_breaks(warehouse: Path) -> None:
    door = open_warehouse(warehouse)
    with door.lease() as ask:
        ask.numbers(["accepted"], filters=Filters())
    (warehouse / "CURRENT.json").write_text("broken")
    with door.lease() as ask:
        assert ask.numbers(["open"], filters=Filters()).only("open").value == 0
    door.close()


@pytest.mark.parametrize(
    "sql",
    [
        "create table mart.x (a integer)",
        "delete from mart.fact_case",
        "select * from read_csv('/etc/passwd')",
        "attach '/var/tmp/other.duckdb'",
        "set enable_external_access = true",
        "copy (select 1) to '/var/tmp/out.csv'",
        "select * from glob('/etc/*')",
        "install spatial",
    ],
)
def test_the_dashboard_s_connection_can_do_nothing_but_read_the_snapshot(published: Path, sql: str) -> None:
    with (
        builders.asking(published) as ask,
        pytest.raises(Exception, match=r"(?i)read-only|disabled|permission|locked|cannot"),
    ):
        ask._db.rows(sql)


def test_the_machine_s_shared_temporary_folder_is_shut_too(published: Path, tmp_path: Path) -> None:
    with builders.asking(published) as ask, pytest.raises(Exception, match=r"(?i)disabled|permission"):
        ask._db.rows(f"copy (select 1) to '{tmp_path}/out.csv'")


def test_no_more_than_the_configured_number_of_snapshots_is_kept(warehouse: Path) -> None:
    publish.prune(warehouse, keep=1)
    assert [p.snapshot for p in publish.history(warehouse)] == [read_pointer(warehouse).snapshot]
    assert accepted(warehouse) == 5


@pytest.fixture(autouse=True)
def _writable_again(tmp_path: Path) -> Iterator[None]:
    yield
    for path in tmp_path.rglob("*.duckdb"):
        path.chmod(0o600)
