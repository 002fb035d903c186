"""Which programs may ask? Those that send a token: made for a role, for some days, and revocable."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dashboard.auth import roles
from dashboard.auth.audit import Audit
from dashboard.auth.identity import Identity
from dashboard.auth.keys import hashed, new_key
from dashboard.auth.times import moment, stamp
from dashboard.clock import Clock
from dashboard.store import Store

PREFIX = "yiping_"
"""So that a token is known for one where it was left lying about."""
DAYS, MOST_DAYS = 90, 366
LONGEST_NAME = 40
NOTE_USE_EVERY = timedelta(hours=1)

TABLE = """create table if not exists api_token (
  id text primary key, hash text not null unique, name text not null, role text not null, town text not null,
  made_at text not null, ends_at text not null, is_revoked integer not null, used_at text not null
) strict"""


class TokenError(Exception):
    """The token cannot be made or revoked as asked; the text says why, for a person."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """What is known of a token; not the token itself. `used_at` is empty before its first use, exact to an hour."""

    id: str
    name: str
    role: str
    town: str
    made_at: str
    ends_at: str
    is_revoked: bool
    used_at: str


class Tokens:
    """The tokens of programs. Making and revoking is recorded first."""

    def __init__(self, store: Store, *, clock: Clock, audit: Audit) -> None:
        self._store, self._clock, self._audit = store, clock, audit
        store.declare(TABLE)

    def add(self, name: str, *, role: str, town: str = "", days: int = DAYS) -> str:
        """Make a token and give it, this once. Raises `TokenError`, `RoleError`."""
        if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
            raise TokenError(f"令牌名称须为 1 至 {LONGEST_NAME} 个字符")
        if not 1 <= days <= MOST_DAYS:
            raise TokenError(f"有效天数须在 1 至 {MOST_DAYS} 之间")
        roles.checked(role, town)
        token, now = PREFIX + new_key(), self._clock()
        facts = {"id": secrets.token_hex(4), "name": name.strip(), "role": role, "town": town}
        ends_at = stamp(now + timedelta(days=days))
        self._audit("token_added", token=facts["id"], name=facts["name"], role=role, town=town, ends_at=ends_at)
        self._store.write(
            "insert into api_token values (:id, :hash, :name, :role, :town, :made_at, :ends_at, 0, '')",
            facts | {"hash": hashed(token), "made_at": stamp(now), "ends_at": ends_at},
        )
        return token

    def find(self, token: str) -> Identity | None:
        """Who a token speaks for, while it holds."""
        now = self._clock()
        found = self._store.rows(
            "select id, name, role, town, used_at from api_token"
            " where hash = :hash and is_revoked = 0 and ends_at > :now",
            {"hash": hashed(token), "now": stamp(now)},
        )
        if not found:
            return None
        row = found[0]
        if not row["used_at"] or now - moment(row["used_at"]) >= NOTE_USE_EVERY:
            self._store.write(
                "update api_token set used_at = :now where id = :id", {"id": row["id"], "now": stamp(now)}
            )
        # The name alone could be an account's; the id says which token it was.
        return Identity(
            name=f"token:{row['id']}", shown_name=row["name"], role=row["role"], town=row["town"], kind="token"
        )

    def revoke(self, id: str) -> None:
        """End a token at the next request. Raises `TokenError`."""
        if not self._store.rows("select 1 from api_token where id = :id and is_revoked = 0", {"id": id}):
            raise TokenError(f"没有编号为“{id[:20]}”的有效令牌")
        self._audit("token_revoked", token=id)
        self._store.write("update api_token set is_revoked = 1 where id = :id", {"id": id})

    def listed(self) -> tuple[Token, ...]:
        """All tokens, the newest first; those that ended too."""
        return tuple(_token(row) for row in self._store.rows("select * from api_token order by made_at desc, id"))


def _token(row: dict[str, Any]) -> Token:
    facts = {key: row[key] for key in ("id", "name", "role", "town", "made_at", "ends_at", "used_at")}
    return Token(**facts, is_revoked=bool(row["is_revoked"]))
