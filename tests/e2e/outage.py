"""How is a wall cut off in a test? A server that can be killed, frozen and started again, and a stopwatch."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route

from tests.e2e.conftest import ROOT, _free_port, _wait_until_ready
from tests.e2e.people import known_at

BAND = "() => (document.querySelector('#band')?.dataset.state || '') !== ''"
NO_BAND = "() => document.querySelector('#band')?.dataset.state === ''"


@dataclass
class Machine:
    """The server as a process that can be hurt."""

    warehouse: Path
    state: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> str:
        """Its address, the same after every start."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "app.py", "--warehouse", str(self.warehouse), "--port", str(self.port)]
        command += ["--state", str(known_at(self.state))]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait_until_ready(self.home, self.process)

    def send(self, what: signal.Signals) -> None:
        """SIGKILL, SIGSTOP or SIGCONT."""
        assert self.process is not None
        self.process.send_signal(what)
        if what == signal.SIGKILL:
            self.process.wait()


@contextmanager
def machine(warehouse: Path, state: Path) -> Iterator[Machine]:
    """A running server, gone afterwards even if it was frozen."""
    made = Machine(warehouse, state, _free_port())
    made.start()
    try:
        yield made
    finally:
        made.send(signal.SIGKILL)


def hurried(room: BrowserContext, interval: int) -> None:
    """Pages of this context ask for the pulse every `interval` milliseconds."""

    def faster(route: Route) -> None:
        if route.request.resource_type != "document":
            route.continue_()
            return
        answer = route.fetch()
        body = answer.text().replace('data-interval="5000"', f'data-interval="{interval}"')
        if 'id="life"' not in body:
            body = body.replace("<body>", f'<body><div id="life" hidden data-interval="{interval}"></div>')
        route.fulfill(response=answer, body=body)

    room.route("**/*", faster)


def seconds_until(tab: Page, condition: str, *, patience: float) -> float:
    """How long until a condition holds in the page; TimeoutError after `patience` seconds."""
    began = time.monotonic()
    tab.wait_for_function(condition, timeout=1000 * patience, polling=20)
    return time.monotonic() - began


def drill(tab: Page, server: Machine, kind: str, *, lasting: float, interval: float) -> tuple[float, float]:
    """One outage of so many seconds: after how long the band was there, and after how long it had gone again."""
    {
        "killed": lambda: server.send(signal.SIGKILL),
        "frozen": lambda: server.send(signal.SIGSTOP),
        "offline": lambda: tab.context.set_offline(True),
    }[kind]()
    began = time.monotonic()
    seen = seconds_until(tab, BAND, patience=4 * interval)
    time.sleep(max(0.0, lasting - (time.monotonic() - began)))
    {
        "killed": server.start,
        "frozen": lambda: server.send(signal.SIGCONT),
        "offline": lambda: tab.context.set_offline(False),
    }[kind]()
    return seen, seconds_until(tab, NO_BAND, patience=max(20.0, 4 * interval))
