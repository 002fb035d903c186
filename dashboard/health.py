"""Is this server alive, and may requests be sent to it? What it stands on, checked one by one and told in words."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from dashboard.api import answer, identity
from dashboard.audit.record import AuditError
from dashboard.audit.trail import Trail
from dashboard.store import Store, StoreError
from dashboard.warehouse import Lender
from dashboard.web.lag import LoopLag
from etl.contract import NoSnapshotError

LEAST_FREE = 0.1
"""So much of a disk must be free: a load writes a whole snapshot beside those that are kept (口径为本项目默认值)."""


@dataclass(frozen=True)
class Standing:
    """What the server stands on; `refused` says why the newest snapshot is not served, `folders` lie on the disks
    that must have room."""

    warehouse: Lender
    refused: Callable[[], str]
    store: Store
    trail: Trail
    folders: tuple[Path, ...]
    lag: LoopLag

    async def facts(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What is served and by which process; and what is wrong, by what it is about. Raises `BusyError`."""
        said: dict[str, Any] = {"worker": os.getpid(), "loop_lag": self.lag.facts()}
        wrong = await asyncio.to_thread(lambda: dict(self._wrong()))
        try:
            said |= await answer(self.warehouse, identity)
        except NoSnapshotError as error:
            wrong["snapshot"] = str(error)
        if reason := self.refused():
            wrong["snapshot"] = f"新批次不能用，仍在使用原批次：{reason}"
        return said, wrong

    def _wrong(self) -> Iterator[tuple[str, str]]:
        for about, check, kind in (("store", self.store.check, StoreError), ("audit", self.trail.check, AuditError)):
            if said := _refusal(check, kind):
                yield about, said
        for folder in self.folders:
            if said := _no_room(folder):
                yield "disk", said


def _refusal(check: Callable[[], None], kind: type[Exception]) -> str:
    """Why a check fails, in its own words; empty where it does not."""
    try:
        check()
    except kind as error:
        return str(error)
    return ""


def _no_room(folder: Path) -> str:
    """What is wrong with a folder's disk; empty where nothing is."""
    try:
        free = free_share(folder)
    except OSError as error:
        return f"无法查看 {folder} 所在磁盘（{error.strerror}）"
    return "" if free > LEAST_FREE else f"{folder} 所在磁盘只剩 {free:.0%}，须多于 {LEAST_FREE:.0%}：请清理或扩容"


def free_share(folder: Path) -> float:
    """How much of a folder's disk is free, from 0 to 1."""
    disk = shutil.disk_usage(folder)
    return disk.free / disk.total


def add_health(server: FastAPI, standing: Standing) -> None:
    """Liveness and readiness, outside the API's version."""

    @server.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        """The event loop is alive."""
        return {"status": "ok"}

    @server.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        """A snapshot is served, all that has to be written can be, and there is room; 503 with the reasons if not."""
        said, wrong = await standing.facts()
        if wrong:
            return JSONResponse({"status": "not_ready", "reasons": wrong, **said}, status_code=503)
        return JSONResponse({"status": "ready", **said})
