"""T-06, P05: is everything recorded before bytes leave, and is whoever tampers with the record found out?"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient

from dashboard.api import in_words
from dashboard.audit.head import head_path
from dashboard.audit.reading import Asked, piece
from dashboard.audit.record import COLUMNS, NOBODY, AuditError, Record, Who, record_of
from dashboard.audit.recorder import Recorder
from dashboard.audit.trail import Trail
from dashboard.audit.verify import Broken, verify

START = datetime(2026, 4, 1, 8, 30)
KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
WANG = Who("王敏", "analyst", "person")
TRIGGERS = ("record_follows", "record_stays", "record_is_kept")


def clock() -> Callable[[], datetime]:
    """A second later at every look."""
    seconds = iter(range(10**9))
    return lambda: START + timedelta(seconds=next(seconds))


def written(path: Path, key: bytes, records: int = 12) -> Path:
    with closing(Trail(path, clock=clock(), key=key)) as trail:
        for number in range(records):
            trail.append("case_viewed", {"case": f"A{number}"}, who=WANG, address="10.1.2.3")
    return path


@pytest.fixture(params=[b"", KEY], ids=["without a key", "with a key"])
def key(request: pytest.FixtureRequest) -> bytes:
    found: bytes = request.param
    return found


@pytest.fixture
def path(tmp_path: Path, key: bytes) -> Path:
    return written(tmp_path / "audit.sqlite", key)


def tamper(path: Path, *statements: str) -> None:
    """What somebody does who owns the file: the triggers go first."""
    with closing(sqlite3.connect(path)) as connection:
        for trigger in TRIGGERS:
            connection.execute(f"drop trigger {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def records(path: Path) -> list[Record]:
    return list(reversed(piece(path, Asked(), limit=10_000).records))


def test_t06_an_untouched_chain_holds(path: Path, key: bytes) -> None:
    found = verify(path, key=key)
    assert found.broken is None
    assert (found.count, found.head.seq, found.head.hash) == (12, 12, records(path)[-1].hash)
    assert (found.first_at, found.last_at) == ("2026-04-01T08:30:00.000", "2026-04-01T08:30:11.000")
    assert found.words == "审计链完整：12 条，2026-04-01 08:30:00 至 2026-04-01 08:30:11"


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in ("seq", "key")])
def test_t06_one_field_edited_is_named(path: Path, key: bytes, column: str) -> None:
    tamper(path, f"update record set {column} = {column} || '0' where seq = 5")
    assert verify(path, key=key).broken == Broken(5, "changed")


def test_t06_bytes_edited_in_the_file_are_named(path: Path, key: bytes) -> None:
    content = path.read_bytes()
    assert content.count(b'{"case":"A6"}') == 1
    path.write_bytes(content.replace(b'{"case":"A6"}', b'{"case":"B6"}'))
    found = verify(path, key=key)
    assert found.broken == Broken(7, "changed")
    assert found.words == "审计链不完整：第 7 条内容被改动；此前 6 条无误"


@pytest.mark.parametrize("seq", [1, 6, 11])
def test_t06_a_deleted_record_is_named(path: Path, key: bytes, seq: int) -> None:
    tamper(path, f"delete from record where seq = {seq}")
    assert verify(path, key=key).broken == Broken(seq, "missing")


@pytest.mark.parametrize(("one", "other"), [(1, 2), (4, 5), (3, 9), (11, 12)])
def test_t06_two_swapped_records_are_named(path: Path, key: bytes, one: int, other: int) -> None:
    tamper(
        path,
        f"update record set seq = 0 where seq = {one}",
        f"update record set seq = {one} where seq = {other}",
        f"update record set seq = {other} where seq = 0",
    )
    assert verify(path, key=key).broken == Broken(one, "out_of_order")


@pytest.mark.parametrize("left", [0, 1, 11])
def test_t06_a_tail_cut_off_is_named(path: Path, key: bytes, left: int) -> None:
    tamper(path, f"delete from record where seq > {left}")
    assert verify(path, key=key).broken == Broken(left + 1, "missing")
    with closing(Trail(path, clock=clock(), key=key)) as trail, pytest.raises(AuditError, match="audit verify"):
        trail.append("logout", {}, who=WANG)
    assert verify(path, key=key).broken == Broken(left + 1, "missing"), "the evidence stays"


def test_t06_a_tail_cut_off_with_its_head_is_named_where_there_is_a_key(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.sqlite", KEY)
    tamper(path, "delete from record where seq > 8")
    short = written(tmp_path / "mine" / "audit.sqlite", b"", 8)
    shutil.copy(head_path(short), head_path(path))
    found = verify(path, key=KEY).broken
    assert found == Broken(8, "head")


def test_t06_a_missing_head_is_named(path: Path, key: bytes) -> None:
    head_path(path).unlink()
    assert verify(path, key=key).broken == Broken(12, "head")
    with closing(Trail(path, clock=clock(), key=key)) as trail, pytest.raises(AuditError):
        trail.append("logout", {}, who=WANG)
    assert not head_path(path).exists()


def test_t06_a_chain_built_without_the_key_is_foreign(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.sqlite", KEY)
    ours = records(path)
    for stolen in (b"", OTHER):
        forged = written(tmp_path / f"forged-{len(stolen)}" / "audit.sqlite", stolen)
        assert verify(forged, key=stolen).broken is None
        assert verify(forged, key=KEY).broken == Broken(1, "foreign_key")
    tamper(
        path,
        *(
            f"update record set name = '张三', hash = '{record.sealed(b'').hash}' where seq = 12"
            for record in ours[-1:]
        ),
    )
    assert verify(path, key=KEY).broken == Broken(12, "changed")


def test_t06_a_record_made_anew_without_a_key_does_not_fit_the_next(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.sqlite", b"")
    made = record_of({**vars(records(path)[4]), "name": "张三"}).sealed(b"")
    tamper(path, f"update record set name = '张三', hash = '{made.hash}' where seq = 5")
    assert verify(path).broken == Broken(5, "changed")


def test_t06_another_key_neither_appends_nor_verifies(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.sqlite", KEY)
    for wrong in (b"", OTHER):
        with closing(Trail(path, clock=clock(), key=wrong)) as trail, pytest.raises(AuditError, match="密钥"):
            trail.append("logout", {}, who=WANG)
        assert verify(path, key=wrong).broken == Broken(1, "foreign_key")
    assert verify(path, key=KEY).count == 12


@pytest.mark.parametrize(
    "statement",
    [
        "update record set name = '张三'", "delete from record", "delete from record where seq = 12",
        "insert or replace into record select * from record where seq = 3",
        "insert into record select seq + 20, at, name, role, kind, address, event, facts, key, previous, hash"
        " from record",
    ],
)  # fmt: skip
def test_t06_the_file_refuses_update_and_delete(path: Path, key: bytes, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="records are"):
        connection.execute(statement)
    assert verify(path, key=key).count == 12


def append_many(path: Path, name: str, times: int) -> None:
    with closing(Trail(path, clock=lambda: START, key=KEY)) as trail:
        for number in range(times):
            trail.append(
                "exported",
                {"content": "cases", "format": "csv", "rows": number, "filters": {}},
                who=Who(name, "analyst", "person"),
            )


def test_t06_100_exports_of_two_processes_are_100_records_in_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    spawning = multiprocessing.get_context("spawn")
    workers = [spawning.Process(target=append_many, args=(path, name, 50)) for name in ("甲", "乙")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    found = verify(path, key=KEY)
    assert (found.broken, found.count, found.head.seq) == (None, 100, 100)
    for name in ("甲", "乙"):
        rows = [record.facts for record in records(path) if record.name == name]
        assert len(set(rows)) == 50


def test_p05_eight_threads_lose_nothing(trail: Trail) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: trail.append("case_viewed", {"case": f"A{n}"}, who=WANG).seq, range(120)))
    assert sorted(found) == [*range(1, 121)]
    assert len({record.facts for record in records(trail.path)}) == 120
    assert verify(trail.path, key=KEY).broken is None


def append_until_killed(path: Path) -> None:
    append_many(path, "甲", 10**9)


def test_p05_a_process_killed_while_appending_leaves_a_whole_chain(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.sqlite", KEY)
    spawning = multiprocessing.get_context("spawn")
    before = 12
    for _ in range(3):
        worker = spawning.Process(target=append_until_killed, args=(path,))
        worker.start()
        while piece(path, Asked(), limit=1).total < before + 5:
            assert worker.is_alive()
        worker.kill()
        worker.join()
        found = verify(path, key=KEY)
        assert found.broken is None
        assert found.count >= before + 5
        before = found.count
    written(path, KEY, 1)
    assert verify(path, key=KEY).count == before + 1


def test_t06_a_full_disk_refuses_and_leaves_nothing_half_written(path: Path, key: bytes) -> None:
    with closing(Trail(path, clock=clock(), key=key)) as trail:
        pages = trail._connection.execute("pragma page_count").fetchone()[0]
        trail._connection.execute(f"pragma max_page_count = {pages}")
        kept = 12
        with pytest.raises(AuditError, match=r"操作已取消.*full.*磁盘空间"):
            while True:
                trail.append("exported", {"content": "cases", "format": "csv", "rows": 1, "filters": {}}, who=WANG)
                kept += 1
                assert kept < 1000
        found = verify(path, key=key)
        assert (found.broken, found.count) == (None, kept)
        trail._connection.execute("pragma max_page_count = 100000")
        trail.append("logout", {}, who=WANG)
        assert verify(path, key=key).count == kept + 1


def append_until_refused(path: Path, kept: Any) -> None:
    """In a process whose files may not grow beyond 300 kB: the system refuses to write, in the log or anywhere."""
    with closing(Trail(path, clock=lambda: START, key=KEY)) as trail:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        with pytest.raises(AuditError, match="操作已取消"):
            while kept.value < 10_000:
                trail.append("case_viewed", {"case": f"A{kept.value}"}, who=WANG)
                kept.value += 1
        os._exit(0)


def test_t06_a_system_that_refuses_to_write_leaves_what_was_acknowledged_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    spawning = multiprocessing.get_context("spawn")
    kept = spawning.Value("i", 0)
    worker = spawning.Process(target=append_until_refused, args=(path, kept))
    worker.start()
    worker.join(120)
    assert worker.exitcode == 0
    found = verify(path, key=KEY)
    assert (found.broken, found.count) == (None, kept.value)
    assert found.count > 10
    written(path, KEY, 1)
    assert verify(path, key=KEY).count == kept.value + 1


def test_p05_a_folder_that_is_no_folder_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(AuditError, match=r"无法打开审计记录.*目录权限"):
        Trail(tmp_path / "state" / "audit.sqlite", clock=clock())


def test_p05_nobody_else_on_the_machine_may_read_the_trail(path: Path, key: bytes) -> None:
    with closing(Trail(path, clock=clock(), key=key)) as trail:
        trail.append("logout", {}, who=WANG)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes.keys() == {"audit.sqlite", "audit.sqlite-wal", "audit.sqlite-shm", "audit.sqlite.head"}
    assert set(modes.values()) == {0o600}


# --- before an answer leaves --------------------------------------------------------------------------------------


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    with closing(Trail(tmp_path / "audit.sqlite", clock=clock(), key=KEY)) as made:
        yield made


def streaming(trail: Trail, sent: list[int]) -> TestClient:
    """A server that exports three pieces, and notes what was recorded when each was made."""
    server = FastAPI()
    server.add_exception_handler(AuditError, in_words(503))

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            sent.append(piece(trail.path, Asked(events=("exported",)), limit=1).total)
            yield str(number).encode()

    @server.get("/export")
    async def export() -> StreamingResponse:
        facts = {"content": "cases", "format": "csv", "rows": 3, "filters": {}}
        await asyncio.to_thread(Recorder(trail), "exported", **facts)
        return StreamingResponse(pieces())

    return TestClient(server, raise_server_exceptions=False)


def test_p05_an_export_is_recorded_before_its_first_byte(trail: Trail) -> None:
    sent: list[int] = []
    assert streaming(trail, sent).get("/export").content == b"012"
    assert sent == [1, 1, 1]


def test_p05_what_cannot_be_recorded_is_refused_and_not_one_byte_leaves(trail: Trail) -> None:
    sent: list[int] = []
    trail._connection.execute("pragma query_only = on")
    answer = streaming(trail, sent).get("/export")
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("审计记录未能写入，操作已取消")
    assert sent == []
    assert piece(trail.path, Asked(), limit=1).total == 0


def test_t06_a_purpose_with_numbers_of_persons_is_masked(trail: Trail) -> None:
    said = "核对 11010119900307123X 与 138 0013 8000、１３８００１３８０００，共 3 件"
    trail.append("case_viewed", {"case": "A1", "purpose": said}, who=WANG)
    (record,) = records(trail.path)
    assert record.facts == '{"case":"A1","purpose":"核对 *** 与 ***、***，共 3 件"}'
    trail.append("audit_read", {"content": "list", "account": "13800138000"}, who=WANG)
    assert records(trail.path)[-1].facts == '{"account":"***","content":"list"}'
    trail.append("account_disabled", {"account": "13800138001"}, who=WANG)
    assert records(trail.path)[-1].facts == '{"account":"13800138001"}', "an account is called as it is"
    numbers = (b"13800138000", b"11010119", b"138 0013", "１３８".encode())
    for file in trail.path.parent.iterdir():
        assert not [number for number in numbers if number in file.read_bytes()]


@pytest.mark.parametrize("is_replaced", [True, False])
def test_t06_nothing_is_recorded_into_a_file_that_is_gone(path: Path, key: bytes, *, is_replaced: bool) -> None:
    """It would be a record that nobody has: what it is about has to be refused."""
    trail = Trail(path, clock=clock(), key=key)
    aside = path.with_name("aside")
    path.rename(aside)
    if is_replaced:
        path.write_bytes(aside.read_bytes())
    for use in (lambda: trail.append("logout", {}, who=NOBODY), trail.check):
        with pytest.raises(AuditError, match="操作已取消"):
            use()
    aside.rename(path)
    assert trail.append("logout", {}, who=NOBODY).seq == 13
    assert verify(path, key=key).broken is None
    trail.close()
