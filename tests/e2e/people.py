"""Who visits the server in a test? People with accounts of their own, who log in as people do."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from dashboard.auth.doors import open_doors
from dashboard.auth.passwords import Hashes
from dashboard.store import Store
from tests.doors import PASSWORD, QUICK

NAME, OWN, AUDITOR = "王敏", "李强", "张慧"
"""An administrator who may see all there is, another whose beginning nobody else shares, and the auditor."""


def known_at(state: Path) -> Path:
    """The state file of a server that knows both, made if it is not there yet."""
    with closing(Store(state)) as store:
        doors = open_doors(store, clock=datetime.now, audit=lambda *_, **__: None, hashes=Hashes(QUICK))
        if not doors.accounts.listed():
            for name in (NAME, OWN):
                doors.accounts.add(name, PASSWORD, role="admin")
            doors.accounts.add(AUDITOR, PASSWORD, role="auditor")
    return state


def visiting(browser: Browser, home: str, *, name: str = NAME, **look: Any) -> BrowserContext:
    """A browser of its own whose person is logged in."""
    room = browser.new_context(**({"locale": "zh-CN"} | look))
    answer = room.request.post(f"{home}/login", form={"name": name, "password": PASSWORD}, max_redirects=0)
    assert answer.status == 303, answer.text()
    return room
