"""Where is it kept who did what? Append-only, each record tied to the one before, in a file of its own.

SQLite rather than lines of JSON: one transaction reads the end and writes the next record, whichever process asks;
a record is whole or not there; and the auditor's page asks for a piece of a million records by index.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.audit.events import Facts, checked
from dashboard.audit.head import Head, HeadFile, HeldHead, locked
from dashboard.audit.key import found_key, key_path, make_key
from dashboard.audit.reading import BUSY_SECONDS, reading
from dashboard.audit.record import SERVER, AuditError, Record, Who, address_of, key_mark, record_of
from dashboard.clock import Clock
from dashboard.store import IN_MEMORY, TOUCH, file_of

KEPT = timedelta(days=184)
"""No six months are longer. Nothing younger is ever removed."""

_SCHEMA = (
    """
    create table if not exists record (
        seq integer primary key, at text not null, name text not null, role text not null, kind text not null,
        address text not null, event text not null, facts text not null, key text not null, previous text not null,
        hash text not null
    ) strict
    """,
    "create index if not exists record_event on record (event, at)",
    # Against slips, not against whoever owns the file: that one is found out by the chain.
    """
    create trigger if not exists record_follows before insert on record
    when new.seq <> (select coalesce(max(seq), 0) + 1 from record)
    begin select raise(abort, 'records are only appended'); end
    """,
    """
    create trigger if not exists record_stays before update on record
    begin select raise(abort, 'records are never changed'); end
    """,
    """
    create trigger if not exists record_is_kept before delete on record
    when not exists (
        select 1 from record where event = 'audit_pruned' and json_extract(facts, '$.through') >= old.seq
    )
    begin select raise(abort, 'records are only removed behind an anchor'); end
    """,
)
_INSERT = """
    insert into record values (:seq, :at, :name, :role, :kind, :address, :event, :facts, :key, :previous, :hash)
