"""Is what a screen shows still the newest? The pulse of every screen, cheap and never in a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI

from dashboard.ask import SnapshotInfo
from dashboard.clock import Clock
from dashboard.warehouse import Lender

LATE_HOURS = 26
"""Where a snapshot's rules say nothing: one delivery a day, and two hours to spare. 口径为本项目默认值."""


def add_pulse(api: FastAPI, warehouse: Lender, *, build: str, clock: Clock | None = None) -> None:
    """Add /pulse. Without a clock nothing is ever late, and no time is told."""
    # A thread of its own: the pulse must not wait behind pages being drawn, or every screen would say 连接中断.
    thread = ThreadPoolExecutor(1, thread_name_prefix="pulse")

    def beat() -> dict[str, Any]:
        with warehouse.lease() as ask:
            return pulse(ask.info, build=build, now=clock() if clock else None)

    @api.get("/pulse", summary="当前批次、数据截至、程序版本、来源是否中断")
    async def current_pulse() -> dict[str, Any]:
        """Cheap enough to be asked every few seconds by every screen."""
        return await asyncio.get_running_loop().run_in_executor(thread, copy_context().run, beat)


def pulse(info: SnapshotInfo, *, build: str, now: datetime | None) -> dict[str, Any]:
    """What a screen compares with what it shows: snapshot, its time, the build, whether the source is late."""
    return {
        "snapshot": info.snapshot,
        "as_of": info.as_of.isoformat(),
        "build": build,
        "is_demo": info.is_demo,
        "is_late": now is not None and is_late(info, now),
        "server_time": now.isoformat(timespec="seconds") if now else None,
    }


def is_late(info: SnapshotInfo, now: datetime) -> bool:
    """Whether newer data should have come by now: older than [clock] late_hours of the rules (口径为本项目默认值).

    Invented data is of one past day by design, and no source is behind it that could fail: 演示数据 says what it is.
    """
    if info.is_demo:
        return False
    return now - info.as_of > timedelta(hours=late_hours(info.rules))


def late_hours(rules: Mapping[str, Any]) -> float:
    """After how many hours without newer data a source counts as 中断."""
    return float(rules["clock"].get("late_hours", LATE_HOURS))
