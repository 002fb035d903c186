"""A session holds half an hour after it was last used and eight hours at the longest, to the microsecond."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.auth.sessions import IDLE, LONGEST, TOUCH_EVERY
from dashboard.store import Store
from tests.doors import PASSWORD, Place, another_worker, open_place

MOMENT = timedelta(microseconds=1)
GAPS = st.lists(
    st.one_of(
        st.timedeltas(timedelta(0), timedelta(minutes=35)),
        st.sampled_from(
            [MOMENT, TOUCH_EVERY, TOUCH_EVERY - MOMENT, IDLE - TOUCH_EVERY, IDLE, IDLE - MOMENT, IDLE + MOMENT]
        ),
    ),
    max_size=30,
)


@pytest.fixture
def place() -> Place:
    return open_place()


def start(place: Place, name: str = "leader") -> str:
    return place.doors.sessions.start(place.doors.accounts.find(name))


@given(GAPS)
def test_t09_a_session_never_outlives_its_limits_and_never_ends_a_minute_too_early(gaps: list[timedelta]) -> None:
    place = open_place()
    key, began = start(place), place.clock.now
    used = began
    for gap in gaps:
        place.clock.now += gap
        now, is_open = place.clock.now, place.doors.sessions.find(key) is not None
        if now - used >= IDLE or now - began >= LONGEST:
            assert not is_open
            return
        assert is_open or now - used >= IDLE - TOUCH_EVERY
        if not is_open:
            return
        used = now
    place.store.close()


@pytest.mark.parametrize(("after", "is_open"), [(IDLE - MOMENT, True), (IDLE, False), (IDLE + MOMENT, False)])
def test_t09_half_an_hour_without_use(place: Place, after: timedelta, is_open: bool) -> None:
    key = start(place)
    place.clock.now += after
    assert (place.doors.sessions.find(key) is not None) == is_open


@pytest.mark.parametrize(("after", "is_open"), [(LONGEST - MOMENT, True), (LONGEST, False)])
def test_t09_eight_hours_in_use(place: Place, after: timedelta, is_open: bool) -> None:
    key, end = start(place), place.clock.now + after
    while place.clock.now + timedelta(minutes=20) < end:
        place.clock.move(minutes=20)
        assert place.doors.sessions.find(key)
    place.clock.now = end
    assert (place.doors.sessions.find(key) is not None) == is_open


def test_t09_a_page_that_polls_does_not_keep_a_session_alive(place: Place) -> None:
    key = start(place)
    for _ in range(29):
        place.clock.move(minutes=1)
        assert place.doors.sessions.find(key, is_used=False)
    place.clock.move(minutes=1)
    assert place.doors.sessions.find(key, is_used=False) is None


def test_use_is_written_down_once_a_minute(place: Place) -> None:
    key, seen = start(place), set()
    for _ in range(600):
        place.clock.move(seconds=1)
        assert place.doors.sessions.find(key)
        seen.add(place.store.rows("select seen_at from login_session")[0]["seen_at"])
    assert len(seen) == 11  # the log-in, and once in each of ten minutes


def test_only_the_hash_is_kept(place: Place) -> None:
    key = start(place)
    kept = place.store.rows("select * from login_session")
    assert key not in str(kept)
    assert place.doors.sessions.find(kept[0]["hash"]) is None
    assert len(key) >= 43  # 256 bits


def test_every_key_is_another(place: Place) -> None:
    assert len({start(place) for _ in range(50)}) == 50


def test_h06_an_ended_session_is_ended_in_every_worker(tmp_path: Path) -> None:
    path = tmp_path / "yiping.sqlite"
    place = open_place(path)
    elsewhere = another_worker(place, path)
    key, other = start(place), start(place)
    assert elsewhere.sessions.find(key)
    place.doors.sessions.end(key)
    assert elsewhere.sessions.find(key) is None
    assert elsewhere.sessions.find(other)


@pytest.mark.parametrize("change", ["disable", "reset", "role"])
def test_h07_all_sessions_of_a_person_end_and_nobody_elses(place: Place, change: str) -> None:
    accounts, sessions = place.doors.accounts, place.doors.sessions
    keys, others = [start(place) for _ in range(3)], start(place, "analyst")
    {
        "disable": lambda: accounts.disable("leader"),
        "reset": lambda: accounts.reset("leader", PASSWORD + "!"),
        "role": lambda: accounts.set_role("leader", role="analyst"),
    }[change]()
    assert [sessions.find(key) for key in keys] == [None] * 3
    assert sessions.find(others)


def test_h07_an_account_disabled_by_hand_in_the_store_ends_its_sessions_too(place: Place) -> None:
    key = start(place)
    place.store.write("update account set is_disabled = 1 where name = 'leader'")
    assert place.doors.sessions.find(key) is None


def test_h07_enabling_again_does_not_wake_old_sessions(place: Place) -> None:
    key = start(place)
    place.doors.accounts.disable("leader")
    place.doors.accounts.enable("leader")
    assert place.doors.sessions.find(key) is None


def test_h07_a_session_begun_with_an_account_as_it_was_before_it_was_disabled_does_not_hold(place: Place) -> None:
    before = place.doors.accounts.find("leader")
    place.doors.accounts.disable("leader")
    place.doors.accounts.enable("leader")
    assert place.doors.sessions.find(place.doors.sessions.start(before)) is None


def test_old_sessions_are_swept_out(place: Place) -> None:
    for _ in range(5):
        start(place)
    place.clock.move(minutes=30)
    start(place)
    assert place.store.rows("select count(*) as n from login_session") == [{"n": 1}]


def test_a_session_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "yiping.sqlite"
    place = open_place(path)
    key = start(place)
    place.store.close()
    found = another_worker(place, path).sessions.find(key)
    assert found is not None
    assert (found.name, found.role, found.kind) == ("leader", "leader", "session")
    assert Store(path).rows("select count(*) as n from login_session") == [{"n": 1}]
