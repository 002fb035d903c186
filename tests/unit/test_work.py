"""Is the pool of questions bounded, fair among clients, and true to the context of who asks?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from threading import Event, Lock, Semaphore
from time import sleep
from typing import Any, TypeVar

import pytest

from dashboard import work as work_module
from dashboard.filters import Filters
from dashboard.warehouse import SlowQueryError
from dashboard.work import MOST_OF_A_BROWSER, BusyError, Pool, client
from tests import builders

T = TypeVar("T")


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def limited() -> T:
        return await asyncio.wait_for(work(), 20)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(limited())).result()


class Slow:
    """Questions that wait until they are let go; `begun` counts those that run."""

    def __init__(self) -> None:
        self.go, self.begun = Event(), Semaphore(0)

    def __call__(self) -> str:
        self.begun.release()
        assert self.go.wait(10)
        return "done"

    async def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert await asyncio.to_thread(self.begun.acquire, timeout=5)


async def begin(pool: Pool, who: str, work: Callable[[], Any], times: int = 1) -> list[asyncio.Task[Any]]:
    """So many questions of a client, sent off; those that are refused are refused by now."""
    client.set(who)
    tasks = [asyncio.create_task(pool.run(work)) for _ in range(times)]
    await asyncio.sleep(0)
    return tasks


def refused(tasks: list[asyncio.Task[Any]]) -> int:
    return sum(task.done() and isinstance(task.exception(), BusyError) for task in tasks)


def test_answers_and_errors_come_back() -> None:
    pool = Pool(2, 2)
    assert run(lambda: pool.run(lambda a, b: a + b, 2, 3)) == 5
    with pytest.raises(ZeroDivisionError):
        run(lambda: pool.run(lambda: 1 // 0))


def test_the_context_of_the_caller_is_seen_in_the_thread() -> None:
    who: ContextVar[str] = ContextVar("who", default="")
    pool = Pool(1, 4)

    async def work() -> list[str]:
        async def as_reader(name: str) -> str:
            who.set(name)
            return await pool.run(who.get)

        return list(await asyncio.gather(*(as_reader(name) for name in "abcd")))

    assert run(work) == list("abcd")


def test_t10_beyond_threads_and_queue_a_question_is_refused_at_once() -> None:
    pool, slow = Pool(4, 4), Slow()

    async def work() -> None:
        tasks = [task for who in "abcdef" for task in await begin(pool, who, slow, 2)]
        await slow.wait_for(4)
        assert refused(tasks) == 4
        slow.go.set()
        done = [task for task in tasks if not (task.done() and task.exception())]
        assert await asyncio.gather(*done) == ["done"] * 8

    run(work)


def test_t10_one_slow_client_blocks_nobody() -> None:
    pool, slow = Pool(8, 32), Slow()

    async def work() -> None:
        tasks = await begin(pool, "abuser", slow, 100)
        await slow.wait_for(4)
        assert refused(tasks) == 100 - 4 - 24
        client.set("reader")
        for _ in range(50):
            assert await pool.run(lambda: "answer") == "answer"
        slow.go.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(work)


def test_t10_who_has_more_in_hand_than_a_browser_has_one_thread() -> None:
    pool, first, at_once = Pool(8, 32), Slow(), Lock()
    running, seen = 0, list[int]()

    def work_alone() -> None:
        nonlocal running
        with at_once:
            running += 1
            seen.append(running)
        sleep(0.02)
        with at_once:
            running -= 1

    async def work() -> None:
        held = await begin(pool, "a", first, 4)
        later = await begin(pool, "a", work_alone, 20)
        await first.wait_for(4)
        first.go.set()
        await asyncio.gather(*held, *later)

    run(work)
    assert seen[: 20 - MOST_OF_A_BROWSER] == [1] * (20 - MOST_OF_A_BROWSER)
    assert len(seen) == 20 and max(seen) > 1, "a person at a screen has several again"


def test_who_has_least_running_goes_first() -> None:
    pool, ours, theirs, order = Pool(4, 16), Slow(), Slow(), []

    async def work() -> None:
        held = [task for who in "abd" for task in await begin(pool, who, ours, 1)]
        freed = await begin(pool, "b", theirs, 1)
        await ours.wait_for(3)
        later = await begin(pool, "a", lambda: order.append("a"), 2) + await begin(pool, "c", lambda: order.append("c"))
        theirs.go.set()
        await asyncio.gather(*freed, *later)
        ours.go.set()
        await asyncio.gather(*held)

    run(work)
    assert order == ["c", "a", "a"]


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    pool, slow, begun = Pool(1, 4), Slow(), []

    async def work() -> None:
        held = await begin(pool, "a", slow)
        await slow.wait_for(1)
        given_up = await begin(pool, "a", lambda: begun.append(1))
        given_up[0].cancel()
        await asyncio.sleep(0)
        slow.go.set()
        await asyncio.gather(*held, *given_up, return_exceptions=True)
        assert await pool.run(lambda: "free") == "free"

    run(work)
    assert begun == []


def test_a_question_has_a_deadline_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(work_module, "monotonic", lambda: now[0])

    def question() -> list[float]:
        left = [work_module.seconds_left()]
        now[0] += 19
        left.append(work_module.seconds_left())
        now[0] += 2
        return [*left, work_module.seconds_left()]

    assert run(lambda: Pool(1, 1).run(question)) == [20, 1, -1]
    assert work_module.seconds_left() == float("inf")


def test_t10_queries_after_the_deadline_are_refused_before_they_begin(
    small_county: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with builders.asking(small_county) as ask:

        def question() -> None:
            ask.numbers(["accepted"], filters=Filters())
            monkeypatch.setattr(work_module, "seconds_left", lambda: -0.1)
            ask.numbers(["closed"], filters=Filters())

        with pytest.raises(SlowQueryError, match="查询超时"):
            run(lambda: Pool(1, 1).run(question))