"""

_LAST_OF = "select facts from record where event = ? order by seq desc limit 1"

_REFUSED = "审计记录未能写入，操作已取消"
_BROKEN = "审计记录的末尾与留底不符，操作已取消：请管理员运行 python -m dashboard audit verify"
_OTHER_KEY = "审计密钥与已有记录不一致，操作已取消：请换回原密钥，或将旧审计文件移走存档"
_UNSIGNED = (
    "审计密钥已有，而已有记录都没有签名，操作已取消：请核验这些记录，"
    "无误后运行 python -m dashboard audit sign，有疑问则将审计文件移走存档"
)
_REPLACED = "审计文件已被换成另一个，操作已取消：请管理员核验（python -m dashboard audit verify）后重新启动程序"
_REMOVE = "delete from record where seq <= :through and seq < (select min(seq) from record) + :most"
REMOVED_AT_ONCE = 2000


def trail_path(state: Path) -> Path:
    """Where the trail lies: beside the file for what readers write down."""
    return state.with_name("audit.sqlite")


def open_trail(path: Path, *, clock: Clock) -> Trail:
    """The trail in a file, with its key; the first start makes one. Raises `AuditError`, of a weak or lost key too."""
    with _in_words("无法打开审计记录"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path.parent, os.O_RDONLY, fcntl.LOCK_EX):  # workers that start together make one key
            key = found_key(path)
            trail = Trail(path, clock=clock, key=key or _first_key(path))
            if not key:
                trail.begin_signing(who=SERVER)
            return trail


def _first_key(path: Path) -> bytes:
    if path.exists():
        with reading(path) as connection:
            last = connection.execute("select key from record order by seq desc limit 1").fetchone()
        if last and last["key"]:
            raise AuditError(f"审计密钥不见了，而已有记录用它签名：请从备份找回 {key_path(path)}，或将审计文件移走存档")
    return make_key(path)


class Trail:
    """The trail of one server, safe to use from any thread and beside other processes.

    `path` may be `IN_MEMORY`: then it lies in a folder that goes when the trail is closed. With a `key` nobody who
    has only the file can make a chain that holds. Raises `AuditError` where the file cannot be opened.
    """

    def __init__(self, path: Path, *, clock: Clock, key: bytes = b"") -> None:
        self._folder = TemporaryDirectory(prefix="yiping-audit-") if path == IN_MEMORY else None
        self.path = Path(self._folder.name) / "audit.sqlite" if self._folder else path
        self.key = key
        self._clock = clock
        self._head = HeadFile(self.path, key)
        with _in_words("无法打开审计记录"):
            self._connection = _open(self.path)
            self._file = file_of(self.path)
            with self._writing():
                for statement in _SCHEMA:
                    self._connection.execute(statement)
                if self._last() is None:
                    self._head.begin()

    def append(self, event: str, facts: Facts, *, who: Who, address: str = "") -> Record:
        """Record one event; it is on disk when this returns. Raises `AuditError` where it cannot be: refuse the action.

        Raises `FactsError` for what the table of events does not know.
        """
        text, address = checked(event, facts), address_of(address)
        with _in_words(_REFUSED), self._held() as head:
            return self._append(head, event, text, who=who, address=address)

    def append_change(self, event: str, facts: Facts, *, who: Who) -> None:
        """Record an event unless the last of its kind says the same: of all workers that see a thing, one tells.

        Raises what `append` raises.
        """
        text = checked(event, facts)
        with _in_words(_REFUSED), self._held() as head:
            last = self._connection.execute(_LAST_OF, (event,)).fetchone()
            if last is None or last["facts"] != text:
                self._append(head, event, text, who=who, address="")

    def _append(self, head: HeldHead, event: str, facts: str, *, who: Who, address: str) -> Record:
        with self._writing():
            last = self._last()
            self._refuse_broken(last, head.read(), self.key)
            record = self._insert(last, event, facts, who=who, address=address)
        head.move(_end(record))
        return record

    def begin_signing(self, *, who: Who) -> None:
        """Go on with the key where the trail was begun without one; nothing where it is signed already.

        The first signed record seals all before it. For the one who knows that these are what was written: the first
        start with a key, or a person. Raises `AuditError`.
        """
        with _in_words("审计密钥未能启用"), self._held() as head:
            if head.read() is not None:
                return
            with self._writing():
                last = self._last()
                self._refuse_broken(last, head.read_unsigned(), b"")
                end = _end(last)
                text = checked("audit_signed", {"unsigned": end.seq, "head": end.hash})
                record = self._insert(last, "audit_signed", text, who=who, address="")
            head.move(_end(record))

    def check(self) -> None:
        """Could a record be appended now? Nothing is. Raises `AuditError`."""
        with _in_words("审计记录写不进去"), self._held() as head, self._writing():
            self._refuse_broken(self._last(), head.read(), self.key)
            self._connection.execute(TOUCH)

    def prune(self, before: datetime, *, who: Who) -> int:
        """Remove the records from the beginning up to the first that is not older; how many they were.

        An anchor is recorded first, with the hash that the oldest record left goes on from. Raises `AuditError` where
        `before` is less than six months ago or the anchor cannot be written.
        """
        if before > self._clock() - KEPT:
            raise AuditError(f"审计记录至少保存六个月：--before 不能晚于 {(self._clock() - KEPT).date().isoformat()}")
        last_old, removed = self._older(before)
        if last_old is None:
            return 0
        anchor = {
            "before": before.date().isoformat(), "through": last_old.seq, "head": last_old.hash, "removed": removed
        }  # fmt: skip
        self.append("audit_pruned", anchor, who=who)
        with _in_words("到期的审计记录未能清除"):
            while self._remove(through=last_old.seq):
                pass
            self._connection.execute("pragma wal_checkpoint(truncate)")
        return removed

    def _remove(self, *, through: int) -> int:
        """Remove the first of the records that may go, few enough that nobody waits long to append."""
        with self._held(), self._writing():
            return self._connection.execute(_REMOVE, {"through": through, "most": REMOVED_AT_ONCE}).rowcount

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        if self._folder:
            self._folder.cleanup()

    def _insert(self, last: Record | None, event: str, facts: str, *, who: Who, address: str) -> Record:
        """The next record, in the file."""
        end = _end(last)
        record = Record(
            seq=end.seq + 1,
            at=self._clock().isoformat(timespec="milliseconds"),
            name=who.name,
            role=who.role,
            kind=who.kind,
            address=address,
            event=event,
            facts=facts,
            key=key_mark(self.key),
            previous=end.hash,
        ).sealed(self.key)
        self._connection.execute(_INSERT, vars(record))
        return record

    def _refuse_broken(self, last: Record | None, head: Head | None, key: bytes) -> None:
        """Nothing is appended to a chain whose end was changed or cut off: that would bury the evidence.

        A process that died between its record and the head leaves a head that lags; that one is no sign of anything.
        """
        if last is not None and last.key != key_mark(key):
            raise AuditError(_OTHER_KEY if last.key else _UNSIGNED)
        if head is None or not (head in (_end(last), Head()) or self._hash_of(head.seq) == head.hash):
            raise AuditError(_BROKEN)

    def _hash_of(self, seq: int) -> str:
        found = self._connection.execute("select hash from record where seq = ?", (seq,)).fetchone()
        return str(found["hash"]) if found else ""

    def _last(self) -> Record | None:
        found = self._connection.execute("select * from record order by seq desc limit 1").fetchone()
        return record_of(found) if found else None

    def _older(self, before: datetime) -> tuple[Record | None, int]:
        """The last record of the old beginning, and how many records that is."""
        moment = before.isoformat(timespec="milliseconds")
        with reading(self.path) as connection:
            first = connection.execute("select min(seq) from record where at >= ?", (moment,)).fetchone()[0]
            found = connection.execute(
                "select * from record where seq < coalesce(?, seq + 1) order by seq desc limit 1", (first,)
            ).fetchone()
            oldest = connection.execute("select min(seq) from record").fetchone()[0]
        return (record_of(found), found["seq"] - oldest + 1) if found else (None, 0)

    @contextmanager
    def _held(self) -> Iterator[HeldHead]:
        """The head, with all other threads and processes waiting. Raises `AuditError` where it is gone."""
        try:
            with self._head.held() as head:
                if file_of(self.path) != self._file:  # written to, the open one would be a record that nobody has
                    raise AuditError(_REPLACED)
                yield head
        except FileNotFoundError:
            raise AuditError(_BROKEN) from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that no other process writes beside; undone as a whole when anything fails."""
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise


def _end(last: Record | None) -> Head:
    return Head(last.seq, last.hash) if last else Head()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma secure_delete = on")
    return connection


@contextmanager
def _in_words(failed: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise AuditError(f"{failed}（{error}）：请检查磁盘空间与目录权限") from error
    except OSError as error:
        raise AuditError(f"{failed}（{error.strerror}）：请检查磁盘空间与目录权限") from error
