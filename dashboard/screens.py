"""Which walls hang where, and do they still paint? What each wall last said of itself, kept over restarts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dashboard.store import Store

SILENT_SECONDS = 60
"""A wall that has not painted for so long is 离线."""
MOST_SCREENS, MOST_OF_ONE = 200, 20
"""Walls on the list: in all, and of one account or activated wall, where the longest silent one gives way."""
_TABLE = """
create table if not exists screen_beat (
    id text primary key, owner text not null, name text not null, page text not null, build text not null,
    snapshot text not null, width integer not null, height integer not null, pixel_ratio real not null, heap_mb real,
    painted_at text not null
) strict
"""

_MAKE_ROOM = """
delete from screen_beat where id in (
    select id from screen_beat where owner = :owner and id <> :id order by painted_at desc limit -1 offset :most - 1
)
"""

ID = "^[0-9a-f]{32}$"


class TooManyScreensError(Exception):
    """No further wall can be listed; the text says what to do, for a person."""


class Beat(BaseModel):
    """What a wall says of itself after a paint. Nothing of any person."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(title="屏幕编号", pattern=ID)
    name: str = Field(title="屏幕名称", max_length=40)
    page: str = Field(title="页面", max_length=40)
    build: str = Field(title="程序版本", max_length=40)
    snapshot: str = Field(title="批次", max_length=80)
    width: int = Field(title="宽度", ge=1, le=100_000)
    height: int = Field(title="高度", ge=1, le=100_000)
    pixel_ratio: float = Field(title="像素比", gt=0, le=16)
    heap_mb: float | None = Field(title="内存", default=None, ge=0, le=1_000_000)


class Screens:
    """The list of walls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(_TABLE)

    def heard(self, beat: Beat, now: datetime, *, owner: str = "") -> None:
        """Keep what a wall said for `owner`, whose key tells it from everybody else.

        A number that a wall gives itself is its owner's alone: nobody writes over another's wall. Raises
        `TooManyScreensError` where a new one finds the list full.
        """
        id = hashlib.sha256(f"{owner} {beat.id}".encode()).hexdigest()[:32] if owner else beat.id
        said = {**beat.model_dump(), "id": id, "owner": owner, "now": now.isoformat(timespec="milliseconds")}
        if owner:
            self._store.write(_MAKE_ROOM, {"id": id, "owner": owner, "most": MOST_OF_ONE})
        kept = self._store.write(
            """
            insert into screen_beat
            select :id, :owner, :name, :page, :build, :snapshot, :width, :height, :pixel_ratio, :heap_mb, :now
            where (select count(*) from screen_beat) < :most or exists (select 1 from screen_beat where id = :id)
            on conflict (id) do update set name = excluded.name, page = excluded.page, build = excluded.build,
                snapshot = excluded.snapshot, width = excluded.width, height = excluded.height,
                pixel_ratio = excluded.pixel_ratio, heap_mb = excluded.heap_mb, painted_at = excluded.painted_at
            """,
            {**said, "most": MOST_SCREENS},
        )
        if not kept:
            raise TooManyScreensError(f"已登记 {MOST_SCREENS} 块屏幕；请先在“屏幕健康”中移除不用的")

    def forget(self, screen: str) -> bool:
        """Take a wall off the list; False where it was not on it."""
        return self._store.write("delete from screen_beat where id = :id", {"id": screen}) > 0

    def listed(self, *, now: datetime, build: str, snapshot: str) -> list[dict[str, Any]]:
        """Every wall by name, with its silence in seconds and whether it is online and up to date."""
        rows = self._store.rows("select * from screen_beat order by name, id")
        return [_judged(row, now=now, build=build, snapshot=snapshot) for row in rows]


def _judged(row: Mapping[str, Any], *, now: datetime, build: str, snapshot: str) -> dict[str, Any]:
    # A server clock put back must not make a wall's last paint lie in the future.
    silent = max(timedelta(0), now - datetime.fromisoformat(row["painted_at"])).total_seconds()
    told = {key: value for key, value in row.items() if key != "owner"}
    return {
        **told,
        "silent_seconds": round(silent),
        "is_online": silent < SILENT_SECONDS,
        "is_current_build": row["build"] == build,
        "is_current_snapshot": row["snapshot"] == snapshot,
    }
