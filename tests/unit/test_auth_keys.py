"""Tokens of programs, walls by activation code, and the accounts of the demo: each made once, each can be ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.auth.accounts import AccountError
from dashboard.auth.audit import UnrecordedError
from dashboard.auth.demo import first_accounts
from dashboard.auth.passwords import CLEAR_LETTERS
from dashboard.auth.roles import EVERYONE, ROLES, RoleError
from dashboard.auth.tokens import TokenError
from dashboard.auth.walls import WallError
from tests.doors import PASSWORD, Place, another_worker, open_place

MOMENT = timedelta(microseconds=1)
HERE, ELSEWHERE = "10.0.0.9", "10.0.0.10"


@pytest.fixture
def place() -> Place:
    return open_place()


# --- tokens -------------------------------------------------------------------------------------------------------


def test_a_token_speaks_for_its_role_and_town(place: Place) -> None:
    token = place.doors.tokens.add("日报", role="town", town="T01")
    who = place.doors.tokens.find(token)
    assert who is not None
    assert (who.shown_name, who.role, who.towns, who.kind) == ("日报", "town", ("T01",), "token")
    assert who.name.startswith("token:")


def test_only_the_hash_of_a_token_is_kept(place: Place) -> None:
    token = place.doors.tokens.add("日报", role="analyst")
    kept = place.store.rows("select * from api_token")
    assert token not in str(kept)
    assert token not in str(place.doors.tokens.listed())
    assert token not in str(place.record.events)
    assert place.doors.tokens.find(kept[0]["hash"]) is None


@pytest.mark.parametrize("days", [1, 90, 366])
def test_a_token_ends_to_the_microsecond(place: Place, days: int) -> None:
    token = place.doors.tokens.add("日报", role="analyst", days=days)
    place.clock.now += timedelta(days=days) - MOMENT
    assert place.doors.tokens.find(token)
    place.clock.now += MOMENT
    assert place.doors.tokens.find(token) is None


def test_a_revoked_token_ends_at_once_and_stays_in_the_list(place: Place) -> None:
    token, other = (place.doors.tokens.add(name, role="analyst") for name in ("日报", "周报"))
    id = next(t.id for t in place.doors.tokens.listed() if t.name == "日报")
    place.doors.tokens.revoke(id)
    assert place.doors.tokens.find(token) is None
    assert place.doors.tokens.find(other)
    assert {t.name: t.is_revoked for t in place.doors.tokens.listed()} == {"日报": True, "周报": False}
    with pytest.raises(TokenError, match="没有编号为"):
        place.doors.tokens.revoke(id)


def test_the_use_of_a_token_is_noted_once_an_hour(place: Place) -> None:
    token, seen = place.doors.tokens.add("日报", role="analyst"), []
    for _ in range(25):
        assert place.doors.tokens.find(token)
        seen.append(place.doors.tokens.listed()[0].used_at)
        place.clock.move(minutes=5)
    assert len(set(seen)) == 3
    assert all(seen)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, TokenError),
        ({"name": "长" * 41}, TokenError),
        ({"name": "a\nb"}, TokenError),
        ({"days": 0}, TokenError),
        ({"days": 367}, TokenError),
        ({"role": "boss"}, RoleError),
        ({"role": "town"}, RoleError),
        ({"town": "T01"}, RoleError),
    ],
)
def test_a_token_that_may_not_be(place: Place, change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        place.doors.tokens.add(**({"name": "日报", "role": "analyst"} | change))  # type: ignore[arg-type]
    assert place.doors.tokens.listed() == ()


# --- walls --------------------------------------------------------------------------------------------------------


def activated(place: Place, address: str = HERE) -> str:
    key = place.doors.walls.activate(place.doors.walls.new_code("指挥大厅"), address)
    assert key
    return key


def test_a_wall_is_a_screen_and_sees_no_case(place: Place) -> None:
    who = place.doors.walls.find(activated(place), HERE)
    assert who is not None
    assert (who.role, who.kind, who.shown_name, who.towns) == ("screen", "wall", "指挥大厅", None)
    assert not who.rights.see_cases
    assert not who.rights.export


def test_h15_a_walls_key_opens_nothing_at_another_address(place: Place) -> None:
    key = activated(place)
    assert place.doors.walls.find(key, ELSEWHERE) is None
    assert place.doors.walls.find(key, "") is None
    assert place.doors.walls.find(key, HERE)


def test_a_code_is_eight_clear_letters_and_is_not_kept(place: Place) -> None:
    code = place.doors.walls.new_code("指挥大厅")
    assert len(code) == 8
    assert set(code) <= set(CLEAR_LETTERS)
    assert code not in str(place.store.rows("select * from wall_code"))


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: f"{code[:4]} {code[4:]}", lambda code: f"{code[:4]}-{code[4:]}"]
)
def test_a_code_may_be_typed_as_people_type(place: Place, typed: object) -> None:
    code = place.doors.walls.new_code("指挥大厅")
    assert callable(typed)
    assert place.doors.walls.activate(typed(code), HERE)


def test_a_code_is_good_once(place: Place) -> None:
    code = place.doors.walls.new_code("指挥大厅")
    assert place.doors.walls.activate(code, HERE)
    assert place.doors.walls.activate(code, HERE) is None
    assert len(place.doors.walls.listed()) == 1


def test_of_many_at_once_one_gets_the_code(tmp_path: Path) -> None:
    path = tmp_path / "yiping.sqlite"
    place = open_place(path)
    workers = [place.doors, another_worker(place, path)]
    code = place.doors.walls.new_code("指挥大厅")
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda n: workers[n % 2].walls.activate(code, f"10.0.0.{n}"), range(16)))
    assert len([key for key in keys if key]) == 1
    assert len(place.doors.walls.listed()) == 1
    assert place.record.names.count("wall_activated") == 1


@pytest.mark.parametrize(("after", "holds"), [(timedelta(minutes=10) - MOMENT, True), (timedelta(minutes=10), False)])
def test_a_code_holds_ten_minutes(place: Place, after: timedelta, holds: bool) -> None:
    code = place.doors.walls.new_code("指挥大厅")
    place.clock.now += after
    assert bool(place.doors.walls.activate(code, HERE)) == holds


@pytest.mark.parametrize(("after", "holds"), [(timedelta(days=365) - MOMENT, True), (timedelta(days=365), False)])
def test_a_wall_holds_a_year(place: Place, after: timedelta, holds: bool) -> None:
    key = activated(place)
    place.clock.now += after
    assert bool(place.doors.walls.find(key, HERE)) == holds


def test_a_revoked_wall_ends_at_once(place: Place) -> None:
    key, other = activated(place), activated(place, ELSEWHERE)
    wall = next(wall for wall in place.doors.walls.listed() if wall.address == HERE)
    place.doors.walls.revoke(wall.id)
    assert place.doors.walls.find(key, HERE) is None
    assert place.doors.walls.find(other, ELSEWHERE)
    with pytest.raises(WallError):
        place.doors.walls.revoke(wall.id)


@pytest.mark.parametrize("name", ["", "长" * 41, "a\nb"])
def test_a_wall_has_a_name(place: Place, name: str) -> None:
    with pytest.raises(WallError):
        place.doors.walls.new_code(name)


def test_what_cannot_be_put_on_record_is_not_made(place: Place) -> None:
    code, key, token = place.doors.walls.new_code("一"), activated(place), place.doors.tokens.add("二", role="analyst")
    wall, kept = place.doors.walls.listed()[0], place.doors.tokens.listed()[0]
    place.record.is_broken = True
    for change in (
        lambda: place.doors.walls.new_code("三"),
        lambda: place.doors.walls.activate(code, HERE),
        lambda: place.doors.walls.revoke(wall.id),
        lambda: place.doors.tokens.add("四", role="analyst"),
        lambda: place.doors.tokens.revoke(kept.id),
    ):
        with pytest.raises(UnrecordedError):
            change()
    assert place.doors.walls.listed() == (wall,)
    assert place.doors.tokens.listed() == (kept,)
    assert place.doors.walls.find(key, HERE)
    assert place.doors.tokens.find(token)


# --- the demo -----------------------------------------------------------------------------------------------------


def empty(place: Place) -> Place:
    place.store.write("delete from account")
    return place


def test_the_demo_makes_an_account_per_role_once(place: Place) -> None:
    accounts = empty(place).doors.accounts
    assert not accounts.has_demo_accounts()
    logins = first_accounts(accounts, town="T01")
    assert {login.name for login in logins} == EVERYONE
    assert len({login.password for login in logins}) == len(ROLES)
    for login in logins:
        found = accounts.verified(login.name, login.password)
        assert found is not None
        assert (found.role, found.is_demo, found.town) == (login.name, True, "T01" if login.name == "town" else "")
    assert accounts.has_demo_accounts()
    assert first_accounts(accounts, town="T01") == ()


def test_no_demo_account_is_made_beside_a_persons(place: Place) -> None:
    accounts = empty(place).doors.accounts
    accounts.add("anna", PASSWORD, role="admin")
    assert first_accounts(accounts, town="T01") == ()
    assert [account.name for account in accounts.listed()] == ["anna"]
    assert not accounts.has_demo_accounts()


def test_demo_accounts_are_gone_when_each_is_disabled_or_has_a_new_password(place: Place) -> None:
    accounts = empty(place).doors.accounts
    first, *others = first_accounts(accounts, town="T01")
    for login in others:
        accounts.disable(login.name)
    assert accounts.has_demo_accounts()
    accounts.reset(first.name, PASSWORD)
    assert not accounts.has_demo_accounts()
    with pytest.raises(AccountError, match="密码打印过"):
        accounts.enable(others[0].name)
    accounts.reset(others[0].name, PASSWORD)
    assert not accounts.enable(others[0].name).is_demo and not accounts.has_demo_accounts()
