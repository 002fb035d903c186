"""F-30, P08, T-06: do two workers, as an ASGI server starts them, act as one? A real server, spoken to by raw sockets.

Which worker answers is chosen: the other one is stopped while a connection is made, and goes on afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from dashboard.audit.key import key_path, read_key
from dashboard.audit.reading import Asked, counts, piece
from dashboard.audit.record import AuditError
from dashboard.audit.trail import trail_path
from dashboard.audit.verify import Verdict, verify
from dashboard.auth.doors import open_doors
from dashboard.auth.lockout import MOST_FAILURES
from dashboard.store import Store
from tests.builders import ROOT
from tests.doors import PASSWORD
from tests.e2e.conftest import _free_port
from tests.e2e.people import AUDITOR, NAME, OWN, known_at

PATIENCE = 60
EXPORT = f"/api/v1/export?format=csv&since=2026-03-01&until=2026-03-15&purpose={quote('核对审计')}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OPTIONS = (
    "--workers", "2", "--no-server-header", "--log-level", "warning", "--timeout-keep-alive", "120",
    "--timeout-graceful-shutdown", "30", "--timeout-worker-healthcheck", "60",
)  # fmt: skip


@dataclass
class Served:
    """A running server of two workers."""

    process: subprocess.Popen[bytes]
    port: int
    state: Path

    @property
    def trail(self) -> Path:
        return trail_path(self.state)

    @property
    def workers(self) -> tuple[int, int]:
        one, other = self._children()
        return one, other

    def _children(self) -> list[int]:
        """The workers; multiprocessing has a helper beside them."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        pids = [pid for task in tasks for pid in (task / "children").read_text().split()]
        return sorted(int(pid) for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())

    def wait(self) -> None:
        """Until both have put on record that they were started: from then on none holds anything that others need.

        And until one of them listens: the other one takes part in that.
        """
        until = time.monotonic() + 4 * PATIENCE  # on a busy machine the start is what takes long
        while self.events().get("started", 0) < 2 or not self._listens():
            assert self.process.poll() is None and time.monotonic() < until
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def events(self) -> dict[str, int]:
        """How often each event is on record."""
        try:
            return counts(self.trail, datetime(2026, 1, 1))
        except AuditError:
            return {}

    def verdict(self) -> Verdict:
        return verify(self.trail, key=read_key(key_path(self.trail)))

    def line(self, worker: int, address: str = "127.0.0.1") -> HTTPConnection:
        """A connection that stays, to one of the workers."""
        (other,) = set(self.workers) - {worker}
        os.kill(other, signal.SIGSTOP)
        try:
            line = self.anywhere(address)
            assert ask(line, "GET", "/healthz").status == 200
        finally:
            os.kill(other, signal.SIGCONT)
        return line

    def anywhere(self, address: str = "127.0.0.1") -> HTTPConnection:
        """A connection to whichever worker takes it."""
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE, source_address=(address, 0))


@contextmanager
def serving(warehouse: Path, state: Path) -> Iterator[Served]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIPING_")}
    environment |= {"YIPING_WAREHOUSE": str(warehouse), "YIPING_STATE": str(known_at(state))}
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "app:server", "--port", str(port), *OPTIONS]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    served = Served(process, port, state)
    try:
        served.wait()
        yield served
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def start(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Served]]:
    """Gives the server that runs; starts one where none does (any more)."""
    with ExitStack() as opened:
        begun: list[Served] = []

        def do() -> Served:
            if not begun or begun[-1].process.poll() is not None:
                state = tmp_path_factory.mktemp("workers") / "yiping.sqlite"
                begun.append(opened.enter_context(serving(small_county, state)))
            return begun[-1]

        yield do


@pytest.fixture
def served(start: Callable[[], Served]) -> Served:
    return start()


def ask(line: HTTPConnection, method: str, path: str, cookie: str = "", **form: str) -> Any:
    """The answer, read to its end."""
    head = ({"Cookie": cookie} if cookie else {}) | (FORM if form else {})
    line.request(method, path, urlencode(form) if form else None, head)
    answer: Any = line.getresponse()
    answer.body = answer.read()
    return answer


def cookie_of(answer: HTTPResponse) -> str:
    assert answer.status == 303
    return (answer.headers["set-cookie"] or "").partition(";")[0]


def logged_in(line: HTTPConnection, name: str = NAME, password: str = PASSWORD) -> str:
    return cookie_of(ask(line, "POST", "/login", name=name, password=password))


def is_in(line: HTTPConnection, cookie: str) -> bool:
    status = ask(line, "GET", "/api/v1/pulse", cookie).status
    assert status in (200, 401)
    return status == 200


def test_p08_a_session_of_one_worker_holds_in_the_other_and_ends_in_both_at_once(served: Served) -> None:
    lines = [served.line(worker) for worker in served.workers]
    for begins, ends in ((0, 1), (1, 0), (0, 0)):
        cookie = logged_in(lines[begins])
        assert [json.loads(ask(line, "GET", "/readyz", cookie).body)["worker"] for line in lines] == [*served.workers]
        assert ask(lines[ends], "POST", "/logout", cookie).status == 303
        assert [is_in(line, cookie) for line in lines] == [False, False]


