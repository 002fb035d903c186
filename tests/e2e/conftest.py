"""What do browser tests stand on? The real server over a small demo county, and a browser that tells on the page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

from tests.e2e.people import known_at, visiting

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
SIZES = {"desk": DESK, "phone": PHONE}
PATIENCE = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo county through the real ETL; YIPING_E2E_WAREHOUSE names a ready one for quick work on pages."""
    ready = os.environ.get("YIPING_E2E_WAREHOUSE")
    if ready:
        return Path(ready)
    folder = tmp_path_factory.mktemp("county")
    files, made = folder / "files", folder / "warehouse"
    _etl("demo", "--out", str(files), "--cases", "3000", "--seed", "7")
    _etl("load", str(files), "--warehouse", str(made))
    return made


def _etl(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "etl", *arguments], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="session")
def server(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real server, started as people start it."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "app.py", "--warehouse", str(warehouse), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--state", str(known_at(tmp_path_factory.mktemp("state") / "yiping.sqlite"))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped with code {process.returncode}")
        try:
            with urlopen(f"{address}/readyz") as answer:
                if answer.status == 200:
                    return
        except HTTPError as refusal:
            if refusal.code == 401:  # its gate stands
                return
            time.sleep(0.25)
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("the server was not ready within a minute")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a network of its own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


IDLE = "() => new Promise((done) => requestIdleCallback(done, { timeout: 1000 }))"
"""On a busy machine what was clicked may be at work long before it asks the server anything."""


@dataclass
class Visitor:
    """A tab, and all that it did which it should not."""

    tab: Page
    home: str
    faults: list[str] = field(default_factory=list)
    asking: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.set_default_timeout(PATIENCE)
        self.tab.on("console", self._hear)
        self.tab.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.tab.on("websocket", lambda socket: self.faults.append(f"websocket: {socket.url}"))
        self.tab.on("request", self._see)
        self.tab.on("requestfinished", self._done)
        self.tab.on("requestfailed", self._done)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text[:300]}")

    def _see(self, request: Request) -> None:
        address, home = urlsplit(request.url), urlsplit(self.home)
        if address.scheme not in ("data", "blob") and address.netloc != home.netloc:
            self.faults.append(f"foreign host: {request.url}")
        if "/_dash-update" in address.path or "/api/" in address.path:
            self.asking.append(request)

    def _done(self, request: Request) -> None:
        if request in self.asking:
            self.asking.remove(request)

    def open(self, path: str) -> None:
        """Go to a path and wait until every panel is filled."""
        self.tab.goto(self.home + path)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being asked and every panel has its 截至."""
        self.tab.wait_for_function(
            """() => {
              const marks = [...document.querySelectorAll('.panel-asof[id]')];
              const open = marks.filter(mark => !mark.closest('.is-closed') && mark.id !== 'catalogue-asof');
              return open.length > 0 && open.every(mark => mark.textContent);
            }"""
        )
        quiet = 0
        for _ in range(PATIENCE // 50):
            self.tab.wait_for_timeout(50)
            self.tab.evaluate(IDLE)
            quiet = 0 if self.asking else quiet + 1
            if quiet >= 5:
                return
        raise TimeoutError(f"still asking: {self.asking}")

    def say_purpose(self, words: str = "") -> None:
        """Answer what the file is for that was just asked for: with words, or with 会议材料."""
        box = self.tab.get_by_role("dialog", name="这份文件的用途")
        if words:
            box.get_by_label("用途").fill(words)
        else:
            box.get_by_role("button", name="会议材料").click()
        box.get_by_role("button", name="导出", exact=True).click()

    def query(self) -> str:
        """The address bar's query."""
        return urlsplit(self.tab.url).query

    def api(self, path: str) -> Any:
        """What the API says."""
        return self.tab.request.get(self.home + path).json()


@pytest.fixture(scope="session")
def rooms(browser: Browser, server: str) -> Iterator[dict[str, BrowserContext]]:
    """A browser context per size, kept so that scripts are fetched and compiled once."""
    made = {name: visiting(browser, server, viewport=size) for name, size in SIZES.items()}
    yield made
    for room in made.values():
        room.close()


@pytest.fixture
def desk(rooms: dict[str, BrowserContext], server: str) -> Iterator[Visitor]:
    """A fresh desk-sized tab; fails the test for console errors and foreign hosts."""
    yield from _visit(rooms["desk"], server)


@pytest.fixture
def phone(rooms: dict[str, BrowserContext], server: str) -> Iterator[Visitor]:
    """A fresh phone-sized tab."""
    yield from _visit(rooms["phone"], server)


def _visit(room: BrowserContext, server: str) -> Iterator[Visitor]:
    visitor = Visitor(room.new_page(), server)
    yield visitor
    visitor.tab.close()
    assert visitor.faults == []
