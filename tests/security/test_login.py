"""T-09 and H-06…H-15: guessing, fixation, stolen, doubled and forged keys, over HTTP, behind the gate."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dashboard.auth.gate import Gate
from dashboard.auth.keys import hashed
from dashboard.auth.login import add_login, local
from dashboard.auth.passwords import Hashes
from tests.doors import PASSWORD, QUICK, ROUTES, Place, another_worker, log_in, open_place
from tests.security.asgi import carried_out

WHO = "/api/v1/whoami"
COOKIE = "yiping_session"
SAME = "账号或密码不对，或账号已停用"


@pytest.fixture
def place() -> Place:
    return open_place()


def raw(place: Place, cookie: str, address: str = "10.0.0.1", **headers: str) -> Any:
    """Ask who one is with exactly this Cookie header."""
    sent = {"Cookie": cookie.encode("latin-1"), **{name: said.encode() for name, said in headers.items()}}
    return place.browser(address).get(WHO, headers=sent)


# --- in and out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["screen", "leader", "analyst", "town", "auditor", "admin"])
def test_t09_each_role_gets_in_as_itself(place: Place, role: str) -> None:
    answer = place.person(role).get(WHO)
    towns = {"town": ["T01"], "auditor": []}.get(role)
    assert answer.json() == {"name": role, "role": role, "towns": towns, "kind": "session"}


def test_t09_the_cookie_is_out_of_reach(place: Place) -> None:
    sent = log_in(place.browser(), "leader").headers["set-cookie"]
    assert {part.strip() for part in sent.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=lax"}
    assert sent.startswith(f"{COOKIE}=")


def test_t09_over_tls_the_cookie_is_bound_to_the_host() -> None:
    place = open_place(is_secure=True)
    browser = place.browser()
    sent = log_in(browser, "leader").headers["set-cookie"]
    assert sent.startswith(f"__Host-{COOKIE}=")
    assert {part.strip() for part in sent.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}
    assert browser.get(WHO).status_code == 200
    key = sent.split(";")[0].partition("=")[2]
    assert raw(place, f"{COOKIE}={key}").status_code == 401


def test_h06_a_cookie_after_log_out_opens_nothing(place: Place) -> None:
    browser, other = place.person("leader"), place.person("leader")
    key = browser.cookies[COOKIE]
    answer = browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert COOKIE not in browser.cookies
    assert raw(place, f"{COOKIE}={key}").status_code == 401
    assert other.get(WHO).status_code == 200


def test_h06_logging_out_twice_or_without_a_session_is_harmless(place: Place) -> None:
    browser = place.browser()
    assert [browser.post("/logout").status_code for _ in range(2)] == [303, 303]
    assert place.record.names == []


@pytest.mark.parametrize("change", ["disable", "reset", "role"])
def test_h07_the_cookie_of_somebody_disabled_opens_nothing(place: Place, change: str) -> None:
    browser, accounts = place.person("leader"), place.doors.accounts
    assert browser.get(WHO).status_code == 200
    changes: dict[str, Callable[[], object]] = {
        "disable": lambda: accounts.disable("leader"),
        "reset": lambda: accounts.reset("leader", "another password"),
        "role": lambda: accounts.set_role("leader", role="admin"),
    }
    changes[change]()
    assert browser.get(WHO).status_code == 401
    assert browser.get("/").status_code == 302


def test_h07_somebody_disabled_is_told_no_more_than_a_stranger(place: Place) -> None:
    place.doors.accounts.disable("leader")
    pages = [log_in(place.browser(), *who).text for who in (("leader", PASSWORD), ("nobody", PASSWORD), ("admin", "x"))]
    assert len(set(pages)) == 1
    assert SAME in pages[0]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "secret",
        "A" * 43,
        "eyJyb2xlIjoiYWRtaW4ifQ.x.y",
        "' or 1=1--",
        "%",
        "你好".encode().decode("latin-1"),
        "a" * 5000,
    ],
)
def test_h08_a_forged_cookie_opens_nothing(place: Place, key: str) -> None:
    assert raw(place, f"{COOKIE}={key}").status_code == 401


def test_h08_what_is_kept_is_no_key(place: Place) -> None:
    browser = place.person("admin")
    kept = place.store.rows("select hash from login_session")[0]["hash"]
    assert kept == hashed(browser.cookies[COOKIE])
    assert raw(place, f"{COOKIE}={kept}").status_code == 401


def test_h09_a_key_from_before_is_not_taken_over(place: Place) -> None:
    browser = place.browser()
    browser.cookies.set(COOKIE, "A" * 43)
    sent = log_in(browser, "leader").headers["set-cookie"]
    assert "A" * 43 not in sent
    assert raw(place, f"{COOKIE}={'A' * 43}").status_code == 401


def test_h09_logging_in_again_ends_the_session_before(place: Place) -> None:
    browser = place.person("leader")
    before = browser.cookies[COOKIE]
    assert log_in(browser, "analyst").status_code == 303
    assert browser.get(WHO).json()["name"] == "analyst"
    assert raw(place, f"{COOKIE}={before}").status_code == 401


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("other", ["", "x", "same"])
def test_h10_two_cookies_of_one_name_are_refused(place: Place, order: int, other: str) -> None:
    key = place.person("leader").cookies[COOKIE]
    pairs = [f"{COOKIE}={key}", f"{COOKIE}={key if other == 'same' else other}"]
    answer = raw(place, "; ".join(pairs[:: -1 if order else 1]))
    assert answer.status_code == 400
    assert "两份登录凭据" in answer.json()["error"]
    assert raw(place, f"a=1; {pairs[0]}; b={COOKIE}=x").status_code == 200


def test_h10_two_tokens_are_refused_and_a_bad_one_is_not_helped_by_a_cookie(place: Place) -> None:
    token, browser = place.doors.tokens.add("日报", role="analyst"), place.person("leader")
    two = httpx.Headers([("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")])
    assert browser.get(WHO, headers=two).status_code == 400
    for said in ("Bearer x", "Bearer", "Basic bGVhZGVyOng=", "", token, f"Basic {token}"):
        assert browser.get(WHO, headers={"Authorization": said}).status_code == 401
    assert browser.get(WHO, headers={"Authorization": f"Bearer {token}"}).json()["kind"] == "token"


FORGED = ["X-Forwarded-For", "X-Forwarded-User", "Remote-User", "X-Remote-User", "X-Real-IP", "Forwarded", "X-Role"]


@pytest.mark.parametrize("header", FORGED)
def test_h11_no_header_says_who_somebody_is(place: Place, header: str) -> None:
    assert place.browser().get(WHO, headers={header: "admin"}).status_code == 401
    assert place.person("leader").get(WHO, headers={header: "admin"}).json()["role"] == "leader"


def test_h11_a_forged_address_does_not_get_round_the_lock(place: Place) -> None:
    browser = place.browser()
    codes = [
        log_in(browser, f"nobody{n}", "wrong password", headers={"X-Forwarded-For": f"10.9.9.{n}"}).status_code
        for n in range(6)
    ]
    assert codes == [401] * 5 + [429]


# --- guessing -----------------------------------------------------------------------------------------------------


def test_h14_twenty_wrong_passwords(place: Place) -> None:
    browser = place.browser()
    answers = [log_in(browser, "leader", f"wrong password {n}") for n in range(20)]
    assert [a.status_code for a in answers] == [401] * 5 + [429] * 15
    assert {a.headers.get("retry-after") for a in answers[5:]} == {"300"}
    assert "5 分钟后再试" in answers[-1].text
    assert log_in(browser, "leader").status_code == 429
    assert log_in(place.browser("10.0.0.2"), "leader").status_code == 429
    assert log_in(place.browser("10.0.0.2"), "analyst").status_code == 303
    place.clock.move(minutes=5)
    assert log_in(browser, "leader").status_code == 303


def test_h14_variants_of_a_name_count_together(place: Place) -> None:
    names = ["leader", "LEADER", "ｌｅａｄｅｒ", "Ｌeader", " leader "]
    for number, name in enumerate(names):
        assert log_in(place.browser(f"10.0.1.{number}"), name, "wrong password").status_code == 401
    assert log_in(place.browser("10.0.2.1"), "leader").status_code == 429


def test_h14_a_name_that_is_nobodys_is_locked_the_same(place: Place) -> None:
    answers = [log_in(place.browser(f"10.0.1.{n}"), "nobody", "wrong password") for n in range(6)]
    known = [log_in(place.browser(f"10.0.2.{n}"), "leader", "wrong password") for n in range(6)]
    assert [(a.status_code, a.text) for a in answers] == [(a.status_code, a.text) for a in known]


def test_h14_the_lock_holds_in_every_worker(tmp_path: Path) -> None:
    path = tmp_path / "yiping.sqlite"
    place = open_place(path)
    app = FastAPI()
    doors = another_worker(place, path)
    add_login(app, doors)
    app.add_middleware(Gate, doors=doors, routes=ROUTES)
    elsewhere = TestClient(app, client=("10.0.0.7", 1), follow_redirects=False)
    for number in range(5):
        browser = elsewhere if number % 2 else place.browser(f"10.0.1.{number}")
        assert log_in(browser, "leader", "wrong password").status_code == 401
    assert log_in(elsewhere, "leader").status_code == 429
    assert log_in(place.browser("10.0.0.8"), "leader").status_code == 429


@pytest.mark.parametrize(
    ("name", "password"), [("", ""), ("leader", ""), ("", PASSWORD), ("leader", "\x00"), ("x" * 500, "y")]
)
def test_h14_empty_and_odd_ones_are_told_the_same(place: Place, name: str, password: str) -> None:
    answer = log_in(place.browser(), name, password)
    assert answer.status_code == 401
    assert SAME in answer.text


def test_h14_a_password_of_a_megabyte_is_not_hashed(place: Place) -> None:
    started = time.monotonic()
    assert log_in(place.browser(), "leader", "a" * 1_000_000).status_code == 413
    assert time.monotonic() - started < 2
    assert place.store.rows("select * from login_attempt") == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 401),
        (b"name=a&name=b&password=c", "application/x-www-form-urlencoded", 400),
        (b"name=a&password=b&role=admin", "application/x-www-form-urlencoded", 400),
        (b"a=1&b=2&c=3&d=4&e=5", "application/x-www-form-urlencoded", 400),
        (b"name=%ff&password=x", "application/x-www-form-urlencoded", 400),
        (b"name=\xff", "application/x-www-form-urlencoded", 400),
        (b'{"name":"leader"}', "application/json", 415),
        (b"name=leader", "text/plain", 415),
        (b"name=leader", "", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
    ],
)
def test_a_body_that_is_not_our_form(place: Place, body: bytes, kind: str, status: int) -> None:
    answer = place.browser().post("/login", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/login/screen", "/logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[x"},
        {"Origin": "http://a]b"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_h13_another_sites_form_logs_nobody_in_or_out(place: Place, path: str, headers: dict[str, str]) -> None:
    browser = place.person("leader")
    data = {"name": "admin", "password": PASSWORD} if path == "/login" else {}
    answer = browser.post(path, data=data, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert browser.get(WHO).json()["name"] == "leader"


def test_h13_our_own_form_is_taken(place: Place) -> None:
    ours = {"Origin": "http://testserver"}
    assert log_in(place.browser(), "leader", headers=ours).status_code == 303
    assert log_in(place.browser(), "leader", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


# --- where one goes next ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "next",
    [
        "http://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/login",
        "/login?next=/",
        "/logout",
        "/login/screen",
    ],
)
def test_next_is_an_address_of_ours(place: Place, next: str) -> None:
    answer = place.browser().post("/login", data={"name": "leader", "password": PASSWORD, "next": next})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@given(st.text(alphabet="/\\.:?#@%evil \t\n一", max_size=12))
def test_next_never_leaves_this_server(next: str) -> None:
    said = urlsplit(local(next))
    assert (said.scheme, said.netloc) == ("", "")
    assert said.path.startswith("/")
    assert not said.path.startswith("//")


def test_who_was_logged_out_meanwhile_is_told_why_the_form_is_there() -> None:
    visitor = open_place().browser()
    over = visitor.get("/login?is_over=true&next=/map")
    assert over.status_code == 200
    assert "登录已结束" in over.text and 'value="/map"' in over.text
    assert "登录已结束" not in visitor.get("/login?next=/map").text
    assert visitor.get("/login?is_over=perhaps").status_code == 422


def test_one_comes_back_to_the_page_one_asked_for() -> None:
    place = open_place()
    asked = "/screen?since=2026-03-01&town=%E4%B8%80%26x"
    browser = place.browser()
    page = browser.get(browser.get(asked).headers["location"]).text
    next = unescape(page.partition('name="next" type="hidden" value="')[2].partition('"')[0])
    assert next == asked
    answer = browser.post("/login", data={"name": "leader", "password": PASSWORD, "next": next})
    assert answer.headers["location"] == asked


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_page_has_no_script_and_escapes_what_it_repeats(place: Place) -> None:
    page = place.browser().get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "onload" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize("path", ["/login", "/login/screen"])
def test_h13_the_page_lets_a_browser_say_where_its_form_comes_from(place: Place, path: str) -> None:
    """Our answers forbid a referrer; over plain HTTP Chromium then sends `Origin: null`, and nobody could log in."""
    assert '<meta name="referrer" content="same-origin">' in place.browser().get(path).text


def test_the_page_repeats_no_name_and_no_password(place: Place) -> None:
    page = log_in(place.browser(), "curious-name", "curious-password").text
    assert "curious" not in page


def test_everything_the_page_needs_is_there_for_anybody(place: Place) -> None:
    browser = place.browser()
    page = browser.get("/login").text
    needed = [part.partition('"')[0] for part in page.split('<link rel="stylesheet" href="')[1:]]
    assert needed == ["/assets/tokens.css", "/assets/login.css"]
    assert {browser.get(path).status_code for path in needed} == {200}


# --- on record ----------------------------------------------------------------------------------------------------


def test_what_happens_is_on_record(place: Place) -> None:
    browser = place.person("leader")
    browser.post("/logout")
    for _ in range(6):
        log_in(browser, "LEADER", "wrong password")
    here = {"account": "leader", "address": "10.0.0.1"}
    assert place.record.events == [
        ("login", here | {"role": "leader"}),
        ("logout", here),
        *[("login_failed", here)] * 5,
        ("login_locked", here),
    ]


def test_t09_who_tries_without_end_does_not_fill_the_trail(place: Place) -> None:
    for number in range(60):
        log_in(place.browser(), f"nobody{number % 40}" if number % 2 else "leader", "wrong password")
    names = place.record.names
    assert names.count("login_failed") == 5
    assert names.count("login_locked") == 2, "once for an account that there is, once for all others"


def test_a_password_typed_as_a_name_is_not_on_record(place: Place) -> None:
    log_in(place.browser(), "my secret password", "x")
    assert place.record.events == [("login_failed", {"account": "", "address": "10.0.0.1"})]


def test_without_a_record_nobody_gets_in_or_out(place: Place) -> None:
    browser = place.person("leader")
    place.record.is_broken = True
    for password in (PASSWORD, "wrong password"):
        answer = log_in(place.browser(), "analyst", password)
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers
        assert "操作未执行" in answer.text
    assert len(place.store.rows("select * from login_session")) == 1
    assert browser.post("/logout").status_code == 503
    assert browser.get(WHO).status_code == 200
    for _ in range(4):
        log_in(place.browser(), "analyst", "wrong password")
    assert log_in(place.browser(), "analyst").status_code == 503


def test_the_record_is_written_before_the_answer_begins(place: Place) -> None:
    order: list[str] = []
    inner = place.app

    class Watched:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def sending(message: Any) -> None:
                order.extend([*place.record.names, message["type"]])
                place.record.events.clear()
                await send(message)

            await inner(scope, receive, sending)

    browser = TestClient(Watched(), follow_redirects=False)
    log_in(browser, "leader")
    browser.post("/logout")
    log_in(browser, "leader", "wrong password")
    starts = [order[n - 1] for n, event in enumerate(order) if event == "http.response.start"]
    assert starts == ["login", "logout", "login_failed"]


def test_a_store_that_fails_lets_nobody_in(place: Place) -> None:
    place.store.close()
    answer = log_in(place.browser(), "leader")
    assert answer.status_code == 503
    assert "sqlite" not in answer.text.lower()
    assert "set-cookie" not in answer.headers


# --- work ---------------------------------------------------------------------------------------------------------


class Slow(Hashes):
    """Hashing that waits until it is let go on, and knows how many wait at once."""

    def __init__(self) -> None:
        super().__init__(QUICK)
        self.go, self.lock, self.now, self.most = threading.Event(), threading.Lock(), 0, 0

    def fits(self, password: str, kept: str | None) -> bool:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.go.wait(20)
        with self.lock:
            self.now -= 1
        return super().fits(password, kept)


def test_t09_passwords_are_verified_two_at_a_time_and_off_the_loop() -> None:
    slow = Slow()
    place = open_place(hashes=slow)

    async def crowd() -> list[int]:
        names = ["leader", "analyst", "town", "auditor", "admin", "screen"]
        transports = [httpx.ASGITransport(place.app, client=(f"10.0.0.{n}", 1)) for n in range(len(names))]
        browsers = [httpx.AsyncClient(transport=t, base_url="http://testserver") for t in transports]
        posts = [
            asyncio.create_task(b.post("/login", data={"name": n, "password": PASSWORD}))
            for b, n in zip(browsers, names, strict=True)
        ]
        while slow.now < 2:
            await asyncio.sleep(0.001)
        health = await asyncio.wait_for(browsers[0].get("/healthz"), 5)
        slow.go.set()
        return [health.status_code, *[answer.status_code for answer in await asyncio.gather(*posts)]]

    assert carried_out(crowd()) == [200, *[303] * 6]
    assert slow.most == 2


# --- walls --------------------------------------------------------------------------------------------------------


def activate(browser: TestClient, code: str) -> Any:
    return browser.post("/login/screen", data={"code": code})


def test_t09b_a_wall_is_activated_and_shows_aggregates_only(place: Place) -> None:
    wall = place.browser("10.0.0.9")
    answer = activate(wall, place.doors.walls.new_code("指挥大厅"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/screen")
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    assert wall.get("/screen").status_code == 200
    assert wall.get(WHO).json()["kind"] == "wall"
    assert wall.get("/api/v1/cases/1").status_code == 403
    assert wall.post("/api/v1/export").status_code == 403


def test_h15_a_walls_cookie_at_another_address_is_nobodys(place: Place) -> None:
    wall = place.browser("10.0.0.9")
    activate(wall, place.doors.walls.new_code("指挥大厅"))
    cookie = f"yiping_wall={wall.cookies['yiping_wall']}"
    assert raw(place, cookie, "10.0.0.10").status_code == 401
    assert raw(place, cookie, "10.0.0.10", **{"X-Forwarded-For": "10.0.0.9"}).status_code == 401
    assert raw(place, cookie, "10.0.0.9").status_code == 200
    assert raw(place, f"{cookie}; {cookie}", "10.0.0.9").status_code == 400
    place.doors.walls.revoke(place.doors.walls.listed()[0].id)
    assert raw(place, cookie, "10.0.0.9").status_code == 401


def test_t09b_codes_cannot_be_guessed_through(place: Place) -> None:
    code, browser = place.doors.walls.new_code("指挥大厅"), place.browser("10.0.0.9")
    answers = [activate(browser, f"AAAAAAA{n}") for n in range(2, 8)]
    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert answers[5].headers["retry-after"] == "300"
    assert activate(browser, code).status_code == 429
    assert activate(place.browser("10.0.0.8"), code).status_code == 303
    assert place.record.names == [
        "wall_code_made",
        *["wall_code_failed"] * 5,
        "wall_code_locked",
        "wall_activated",
    ]


def test_t09b_right_codes_lock_nobody_out(place: Place) -> None:
    wall = place.browser("10.0.0.9")
    assert [activate(wall, place.doors.walls.new_code("指挥大厅")).status_code for _ in range(7)] == [303] * 7


def test_t09_logging_in_often_locks_nobody_out(place: Place) -> None:
    assert [log_in(place.browser(), "leader").status_code for _ in range(7)] == [303] * 7


def test_t09b_without_a_record_no_wall_is_made(place: Place) -> None:
    code = place.doors.walls.new_code("指挥大厅")
    place.record.is_broken = True
    answer = activate(place.browser(), code)
    assert answer.status_code == 503
    assert "set-cookie" not in answer.headers
    assert place.doors.walls.listed() == ()


def test_the_page_for_walls(place: Place) -> None:
    page = place.browser().get("/login/screen")
    assert page.status_code == 200
    assert 'name="code"' in page.text
    assert "<script" not in page.text
