"""What do tests of log-in stand on? Doors whose clock is moved by hand and whose hashing is quick, and a small app."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from dashboard.auth.audit import Audit
from dashboard.auth.doors import Doors, open_doors
from dashboard.auth.gate import LOGIN_ROUTES, POST, Gate, Route
from dashboard.auth.identity import current
from dashboard.auth.login import add_login
from dashboard.auth.passwords import Hashes
from dashboard.auth.roles import EVERYONE, with_right
from dashboard.store import IN_MEMORY, Store

START = datetime(2026, 4, 1, 8, 30)
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Hand:
    """A clock that is moved by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Record:
    """An audit that remembers, and fails when it is told to."""

    events: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    is_broken: bool = False

    def __call__(self, event: str, /, **facts: str) -> None:
        if self.is_broken:
            raise OSError("disk full")
        self.events.append((event, facts))

    @property
    def names(self) -> list[str]:
        return [event for event, _ in self.events]


@dataclass
class Place:
    """Doors with what they stand on."""

    doors: Doors
    store: Store
    clock: Hand
    record: Record
    app: FastAPI

    def browser(self, address: str = "10.0.0.1") -> TestClient:
        """A browser of its own at an address."""
        base = "https://testserver" if self.doors.is_secure else "http://testserver"
        return TestClient(
            self.app, base_url=base, client=(address, 50000), raise_server_exceptions=False, follow_redirects=False
        )

    def person(self, name: str, address: str = "10.0.0.1") -> TestClient:
        """A browser whose person is logged in."""
        browser = self.browser(address)
        assert log_in(browser, name).status_code == 303
        return browser


ROUTES = (
    *LOGIN_ROUTES,
    Route(path="/", who=EVERYONE, is_page=True),
    Route(path="/screen", who=with_right("view_wall"), is_page=True),
    Route(path="/audit", who=with_right("read_audit"), is_page=True),
    Route(path="/api/v1/whoami", who=EVERYONE),
    Route(path="/api/v1/pulse", who=EVERYONE, is_poll=True),
    Route(path="/api/v1/cases/**", who=with_right("see_cases")),
    Route(path="/api/v1/export", methods=POST, who=with_right("export")),
    Route(path="/api/v1/nobody"),
)


def open_place(
    path: Path = IN_MEMORY, *, is_secure: bool = False, hashes: Hashes | None = None, routes: Iterable[Route] = ROUTES
) -> Place:
    """Doors over a store, an account per role (`town` in T01), all with `PASSWORD`, and an app behind the gate."""
    store, clock, record = Store(path), Hand(), Record()
    doors = open_doors(store, clock=clock, audit=record, is_secure=is_secure, hashes=hashes or Hashes(QUICK))
    if not doors.accounts.listed():
        for role in sorted(EVERYONE):
            doors.accounts.add(role, PASSWORD, role=role, town="T01" if role == "town" else "")
    record.events.clear()
    return Place(doors, store, clock, record, _app(doors, routes))


def another_worker(place: Place, path: Path, audit: Audit | None = None) -> Doors:
    """Doors of another process over the same file."""
    return open_doors(Store(path), clock=place.clock, audit=audit or place.record, hashes=Hashes(QUICK))


def log_in(browser: TestClient, name: str, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post("/login", data={"name": name, "password": password}, **more)


def _app(doors: Doors, routes: Iterable[Route]) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_login(app, doors)

    @app.get("/api/v1/whoami")
    async def whoami() -> dict[str, Any]:
        """Who is asking, as a worker thread sees it."""
        person = await asyncio.to_thread(current)
        return {"name": person.name, "role": person.role, "towns": person.towns, "kind": person.kind}

    @app.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
    async def everything(request: Request, path: str) -> dict[str, str]:
        """Answers every path, as Dash does."""
        return {"path": path}

    app.add_middleware(Gate, doors=doors, routes=routes)
    return app
