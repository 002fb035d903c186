"""Where is kept what the readers themselves write down? One SQLite file, never the snapshot: that one is read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from dashboard import faults

BUSY_SECONDS = 5.0
IN_MEMORY = Path(":memory:")
TOUCH = "pragma user_version = 0"
"""Writes the first page once more, as it was: what cannot do this can write nothing."""
DEFAULT = Path(__file__).resolve().parent.parent / "data" / "state" / "yiping.sqlite"
"""Where it is kept unless somebody says otherwise."""


def state_file(text: str) -> Path:
    """The file that somebody named on a command line. Raises `ValueError` for what names none."""
    if not Path(text).name or "\0" in text:
        raise ValueError(text)
    return Path(text)


def file_of(path: Path) -> tuple[int, int] | None:
    """Which file it is that lies under a path, whatever its name; None in memory. Raises `OSError` where none does."""
    if path == IN_MEMORY:
        return None
    found = path.stat()
    return found.st_dev, found.st_ino


class StoreError(Exception):
    """What the reader wrote could not be kept or read again; the text says so, for a person."""


class Store:
    """Small tables of the dashboard's own, safe to use from any thread; every write is on disk when it returns.

    Each kind of thing declares its table where it is defined (`declare`), and is the only one to touch it.
    """

    def __init__(self, path: Path = IN_MEMORY) -> None:
        self._lock, self._path = Lock(), path
        try:
            self._connection = _open(path)
            self._file = file_of(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"无法打开 {path}（{error}）：请检查目录是否存在、能否写入、磁盘是否已满") from error

    def declare(self, table: str) -> None:
        """Make a table if it is not there yet; `table` is a whole `create table if not exists …`."""
        with self._use() as connection:
            connection.execute(table)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a SELECT, as dictionaries."""
        with self._use() as connection:
            return [dict(row) for row in connection.execute(sql, parameters or {})]

    def write(self, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Carry out one INSERT, UPDATE or DELETE, and say how many rows it touched."""
        with self._use() as connection:
            return connection.execute(sql, parameters or {}).rowcount

    def check(self) -> None:
        """Could something be written now? Writes a page of the file as it is. Raises `StoreError`."""
        with self._use() as connection:
            connection.execute(TOUCH)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        try:
            # A file that was put in the place of the open one would be written by others, and not read here.
            if file_of(self._path) != self._file:
                raise StoreError("保存账号等的文件已被换成另一个：请重新启动程序")
            with self._lock, self._connection:
                yield self._connection
        except OSError as error:
            faults.note(error, "store")
            raise StoreError("保存账号等的文件不见了：请找回后重新启动程序") from error
        except sqlite3.Error as error:
            faults.note(error, "store")
            raise StoreError("未能保存或读取：请检查磁盘空间与目录权限，再试一次") from error


def _open(path: Path) -> sqlite3.Connection:
    if path != IN_MEMORY:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection
