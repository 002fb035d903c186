"""What people do with their own account: a new password, looking at things as another role, and how many cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.audit import lookups
from dashboard.audit.reading import Asked, piece
from dashboard.audit.record import AuditError
from dashboard.auth.doors import open_doors
from dashboard.auth.passwords import Hashes
from dashboard.server import Server, create
from tests import builders
from tests.doors import PASSWORD, QUICK, Hand
from tests.security.test_requests import GOOD, body, callbacks, with_value

ADMIN, LEADER = "王敏", "李强"
NEW = "a longer new password"


@dataclass
class Place:
    """A gated server over the small county, with an administrator and a leader; `began`: the last record before."""

    server: Server
    clock: Hand
    began: int = 0

    def person(self, name: str, password: str = PASSWORD) -> TestClient:
        browser = self.program()
        browser.post("/login", data={"name": name, "password": password})
        return browser

    def program(self, token: str = "") -> TestClient:
        head = {"Authorization": f"Bearer {token}"} if token else {}
        return TestClient(self.server, base_url="http://localhost", follow_redirects=False, headers=head)

    def records(self, *events: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Event, name, role and facts of what is on record of the test, oldest first."""
        found = piece(self.server.state.trail.path, Asked(events=events), limit=1000).records
        return [(r.event, r.name, r.role, json.loads(r.facts)) for r in reversed(found) if r.seq > self.began]


@pytest.fixture(scope="module")
def server(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Hand]]:
    clock, state = Hand(), tmp_path_factory.mktemp("private") / "state.sqlite"
    made = create(small_county, clock=clock, state=state, is_gated=True)
    with TestClient(made):  # its life begins and ends
        yield made, clock


@pytest.fixture
def place(server: tuple[Server, Hand]) -> Place:
    made, clock = server
    clock.move(hours=9)  # what was locked is open again, every session is over
    store = made.state.store
    store.write("delete from account")
    accounts = open_doors(store, clock=clock, audit=lambda *_, **__: None, hashes=Hashes(QUICK)).accounts
    for name, role in ((ADMIN, "admin"), (LEADER, "leader")):
        accounts.add(name, PASSWORD, role=role)
    return Place(made, clock, piece(made.state.trail.path, Asked(), limit=1).through)


def is_in(browser: TestClient) -> bool:
    return browser.get("/api/v1/query?metrics=accepted").status_code == 200


def towns(browser: TestClient) -> set[str]:
    rows = browser.get("/api/v1/query?metrics=accepted&by=town").json()["rows"]
    return {row["town"] for row in rows}


# --- a new password ---------------------------------------------------------------------------------------------------


def changed(browser: TestClient, current: str, password: str, again: str | None = None) -> Any:
    said = {"current": current, "password": password, "again": password if again is None else again}
    return browser.post("/password", data=said)


