"""Which long exports are being made, how far are they, and where are their files? Made beside the pages, one by one,
and nobody waits behind all that one account wants."""

from __future__ import annotations

import errno
import json
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import Any

from dashboard import faults, work
from dashboard.clock import Clock
from dashboard.export import process
from dashboard.export.asked import ExportRefusedError
from dashboard.export.content import StoppedError
from dashboard.export.export import Export
from dashboard.metrics.query import UnknownQuestionError
from dashboard.store import Store
from dashboard.warehouse import SlowQueryError
from etl.contract import NoSnapshotError

TABLE = """
create table if not exists own_export (
    id text primary key, owner text not null, state text not null, query text not null, format text not null,
    name text not null, rows integer not null, total integer not null, bytes integer not null, said text not null,
    made_at text not null, ended_at text not null)
"""
WORKERS = "create table if not exists own_export_worker (id text primary key, worker text not null)"
"""In which of several processes a job waits or runs."""
UNENDED = """
select own_export.id as id, ifnull(worker, '') as worker
from own_export left join own_export_worker using (id) where state in ($waiting, $running)
"""
LOOK_EVERY = 0.5
"""So often a job looks whether another process was told to cancel it, in seconds."""
AT_ONCE = 1
"""Jobs being written at the same time: writing is Python's own work, and pages need it too."""
MOST_WAITING = 20
MOST_OF_AN_ACCOUNT = 3
"""So many jobs of one account may wait or run in a process (口径为本项目默认值)."""
SECONDS = 900.0
"""After so long a job is stopped (this project's default)."""
KEPT = timedelta(days=7)
"""How long a file can be fetched (this project's default)."""
RESTARTED = "服务重启，没有完成的导出已停止；请重新导出"
TOO_LONG = f"超过 {SECONDS / 60:.0f} 分钟仍未完成，已停止；请缩小筛选范围，或改用 CSV、Parquet"
DISK_FULL = "磁盘空间不足，没有写完；请清理磁盘后重新导出"
OURS = re.compile(r"[\w-]{24}\.(csv|xlsx|parquet|geojson|part|json)", re.ASCII)
"""The names of our files: a folder may hold others', and those are not ours to clear away."""
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"

Make = Callable[[Callable[[], bool]], AbstractContextManager[Export]]
"""Opens the export in the worker's own lease; it gives up when the function it is handed says so."""


TOLD = (SlowQueryError, NoSnapshotError, ExportRefusedError, UnknownQuestionError)
"""Errors whose text is written for people."""


class NoSuchJobError(Exception):
    """There is no such job, or not any more; the text says so."""


class NotReadyError(Exception):
    """The job has no file (yet), or cannot be taken; the text says why."""


@dataclass
class Run:
    """A job that waits or runs in this process, and whose it is, whatever the role or town."""

    account: str = ""
    cancelled: Event = field(default_factory=Event)
    export: Export | None = None
    until: float = float("inf")
    look_at: float = 0.0

    def is_over(self) -> bool:
        """Is there nobody left to write for?"""
        return self.cancelled.is_set() or monotonic() > self.until


