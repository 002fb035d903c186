"""T-01, H-01…H-05, H-16, H-53: whatever is not in the table of routes does not pass, however its path is written."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.auth.gate import Gate, Route
from dashboard.auth.roles import EVERYONE, with_right
from tests.doors import ROUTES, Place, open_place
from tests.security.asgi import carried_out

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]


@pytest.fixture(scope="module")
def place() -> Place:
    return open_place()


@pytest.fixture(scope="module")
def people(place: Place) -> dict[str, TestClient]:
    return {role: place.person(role) for role in EVERYONE} | {"": place.browser()}


def knock(
    place: Place, raw_path: str, *, method: str = "GET", headers: Any = (), path: str | None = None
) -> int | None:
    """The status the gate answers to a path as it stood on the wire; None where it let the request pass."""
    statuses: list[int] = []
    passed: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["path"])

    async def receive() -> Any:
        raise AssertionError("the gate reads no body")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(raw_path) if path is None else path,
        "raw_path": raw_path.encode("utf-8", "surrogateescape"),
        "query_string": b"",
        "headers": headers,
        "client": ("10.0.0.1", 1),
    }
    carried_out(Gate(app, place.doors, ROUTES)(scope, receive, send))
    assert len(statuses) + len(passed) == 1
    return statuses[0] if statuses else None


# --- the table ----------------------------------------------------------------------------------------------------

CELLS = [
    ("/", EVERYONE, 302),
    ("/screen", with_right("view_wall"), 302),
    ("/audit", with_right("read_audit"), 302),
    ("/api/v1/whoami", EVERYONE, 401),
    ("/api/v1/cases/1", with_right("see_cases"), 401),
    ("/api/v1/cases/1/2", with_right("see_cases"), 401),
    ("/api/v1/nobody", frozenset(), 401),
]


@pytest.mark.parametrize(("path", "may", "nobody"), CELLS)
def test_t01_each_path_is_for_whom_the_table_says(
    people: dict[str, TestClient], path: str, may: frozenset[str], nobody: int
) -> None:
    got = {role: browser.get(path).status_code for role, browser in people.items()}
    assert got == {role: 200 if role in may else 403 for role in EVERYONE} | {"": nobody}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/", "/api/v1/export", "/api/v1/cases/1", "/healthz", "/login"])
def test_h05_every_other_method_is_refused(people: dict[str, TestClient], method: str, path: str) -> None:
    methods = {"/api/v1/export": {"POST"}, "/login": {"GET", "HEAD", "POST"}}.get(path, {"GET", "HEAD"})
    answer = people["admin"].request(method, path, headers={"X-HTTP-Method-Override": "GET"})
    if method in methods:
        assert answer.status_code != 405 or path == "/login"  # FastAPI's own GET routes do not know HEAD
    else:
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == methods - {"HEAD"}


@pytest.mark.parametrize("path", ["/", "/screen", "/api/v1/whoami", "/api/v1/cases/1"])
def test_h05_head_is_decided_as_get(people: dict[str, TestClient], path: str) -> None:
    assert people[""].head(path).status_code == people[""].get(path).status_code
    assert people["screen"].head(path).status_code in (people["screen"].get(path).status_code, 405)
    assert (people["auditor"].head("/screen").status_code, people["auditor"].get("/screen").status_code) == (403, 403)


def test_the_first_route_that_fits_decides(place: Place) -> None:
    public = Route(path="/a/open", is_public=True)
    all_of_a = Route(path="/a/**", who=frozenset({"admin"}))
    other = open_place(routes=(*ROUTES, public, all_of_a))
    assert [other.browser().get(path).status_code for path in ("/a/open", "/a/shut", "/a/open/b", "/a")] == [
        200,
        401,
        401,
        404,
    ]


def test_a_star_is_one_segment() -> None:
    pattern = Route(path="/v/*/x").pattern
    assert [bool(pattern.fullmatch(p)) for p in ("/v/1/x", "/v/1/2/x", "/v//x", "/v/x", "/v/1/xx")] == [True] + [
        False
    ] * 4
    assert not Route(path="/a.css").pattern.fullmatch("/aXcss")


def test_a_route_that_names_nobody_is_for_nobody() -> None:
    assert Route(path="/x").who == frozenset()
    assert not Route(path="/x").is_public


def test_identity_is_gone_after_the_request(people: dict[str, TestClient]) -> None:
    assert people["leader"].get("/api/v1/whoami").json()["name"] == "leader"
    assert people[""].get("/api/v1/whoami").status_code == 401
    assert people["admin"].get("/api/v1/whoami").json()["name"] == "admin"


# --- strangers ----------------------------------------------------------------------------------------------------


def test_h01_nobody_is_sent_to_log_in_from_a_page_and_told_so_elsewhere(people: dict[str, TestClient]) -> None:
    page = people[""].get("/screen?days=7&town=T01")
    assert (page.status_code, page.headers["location"]) == (302, "/login?next=%2Fscreen%3Fdays%3D7%26town%3DT01")
    assert page.headers["cache-control"] == "no-store"
    data = people[""].get("/api/v1/whoami")
    assert (data.status_code, data.json()) == (401, {"error": "请先登录"})


def test_a_very_long_address_is_not_carried_along(people: dict[str, TestClient]) -> None:
    assert people[""].get("/screen?x=" + "a" * 3000).headers["location"] == "/login?next=%2Fscreen"


def test_t01_all_that_anybody_may_ask_for(place: Place) -> None:
    public = {route.path for route in ROUTES if route.is_public}
    assert public == {
        "/healthz", "/login", "/login/screen", "/logout", "/assets/tokens.css", "/assets/login.css",
    }  # fmt: skip


@given(
    st.lists(
        st.sampled_from(["api", "v1", "cases", "assets", "login", "screen", "x", "tokens.css", "_dash-layout"]),
        max_size=4,
    )
)
def test_t01_no_path_passes_without_a_name_unless_it_is_public(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    status = knock(SHARED, path)
    assert (status is None) == (path in {r.path for r in ROUTES if r.is_public and "GET" in r.methods})


SHARED = open_place()


# --- paths --------------------------------------------------------------------------------------------------------

CROOKED = [
    "//", "//login", "/login/", "/Login", "/LOGIN", "/x/login", "/login//screen", "/%6cogin/..",
    "/login/../api/v1/whoami", "/login/./", "/login/.", "/login%2f", "/login%2Fscreen", "/%2flogin",
    "/login%5c", "/login\\", "/login%00", "/healthz%00.css", "/assets/../app.py", "/assets/%2e%2e/app.py",
    "/assets/..%2fapp.py", "/assets/..%5capp.py", "/assets/....//app.py", "/assets/.env", "/.git/config",
    "/assets/%2eenv", "/assets/tokens.css/", "/assets/tokens.css%20", "/assets/tokens.css;x",
    "/assets//tokens.css", "/api/v1/cases/../whoami", "/api/v1/cases/%2e%2e/whoami", "/api/v1/cases/a%2fb",
    "/api/v1/cases/a\\b", "/api/v1/cases/%252e%252e", "/api/v1/cases/%25252e", "/api/v1/cases//1",
    "/api/v1/cases/", "/api/v1/cases",
    "/api/v1/cases/a%0ab", "/api/v1/cases/\x7f", "//_dash-update-component", "/_dash-update-component/",
    "/_dash-layout", "/_dash-ws-callback", "/_mcp", "/console", "/docs", "/redoc", "/openapi.json", "/metrics",
    "", "*", "login", "http://testserver/login", "/healthz\n", "/login#x",
]  # fmt: skip


@pytest.mark.parametrize("raw_path", CROOKED)
def test_h04_h53_a_path_written_in_another_way_is_not_there(place: Place, raw_path: str) -> None:
    key = place.person("admin").cookies["yiping_session"]
    assert knock(place, raw_path, headers=[(b"cookie", f"yiping_session={key}".encode())]) == 404


@pytest.mark.parametrize("raw_path", ["/login", "/%6cogin"])
def test_h04_what_only_spells_the_path_is_the_path(place: Place, raw_path: str) -> None:
    assert knock(place, raw_path) is None


@given(st.text(alphabet="/.%25fceE0\\login", max_size=14))
def test_h04_no_spelling_of_anything_passes_but_the_public_paths(text: str) -> None:
    if knock(SHARED, "/" + text) is None:
        assert unquote("/" + text) in {"/login", "/healthz"}


def test_h04_a_server_that_tells_no_raw_path_is_judged_by_its_path(place: Place) -> None:
    assert knock(place, "", path="/login") is None
    assert knock(place, "", path="/login/../x") == 404


# --- sockets and faults -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_dash-ws-callback", "/", "/login", "/healthz"])
@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "http://testserver"}])
def test_h16_no_socket_is_opened(people: dict[str, TestClient], path: str, headers: dict[str, str]) -> None:
    for who in ("", "admin"):
        with pytest.raises(WebSocketDisconnect), people[who].websocket_connect(path, headers=headers):
            pass


def test_the_lifespan_passes() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    carried_out(Gate(app, SHARED.doors, ROUTES)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


def test_a_store_that_fails_lets_nobody_pass() -> None:
    place = open_place()
    browser = place.person("admin")
    place.store.close()
    for path in ("/", "/api/v1/whoami"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert "sqlite" not in answer.text.lower()
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/nowhere").status_code == 404


def test_t10_who_is_asking_is_found_out_though_every_shared_thread_is_busy() -> None:
    place, go = open_place(), threading.Event()
    key = place.person("leader").cookies["yiping_session"]

    async def busy() -> int:
        slow = [asyncio.create_task(asyncio.to_thread(go.wait, 20)) for _ in range(100)]
        transport = httpx.ASGITransport(place.app, client=("10.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as browser:
            asked = browser.get("/api/v1/pulse", headers={"Cookie": f"yiping_session={key}"})
            try:
                return (await asyncio.wait_for(asked, 5)).status_code
            finally:
                go.set()
                await asyncio.gather(*slow)

    assert carried_out(busy()) == 200


def test_t09_a_page_left_open_is_logged_out_though_it_polls() -> None:
    place = open_place()
    browser = place.person("leader")
    for _ in range(29):
        place.clock.now += timedelta(minutes=1)
        assert browser.get("/api/v1/pulse").status_code == 200
    place.clock.now += timedelta(minutes=1)
    assert browser.get("/api/v1/pulse").status_code == 401
    used = place.person("leader")
    for _ in range(60):
        place.clock.now += timedelta(minutes=1)
        assert used.get("/api/v1/whoami").status_code == 200
