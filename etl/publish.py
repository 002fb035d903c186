"""How does a build become what everybody sees? Locks, immutable snapshots, one pointer moved atomically."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from etl.contract import POINTER, NoSnapshotError, Pointer, read_pointer
from etl.errors import LoadError

LOCK = ".lock"
BUILD_PREFIX = ".build-"


@contextmanager
def exclusive(warehouse: Path) -> Iterator[None]:
    """Hold the warehouse for one loader. Raises `LoadError` if another one has it.

    The lock is a file of its own: opening and closing the database file itself would drop DuckDB's own lock.
    """
    warehouse.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (warehouse / LOCK).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LoadError("另一个加载正在运行，请等它结束后再试") from error
        for leftover in warehouse.glob(f"{BUILD_PREFIX}*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield


def publish(warehouse: Path, build: Path, *, as_of: datetime, built_at: datetime, counts: dict[str, int]) -> Pointer:
    """Give a finished build its name, move the pointer to it and return the new pointer.

    Raises `LoadError` if the build was not closed cleanly or cannot be read back.
    """
    if build.with_name(build.name + ".wal").exists():
        raise LoadError("新批次没有正常关闭（留有 .wal），未发布")
    verify(build)
    digest = sha256_in_new_process(build)
    number = 1 + max((_number(p) for p in warehouse.glob("snap-*.duckdb")), default=0)
    name = f"snap-{number:05d}-{digest[:8]}"
    target = warehouse / f"{name}.duckdb"
    _sync(build)
    build.chmod(0o440)
    build.rename(target)
    _sync(warehouse)
    pointer = Pointer(name, target.name, digest, as_of, built_at, counts)
    move_pointer(warehouse, pointer)
    return pointer


def move_pointer(warehouse: Path, pointer: Pointer) -> None:
    """Point the warehouse at a snapshot, atomically; its description is kept beside it for a later rollback."""
    body = asdict(pointer) | {"as_of": pointer.as_of.isoformat(), "built_at": pointer.built_at.isoformat()}
    text = json.dumps(body, ensure_ascii=False, indent=1)
    for path in (warehouse / f"{pointer.snapshot}.json", warehouse / POINTER):
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text, encoding="utf-8")
        _sync(temporary)
        temporary.replace(path)
    _sync(warehouse)


def history(warehouse: Path) -> list[Pointer]:
    """Published snapshots that are still on disk, oldest first."""
    found = []
    for path in sorted(warehouse.glob("snap-*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        times = {k: datetime.fromisoformat(raw[k]) for k in ("as_of", "built_at")}
        if (warehouse / raw["file"]).exists():
            found.append(Pointer(**(raw | times)))
    return found


def rollback(warehouse: Path, snapshot: str | None = None) -> Pointer:
    """Move the pointer back to the snapshot before the current one, or to a named one.

    Raises `NoSnapshotError` if there is none to go back to, `LoadError` if its file has changed since.
    """
    known = {p.snapshot: p for p in history(warehouse)}
    if snapshot is None:
        current = read_pointer(warehouse).snapshot
        earlier = [name for name in sorted(known) if name < current]
        if not earlier:
            raise NoSnapshotError("没有更早的批次可以回退")
        snapshot = earlier[-1]
    if snapshot not in known:
        raise NoSnapshotError(f"没有批次 {snapshot}；现有：{'、'.join(known) or '无'}")
    target = known[snapshot]
    if sha256_in_new_process(warehouse / target.file) != target.sha256:
        raise LoadError(f"批次 {snapshot} 的文件已损坏（校验和不符），未回退")
    move_pointer(warehouse, target)
    return target


def prune(warehouse: Path, keep: int) -> None:
    """Remove the oldest snapshots beyond `keep`, never the current one."""
    current = read_pointer(warehouse).snapshot
    old = [p for p in history(warehouse) if p.snapshot != current]
    for pointer in old[: max(0, len(old) - (keep - 1))]:
        for path in (pointer.file, f"{pointer.snapshot}.json", f"{pointer.snapshot}.quarantine.csv"):
            (warehouse / path).unlink(missing_ok=True)


_VERIFY = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("set enable_progress_bar = false")
for (name,) in con.execute("select table_name from duckdb_tables()").fetchall():
    con.execute(f'select count(*), bit_xor(hash(t)) from "{name}" as t').fetchone()
"""

_HASH = "import hashlib, sys; print(hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256').hexdigest())"


def verify(path: Path) -> None:
    """Read every block of a snapshot in a new process. Raises `LoadError` if any cannot be read."""
    done = subprocess.run([sys.executable, "-c", _VERIFY, str(path)], capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise LoadError(f"批次文件 {path.name} 读取校验失败，未发布；请检查磁盘")


def sha256_in_new_process(path: Path) -> str:
    """SHA-256 of a snapshot; in a new process, because closing a file drops this process's locks on it."""
    done = subprocess.run([sys.executable, "-c", _HASH, str(path)], capture_output=True, check=True)  # noqa: S603
    return done.stdout.decode().strip()


def _number(path: Path) -> int:
    return int(path.name.split("-")[1])


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
