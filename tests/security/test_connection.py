"""Does a client that sends bytes as no browser does get an answer or an end, and never a thread of ours?"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from dashboard.web import body, connection
from tests.security.conftest import Lines


@pytest.fixture(scope="module")
def port(guarded: FastAPI) -> Iterator[int]:
    """The server behind a real socket, impatient."""
    impatient = pytest.MonkeyPatch()
    impatient.setattr(connection, "HEAD_SECONDS", 0.3)
    limits = {"largest": body.LARGEST, "progress": 0.3, "whole": 0.6}
    impatient.setattr(body.BodyLimit.__init__, "__kwdefaults__", limits)
    guarded.middleware_stack = None
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        settings = connection.options() | {"lifespan": "off", "timeout_keep_alive": 1}
        server = uvicorn.Server(uvicorn.Config(guarded, **settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield int(listener.getsockname()[1])
        server.should_exit = True
        thread.join(20)
    impatient.undo()
    guarded.middleware_stack = None


def spoken(port: int, said: bytes, *more: bytes) -> bytes:
    """What the server answers to these bytes until it ends the connection."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as wire:
        wire.sendall(said)
        for part in more:
            wire.sendall(part)
        answer = bytearray()
        try:
            while part := wire.recv(65_536):
                answer += part
        except ConnectionResetError:
            pass
        return bytes(answer)


def asked(path: str, *head: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *head, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py", "/assets/..%2fapp.py", "/assets/%2e%2e/app.py", "/assets/%2e%2e%2fapp.py",
        "/assets/..%5capp.py",
        "/assets/....//app.py", "/assets/..;/app.py", "/assets/%00", "/assets/%c0%ae%c0%ae/app.py", "/assets/.env",
        "/assets//../../etc/passwd", "/..%2f..%2fetc/passwd", "/_dash-component-suites/dash/../../../app.py",
        "/screen/assets/..%2f..%2fapp.py", "/tiles/..%2f..%2fetc/passwd", "/%2e%2e/app.py",
    ],
)  # fmt: skip
def test_h53_h54_h55_t17_no_way_out_of_the_folders(port: int, path: str) -> None:
    answer = spoken(port, asked(path))
    assert status(answer) in (400, 404), answer[:200]
    assert b"import" not in answer and b"root:" not in answer


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"\x00" * 100, b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        asked("/_dash-update-component", "Content-Length: abc", method="POST"),
        asked("/_dash-update-component", "Content-Length: 5", "Content-Length: 6", method="POST") + b"hello",
        asked("/healthz", "Transfer-Encoding: chunked", "Content-Length: 5", method="POST") + b"0\r\n\r\n",
        asked("/_dash-update-component", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n",
    ],
)  # fmt: skip
def test_h50_what_is_no_http_is_400_or_nothing(port: int, said: bytes) -> None:
    answer = spoken(port, said)
    assert status(answer) in (0, 400, 403, 405, 415), answer[:200]


def test_h51_a_head_that_does_not_end_is_ended(port: int) -> None:
    for said in (b"", b"GET / HTTP/1.1\r\nHost: loc", b"G"):
        began = monotonic()
        assert spoken(port, said) == b""
        assert monotonic() - began < 5


def test_h51_a_second_head_that_does_not_end_is_ended_too(port: int) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = spoken(port, first + b"GET /healthz HT")
    assert status(answer) == 200 and answer.count(b"HTTP/1.1") == 1


def test_h50_h51_a_body_that_does_not_come_is_408(port: int) -> None:
    for head in ("Content-Length: 1000", "Transfer-Encoding: chunked"):
        answer = spoken(port, asked("/api/v1/views", head, method="POST"))
        assert status(answer) == 408, answer[:200]


def test_h46_a_body_that_is_too_large_is_413_and_the_end(port: int) -> None:
    assert status(spoken(port, asked("/api/v1/views", "Content-Length: 20000000", method="POST"))) == 413


def test_h52_a_long_address_is_read_and_an_endless_head_is_431(port: int) -> None:
    assert status(spoken(port, asked("/healthz?x=" + "x" * 5000))) == 200
    assert status(spoken(port, asked("/healthz", "X-Long: " + "x" * 9000))) == 200
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "
    assert status(spoken(port, head + b"x" * 200_000)) in (0, 431)


def test_h05_other_methods_on_the_wire(port: int) -> None:
    for method in ("TRACE", "CONNECT", "PROPFIND", "OPTIONS"):
        assert status(spoken(port, asked("/healthz", method=method))) in (400, 405)


def test_h51_thirty_slow_clients_leave_the_others_alone(port: int, access: Lines) -> None:
    wires: list[Any] = []
    for _ in range(30):
        wire = socket.create_connection(("127.0.0.1", port), timeout=10)
        wire.sendall(asked("/api/v1/views", "Content-Length: 100000", method="POST") + b"x")
        wires.append(wire)
    began = monotonic()
    for _ in range(20):
        assert status(spoken(port, asked("/healthz"))) == 200
    assert monotonic() - began < 5
    for wire in wires:
        assert status(wire.recv(200)) == 408
        wire.close()
    assert sum(line["status"] == 408 for line in access.said) == 30


def test_the_server_names_neither_itself_nor_its_version(port: int) -> None:
    head = spoken(port, asked("/healthz")).split(b"\r\n\r\n")[0].lower()
    assert b"server:" not in head and b"uvicorn" not in head and b"x-powered-by" not in head
