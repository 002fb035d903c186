"""T-06, T-13: can somebody who writes the files of the trail, but does not read its key, make a record that holds?"""

from __future__ import annotations

import argparse
import base64
import multiprocessing
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import app
from dashboard.audit.command import add_commands
from dashboard.audit.events import checked
from dashboard.audit.head import HeadFile, head_path
from dashboard.audit.key import VARIABLE, found_key, key_path, read_key
from dashboard.audit.record import COLUMNS, SERVER, AuditError, Record
from dashboard.audit.trail import Trail, open_trail, trail_path
from dashboard.audit.verify import Broken, verify
from tests.security.test_audit import WANG, clock, records, tamper, written

GOOD = "kR2v-QmX8eT1bN5yW0uJ7cL4pZ9sH3dGfA6iVoE_xYt"
INSERT = f"insert into record values ({', '.join('?' * len(COLUMNS))})"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "yiping.sqlite"


@pytest.fixture
def path(state: Path) -> Path:
    """A trail as the server begins it, with three records."""
    with closing(open_trail(trail_path(state), clock=clock())) as trail:
        for number in range(3):
            trail.append("case_viewed", {"case": f"A{number}"}, who=WANG)
        return trail.path


def run(state: Path, command: str, *more: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(), clock=clock())
    options = parser.parse_args(["audit", command, "--state", str(state), *more])
    code: int = options.run(options)
    return code


# --- the key itself -----------------------------------------------------------------------------------------------


def test_t13_the_first_start_makes_a_key_that_only_its_owner_reads(path: Path) -> None:
    key = key_path(path)
    assert key.parent == path.parent and key.name == "audit.key"
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)
    assert sorted(file.name for file in path.parent.iterdir() if "key" in file.name) == ["audit.key"]
    assert verify(path, key=key.read_bytes()).count == 3
    assert verify(path).broken == Broken(1, "foreign_key")
    with closing(open_trail(path, clock=clock())) as again:
        again.append("logout", {}, who=WANG)
        assert again.key == key.read_bytes()


WEAK = {
    b"": "过短", b"short": "过短", bytes(range(31)): "过短", b"\0" * 32: "重复", b"a" * 64: "重复", b"ab" * 40: "重复",
    b"0123456789abcdef" * 4: "重复", GOOD[:32].encode() * 2: "重复", b"Please-Change-Me-" + GOOD.encode(): "默认",
    b"SECRET" + GOOD.encode(): "默认", b"yiping-audit-" + GOOD.encode(): "默认", b"12345678" + GOOD.encode(): "默认",
}  # fmt: skip