def test_p08_an_account_that_is_disabled_is_out_of_both_at_once(served: Served) -> None:
    lines = [served.line(worker) for worker in served.workers]
    cookies = [logged_in(line, AUDITOR) for line in lines]
    assert [is_in(line, cookie) for line in lines for cookie in cookies] == [True] * 4
    with closing(Store(served.state)) as store:
        accounts = open_doors(store, clock=datetime.now, audit=lambda *_, **__: None).accounts
        accounts.disable(AUDITOR)
        assert [is_in(line, cookie) for line in lines for cookie in cookies] == [False] * 4
        accounts.enable(AUDITOR)


def test_p08_failures_count_together(served: Served) -> None:
    lines = [served.line(worker, "127.0.0.2") for worker in served.workers]
    refused = [
        ask(lines[n % 2], "POST", "/login", name=OWN, password=f"wrong {n}").status for n in range(MOST_FAILURES + 3)
    ]
    assert refused == [401] * MOST_FAILURES + [429] * 3
    assert [ask(line, "POST", "/login", name=OWN, password=PASSWORD).status for line in lines] == [429, 429]
    assert logged_in(served.anywhere()) and served.events()["login_failed"] >= MOST_FAILURES


def test_t06_100_exports_at_once_are_100_records_in_one_chain(served: Served) -> None:
    cookies = [logged_in(served.anywhere()) for _ in range(4)]
    before = served.events()["exported"]

    def export(number: int) -> tuple[int, int]:
        """Its status and size; who finds too many of its own in the line asks again, as it is told to."""
        status, size, until = 429, 0, time.monotonic() + 4 * PATIENCE
        while status == 429 and time.monotonic() < until:
            with closing(served.anywhere()) as line:
                answer = ask(line, "GET", EXPORT, cookies[number % 4])
                status, size = answer.status, len(answer.body)
            time.sleep(0.2 if status == 429 else 0)
        return status, size

    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(export, range(100)))
    assert {status for status, _ in found} == {200} and min(size for _, size in found) > 500
    assert served.events()["exported"] - before == 100
    assert served.verdict().broken is None
    assert served.events()["load_seen"] == 1, "two workers saw it, one told"


def test_f30_a_server_that_is_told_to_stop_finishes_what_it_began(served: Served) -> None:
    idle = [served.line(worker) for worker in served.workers]
    cookie = logged_in(served.anywhere())
    with closing(begun_login(served)) as half, ThreadPoolExecutor(8) as pool, ExitStack() as ends:
        ends.callback(served.process.terminate)  # whatever fails here: the exporters end with the server
        before = served.events()
        exporters = [pool.submit(export_until_it_ends, served, cookie) for _ in range(8)]
        while served.events()["exported"] < before["exported"] + 16:
            assert not [exporter.result() for exporter in exporters if exporter.done()]
            time.sleep(0.02)
        served.process.send_signal(signal.SIGTERM)
        assert [line.sock.recv(1) for line in idle] == [b"", b""], "both have begun to stop"
        half.sendall(BODY[10:])
        answer = HTTPResponse(half)
        answer.begin()
        assert cookie_of(answer)
        assert served.process.wait(PATIENCE) == 0
        made = sum(exporter.result(PATIENCE) for exporter in exporters)
    found = served.events()
    assert made >= 8
    assert found["exported"] - before["exported"] == made, "each file that left whole is on record, and no other"
    assert found["login"] - before["login"] == 1
    verdict = served.verdict()
    assert (verdict.broken, verdict.count) == (None, piece(served.trail, Asked(), limit=1).total)


BODY = urlencode({"name": NAME, "password": PASSWORD}).encode()


def begun_login(served: Served) -> socket.socket:
    """A log-in whose form has come half; the server waits for the rest, and has said so."""
    head = f"Host: 127.0.0.1\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: {len(BODY)}\r\n"
    wire = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)
    wire.sendall(f"POST /login HTTP/1.1\r\n{head}Expect: 100-continue\r\n\r\n".encode())
    said = b""
    while not said.endswith(b"\r\n\r\n"):
        said += wire.recv(100)
    assert said.startswith(b"HTTP/1.1 100 ")
    wire.sendall(BODY[:10])
    return wire


def export_until_it_ends(served: Served, cookie: str) -> int:
    """How many files came whole until nobody was there to answer. One that broke off would raise `IncompleteRead`."""
    for whole in range(10**6):
        with closing(served.anywhere()) as line:
            try:
                line.request("GET", EXPORT, headers={"Cookie": cookie})
                answer = line.getresponse()
            except ConnectionError:
                return whole
            assert answer.status == 200 and answer.read()
    raise AssertionError("it never ended")