def test_a_new_password_ends_every_other_session_and_keeps_this_one(place: Place) -> None:
    here, elsewhere = place.person(LEADER), place.person(LEADER)
    answer = changed(here, PASSWORD, NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert is_in(here) and not is_in(elsewhere)
    assert not is_in(place.person(LEADER)) and is_in(place.person(LEADER, NEW))
    assert place.records("password_changed") == [("password_changed", LEADER, "leader", {})]


@pytest.mark.parametrize(
    ("current", "password", "again", "said"),
    [
        ("wrong password", NEW, NEW, "当前密码不对"),
        (PASSWORD, NEW, NEW + "x", "不一样"),
        (PASSWORD, "short", "short", "10 至 128"),
        (PASSWORD, "x" * 12, "x" * 12, "同一个字符"),
        (PASSWORD, "y" * 129, "y" * 129, "10 至 128"),
        (PASSWORD, PASSWORD, PASSWORD, "不能与当前密码相同"),
        ("", "", "", "当前密码不对"),
    ],
)
def test_what_is_no_new_password_is_said_and_changes_nothing(
    place: Place, current: str, password: str, again: str, said: str
) -> None:
    browser = place.person(LEADER)
    answer = changed(browser, current, password, again)
    assert answer.status_code in (400, 401) and said in answer.text
    assert is_in(browser) and is_in(place.person(LEADER))
    assert place.records("password_changed") == []


def test_guessing_the_old_password_of_an_open_session_is_locked_out(place: Place) -> None:
    browser = place.person(LEADER)
    found = [changed(browser, f"guess number {n}", NEW).status_code for n in range(6)]
    assert found == [401] * 5 + [429]
    assert changed(browser, PASSWORD, NEW).status_code == 429


def test_t09_a_reset_while_somebody_changes_the_password_ends_their_sessions(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, accounts = place.person(LEADER), place.server.state.security.doors.accounts
    verified = accounts.verified

    def slowly(name: str, password: str) -> Any:
        found = verified(name, password)
        accounts.reset(LEADER, "of the administrator")
        return found

    monkeypatch.setattr(accounts, "verified", slowly)
    answer = changed(browser, PASSWORD, NEW)
    assert answer.status_code == 401 and "请重新登录" in answer.text
    monkeypatch.undo()
    assert not is_in(browser) and not is_in(place.person(LEADER, NEW))
    assert is_in(place.person(LEADER, "of the administrator"))
    assert place.records("password_changed") == []


def test_another_sites_page_and_a_token_change_no_password(place: Place) -> None:
    browser = place.person(LEADER)
    body = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert browser.post("/password", data=body, headers={"Origin": "http://evil"}).status_code == 403
    token = place.server.state.security.doors.tokens.add("报表", role="leader")
    program = place.program(token)
    assert program.post("/password", data=body).status_code == 403
    assert is_in(place.person(LEADER))


# --- looking as another role ------------------------------------------------------------------------------------------


def looking(browser: TestClient, role: str, town: str = "") -> Any:
    return browser.post("/view-as", data={"role": role, "town": town})


def test_an_administrator_sees_what_a_town_officer_sees_and_is_himself_again(place: Place) -> None:
    browser = place.person(ADMIN)
    every = towns(browser)
    town = sorted(every)[0]
    assert f'value="{town}"' in browser.get("/view-as").text
    assert looking(browser, "town", town).headers["location"] == "/"
    assert towns(browser) == {town} < every
    assert browser.get("/api/v1/audit").status_code == 403 and browser.get("/readyz").status_code == 403
    layout = json.dumps(browser.get("/_dash-layout").json(), ensure_ascii=False)
    assert f"正以“乡镇 · {builders.TOWNS[town]}”查看" in layout
    assert looking(browser, "").headers["location"] == "/"
    assert towns(browser) == every and browser.get("/api/v1/audit").status_code == 200
    assert place.records("viewed_as", "viewed_as_oneself") == [
        ("viewed_as", ADMIN, "admin", {"as_role": "town", "as_town": town}),
        ("viewed_as_oneself", ADMIN, "admin", {}),
    ]
    assert "以角色 乡镇" in place.person(ADMIN).get("/api/v1/audit").text


def test_nobody_is_offered_files_that_they_may_not_have(place: Place) -> None:
    browser = place.person(ADMIN)
    for role, has_them in (("", True), ("analyst", True), ("leader", False)):
        looking(browser, role)
        assert ('"export-offers"' in browser.get("/_dash-layout").text) is has_them, role
        assert (browser.get("/api/v1/export?format=csv&purpose=test").status_code == 200) is has_them, role


def test_what_is_done_meanwhile_is_recorded_under_ones_own_name_and_role(place: Place) -> None:
    browser = place.person(ADMIN)
    looking(browser, "leader")
    case = browser.get("/api/v1/cases?limit=1").json()["rows"][0]["case_id"]
    assert browser.get(f"/api/v1/cases/{case}").status_code == 200
    assert place.records("case_viewed") == [("case_viewed", ADMIN, "admin", {"case": case})]
    assert browser.get("/api/v1/export?format=csv").status_code == 403


def test_from_one_role_straight_to_another_and_it_ends_with_the_session(place: Place) -> None:
    browser = place.person(ADMIN)
    assert looking(browser, "auditor").headers["location"] == "/audit"
    assert not is_in(browser) and browser.get("/api/v1/audit").status_code == 200
    assert looking(browser, "analyst").status_code == 303 and is_in(browser)
    browser.post("/logout")
    assert place.person(ADMIN).get("/api/v1/audit").status_code == 200


@pytest.mark.parametrize(
    ("role", "town", "said"),
    [
        ("admin", "", "没有这个角色"),
        ("screen", "", "没有这个角色"),
        ("<b>", "", "没有这个角色"),
        ("town", "", "请选择乡镇"),
        ("town", "nowhere", "请选择乡镇"),
        ("leader", "990108100", "看全县"),
    ],
)
def test_what_cannot_be_looked_as_is_said(place: Place, role: str, town: str, said: str) -> None:
    browser = place.person(ADMIN)
    answer = looking(browser, role, town)
    assert answer.status_code == 400 and said in answer.text
    assert browser.get("/api/v1/audit").status_code == 200 and place.records("viewed_as") == []


def test_nobody_else_looks_as_another_and_nobody_gains_by_it(place: Place) -> None:
    leader = place.person(LEADER)
    assert leader.get("/view-as").status_code == looking(leader, "analyst").status_code == 403
    token = place.server.state.security.doors.tokens.add("报表", role="admin")
    program = place.program(token)
    assert looking(program, "town", "990108100").status_code == 403
    admin = place.person(ADMIN)
    assert admin.post("/view-as", data={"role": "leader"}, headers={"Origin": "http://evil"}).status_code == 403
    # An account that may no more has its sessions ended, and with them what they looked as.
    looking(admin, "auditor")
    place.server.state.security.doors.accounts.set_role(ADMIN, role="leader")
    assert admin.get("/api/v1/audit").status_code == 401
    again = place.person(ADMIN)
    assert is_in(again) and again.get("/api/v1/audit").status_code == 403


def test_it_is_refused_where_it_cannot_be_recorded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = place.person(ADMIN)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(place.server.state.trail, "append", broken)
    assert looking(browser, "leader").status_code == 503 == changed(browser, PASSWORD, NEW).status_code
    monkeypatch.undo()
    assert browser.get("/api/v1/audit").status_code == 200 and is_in(place.person(ADMIN))


# --- how many single cases ------------------------------------------------------------------------------------------


def test_t20_one_case_too_many_in_an_hour_is_refused_and_recorded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lookups.MOST == 50
    monkeypatch.setattr(lookups, "MOST", 3)
    browser, other = place.person(LEADER), place.person(ADMIN)
    numbers = [case["case_id"] for case in browser.get("/api/v1/cases?limit=5").json()["rows"]]
    with ThreadPoolExecutor(5) as at_once:
        found = list(at_once.map(lambda number: browser.get(f"/api/v1/cases/{number}").status_code, numbers))
    assert sorted(found) == [200, 200, 200, 429, 429], "however many are asked at once"
    place.clock.move(hours=1, seconds=1)
    browser, other, earlier = place.person(LEADER), place.person(ADMIN), len(place.records("refused"))
    answers = [browser.get(f"/api/v1/cases/{number}") for number in numbers]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json()["error"].startswith("一小时内已查看 3 件")
    assert answers[-1].headers["retry-after"] == "300"
    one_too_many = ("refused", LEADER, "leader", {"action": "case_viewed", "reason": "limit"})
    assert place.records("refused") == [one_too_many] * (earlier + 2)
    route, output, wired = next(found for found in callbacks(place.server) if "case-head.children" in found[1])
    page = browser.post(route, json=with_value(body(output, wired), "inputs", 0, f"case={numbers[-1]}"))
    assert page.status_code == 200 and "一小时内已查看" in json.dumps(page.json(), ensure_ascii=False)
    # One that is open already may be looked at again, others are not held up, and an hour later it goes on.
    assert browser.get(f"/api/v1/cases/{numbers[0]}").status_code == 200
    assert other.get(f"/api/v1/cases/{numbers[-1]}").status_code == 200
    place.clock.move(hours=1, seconds=1)
    assert place.person(LEADER).get(f"/api/v1/cases/{numbers[-1]}").status_code == 200


def test_t07_no_panel_names_a_case_without_a_record(place: Place) -> None:
    browser, told = place.person(LEADER), set[str]()
    with place.server.state.warehouse.lease() as ask:
        numbers = [number for (number,) in ask.database.rows("select case_id from mart.fact_case")]
        codes = ask.database.rows("select distinct village, department from mart.fact_case order by all limit 3")
    narrow = [
        f"{dimension}={code}"
        for row in codes
        for dimension, code in zip(("village", "department"), row, strict=True)
        if code
    ]
    for route, output, wired in callbacks(place.server):
        items = list(enumerate(body(output, wired)["inputs"]))
        for at in [at for at, item in items if item["value"] == GOOD["filters.data"]]:
            for query in ("", *narrow, *(f"{one}&layer=town" for one in narrow)):
                before = len(place.records("cases_listed", "case_viewed"))
                answer = browser.post(route, json=with_value(body(output, wired), "inputs", at, query))
                if answer.status_code == 200 and any(number in answer.text for number in numbers):
                    told.add(output.strip(".").partition(".")[0])
                    assert len(place.records("cases_listed", "case_viewed")) > before, (output[:40], query)
    assert told >= {"big-points", "own"}, "or this proves nothing"


def test_t07_rows_of_lists_are_on_record_and_many_at_once_are_for_those_who_may_export(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, admin = place.person(LEADER), place.person(ADMIN)
    assert leader.get("/api/v1/cases?limit=3&offset=2&kind=C&kind=D").status_code == 200
    assert leader.get("/api/v1/cases?limit=101").status_code == 403
    assert admin.get("/api/v1/cases?limit=1000").status_code == 200
    route, output, wired = next(found for found in callbacks(place.server) if "cases-table.getRows" in found[1])
    piece_of = {"startRow": 0, "endRow": 100, "sortModel": [], "filterModel": {}}
    table = with_value(with_value(body(output, wired), "inputs", 0, piece_of), "state", 0, "kind=D")
    assert "rowCount" in leader.post(route, json=table).text
    listed = [(name, facts) for _, name, _, facts in place.records("cases_listed")]
    assert listed == [
        (LEADER, {"rows": 2, "offset": 2, "filters": {"kind": ["C", "D"]}}),
        (ADMIN, {"rows": 8, "offset": 0, "filters": {}}),
        (LEADER, {"rows": 2, "offset": 0, "filters": {"kind": ["D"]}}),
    ]
    too_many = with_value(body(output, wired), "inputs", 0, piece_of | {"endRow": 101})
    assert "一次至多 100 行" in leader.post(route, json=too_many).json()["response"]["cases-table-said"]["children"]

    def broken(*_: Any, **__: Any) -> None:
        raise AuditError("disk full")

    monkeypatch.setattr(place.server.state.trail, "append", broken)
    assert leader.get("/api/v1/cases").status_code == 503
    assert "A0" not in leader.post(route, json=table).text
