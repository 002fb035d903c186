"""Five failures in five minutes, by name and by address; against a plain list of what was tried, at any moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dashboard.auth.lockout import MOST_FAILURES, WINDOW, Lockout
from dashboard.store import Store
from tests.doors import START, Hand

STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, 59.5, 60.0, 75.0, 299.999999, 300.0, 300.000001]),
        st.sampled_from(["anna", "bo"]),
        st.sampled_from(["10.0.0.1", "10.0.0.2"]),
        st.integers(0, 4).map(lambda n: n == 0),
    ),
    max_size=40,
)


def make(clock: Hand, store: Store | None = None) -> Lockout:
    return Lockout(store or Store(), clock=clock, kind="login")


def is_admitted(tried: list[tuple[datetime, str, str]], at: datetime, name: str, address: str) -> bool:
    """The rule in plain words."""
    recent = [(n, a) for t, n, a in tried if at - t < timedelta(seconds=300)]
    return sum(n == name for n, _ in recent) < 5 and sum(a == address for _, a in recent) < 5


@given(STEPS)
def test_t09_it_is_as_the_plain_rule_says(steps: list[tuple[float, str, str, bool]]) -> None:
    clock, tried = Hand(), list[tuple[datetime, str, str]]()
    lockout = make(clock)
    for by, name, address, succeeds in steps:
        clock.move(seconds=by)
        expected = is_admitted(tried, clock.now, name, address)
        wait = lockout.admit(name, address)
        assert (wait == 0) == expected
        if not expected:
            assert is_admitted(tried, clock.now + timedelta(seconds=wait), name, address)
            assert wait == 1 or not is_admitted(tried, clock.now + timedelta(seconds=wait - 1), name, address)
        elif succeeds:
            lockout.forgive(name, address)
            tried = [one for one in tried if one[1:] != (name, address)]
        else:
            tried.append((clock.now, name, address))


@given(st.lists(st.integers(0, 600), min_size=1, max_size=60))
def test_nothing_older_than_the_window_is_kept(gaps: list[int]) -> None:
    clock, store = Hand(), Store()
    lockout = make(clock, store)
    for number, gap in enumerate(gaps):
        clock.move(seconds=gap)
        lockout.admit(f"name{number % 7}", f"10.0.0.{number % 5}")
        oldest = store.rows("select min(at) as at, count(*) as n from login_attempt")[0]
        assert oldest["n"] == 0 or datetime.fromisoformat(oldest["at"]) > clock.now - WINDOW
        assert oldest["n"] <= 5 * MOST_FAILURES
    store.close()


def test_t09_the_sixth_is_refused_and_how_long_is_said() -> None:
    clock = Hand()
    lockout = make(clock)
    for _ in range(5):
        assert lockout.admit("anna", "10.0.0.1") == 0
        clock.move(seconds=10)
    assert lockout.admit("anna", "10.0.0.2") == 250
    assert lockout.admit("bo", "10.0.0.1") == 250
    assert lockout.admit("bo", "10.0.0.2") == 0
    clock.move(seconds=249.5)
    assert lockout.admit("anna", "10.0.0.3") == 1
    clock.move(seconds=0.5)
    assert lockout.admit("anna", "10.0.0.3") == 0
    assert lockout.admit("anna", "10.0.0.3") == 10


def test_a_refused_attempt_does_not_make_the_wait_longer() -> None:
    clock = Hand()
    lockout = make(clock)
    for _ in range(5):
        lockout.admit("anna", "10.0.0.1")
    clock.move(seconds=200)
    assert [lockout.admit("anna", "10.0.0.1") for _ in range(50)] == [100] * 50


def test_who_waits_is_news_once_in_a_window() -> None:
    clock = Hand()
    lockout = make(clock)
    for _ in range(5):
        lockout.admit("anna", "10.0.0.1")
    assert [lockout.is_news("anna", "10.0.0.1") for _ in range(3)] == [True, False, False]
    assert lockout.is_news("", "10.0.0.1") and lockout.is_news("anna", "10.0.0.2")
    assert lockout.admit("anna", "10.0.0.1") == 300, "what was told is no attempt"
    clock.move(seconds=300)
    assert lockout.is_news("anna", "10.0.0.1")


def test_success_elsewhere_does_not_take_back_anothers_guesses() -> None:
    lockout = make(Hand())
    for _ in range(4):
        lockout.admit("anna", "10.6.6.6")
    assert lockout.admit("anna", "10.0.0.1") == 0
    lockout.forgive("anna", "10.0.0.1")
    assert lockout.admit("anna", "10.6.6.6") == 0
    assert lockout.admit("anna", "10.6.6.6") > 0


def test_t09_many_at_once_over_two_workers_get_five_between_them(tmp_path: Path) -> None:
    path = tmp_path / "yiping.sqlite"
    workers = [make(Hand(), Store(path)) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: workers[n % 2].admit("anna", f"10.0.{n}.1"), range(40)))
    assert sorted(waits)[:6] == [0, 0, 0, 0, 0, 300]


def test_what_was_typed_as_a_name_is_not_kept() -> None:
    store = Store()
    make(Hand(), store).admit("my password typed into the wrong field", "10.0.0.1")
    assert "password" not in str(store.rows("select * from login_attempt"))


def test_codes_and_log_ins_have_nothing_to_do_with_each_other() -> None:
    store = Store()
    logins, codes = make(Hand(), store), Lockout(store, clock=Hand(START), kind="code")
    for _ in range(6):
        logins.admit("anna", "10.0.0.1")
    assert codes.admit("anna", "10.0.0.1") == 0
