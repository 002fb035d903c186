"""T-03b: is an answer that was made for one person ever given to another, or to the same one with other rights?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard.auth.accounts import Accounts
from dashboard.auth.doors import open_doors
from dashboard.auth.passwords import Hashes
from dashboard.server import Server, create
from tests import builders
from tests.doors import PASSWORD, QUICK

AT = datetime(2026, 4, 1, 8, 30)
OWN, OTHER = list(builders.TOWNS)[:2]
SPAN = "since=2026-03-01&until=2026-03-31"
ASKED = (
    f"/api/v1/query?metrics=accepted,open&by=town&{SPAN}",
    f"/api/v1/query?metrics=accepted&by=grid,kind&{SPAN}",
    f"/api/v1/cases?{SPAN}&limit=50",
    f"/api/v1/replay?{SPAN}&level=grid",
)
CHOICES = re.compile(r'"id":"filter-town".*?"data":(\[.*?\])')
"""In the layout: the towns that can be chosen."""


@dataclass
class Place:
    """A gated server and its accounts."""

    server: Server
    accounts: Accounts

    def browser(self, name: str = "", **head: str) -> TestClient:
        """A browser of its own, logged in where a name is given."""
        browser = TestClient(self.server, base_url="http://localhost", headers=head, follow_redirects=False)
        if name:
            assert browser.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
        return browser

    def answers(self, browser: TestClient) -> Mapping[str, str]:
        """What somebody is told, by what was asked."""
        said = {path: browser.get(path) for path in ASKED}
        assert {answer.status_code for answer in said.values()} == {200}
        choices = CHOICES.search(browser.get("/_dash-layout").text)
        assert choices
        return {what: answer.text for what, answer in said.items()} | {"choices": choices[1]}


@pytest.fixture(scope="module")
def place(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    state = tmp_path_factory.mktemp("shared") / "state.sqlite"
    server = create(small_county, clock=lambda: AT, state=state, is_gated=True)
    doors = open_doors(server.state.store, clock=lambda: AT, audit=lambda *_, **__: None, hashes=Hashes(QUICK))
    for name, role, town in (
        ("county", "analyst", ""), ("own", "town", OWN), ("again", "town", OWN), ("other", "town", OTHER),
        ("moved", "town", OWN),
    ):  # fmt: skip
        doors.accounts.add(name, PASSWORD, role=role, town=town)
    with TestClient(server):  # its life begins and ends
        yield Place(server, doors.accounts)


def test_t03b_the_same_words_of_people_with_other_rights_are_other_questions(place: Place) -> None:
    people = {name: place.browser(name) for name in ("county", "own", "other", "again")}
    first = {name: place.answers(browser) for name, browser in people.items()}
    back = {name: place.answers(people[name]) for name in reversed(people)}
    assert first == back
    assert first["own"] == first["again"]
    for what in first["own"]:
        assert len({first[name][what] for name in ("county", "own", "other")}) == 3, what


def test_t03b_a_program_shares_no_answer_with_people_who_asked_before(place: Place) -> None:
    doors = place.server.state.security.doors
    county, own = (place.answers(place.browser(name)) for name in ("county", "own"))
    for expected, role, town in ((county, "analyst", ""), (own, "town", OWN)):
        token = doors.tokens.add(f"程序{role}", role=role, town=town)
        program = place.browser(Authorization=f"Bearer {token}")
        assert {path: program.get(path).text for path in ASKED} == {path: expected[path] for path in ASKED}


@pytest.mark.parametrize(("role", "town", "like"), [("town", OTHER, "other"), ("analyst", "", "county")])
def test_t03b_with_other_rights_somebody_is_told_what_goes_with_those(
    place: Place, role: str, town: str, like: str
) -> None:
    place.accounts.set_role("moved", role="town", town=OWN)
    browser = place.browser("moved")
    before = place.answers(browser)
    assert before == place.answers(place.browser("own"))
    place.accounts.set_role("moved", role=role, town=town)
    assert browser.get(ASKED[0]).status_code == 401
    after = place.answers(place.browser("moved"))
    assert after == place.answers(place.browser(like)) and after != before
