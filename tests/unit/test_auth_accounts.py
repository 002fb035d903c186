"""An account is one person's, whatever keyboard its name was typed on; its changes end what went before."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from dashboard.auth.accounts import AccountError
from dashboard.auth.audit import UnrecordedError
from dashboard.auth.identity import Identity, NobodyError, acting, current
from dashboard.auth.passwords import CLEAR_LETTERS, Hashes, PasswordError, fold, made_up
from dashboard.auth.roles import EVERYONE, RoleError, checked, with_right
from tests.doors import PASSWORD, QUICK, Place, open_place


@pytest.fixture
def place() -> Place:
    return open_place()


# --- roles --------------------------------------------------------------------------------------------------------


def test_the_rights_are_these() -> None:
    assert with_right("see_cases") == {"leader", "analyst", "town", "admin"}
    assert with_right("export") == {"analyst", "town", "admin"}
    assert with_right("write_notes") == {"leader", "analyst", "town", "admin"}
    assert with_right("view_wall") == {"screen", "leader", "analyst", "admin"}
    assert with_right("read_audit") == {"auditor", "admin"}
    assert with_right("manage_accounts") == with_right("view_as") == {"admin"}


def test_a_right_that_is_none_is_an_error() -> None:
    with pytest.raises(AttributeError):
        with_right("see_everything")


@pytest.mark.parametrize(
    ("role", "town", "said"),
    [("boss", "", "没有角色"), ("town", "", "须指定一个乡镇"), ("leader", "T01", "不能指定乡镇")],
)
def test_a_role_and_its_town_go_together(role: str, town: str, said: str) -> None:
    with pytest.raises(RoleError, match=said):
        checked(role, town)


@pytest.mark.parametrize("role", sorted(EVERYONE))
def test_the_town_officer_is_held_to_a_town_and_the_auditor_to_none(role: str) -> None:
    town = "T01" if role == "town" else ""
    who = Identity(name="a", shown_name="甲", role=role, town=town, kind="session")
    assert who.towns == {"town": ("T01",), "auditor": ()}.get(role)


def test_outside_a_request_there_is_nobody() -> None:
    with pytest.raises(NobodyError):
        current()
    who = Identity(name="a", shown_name="甲", role="leader", kind="session")
    with acting(who):
        assert current() == who
    with pytest.raises(NobodyError):
        current()


# --- names --------------------------------------------------------------------------------------------------------

VARIANTS = ["anna", "ANNA", "Ａｎｎａ", "ａｎｎａ", " Anna ", "aNnA"]


@pytest.mark.parametrize("name", VARIANTS)
def test_case_and_width_are_no_difference(place: Place, name: str) -> None:
    made = place.doors.accounts.add("Anna", PASSWORD, role="leader", shown_name="安娜")
    assert place.doors.accounts.find(name) == made
    assert place.doors.accounts.verified(name, PASSWORD) == made
    with pytest.raises(AccountError, match="已存在"):
        place.doors.accounts.add(name, PASSWORD, role="leader")


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize("name", ["", "  ", "a" * 33, "a b", "a\u200bb", "-anna", "a/b", "token:1", "an\nna", "a'--"])
def test_a_name_that_looks_like_another_or_like_none_is_refused(place: Place, name: str) -> None:
    with pytest.raises(AccountError):
        place.doors.accounts.add(name, PASSWORD, role="leader")


def test_a_chinese_name_is_a_name(place: Place) -> None:
    assert place.doors.accounts.add("张三", PASSWORD, role="leader").shown_name == "张三"


def test_a_name_that_nobody_has(place: Place) -> None:
    with pytest.raises(AccountError, match="没有账号"):
        place.doors.accounts.find("nobody")
    assert place.doors.accounts.known("nobody") == ""
    assert place.doors.accounts.known("LEADER") == "leader"


# --- passwords ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("a1b2c3d4e", "10 至 128"),
        ("ab" * 65, "10 至 128"),
        ("", "10 至 128"),
        ("Long-Name-1", "不能与账号相同"),
        ("ｌｏｎｇ-ｎａｍｅ-１", "不能与账号相同"),
        ("aaaaaaaaaaaa", "同一个字符"),
    ],
)
def test_a_password_that_may_not_be(place: Place, password: str, said: str) -> None:
    with pytest.raises(PasswordError, match=said):
        place.doors.accounts.add("long-name-1", password, role="leader")
    with pytest.raises(AccountError):
        place.doors.accounts.find("long-name-1")


@pytest.mark.parametrize("password", ["a1b2c3d4e5", "ab" * 64, "十个汉字也可以做密码"])
def test_a_password_at_the_limits(place: Place, password: str) -> None:
    place.doors.accounts.add("anna", password, role="leader")
    assert place.doors.accounts.verified("anna", password)
    assert place.doors.accounts.verified("anna", password[:-1]) is None
    assert place.doors.accounts.verified("anna", "") is None


def test_the_input_methods_width_is_no_difference() -> None:
    hashes = Hashes(QUICK)
    assert hashes.fits("ｃｏｒｒｅｃｔ１２", hashes.of("correct12"))
    assert not hashes.fits("Correct12", hashes.of("correct12"))


def test_what_is_kept_is_argon2id(place: Place) -> None:
    assert place.store.rows("select distinct substr(hash, 1, 10) as kind from account") == [{"kind": "$argon2id$"}]
    assert Hashes(PasswordHasher()).of("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_broken_hash_lets_nobody_in(place: Place) -> None:
    place.store.write("update account set hash = 'nonsense' where name = 'leader'")
    assert place.doors.accounts.verified("leader", PASSWORD) is None


class Counting(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.worked: list[bool] = []

    def verify(self, hash: str, password: str) -> bool:  # type: ignore[override]
        self.worked.append(hash.startswith("$argon2id$"))
        return bool(super().verify(hash, password))


@pytest.mark.parametrize("name", ["leader", "nobody", "auditor"])
def test_t09_an_unknown_and_a_disabled_name_cost_the_same_work(name: str) -> None:
    hasher = Counting()
    place = open_place(hashes=Hashes(hasher))
    place.doors.accounts.disable("auditor")
    assert place.doors.accounts.verified(name, "wrong password") is None
    assert hasher.worked == [True]


def test_t09_the_password_of_nobody_is_not_a_password() -> None:
    class Credulous(PasswordHasher):
        def verify(self, hash: str, password: str) -> bool:  # type: ignore[override]
            return True

    assert Hashes(Credulous()).fits("anything", "a hash")
    assert not Hashes(Credulous()).fits("anything", None)


def test_a_made_up_password_is_long_enough_and_easily_read() -> None:
    made = {made_up() for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) == 16 and set(password) <= set(CLEAR_LETTERS) for password in made)
    assert not set("01OIL") & set(CLEAR_LETTERS)
    assert len(CLEAR_LETTERS) ** 16 > 2**75


# --- changes ------------------------------------------------------------------------------------------------------


def test_what_changes_rights_raises_the_epoch_and_nothing_else_does(place: Place) -> None:
    accounts = place.doors.accounts
    assert accounts.find("leader").epoch == 1
    assert accounts.set_role("leader", role="analyst").epoch == 2
    assert accounts.reset("leader", PASSWORD + "!").epoch == 3
    assert accounts.disable("leader").epoch == 4
    assert accounts.enable("leader").epoch == 4
    assert accounts.find("analyst").epoch == 1


def test_a_new_password_takes_the_place_of_the_old(place: Place) -> None:
    place.doors.accounts.reset("LEADER", "another password")
    assert place.doors.accounts.verified("leader", PASSWORD) is None
    assert place.doors.accounts.verified("leader", "another password")


@pytest.mark.parametrize("meanwhile", ["reset", "disable", "disable and enable", "set_role"])
def test_t09_what_an_administrator_does_meanwhile_stands(place: Place, meanwhile: str) -> None:
    """Who chooses a new password at the moment of a reset neither undoes it nor is logged in after it."""
    accounts = place.doors.accounts
    verified = accounts.verified("leader", PASSWORD)
    assert verified is not None
    done = {
        "reset": [lambda: accounts.reset("leader", "of the administrator")],
        "disable": [lambda: accounts.disable("leader")],
        "disable and enable": [lambda: accounts.disable("leader"), lambda: accounts.enable("leader")],
        "set_role": [lambda: accounts.set_role("leader", role="analyst")],
    }
    # Between the look at the account and the write, where only the write itself can still tell.
    audit, steps = accounts._audit, done[meanwhile]

    def recorded(event: str, /, **facts: str) -> None:
        audit(event, **facts)
        if event == "password_changed":
            for step in steps:
                step()

    accounts._audit = recorded
    with pytest.raises(AccountError, match="请重新登录"):
        accounts.change(verified, "of somebody else", "10.0.0.1")
    assert accounts.verified("leader", "of somebody else") is None
    with pytest.raises(AccountError, match="请重新登录"):
        accounts.change(verified, "of somebody else", "10.0.0.1")
    assert place.record.names.count("password_changed") == 1, "what is known to be too late is not on record as done"


def test_a_role_with_a_town_and_back(place: Place) -> None:
    assert place.doors.accounts.set_role("leader", role="town", town="T02").town == "T02"
    assert place.doors.accounts.set_role("leader", role="leader").town == ""
    with pytest.raises(RoleError):
        place.doors.accounts.set_role("leader", role="town")
    assert place.doors.accounts.find("leader").role == "leader"


def test_a_list_is_in_the_order_of_names_and_holds_no_hash(place: Place) -> None:
    found = place.doors.accounts.listed()
    assert [account.name for account in found] == sorted(EVERYONE)
    assert "argon2" not in repr(found)


def test_every_change_is_on_record_without_the_password(place: Place) -> None:
    accounts = place.doors.accounts
    accounts.add("anna", PASSWORD, role="town", town="T01")
    accounts.set_role("anna", role="leader")
    accounts.reset("anna", PASSWORD + "!")
    accounts.disable("anna")
    accounts.enable("anna")
    assert place.record.events == [
        ("account_added", {"account": "anna", "role": "town", "town": "T01"}),
        ("role_changed", {"account": "anna", "role": "leader", "town": "", "role_before": "town"}),
        ("password_reset", {"account": "anna"}),
        ("account_disabled", {"account": "anna"}),
        ("account_enabled", {"account": "anna"}),
    ]


def test_what_cannot_be_put_on_record_is_not_done(place: Place) -> None:
    accounts, before = place.doors.accounts, place.doors.accounts.listed()
    place.record.is_broken = True
    for change in (
        lambda: accounts.add("anna", PASSWORD, role="leader"),
        lambda: accounts.set_role("leader", role="admin"),
        lambda: accounts.reset("leader", "another password"),
        lambda: accounts.disable("leader"),
        lambda: accounts.enable("leader"),
    ):
        with pytest.raises(UnrecordedError, match="操作未执行"):
            change()
    assert accounts.listed() == before
    assert accounts.verified("leader", PASSWORD)
