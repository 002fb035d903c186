"""By which door does a request come in? Everything that log-in needs, over one store, and who a request is from."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from dashboard.auth.accounts import Accounts
from dashboard.auth.audit import Audit, strict
from dashboard.auth.cookies import SESSION, WALL, AmbiguousError, cookie_name, sent
from dashboard.auth.identity import Identity
from dashboard.auth.lockout import Lockout
from dashboard.auth.passwords import Hashes
from dashboard.auth.sessions import Sessions
from dashboard.auth.tokens import Tokens
from dashboard.auth.walls import Walls
from dashboard.clock import Clock
from dashboard.store import Store
from dashboard.web.access import address


@dataclass(frozen=True, kw_only=True)
class Doors:
    """The three ways in: people by session, programs by token, walls by activation. Made by `open_doors`.

    `is_secure`: browsers come by TLS, and cookies are sent by no other way.
    """

    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    walls: Walls
    logins: Lockout
    codes: Lockout
    audit: Audit
    is_secure: bool

    def cookie(self, scope: Scope, name: str) -> str:
        """The key in one of our cookies; empty for none. Raises `AmbiguousError`."""
        return sent(Headers(scope=scope), cookie_name(name, is_secure=self.is_secure))

    def who(self, scope: Scope, *, is_used: bool) -> Identity | None:
        """Who sends a request; None for nobody. Blocks. `is_used`: a person did something, the page did not just poll.

        A token that is sent is the only thing looked at: where it does not hold, no cookie helps. Raises
        `AmbiguousError`, `StoreError`.
        """
        headers = Headers(scope=scope)
        said = headers.getlist("authorization")
        if len(said) > 1:
            raise AmbiguousError("请求带有两个 Authorization 头，无法确定用哪一个")
        if said:
            scheme, _, token = said[0].partition(" ")
            return self.tokens.find(token.strip()) if scheme.lower() == "bearer" else None
        session, wall = self.cookie(scope, SESSION), self.cookie(scope, WALL)
        person = self.sessions.find(session, is_used=is_used) if session else None
        return person or (self.walls.find(wall, address(scope)) if wall else None)


def open_doors(
    store: Store, *, clock: Clock, audit: Audit, is_secure: bool = False, hashes: Hashes | None = None
) -> Doors:
    """Everything over one store; whatever `audit` raises is an `UnrecordedError` from here on. Raises `StoreError`."""
    recorded = strict(audit)
    return Doors(
        accounts=Accounts(store, clock=clock, audit=recorded, hashes=hashes),
        sessions=Sessions(store, clock=clock),
        tokens=Tokens(store, clock=clock, audit=recorded),
        walls=Walls(store, clock=clock, audit=recorded),
        logins=Lockout(store, clock=clock, kind="login"),
        codes=Lockout(store, clock=clock, kind="code"),
        audit=recorded,
        is_secure=is_secure,
    )
