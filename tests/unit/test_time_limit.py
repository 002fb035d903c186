"""Is a query stopped when its time is up, only then, and never after it has ended?"""

from __future__ import annotations

from threading import Event
from time import monotonic, sleep

import pytest

from dashboard import time_limit
from dashboard.time_limit import TimeLimits


class Query:
    """Counts how often it was told to stop."""

    def __init__(self) -> None:
        self.told, self.first = 0, Event()

    def interrupt(self) -> None:
        self.told += 1
        self.first.set()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that a test can wait for."""
    monkeypatch.setattr(time_limit, "LOOK_EVERY", 0.01)


def test_a_query_past_its_time_is_told_again_and_again_and_others_are_left_alone() -> None:
    limits, slow, quick = TimeLimits(), Query(), Query()
    began = monotonic()
    with limits.within(60, quick), limits.within(0.1, slow):
        assert slow.first.wait(10)
        assert monotonic() - began >= 0.1
        while slow.told < 3:
            assert monotonic() - began < 10
            sleep(0.01)
    assert quick.told == 0


def test_what_has_ended_is_not_told_any_more() -> None:
    limits, ended, other = TimeLimits(), Query(), Query()
    with pytest.raises(ZeroDivisionError), limits.within(0.02, ended):
        raise ZeroDivisionError
    with limits.within(0.05, other):
        assert other.first.wait(10)
    assert ended.told == 0


def test_one_thread_looks_at_all() -> None:
    limits, queries = TimeLimits(), [Query() for _ in range(20)]
    for query in queries:
        with limits.within(0, query):
            watch = limits._watch
            assert query.first.wait(10)
            assert limits._watch is watch is not None and watch.is_alive()
