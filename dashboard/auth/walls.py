"""Which walls may show the county without a person? Those activated by a code, each at one address."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dashboard.auth.audit import Audit
from dashboard.auth.identity import Identity
from dashboard.auth.keys import hashed, new_key
from dashboard.auth.passwords import fold, made_up
from dashboard.auth.times import moment, stamp
from dashboard.clock import Clock
from dashboard.store import Store

CODE_LENGTH = 8
CODE_LIFE = timedelta(minutes=10)
LIFE = timedelta(days=365)
LONGEST_NAME = 40
NOTE_USE_EVERY = timedelta(hours=1)

CODES = """create table if not exists wall_code (
  hash text primary key, name text not null, ends_at text not null
) strict"""
WALLS = """create table if not exists wall_screen (
  id text primary key, hash text not null unique, name text not null, address text not null,
  made_at text not null, ends_at text not null, is_revoked integer not null, used_at text not null
) strict"""


class WallError(Exception):
    """The code or the wall cannot be made or revoked as asked; the text says why, for a person."""


@dataclass(frozen=True, kw_only=True)
class Wall:
    """What is known of an activated wall; `used_at` is exact to an hour."""

    id: str
    name: str
    address: str
    made_at: str
    ends_at: str
    is_revoked: bool
    used_at: str


class Walls:
    """Codes and walls. Making a code, activating and revoking is recorded first."""

    def __init__(self, store: Store, *, clock: Clock, audit: Audit) -> None:
        self._store, self._clock, self._audit = store, clock, audit
        store.declare(CODES)
        store.declare(WALLS)

    def new_code(self, name: str) -> str:
        """An activation code for one wall, for ten minutes; `name` is where the wall hangs. Raises `WallError`."""
        name = name.strip()
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise WallError(f"大屏名称须为 1 至 {LONGEST_NAME} 个字符")
        code, now = made_up(CODE_LENGTH), self._clock()
        self._audit("wall_code_made", name=name)
        self._store.write("delete from wall_code where ends_at <= :now", {"now": stamp(now)})
        self._store.write(
            "insert into wall_code values (:hash, :name, :ends_at)",
            {"hash": hashed(code), "name": name, "ends_at": stamp(now + CODE_LIFE)},
        )
        return code

    def activate(self, code: str, address: str) -> str | None:
        """The key of a new wall at this address, for a code that holds; the code is spent. None for any other code."""
        now, hash = self._clock(), hashed(fold(code).upper().replace(" ", "").replace("-", ""))
        found = self._store.rows(
            "select name from wall_code where hash = :hash and ends_at > :now", {"hash": hash, "now": stamp(now)}
        )
        if not found:
            return None
        id, key, name = secrets.token_hex(4), new_key(), str(found[0]["name"])
        # Whoever deletes the code has it: of two at once, one.
        if not self._store.write("delete from wall_code where hash = :hash", {"hash": hash}):
            return None
        self._audit("wall_activated", wall=id, name=name, address=address)
        self._store.write(
            "insert into wall_screen values (:id, :hash, :name, :address, :now, :ends_at, 0, :now)",
            {
                "id": id,
                "hash": hashed(key),
                "name": name,
                "address": address,
                "now": stamp(now),
                "ends_at": stamp(now + LIFE),
            },
        )
        return key

    def find(self, key: str, address: str) -> Identity | None:
        """The wall that a key was given to, at the address where it was activated; None anywhere else."""
        now = self._clock()
        found = self._store.rows(
            "select id, name, used_at from wall_screen"
            " where hash = :hash and address = :address and is_revoked = 0 and ends_at > :now",
            {"hash": hashed(key), "address": address, "now": stamp(now)},
        )
        if not found:
            return None
        row = found[0]
        if now - moment(row["used_at"]) >= NOTE_USE_EVERY:
            self._store.write(
                "update wall_screen set used_at = :now where id = :id", {"id": row["id"], "now": stamp(now)}
            )
        return Identity(name=f"wall:{row['id']}", shown_name=row["name"], role="screen", kind="wall")

    def revoke(self, id: str) -> None:
        """End a wall at its next request. Raises `WallError`."""
        if not self._store.rows("select 1 from wall_screen where id = :id and is_revoked = 0", {"id": id}):
            raise WallError(f"没有编号为“{id[:20]}”的有效大屏")
        self._audit("wall_revoked", wall=id)
        self._store.write("update wall_screen set is_revoked = 1 where id = :id", {"id": id})

    def listed(self) -> tuple[Wall, ...]:
        """All walls, the newest first; those that ended too."""
        return tuple(_wall(row) for row in self._store.rows("select * from wall_screen order by made_at desc, id"))


def _wall(row: dict[str, Any]) -> Wall:
    facts = {key: row[key] for key in ("id", "name", "address", "made_at", "ends_at", "used_at")}
    return Wall(**facts, is_revoked=bool(row["is_revoked"]))
