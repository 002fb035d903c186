"""Does a question stop at its deadline, and never get another thread's rows?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from dashboard import warehouse as door
from dashboard.filters import Filters
from dashboard.warehouse import SlowQueryError
from tests import builders

SLOW = "select count(*) from range(100000000) as a, range(100000) as b where a.range % 7 = b.range % 3"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that a test can wait for."""
    monkeypatch.setattr(door, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr(door, "REFIRE_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_question_past_its_deadline_is_stopped_and_the_next_one_answered(
    small_county: Path,
) -> None:
    with builders.asking(small_county) as ask:
        with pytest.raises(SlowQueryError, match="超时"):
            ask._db.rows(SLOW)
        assert ask._db.rows("select 42") == [(42,)]


def test_batches_are_the_rows_some_at_a_time(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        found = list(ask._db.batches("select range as n from range($end) order by n", {"end": 5}, size=2))
    assert found == [[{"n": 0}, {"n": 1}], [{"n": 2}, {"n": 3}], [{"n": 4}]]


@pytest.mark.usefixtures("impatient")
def test_a_slow_step_of_batches_is_stopped_but_a_slow_reader_is_not(
    small_county: Path,
) -> None:
    with builders.asking(small_county) as ask:
        steps = ask._db.batches("select range as n from range(10000)", size=5000)
        next(steps)
        sleep(0.4)
        assert len(next(steps)) == 5000
        with pytest.raises(SlowQueryError, match="超时"):
            next(ask._db.batches(SLOW))


def test_forty_threads_get_their_own_answers(small_county: Path) -> None:
    with builders.asking(small_county) as ask, ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: ask._db.rows("select $n as n", {"n": n}), range(40)))
    assert got == [[(n,)] for n in range(40)]


def test_equal_questions_are_answered_once(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with builders.asking(small_county) as ask:
        first = ask.numbers(["accepted"], filters=Filters(metric="accepted", layer="grid"))
        monkeypatch.setattr(ask._db, "rows", lambda *_: pytest.fail("asked again"))
        assert ask.numbers(["accepted"], filters=Filters()) is first
