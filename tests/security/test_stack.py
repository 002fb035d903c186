"""Does every request pass the layers in front of pages and API, and does each refuse what it is there for?"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from dashboard.web.access import AccessLog
from dashboard.web.body import BodyLimit, whole
from dashboard.web.hosts import LOOPBACK, TrustedHosts, host_names
from tests.security.asgi import Head, Said, carried_out, send
from tests.security.conftest import Lines

HOME: Head = (("host", "localhost"),)
JSON: Head = (*HOME, ("content-type", "application/json"))


def run(work: Callable[[], Awaitable[Said]]) -> Said:
    """The answer, within twenty seconds."""
    return carried_out(asyncio.wait_for(work(), 20))


def test_t13_the_stack_is_outermost_and_dev_tools_are_off(guarded: FastAPI, client: TestClient) -> None:
    client.get("/healthz")
    assert isinstance(guarded.middleware_stack, AccessLog)
    config = re.search(r'id="_dash-config"[^>]*>(.*?)</script>', client.get("/map?kind=C").text, re.DOTALL)
    assert config and not {"hot_reload", "ui"} & {key for key, value in json.loads(config[1]).items() if value}


# --- access log -----------------------------------------------------------------------------------------------------


def test_each_request_has_one_line_and_its_id_without_what_was_asked(client: TestClient, access: Lines) -> None:
    said = client.get("/api/v1/query?metrics=accepted&town=张三", headers={"user-agent": "canary-agent"})
    (line,) = access.said
    assert set(line) == {"id", "method", "path", "status", "ms", "bytes"}
    assert (line["id"], line["method"], line["path"]) == (said.headers["x-request-id"], "GET", "/api/v1/query")
    assert (line["status"], line["bytes"]) == (400, len(said.content))
    assert not re.search("张三|accepted|canary", access.texts[0].encode().decode("unicode-escape"))


def test_ids_differ_and_are_never_taken_from_the_client(client: TestClient) -> None:
    ids = {client.get("/healthz", headers={"x-request-id": "mine"}).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20 and "mine" not in ids


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/api/v1/cases/990187197901010006", "/api/v1/cases/…"), ("/api/v1/cases/1390018-7001", "/api/v1/cases/…"),
        ("/张三", "/…"),
        ("/api/v1/cases/EV-000123", "/api/v1/cases/EV-000123"), ("/tiles/11/1664/789.png", "/tiles/11/1664/789.png"),
    ],
)  # fmt: skip
def test_t18_the_access_log_keeps_no_name_and_no_number_that_somebody_typed_into_a_path(
    client: TestClient, access: Lines, path: str, kept: str
) -> None:
    client.get(path)
    assert access.said[0]["path"] == kept


def test_h39_a_line_break_in_a_path_makes_no_second_line(client: TestClient, access: Lines) -> None:
    assert client.get("/a%0d%0aSet-Cookie:%20x=1").status_code == 404
    assert "\n" not in access.texts[0] and len(access.texts) == 1


# --- host, origin, forwarded headers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("LOCALHOST:8050", 200), ("127.0.0.1:1", 200), ("[::1]:8050", 200), ("evil.test", 400),
        ("localhost.evil.test", 400), ("evil.test:80", 400), ("localhost@evil.test", 400), ("", 400),
        ("localhost:", 400),
        ("localhost:80:80", 400), ("localhost/x", 400), ("127.0.0.1.", 400), ("0x7f.1", 400),
    ],
)  # fmt: skip
def test_h12_only_our_own_names_are_answered(guarded: FastAPI, host: str, status: int) -> None:
    assert run(lambda: send(guarded, "GET", "/healthz", head=(("host", host),))).status == status


def test_h12_no_host_and_two_hosts_are_refused(guarded: FastAPI) -> None:
    assert run(lambda: send(guarded, "GET", "/healthz")).status == 400
    two: Head = (("host", "localhost"), ("host", "evil.test"))
    assert run(lambda: send(guarded, "GET", "/healthz", head=two)).status == 400


def test_h11_forwarded_headers_change_nothing(client: TestClient) -> None:
    forged = {"x-forwarded-host": "evil.test", "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "https"}
    plain, told = client.get("/"), client.get("/", headers=forged)
    assert plain.headers["location"] == told.headers["location"]
    assert client.get("/healthz", headers={"host": "evil.test", "x-forwarded-host": "localhost"}).status_code == 400


def test_names_can_be_added_but_not_badly_written_ones() -> None:
    assert host_names(" Zhili.Lan , 10.1.2.3 ") == {"zhili.lan", "10.1.2.3"}
    for odd in ("*", "a b", "x:80", "http://x", "a/b"):
        with pytest.raises(ValueError):
            host_names(odd)


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/_dash-update-component", "/screen/_dash-update-component", "/api/v1/views"])
def test_h13_pages_of_others_change_nothing(client: TestClient, path: str, sent: dict[str, str]) -> None:
    assert client.post(path, json={}, headers=sent).status_code == 403


# --- headers --------------------------------------------------------------------------------------------------------

PATHS = [
    "/",
    "/map?kind=C",
    "/nowhere",
    "/healthz",
    "/api/v1/pulse",
    "/api/v1/none",
    "/_dash-layout",
    "/screen",
    "/v/none",
]


@pytest.mark.parametrize("path", PATHS)
def test_answers_are_not_kept_and_open_nothing(client: TestClient, path: str) -> None:
    said = client.get(path).headers
    assert said["cache-control"] == "no-store"
    assert said["cross-origin-opener-policy"] == "same-origin"
    assert said["permissions-policy"].startswith("fullscreen=(self), camera=()")
    assert said["x-content-type-options"] == "nosniff" and said["referrer-policy"] == "no-referrer"


def test_files_under_a_fingerprint_are_kept_others_asked_about(client: TestClient) -> None:
    page = client.get("/map?kind=C").text
    own = re.search(r'"(/assets/map\.js\?m=[\d.]+)"', page)
    suite = re.search(r'"(/_dash-component-suites/dash/dash-renderer/build/[^"]+\.v[^"]+)"', page)
    assert own and suite
    assert client.get(own[1]).headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "max-age=31536000" in client.get(suite[1]).headers["cache-control"]
    assert client.get("/assets/map.js").headers["cache-control"] == "no-cache"
    assert client.get("/assets/none.js?m=1.0").headers["cache-control"] == "no-store"
    assert "max-age" in client.get("/api/v1/geometry/town").headers["cache-control"]


# --- body -----------------------------------------------------------------------------------------------------------


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await whole(receive)
    await JSONResponse({"bytes": len(body)})(scope, receive, send)


def limited(**options: Any) -> BodyLimit:
    return BodyLimit(echo, largest=10, **options)


@pytest.mark.parametrize(
    ("head", "chunks", "status"),
    [
        ((("content-length", "10"),), (b"x" * 10,), 200),
        ((("content-length", "11"),), (b"x" * 11,), 413),
        ((("content-length", "9" * 400),), (b"",), 413),
        ((("content-length", "-1"),), (b"",), 400),
        ((("content-length", "1e3"),), (b"",), 400),
        # What is announced is not what comes.
        ((("content-length", "2"),), (b"x" * 6, b"x" * 6), 413),
        ((("transfer-encoding", "chunked"),), (b"x" * 4,) * 3, 413),
        ((("transfer-encoding", "chunked"),), (b"x" * 4, b"x" * 4), 200),
    ],
)  # fmt: skip
def test_h46_h50_a_body_is_counted_while_it_comes(head: Head, chunks: tuple[bytes, ...], status: int) -> None:
    assert run(lambda: send(limited(), "POST", "/", head=head, chunks=chunks)).status == status


def test_h46_a_large_body_is_refused_before_it_is_read() -> None:
    said = run(lambda: send(limited(), "POST", "/", head=(("content-length", "20000000"),), chunks=(), hangs=True))
    assert (said.status, said.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("limits", [{"progress": 0.02, "whole": 9}, {"progress": 9, "whole": 0.02}])
def test_h50_h51_a_body_that_does_not_end_is_408(limits: dict[str, float]) -> None:
    said = run(
        lambda: send(
            limited(**limits), "POST", "/", head=(("transfer-encoding", "chunked"),), chunks=(b"x",), hangs=True
        )
    )
    assert (said.status, said.headers["connection"]) == (408, "close")


def test_h46_twenty_megabytes_reach_no_callback(client: TestClient) -> None:
    for path in ("/_dash-update-component", "/screen/_dash-update-component", "/api/v1/views", "/"):
        said = client.post(path, content=b'"' + b"x" * 20_000_000 + b'"', headers={"content-type": "application/json"})
        assert said.status_code == 413, path
        assert "KB" in said.json()["error"]


# --- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/map/x", "//_dash-layout", "/x//_dash-layout", "//_dash-update-component", "/_dash-ws-callback",
        "/_mcp", "/console", "/docs", "/redoc", "/openapi.json", "/metrics", "/_reload-hash", "/MAP", "/_DASH-LAYOUT",
        "/_dash-layout/", "/_dash-layout%2f", "/assets/.env", "/assets/.git/config", "/assets/../app.py",
        "/assets/..%2fapp.py", "/assets/%2e%2e/app.py", "/assets/..%5capp.py", "/assets/....//app.py", "/assets/%00",
        "/assets/map.js%00.css", "/assets/map.js~", "/assets/map.js.bak", "/assets/", "/assets//etc/passwd",
        "/_dash-component-suites/os/path.py", "/_dash-component-suites/dash/../../app.py",
        "/_dash-component-suites/dash/dash.py", "/_dash-component-suites/dash/", "/_dash-component-suites/",
        "/_dash_startup_route/x", "/screen/nowhere", "/screen/_dash-ws-callback", "/screen/assets/.env",
        "/screen/_dash-component-suites/os/x", "/v/..%2f..%2fx", "/tiles/../x", "/.well-known/x",
    ],
)  # fmt: skip
def test_h53_h54_h55_h56_h68_there_is_nothing_at_other_paths(guarded: FastAPI, path: str) -> None:
    said = run(lambda: send(guarded, "GET", path, head=HOME))
    assert said.status == 404, said.body[:200]
    assert b"_dash-config" not in said.body and b"import" not in said.body


@pytest.mark.parametrize("path", ["/_dash-update-component", "/screen/_dash-update-component"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_h05_h68_a_callback_is_posted_and_nothing_else(guarded: FastAPI, path: str, method: str) -> None:
    assert run(lambda: send(guarded, method, path, head=HOME)).status == 405


def test_h05_an_override_header_changes_no_method(client: TestClient) -> None:
    said = client.get("/_dash-update-component", headers={"x-http-method-override": "POST"})
    assert said.status_code == 405


def test_a_person_reads_a_page_a_program_json(client: TestClient) -> None:
    page = client.get("/nowhere", headers={"accept": "text/html"})
    assert page.status_code == 404 and "没有这个页面" in page.text and "回到首页" in page.text
    assert client.get("/nowhere").json() == {"error": "没有这个地址"}


def test_every_page_and_every_file_of_a_page_is_known(client: TestClient) -> None:
    for start in ("/map?kind=C", "/screen"):
        page = client.get(start).text
        files = re.findall(r'(?:src|href)="(/[^"]+)"', page)
        assert len(files) > 20
        for file in files:
            assert client.get(file).status_code == 200, file
    for page in (
        "/",
        "/map",
        "/risk",
        "/wuhua",
        "/departments",
        "/explore",
        "/brief",
        "/definitions",
        "/screens",
        "/case",
    ):
        assert client.get(page).status_code == 302, page
        assert client.get(f"{page}?kind=C").status_code == 200, page


# --- WebSocket ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_dash-ws-callback", "/screen/_dash-ws-callback", "/"])
@pytest.mark.parametrize("origin", ["http://localhost", "http://evil.test", None])
def test_h16_h67_no_websocket_is_accepted(client: TestClient, access: Lines, path: str, origin: str | None) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(path, headers={"origin": origin} if origin else {}),
    ):
        pass
    assert [(line["method"], line["status"]) for line in access.said] == [("WEBSOCKET", 403)]


@pytest.mark.parametrize("page", ["/map?kind=C", "/screen"])
def test_pages_are_told_of_no_websocket(client: TestClient, page: str) -> None:
    found = re.search(r'id="_dash-config"[^>]*>(.*?)</script>', client.get(page).text, re.DOTALL)
    assert found
    assert not json.loads(found[1]).get("websocket")


def test_the_default_names_are_this_machine() -> None:
    assert {"localhost", "127.0.0.1", "[::1]"} == LOOPBACK
    assert TrustedHosts(echo, LOOPBACK)