@pytest.mark.parametrize("weak", WEAK, ids=range(len(WEAK)))
def test_t13_a_weak_key_stops_the_start(
    small_county: Path, state: Path, weak: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.parent.mkdir(mode=0o700)
    key_path(trail_path(state)).write_bytes(weak)
    key_path(trail_path(state)).chmod(0o600)
    begun = ["--warehouse", str(small_county), "--state", str(state)]
    with pytest.raises(SystemExit, match=f"审计密钥文件 .*{WEAK[weak]}"):
        app.main(begun)
    if b"\0" not in weak and weak.isascii():
        monkeypatch.setenv(VARIABLE, weak.decode())
        with pytest.raises(SystemExit, match=f"环境变量 {VARIABLE} .*{WEAK[weak]}"):
            app.main(begun)


def test_t13_no_key_that_is_random_is_taken_for_a_weak_one(tmp_path: Path) -> None:
    trail, file, dice = tmp_path / "audit.sqlite", tmp_path / "audit.key", random.Random(7)
    file.touch(mode=0o600)
    for _ in range(500):
        made = dice.randbytes(32)
        for said in (base64.urlsafe_b64encode(made).decode().rstrip("="), made.hex()):
            assert found_key(trail, {VARIABLE: said}) == said.encode()
        file.write_bytes(made)
        assert found_key(trail, {}) == read_key(file) == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_t13_a_key_that_others_may_read_stops_the_start(small_county: Path, state: Path, path: Path, mode: int) -> None:
    key_path(path).chmod(mode)
    with pytest.raises(SystemExit, match="不能让他人读取：请执行 chmod 600"):
        app.main(["--warehouse", str(small_county), "--state", str(state)])


def test_t13_a_key_that_is_missing_is_not_made_anew(
    state: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = key_path(path).rename(path.with_name("elsewhere"))
    with pytest.raises(AuditError, match="审计密钥不见了"):
        open_trail(path, clock=clock())
    assert not key_path(path).exists()
    assert run(state, "verify", "--key", str(path.with_name("nothing"))) == 2
    assert "无法读取审计密钥文件" in capsys.readouterr().err
    assert run(state, "verify", "--key", str(kept)) == 0


def test_a_key_in_the_environment_is_used_and_no_file_made(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, GOOD)
    path = trail_path(state)
    with closing(open_trail(path, clock=clock())) as trail:
        trail.append("logout", {}, who=WANG)
    assert not key_path(path).exists()
    assert run(state, "verify") == 0
    monkeypatch.setenv(VARIABLE, GOOD[::-1])
    assert run(state, "verify") == 1


def begun(path: Path) -> None:
    with closing(open_trail(path, clock=clock())) as trail:
        trail.append("logout", {}, who=WANG)


def test_workers_that_start_together_make_one_key(state: Path) -> None:
    path = written(trail_path(state), b"", 5)
    spawning = multiprocessing.get_context("spawn")
    workers = [spawning.Process(target=begun, args=(path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    found = verify(path, key=read_key(key_path(path)))
    assert (found.broken, found.count) == (None, 8)


# --- a trail from before there were keys --------------------------------------------------------------------------


def test_an_old_trail_still_holds_and_goes_on_with_a_key(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(trail_path(state), b"", 5)
    assert run(state, "verify") == 0
    before = records(path)
    begun(path)
    key = read_key(key_path(path))
    assert records(path)[:5] == before
    signed = records(path)[5]
    assert (signed.event, signed.kind, signed.previous) == ("audit_signed", "server", before[-1].hash)
    assert [bool(record.key) for record in records(path)] == [False] * 5 + [True] * 2
    found = verify(path, key=key)
    assert (found.broken, found.count, found.head.seq) == (None, 7, 7)
    begun(path)
    assert [record.event for record in records(path)].count("audit_signed") == 1
    assert run(state, "verify") == run(state, "show") == 0
    assert "启用审计密钥：此前未签名条数 5；末条散列" in capsys.readouterr().out


def test_an_old_trail_without_records_goes_on_with_a_key(state: Path) -> None:
    path = written(trail_path(state), b"", 0)
    begun(path)
    assert verify(path, key=read_key(key_path(path))).count == 2


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_t06_an_old_record_is_sealed_by_the_first_signed_one(state: Path, seq: int) -> None:
    """Its chain is made anew up to the key, as anybody can who needs none."""
    path = written(trail_path(state), b"", 5)
    begun(path)
    forged, previous = [], records(path)[seq - 1].previous
    for record in records(path)[seq - 1 : 5]:
        made = Record(**{**vars(record), "name": "张三", "previous": previous}).sealed(b"")
        forged.append(f"update record set name = '张三', previous = '{previous}', hash = '{made.hash}'"
                      f" where seq = {made.seq}")  # fmt: skip
        previous = made.hash
    tamper(path, *forged)
    assert verify(path, key=read_key(key_path(path))).broken == Broken(5, "changed")


def test_an_old_trail_is_signed_by_a_person_where_the_key_was_there_before(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(trail_path(state), b"", 5)
    assert run(state, "sign") == 2 and "没有审计密钥" in capsys.readouterr().err
    monkeypatch.setenv(VARIABLE, GOOD)
    with closing(open_trail(path, clock=clock())) as trail, pytest.raises(AuditError, match="audit sign"):
        trail.append("logout", {}, who=WANG)
    assert run(state, "sign") == 0
    assert (records(path)[-1].event, records(path)[-1].kind) == ("audit_signed", "operator")
    begun(path)
    assert run(state, "sign") == 0
    assert verify(path, key=GOOD.encode()).count == 7


def test_an_old_trail_that_does_not_hold_is_not_signed(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(trail_path(state), b"", 5)
    tamper(path, "update record set name = '张三' where seq = 2")
    monkeypatch.setenv(VARIABLE, GOOD)
    assert run(state, "sign") == 2
    assert len(records(path)) == 5


# --- forging ------------------------------------------------------------------------------------------------------


def forge(path: Path, key: bytes, *, is_marked: bool) -> None:
    """Append a record with the best hash that can be made with another key, under the mark of the true one."""
    last = records(path)[-1]
    facts = checked("case_viewed", {"case": "A9"})
    made = Record(**{**vars(last), "seq": last.seq + 1, "facts": facts, "previous": last.hash})
    if not is_marked:
        made = Record(**{**vars(made), "key": ""})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(INSERT, tuple(vars(made.sealed(key)).values()))
        connection.commit()


@pytest.mark.parametrize("is_marked", [True, False], ids=["under its mark", "as from before"])
@pytest.mark.parametrize("other", [b"", GOOD.encode()], ids=["no key", "another key"])
def test_t06_nobody_appends_a_record_without_the_key(path: Path, other: bytes, is_marked: bool) -> None:
    forge(path, other, is_marked=is_marked)
    reason = "changed" if is_marked else "foreign_key"
    assert verify(path, key=read_key(key_path(path))).broken == Broken(4, reason)  # type: ignore[arg-type]
    forged = HeadFile(path, other)
    head_path(path).write_bytes(forged.line(verify(path, key=b"").head))
    assert verify(path, key=read_key(key_path(path))).broken == Broken(4, reason)  # type: ignore[arg-type]
    with closing(open_trail(path, clock=clock())) as trail, pytest.raises(AuditError):
        trail.append("logout", {}, who=WANG)


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in ("seq", "hash")])
def test_t06_nobody_changes_a_record_without_the_key(path: Path, column: str) -> None:
    last = records(path)[-1]
    made = Record(**{**vars(last), column: vars(last)[column] + "0"}).sealed(b"")
    tamper(path, f"update record set {column} = '{vars(made)[column]}', hash = '{made.hash}' where seq = 3")
    assert verify(path, key=read_key(key_path(path))).broken is not None


def test_t06_a_whole_trail_made_without_the_key_is_neither_believed_nor_gone_on_with(
    path: Path, tmp_path: Path
) -> None:
    """Even where its end is said beside it, as it was said before there were keys."""
    forged = written(tmp_path / "forged" / "audit.sqlite", b"", 3)
    assert verify(forged).broken is None
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(forged, path)
    shutil.copy(head_path(forged), head_path(path))
    assert verify(path, key=read_key(key_path(path))).broken == Broken(1, "foreign_key")
    with closing(open_trail(path, clock=clock())) as trail:
        with pytest.raises(AuditError, match="都没有签名"):
            trail.append("logout", {}, who=WANG)
        with pytest.raises(AuditError, match="都没有签名"):
            trail.check()
    assert len(records(path)) == 3


def test_t06_a_forged_beginning_does_not_pass_for_one_from_before(path: Path, tmp_path: Path) -> None:
    """The first records are replaced by ones without a key; what comes after is as it was."""
    forged = records(written(tmp_path / "forged" / "audit.sqlite", b"", 2))
    tamper(path, "delete from record where seq <= 2")
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(INSERT, [tuple(vars(record).values()) for record in forged])
        connection.commit()
    assert verify(path, key=read_key(key_path(path))).broken == Broken(2, "changed")


def test_a_trail_in_memory_needs_no_key() -> None:
    with closing(Trail(Path(":memory:"), clock=clock())) as trail:
        trail.append("started", {"build": "b1"}, who=SERVER)
        assert verify(trail.path).count == 1
        assert not key_path(trail.path).exists()
