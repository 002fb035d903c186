"""Does a question stop at its deadline, and never get another thread's rows?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import sleep

import pytest

from dashboard import ask as asking
from dashboard import warehouse as door
from dashboard.filters import Filters
from dashboard.warehouse import SlowQueryError
from tests import builders

SLOW = "select count(*) from range(100000000) as a, range(100000) as b where a.range % 7 = b.range % 3"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that a test can wait for."""
    monkeypatch.setattr(door, "DEADLINE_SECONDS", 0.2)


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


def test_t10_answers_are_kept_up_to_so_many_rows_not_so_many_questions(
    small_county: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "KEPT_ROWS", 30)
    with builders.asking(small_county) as ask:
        for day in range(1, 15):
            filters = Filters(since=date(2026, 3, day))
            ask.numbers(["accepted"], by=("town",), filters=filters)
            ask.within(tuple(ask.vocabulary["town"])[:1]).numbers(["accepted"], by=("town",), filters=filters)
            assert 0 < sum(len(answer.rows) for answer in ask._kept.values()) <= 30
        large = ask.numbers(["accepted"], by=("grid", "kind"), filters=Filters())
        assert len(large.rows) > 30 and large not in ask._kept.values()


def test_what_is_kept_for_some_towns_is_not_given_to_who_sees_others(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        own, other = (ask.within((town,)) for town in tuple(ask.vocabulary["town"])[:2])
        found = [one.numbers(["accepted"], by=("town",), filters=Filters()) for one in (ask, own, other, own)]
        assert [row.codes for row in found[0].rows][:2] == [found[1].rows[0].codes, found[2].rows[0].codes]
        assert found[3] is found[1] is not found[2]
        assert found[1] is ask.within(own.towns).numbers(["accepted"], by=("town",), filters=Filters())
