"""T-09 for the single sign-on: only what the provider signed, for us, for this log-in and just now, lets anybody in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard.auth.gate import SSO_ROUTES, Gate
from dashboard.auth.login import add_login
from dashboard.auth.oidc import Oidc, ProviderFileError, configured
from dashboard.auth.sso import add_sso
from tests.doors import ROUTES, Place, log_in, open_place
from tests.provider import Vouching, another_key, the_secret_as_key, vouching

WHO = "/api/v1/whoami"


@pytest.fixture
def place() -> Place:
    return open_place()


@pytest.fixture
def provider(place: Place) -> Iterator[Vouching]:
    with vouching(place.clock) as made:
        yield made


@pytest.fixture
def browser(place: Place, provider: Vouching) -> TestClient:
    """A browser at a server with a single sign-on."""
    app, inside = FastAPI(), Oidc(provider.provider, clock=place.clock)
    add_login(app, place.doors, sso=inside.provider.name)
    add_sso(app, place.doors, inside)
    app.mount("/", place.app)
    app.add_middleware(Gate, doors=place.doors, routes=(*SSO_ROUTES, *ROUTES))
    return TestClient(app, client=("10.0.0.1", 1), follow_redirects=False)


def come_back(browser: TestClient, provider: Vouching, name: str = "leader", next: str = "/") -> Any:
    """Go to the provider, log in there, and be sent back."""
    away = browser.get("/login/sso", params={"next": next})
    assert away.status_code == 302
    state, code = provider.visited(away.headers["location"], name)
    return browser.get("/login/sso/back", params={"state": state, "code": code})


def test_t09_whom_the_provider_vouches_for_gets_in_as_the_account_says(
    browser: TestClient, provider: Vouching, place: Place
) -> None:
    answer = come_back(browser, provider, "ＬＥＡＤＥＲ", "/screen?days=7")
    assert (answer.status_code, answer.headers["location"]) == (303, "/screen?days=7")
    assert browser.get(WHO).json() == {"name": "leader", "role": "leader", "towns": None, "kind": "session"}
    assert place.record.events == [
        ("login", {"account": "leader", "role": "leader", "address": "10.0.0.1", "method": "sso"})
    ]
    assert "yiping_sso" not in browser.cookies


def test_the_log_in_page_shows_the_way(browser: TestClient) -> None:
    page = browser.get("/login", params={"next": "/screen?a=1"}).text
    assert 'href="/login/sso?next=%2Fscreen%3Fa%3D1">用统一身份认证登录</a>' in page
    assert "sso" not in open_place().browser().get("/login").text


@pytest.mark.parametrize("next", ["//evil.example", "http://evil.example", "/\\evil.example"])
def test_next_is_an_address_of_ours(browser: TestClient, provider: Vouching, next: str) -> None:
    assert come_back(browser, provider, next=next).headers["location"] == "/"


def test_next_is_an_address_of_ours_whatever_the_cookie_says(browser: TestClient, provider: Vouching) -> None:
    state, code = provider.visited(browser.get("/login/sso").headers["location"], "leader")
    kept = ".".join([*browser.cookies["yiping_sso"].split(".")[:3], "%2F%2Fevil.example"])
    asked = {"state": state, "code": code}
    answer = browser.get("/login/sso/back", params=asked, headers={"Cookie": f"yiping_sso={kept}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("name", ["nobody", "auditor"])
def test_t09_without_an_open_account_nobody_gets_in(
    browser: TestClient, provider: Vouching, place: Place, name: str
) -> None:
    place.doors.accounts.disable("auditor")
    answer = come_back(browser, provider, name)
    assert answer.status_code == 401
    assert "还没有在本系统开通" in answer.text
    assert browser.get(WHO).status_code == 401
    assert place.record.names[-1] == "login_failed"


LIES: list[dict[str, Any]] = [
    {"claims": {"iss": "https://evil.example"}},
    {"claims": {"iss": None}},
    {"claims": {"aud": "another"}},
    {"claims": {"aud": None}},
    {"claims": {"aud": ["yiping", "another"], "azp": "another"}},
    {"claims": {"nonce": "another"}},
    {"claims": {"nonce": None}},
    {"claims": {"exp": None}},
    {"claims": {"exp": 1}},
    {"claims": {"sub": None}},
    {"claims": {"preferred_username": None}},
    {"claims": {"preferred_username": ["admin"]}},
    {"signs_with": another_key()},
    {"signs_with": the_secret_as_key(), "algorithm": "HS256"},
    {"signs_with": the_secret_as_key(), "algorithm": "none"},
    {"token_answer": (500, b"<html>")},
    {"token_answer": (200, b"")},
    {"token_answer": (200, [])},
    {"token_answer": (200, {"access_token": "x", "token_type": "Bearer"})},
    {"token_answer": (200, {"access_token": "x", "token_type": "Bearer", "id_token": "a.b.c"})},
    {"token_answer": (200, {"access_token": "x", "token_type": "Bearer", "id_token": 5})},
    {"description": {"issuer": "https://evil.example"}},
    {"description": {"token_endpoint": "http://evil.example/token"}},
    {"description": {"jwks_uri": "file:///etc/passwd"}},
    {"description": {"jwks_uri": 5}},
]


@pytest.mark.parametrize("lie", LIES, ids=["-".join([str(n), *lie]) for n, lie in enumerate(LIES)])
def test_t09_a_provider_that_lies_lets_nobody_in(
    browser: TestClient, provider: Vouching, place: Place, lie: dict[str, Any]
) -> None:
    away = browser.get("/login/sso")
    state, code = provider.visited(away.headers["location"], "admin")
    for key, value in lie.items():
        setattr(provider, key, value)
    answer = browser.get("/login/sso/back", params={"state": state, "code": code})
    assert answer.status_code == 401
    assert place.store.rows("select * from login_session") == []
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("late", "status"), [(359, 303), (361, 401)])
def test_t09_what_was_signed_holds_until_it_ends_and_a_minute(
    browser: TestClient, provider: Vouching, place: Place, late: int, status: int
) -> None:
    provider.claims = {"exp": int(place.clock().timestamp()) + 300}
    place.clock.move(seconds=late)
    assert come_back(browser, provider).status_code == status


def test_t09_a_state_that_is_not_this_browsers_lets_nobody_in(browser: TestClient, provider: Vouching) -> None:
    state, code = provider.visited(browser.get("/login/sso").headers["location"], "leader")
    for said in ({"state": "x", "code": code}, {"state": state}, {"code": code}, {"error": "access_denied"}, {}):
        begun = browser.cookies["yiping_sso"]
        assert browser.get("/login/sso/back", params=said).status_code == 401
        browser.cookies.set("yiping_sso", begun, domain="testserver.local", path="/")
    browser.cookies.clear()
    assert browser.get("/login/sso/back", params={"state": state, "code": code}).status_code == 401
    assert browser.get(WHO).status_code == 401


def test_t09_a_code_is_good_once(browser: TestClient, provider: Vouching) -> None:
    away = browser.get("/login/sso")
    begun = browser.cookies["yiping_sso"]
    state, code = provider.visited(away.headers["location"], "leader")
    asked = {"params": {"state": state, "code": code}, "headers": {"Cookie": f"yiping_sso={begun}"}}
    assert browser.get("/login/sso/back", **asked).status_code == 303
    assert browser.get("/login/sso/back", **asked).status_code == 401


def test_h09_who_was_logged_in_here_before_is_so_no_more(browser: TestClient, provider: Vouching, place: Place) -> None:
    log_in(browser, "analyst")
    before = browser.cookies["yiping_session"]
    come_back(browser, provider)
    assert browser.get(WHO).json()["name"] == "leader"
    assert place.browser().get(WHO, headers={"Cookie": f"yiping_session={before}"}).status_code == 401


def test_without_a_record_nobody_gets_in(browser: TestClient, provider: Vouching, place: Place) -> None:
    place.record.is_broken = True
    assert come_back(browser, provider).status_code == 503
    assert place.store.rows("select * from login_session") == []


@pytest.mark.parametrize("url", ["http://evil.example/authorize", "javascript:alert(1)", "//evil.example", "", None])
def test_t09_nobody_is_sent_to_an_address_without_tls(browser: TestClient, provider: Vouching, url: Any) -> None:
    provider.description = {"authorization_endpoint": url}
    answer = browser.get("/login/sso")
    assert answer.status_code == 503
    assert "location" not in answer.headers


def test_a_provider_that_cannot_be_reached_is_said_and_people_log_in_as_ever(place: Place) -> None:
    with vouching(place.clock) as gone:
        away = Oidc(gone.provider, clock=place.clock)
    app = FastAPI()
    add_login(app, place.doors, sso=away.provider.name)
    add_sso(app, place.doors, away)
    browser = TestClient(app, follow_redirects=False)
    answer = browser.get("/login/sso")
    assert answer.status_code == 503
    assert "暂时无法连接" in answer.text
    assert log_in(browser, "leader").status_code == 303


# --- the file -----------------------------------------------------------------------------------------------------

WHOLE = {
    "issuer": "https://sso.example",
    "client_id": "yiping",
    "secret_file": "secret",
    "here": "https://yiping.example",
}


def write(folder: Path, entry: dict[str, str], *, secret: str = "s" * 16, mode: int = 0o600) -> Path:
    (folder / "secret").write_text(secret)
    (folder / "secret").chmod(mode)
    path = folder / "sso.toml"
    path.write_text("[[provider]]\n" + "".join(f'{key} = "{value}"\n' for key, value in entry.items()))
    return path


def test_the_file_is_read(tmp_path: Path) -> None:
    assert configured(tmp_path / "none.toml") is None
    found = configured(write(tmp_path, WHOLE | {"name": "县统一认证"}))
    assert found is not None
    assert (found.issuer, found.secret, found.name) == ("https://sso.example", "s" * 16, "县统一认证")
    assert found.claim == "preferred_username"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issuer": "http://sso.example"}, "issuer 须为 https"),
        ({"issuer": "https://sso.example/"}, "issuer 须为 https"),
        ({"here": "yiping"}, "here 须为 https"),
        ({"client_id": ""}, "须为文字"),
        ({"colour": "blue"}, "须有且只有一个"),
        ({"secret_file": "nowhere"}, "secret_file 不能读取"),
    ],
)
def test_a_wrong_file_is_said(tmp_path: Path, change: dict[str, str], said: str) -> None:
    with pytest.raises(ProviderFileError, match=said):
        configured(write(tmp_path, WHOLE | change))


def test_t13_a_weak_or_open_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderFileError, match="过短"):
        configured(write(tmp_path, WHOLE, secret="short"))
    with pytest.raises(ProviderFileError, match="chmod 600"):
        configured(write(tmp_path, WHOLE, mode=0o644))
