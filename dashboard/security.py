"""Who is let in, and what is put on record? The doors and the trail over one store, and the layer that asks them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import seen, work
from dashboard.audit import recorder
from dashboard.audit.lookups import Lookups
from dashboard.audit.of_doors import audit_of
from dashboard.audit.recorder import Recorder
from dashboard.audit.trail import Trail
from dashboard.auth import oidc
from dashboard.auth.account import Towns, add_account
from dashboard.auth.doors import Doors, open_doors
from dashboard.auth.gate import Gate
from dashboard.auth.identity import known
from dashboard.auth.login import add_login
from dashboard.auth.routes import routes
from dashboard.auth.sso import add_sso
from dashboard.clock import Clock
from dashboard.store import Store
from dashboard.web.access import address


@dataclass(frozen=True)
class Security:
    """The doors, and the single sign-on where there is one."""

    doors: Doors
    look: Lookups
    provider: oidc.Provider | None
    clock: Clock

    def add(self, server: FastAPI, towns: Towns) -> None:
        """Put on a server the ways in, and what people do with their accounts; `towns` are their names by code."""
        add_account(server, self.doors, towns)
        add_login(server, self.doors, sso=self.provider.name if self.provider else "")
        if self.provider:
            add_sso(server, self.doors, oidc.Oidc(self.provider, clock=self.clock))

    def around(self, app: ASGIApp, pages: Iterable[tuple[str, str]]) -> ASGIApp:
        """The application behind the gate; `pages` as (path, right of their readers)."""
        return Gate(Named(app, self.look), self.doors, routes(pages, has_sso=self.provider is not None))


def open_security(store: Store, trail: Trail, *, clock: Clock, is_secure: bool) -> Security:
    """Everything over one store and one trail; `is_secure`: browsers come by TLS.

    Raises `StoreError`, `ConfigError`.
    """
    doors = open_doors(store, clock=clock, audit=audit_of(trail), is_secure=is_secure)
    return Security(doors, Lookups(trail, Recorder(trail), clock), oidc.configured(), clock)


class Named:
    """An ASGI layer that says from where a request comes, whose questions it asks, and who hears of cases looked at."""

    def __init__(self, app: ASGIApp, look: Lookups) -> None:
        self._app, self._look = app, look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the names."""
        if scope["type"] == "http":
            recorder.address.set(address(scope))
            seen.looking.set(self._look)
            identity = known()
            if identity is not None:
                work.client.set(identity.key)
        await self._app(scope, receive, send)
