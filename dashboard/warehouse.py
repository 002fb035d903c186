"""The one door to DuckDB: which snapshot is current, a cursor per question, a deadline on each."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb

from dashboard import faults, work
from dashboard.ask import BATCH, Ask
from dashboard.time_limit import LIMITS
from etl.contract import CONTRACT_VERSION, NoSnapshotError, Pointer, read_pointer

MEMORY_LIMIT = "2GB"
THREADS = 2
DEADLINE_SECONDS = 10.0
TOO_SLOW = "查询超时，已停止；请缩小时段或筛选范围"


Tell = Callable[[Pointer], None]
"""What hears of a snapshot that is served from now on, before the first question to it is answered."""


class SlowQueryError(Exception):
    """A question took longer than its deadline and was stopped."""


class Snapshot:
    """One published snapshot, opened read-only and locked down; closed when its last lease ends.

    Raises `NoSnapshotError` if the file is missing, was changed after publishing, or has a stray `.wal` beside it.
    """

    def __init__(self, warehouse: Path, pointer: Pointer) -> None:
        path = warehouse / pointer.file
        _refuse_damaged(path, pointer)
        self.pointer = pointer
        self.leases = 0
        self.retired = False
        self.is_told = False
        self.warm: threading.Thread | None = None
        self._con = duckdb.connect(":memory:")
        # DuckDB leaves its spill folder open to SQL: it gets one of its own, never the machine's shared one.
        self._spill = tempfile.TemporaryDirectory(prefix="yiping-spill-")
        _lock_down(self._con, path, Path(self._spill.name))
        self._refuse_other_versions()
        self.ask = Ask(self)

    def _refuse_other_versions(self) -> None:
        found = self.rows("select value from mart.snapshot_info where key = 'contract_version'")
        if found != [(str(CONTRACT_VERSION),)]:
            self.close()
            raise NoSnapshotError(
                f"批次 {self.pointer.snapshot} 由另一版本的程序加载，表不一致；请用当前版本重新运行 python -m etl load"
            )

    def rows(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of one bound SELECT. Raises `SlowQueryError` past the deadline."""
        return self._run(sql, parameters or {})[1]

    def records(self, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The same rows as dictionaries by column name."""
        names, rows = self._run(sql, parameters or {})
        return [dict(zip(names, row, strict=True)) for row in rows]

    def batches(
        self, sql: str, parameters: dict[str, Any] | None = None, *, size: int = BATCH
    ) -> Iterator[list[dict[str, Any]]]:
        """The same rows, some at a time: no more than these in memory, and a deadline on each step."""
        with self._cursor() as cursor:
            with _deadline(cursor):
                cursor.execute(sql, parameters or {})
            names = [d[0] for d in cursor.description or []]
            while True:
                with _deadline(cursor):
                    rows = cursor.fetchmany(size)
                if not rows:
                    return
                yield [dict(zip(names, row, strict=True)) for row in rows]

    def _run(self, sql: str, parameters: dict[str, Any]) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        with self._cursor() as cursor, _deadline(cursor):
            cursor.execute(sql, parameters)
            names = [d[0] for d in cursor.description or []]
            return names, cursor.fetchall()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # A connection shared by threads gives other threads' rows: every question gets its own cursor.
        cursor = self._con.cursor()
        try:
            yield cursor
        except duckdb.InterruptException as error:
            raise SlowQueryError(TOO_SLOW) from error
        finally:
            cursor.close()

    def define(self, sql: str) -> None:
        """Run one statement that makes an in-memory table; the snapshot itself is read-only."""
        cursor = self._con.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

    def close(self) -> None:
        """Close the database; only ever called when no lease is left."""
        self._con.close()
        self._spill.cleanup()


def _refuse_damaged(path: Path, pointer: Pointer) -> None:
    if not path.exists():
        raise NoSnapshotError(f"批次文件 {pointer.file} 不见了，请运行 python -m etl rollback")
    if path.with_name(path.name + ".wal").exists():
        raise NoSnapshotError(f"{pointer.file} 旁有来历不明的 .wal 文件，拒绝打开")
    # Hashing an open DuckDB file would drop its locks, so: hash first, open after.
    with path.open("rb") as handle:
        if hashlib.file_digest(handle, "sha256").hexdigest() != pointer.sha256:
            raise NoSnapshotError(f"批次 {pointer.snapshot} 的文件与发布时不一致，请运行 python -m etl rollback")


def _lock_down(con: duckdb.DuckDBPyConnection, path: Path, spill: Path) -> None:
    """Attach the snapshot read-only and take away everything else, in the order DuckDB accepts."""
    quoted, spilling = (str(p).replace("'", "''") for p in (path, spill))
    for statement in (
        f"set memory_limit = '{MEMORY_LIMIT}'",
        f"set threads = {THREADS}",
        f"set temp_directory = '{spilling}'",
        f"attach '{quoted}' as mart (read_only)",
        "set TimeZone = 'Asia/Shanghai'",
        "set enable_progress_bar = false",
        "set python_enable_replacements = false",
        "set autoload_known_extensions = false",
        "set autoinstall_known_extensions = false",
        "set allow_community_extensions = false",
        "set enable_external_access = false",
        "set lock_configuration = true",
    ):
        con.execute(statement)


@contextmanager
def _deadline(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt the cursor after the deadline, which is its own or that of the whole question."""
    seconds = min(DEADLINE_SECONDS, work.seconds_left())
    if seconds <= 0:
        raise SlowQueryError(TOO_SLOW)
    with LIMITS.within(seconds, cursor):
        yield


class Lender(Protocol):
    """What whoever asks needs of a warehouse, the whole one or one narrowed to a scope."""

    def lease(self) -> AbstractContextManager[Ask]:
        """Questions to the current snapshot, for as long as it is leased."""
        ...


class Warehouse:
    """The current snapshot, swapped when the pointer moves; running questions keep the one they started with."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self.path = path
        self._tell = tell
        self._guard = threading.Lock()
        self._seen: tuple[int, int] = (0, 0)
        self._current: Snapshot | None = None
        self.refused = ""
        """Why the newest snapshot is not the one that is served; empty where it is."""

    @contextmanager
    def lease(self) -> Iterator[Ask]:
        """Questions to the current snapshot. Raises `NoSnapshotError` if there is none that can be opened."""
        with self._guard:
            snapshot = self._refresh()
            snapshot.leases += 1
            is_new, snapshot.is_told = not snapshot.is_told, True
        try:
            if is_new:
                self._tell(snapshot.pointer)
            yield snapshot.ask
        finally:
            self._give_back(snapshot)

    def _give_back(self, snapshot: Snapshot) -> None:
        with self._guard:
            snapshot.leases -= 1
            if snapshot.retired and snapshot.leases == 0:
                snapshot.close()

    def wait_until_warm(self) -> None:
        """Wait for the current snapshot's cubes, where figures are to be measured."""
        if self._current is not None and self._current.warm is not None:
            self._current.warm.join()

    def close(self) -> None:
        """Let go of the current snapshot, when the server stops."""
        self.wait_until_warm()
        with self._guard:
            self._retire()
            self._seen = (0, 0)

    def _retire(self) -> None:
        if self._current is not None:
            self._current.retired = True
            if self._current.leases == 0:
                self._current.close()
            self._current = None

    def _refresh(self) -> Snapshot:
        stamp = self._stamp()
        if self._current is not None and stamp == self._seen:
            return self._current
        try:
            fresh = Snapshot(self.path, read_pointer(self.path))
        except NoSnapshotError as error:
            if self._current is None:
                raise
            self.refused = str(error)
            return self._current
        self._retire()
        self._current, self._seen, self.refused = fresh, stamp, ""
        self._warm_up(fresh)
        return fresh

    def _warm_up(self, snapshot: Snapshot) -> None:
        """Make the snapshot's cubes beside the first questions, which read the ledger meanwhile."""
        snapshot.leases += 1

        def build() -> None:
            try:
                snapshot.ask.cubes.build(snapshot, cutoff_hour=snapshot.ask.cutoff_hour)
                snapshot.ask.care.prepare()
            except duckdb.Error as error:
                faults.note(error, f"cubes of {snapshot.pointer.snapshot}; questions read the ledger")
            finally:
                self._give_back(snapshot)

        snapshot.warm = threading.Thread(target=build, daemon=True)
        snapshot.warm.start()

    def _stamp(self) -> tuple[int, int]:
        try:
            status = (self.path / "CURRENT.json").stat()
        except FileNotFoundError:
            return (0, 0)
        return status.st_mtime_ns, status.st_ino


def open_warehouse(path: Path, tell: Tell = lambda _pointer: None) -> Warehouse:
    """A warehouse to lease questions from; nothing is opened before the first lease. `tell` hears of each snapshot."""
    return Warehouse(path, tell)
