"""Is this browser's person still logged in? Sessions are kept here; the cookie holds nothing but a random key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dashboard.auth.accounts import Account
from dashboard.auth.identity import Identity
from dashboard.auth.keys import hashed, new_key
from dashboard.auth.times import moment, stamp
from dashboard.clock import Clock
from dashboard.store import Store

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
TOUCH_EVERY = timedelta(minutes=1)

TABLE = """create table if not exists login_session (
  hash text primary key, account text not null, epoch integer not null, made_at text not null, seen_at text not null
) strict"""
VIEWS = """create table if not exists login_session_view (
  hash text primary key, role text not null, town text not null
) strict"""
"""As which role, and of which town, a session looks at things."""


class Sessions:
    """The sessions of all people. The table `account` must be declared."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store, self._clock = store, clock
        store.declare(TABLE)
        store.declare(VIEWS)

    def start(self, account: Account) -> str:
        """A new session; gives its key, which is told once and never again. Old sessions are swept out."""
        key, now = new_key(), self._clock()
        self._store.write(
            "delete from login_session where made_at <= :made or seen_at <= :seen",
            {"made": stamp(now - LONGEST), "seen": stamp(now - IDLE)},
        )
        self._store.write("delete from login_session_view where hash not in (select hash from login_session)")
        self._store.write(
            "insert into login_session values (:hash, :account, :epoch, :now, :now)",
            {"hash": hashed(key), "account": account.name, "epoch": account.epoch, "now": stamp(now)},
        )
        return key

    def find(self, key: str, *, is_used: bool = True) -> Identity | None:
        """Who the key was given to, while it holds.

        Using it puts off the idle end, written down once a minute at most; a page that only polls does not use it.
        """
        now = self._clock()
        said = {"hash": hashed(key), "made": stamp(now - LONGEST), "seen": stamp(now - IDLE)}
        found = self._store.rows(
            "select name, shown_name, account.role as account_role, seen_at,"
            " ifnull(view.role, account.role) as role, ifnull(view.town, account.town) as town"
            " from login_session join account on name = account"
            " left join login_session_view as view on view.hash = login_session.hash"
            " where login_session.hash = :hash and login_session.made_at > :made and seen_at > :seen"
            " and login_session.epoch = account.epoch and is_disabled = 0",
            said,
        )
        if not found:
            return None
        if is_used and now - moment(found[0]["seen_at"]) >= TOUCH_EVERY:
            self._store.write(
                "update login_session set seen_at = :now where hash = :hash", {"hash": said["hash"], "now": stamp(now)}
            )
        return _identity(found[0])

    def look_as(self, key: str, *, role: str, town: str) -> None:
        """From its next request on the session sees what a role sees. Whose session may is for the caller to know."""
        self._store.write(
            "insert into login_session_view select hash, :role, :town from login_session where hash = :hash"
            " on conflict (hash) do update set role = :role, town = :town",
            {"hash": hashed(key), "role": role, "town": town},
        )

    def look_as_oneself(self, key: str) -> None:
        """The session sees what its account's own role sees again."""
        self._store.write("delete from login_session_view where hash = :hash", {"hash": hashed(key)})

    def end(self, key: str) -> None:
        """The key opens nothing from now on."""
        self._store.write("delete from login_session where hash = :hash", {"hash": hashed(key)})


def _identity(row: dict[str, Any]) -> Identity:
    facts = {key: row[key] for key in ("name", "shown_name", "role", "town")}
    own_role = row["account_role"] if row["account_role"] != row["role"] else ""
    return Identity(**facts, own_role=own_role, kind="session")