class Jobs:
    """Exports in the background. What becomes of them is kept in the store, their files in `folder`.

    Without a `folder` files last as long as this does; without a `clock` no file goes out of date.
    """

    def __init__(self, store: Store, folder: Path | None = None, *, clock: Clock | None = None) -> None:
        self._store, self._clock = store, clock
        self._borrowed = tempfile.TemporaryDirectory(prefix="yiping-exports-") if folder is None else None
        self._folder = Path(self._borrowed.name) if self._borrowed else folder or Path()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._guard = Lock()
        self._runs: dict[str, Run] = {}
        self._waiting: dict[str, Callable[[], None]] = {}
        self._last: dict[str, int] = {}
        self._given = 0
        self._is_closing = False
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="export")
        store.declare(TABLE)
        store.declare(WORKERS)
        for job in store.rows(UNENDED, {"waiting": WAITING, "running": RUNNING}):
            if not process.is_there(job["worker"]):
                self._end(job["id"], FAILED, RESTARTED)
        self._sweep()

    def start(
        self, make: Make, *, query: str, format: str, name: str, total: int, owner: str = "", account: str = ""
    ) -> str:
        """Queue an export of so many rows and return its id. Raises `NotReadyError` where too many wait already.

        Only its `owner` finds it again: to others there is no such job. Turns are shared out among accounts.
        """
        self._sweep()
        key, run = secrets.token_urlsafe(18), Run(account)
        with self._guard:
            self._check_room(account)
            self._note(key, owner=owner, query=query, format=format, name=name, total=total)
            self._runs[key] = run
            # The file holds what the one who started it may see, whoever looks at the job.
            self._waiting[key] = work.later(self._work, key, run, make, self._path(key, format))
        self._pool.submit(self._take)
        return key

    def _check_room(self, account: str) -> None:
        own = sum(run.account == account for run in self._runs.values())
        if own >= MOST_OF_AN_ACCOUNT:
            raise NotReadyError(f"您已有 {own} 个导出没有完成（每个账号至多 {own} 个）；请等它们完成，或取消不用的")
        if len(self._runs) > MOST_WAITING:
            raise NotReadyError(f"已有 {len(self._runs)} 个导出在排队；请稍后再试")

    def _note(self, key: str, *, owner: str, query: str, format: str, name: str, total: int) -> None:
        self._store.write(
            "insert into own_export values ($id, $owner, $state, $query, $format, $name, 0, $total, 0, '', $now, '')",
            {
                "id": key,
                "owner": owner,
                "state": WAITING,
                "query": query,
                "format": format,
                "name": name,
                "total": total,
            }
            | {"now": self._now()},
        )
        self._store.write(
            "insert into own_export_worker values ($id, $worker)", {"id": key, "worker": process.own_mark()}
        )

    def find(self, key: str, owner: str = "") -> dict[str, Any]:
        """A job as it stands: id, state, rows of total, name, bytes, said, until (when its file goes). Or raises."""
        rows = self._store.rows(
            "select * from own_export where id = $id and owner = $owner", {"id": key, "owner": owner}
        )
        if not rows:
            raise NoSuchJobError("没有这个导出，或已过期删除")
        job, run = rows[0], self._runs.get(key)
        if run and run.export:
            job |= {"rows": run.export.content.rows, "total": run.export.total}
        ahead = self._ahead(key) if job["state"] == WAITING else 0
        ended = datetime.fromisoformat(job["ended_at"]) if job["ended_at"] and job["state"] == DONE else None
        return job | {"ahead": ahead, "until": (ended + KEPT).isoformat(timespec="minutes") if ended else ""}

    def cancel(self, key: str, owner: str = "") -> dict[str, Any]:
        """Stop a job, or throw away the file of one that is done; the job as it stands then."""
        job, run = self.find(key, owner), self._runs.get(key)
        if run:
            run.cancelled.set()
            if job["state"] == WAITING:
                self._end(key, CANCELLED, "已取消")
            self._leave(key)
        elif job["state"] in (WAITING, RUNNING):
            self._end(key, CANCELLED, "已取消")  # the process that has it looks
        elif job["state"] == DONE:
            self._discard(key, job["format"])
            self._end(key, CANCELLED, "文件已删除")
        return self.find(key, owner)

    def file(self, key: str, owner: str = "") -> Path:
        """The file of a job that is done. Raises `NoSuchJobError`, `NotReadyError`."""
        job = self.find(key, owner)
        path = self._path(key, job["format"])
        if job["state"] != DONE:
            raise NotReadyError(job["said"] or "还没有完成")
        if not path.is_file():
            raise NotReadyError("文件已不在，请重新导出")
        return path

    def about(self, key: str, owner: str = "") -> dict[str, Any]:
        """The 说明 of a job's file."""
        said: dict[str, Any] = json.loads(self.file(key, owner).with_suffix(".json").read_text(encoding="utf-8"))
        return said

    def close(self) -> None:
        """Stop what runs, as the server stops."""
        self._is_closing = True
        for run in list(self._runs.values()):
            run.cancelled.set()
        self._pool.shutdown(wait=True)
        if self._borrowed:
            self._borrowed.cleanup()

    def _line(self) -> list[str]:
        """Who waits, in the order in which they will have their turns if nobody else comes.

        Every account has one turn before any has another; first comes the one whose last is the longest ago.
        """
        nth = Counter[str]()
        came: dict[str, int] = {}
        rank: dict[str, tuple[int, int, int]] = {}
        for key in self._waiting:
            account = self._runs[key].account
            first = came.setdefault(account, len(came))
            rank[key] = (nth[account], self._last.get(account, 0), first)
            nth[account] += 1
        return sorted(rank, key=rank.__getitem__)

    def _ahead(self, key: str) -> int:
        """How many will have been made before a job that waits here; 0 for any other."""
        with self._guard:
            running = len(self._runs) - len(self._waiting)
            return running + self._line().index(key) if key in self._waiting else 0

    def _take(self) -> None:
        """Do the work whose turn it is; none is there where a job has left the line."""
        with self._guard:
            if not self._waiting:
                return
            key = self._line()[0]
            task = self._waiting.pop(key)
            self._given += 1
            here = {run.account for run in self._runs.values()}
            self._last = {one: at for one, at in self._last.items() if one in here}
            self._last[self._runs[key].account] = self._given
        task()

    def _leave(self, key: str) -> None:
        """Whoever gives up waiting makes room at once; what runs ends by itself."""
        with self._guard:
            if self._waiting.pop(key, None):
                del self._runs[key]

    def _work(self, key: str, run: Run, make: Make, path: Path) -> None:
        run.until = monotonic() + SECONDS
        part = path.with_suffix(".part")
        try:
            export = self._write(key, run, make, part)
            part.replace(path)
            self._end(key, DONE, "", bytes=path.stat().st_size, rows=export.content.rows, total=export.total)
        except Exception as error:
            self._discard(key, path.suffix[1:])
            self._end(key, *self._verdict(error, run), rows=run.export.content.rows if run.export else None)
        finally:
            with self._guard:
                self._runs.pop(key, None)

    def _write(self, key: str, run: Run, make: Make, part: Path) -> Export:
        if self._is_over(key, run):
            raise StoppedError
        self._store.write(
            "update own_export set state = $running where id = $id and state = $waiting",
            {"id": key, "running": RUNNING, "waiting": WAITING},
        )
        with make(partial(self._is_over, key, run)) as export, part.open("wb") as out:
            run.export = export
            export.write(out)
            run.look_at = 0.0
            if self._is_over(key, run):
                raise StoppedError
            part.with_suffix(".json").write_text(json.dumps(export.about(), ensure_ascii=False), encoding="utf-8")
            return export

    def _is_over(self, key: str, run: Run) -> bool:
        """Is there nobody left to write for, here or in another process?"""
        if monotonic() >= run.look_at:
            run.look_at = monotonic() + LOOK_EVERY
            if self._store.rows("select 1 from own_export where id = $id and state = $s", {"id": key, "s": CANCELLED}):
                run.cancelled.set()
        return run.is_over()

    def _verdict(self, error: Exception, run: Run) -> tuple[str, str]:
        if run.is_over() and self._is_closing:
            return FAILED, RESTARTED
        if run.cancelled.is_set():
            return CANCELLED, "已取消"
        if isinstance(error, StoppedError):
            return FAILED, TOO_LONG
        if _is_disk_full(error):
            return FAILED, DISK_FULL
        if isinstance(error, TOLD):
            return FAILED, str(error)
        fault = faults.note(error, "export in the background")
        return FAILED, f"没有完成，其余正常（错误号 {fault}）；请重新导出"

    def _end(
        self, key: str, state: str, said: str, *, rows: int | None = None, total: int | None = None, bytes: int = 0
    ) -> None:
        self._store.write(
            "update own_export set state = $state, said = $said, ended_at = $now, bytes = $bytes,"
            " rows = coalesce($rows, rows), total = coalesce($total, total) where id = $id and state <> $cancelled",
            {"id": key, "state": state, "said": said, "now": self._now(), "cancelled": CANCELLED}
            | {"rows": rows, "total": total, "bytes": bytes},
        )

    def _path(self, key: str, format: str) -> Path:
        return self._folder / f"{key}.{format}"

    def _discard(self, key: str, format: str) -> None:
        for ending in (format, "part", "json"):
            self._path(key, ending).unlink(missing_ok=True)

    def _now(self) -> str:
        return self._clock().isoformat() if self._clock else ""

    def _sweep(self) -> None:
        """Forget what is past its time, and every file of ours that no job stands for; no other file."""
        if self._clock:
            limit = (self._clock() - KEPT).isoformat()
            self._store.write("delete from own_export where ended_at != '' and ended_at < $limit", {"limit": limit})
            self._store.write("delete from own_export_worker where id not in (select id from own_export)")
        states = {"done": DONE, "waiting": WAITING, "running": RUNNING}
        known = {
            row["id"]
            for row in self._store.rows("select id from own_export where state in ($done, $waiting, $running)", states)
        }
        for path in self._folder.iterdir():
            if OURS.fullmatch(path.name) and path.stem not in known and path.stem not in self._runs:
                path.unlink(missing_ok=True)


def _is_disk_full(error: BaseException | None) -> bool:
    """Also where a library has wrapped the system's word."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False
