"""Who may ask the warehouse now, and who waits? One bounded pool for all questions, shared out fairly among clients."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from dashboard.refusal import RefusedError

SIZE = 8
QUEUE = 32
MOST_OF_A_BROWSER = 6
"""So many connections a browser opens to one server: a person at a screen has no more questions in hand."""
RETRY_SECONDS = 2
WHOLE_SECONDS = 20.0
"""So long may all queries of one question take together; each has a deadline of its own besides."""

T = TypeVar("T")

client: ContextVar[str] = ContextVar("client", default="")
"""Whose request is being answered: the address of the connection, or the session where there is one."""
_until: ContextVar[float] = ContextVar("until", default=inf)


def seconds_left() -> float:
    """How long the question that is being answered may still take; without end outside of the pool."""
    return _until.get() - monotonic()


class BusyError(RefusedError):
    """There are too many questions already, or too many of this client's."""

    def __init__(self) -> None:
        super().__init__(f"查询较多，请 {RETRY_SECONDS} 秒后再试", 429, retry_after=RETRY_SECONDS)


@dataclass(frozen=True)
class _Job:
    who: str
    work: Callable[[], Any]
    answer: Future[Any]


class Pool:
    """At most `size` questions at a time and `queue` waiting; one client never has all of either.

    A client may hold half: so the others always find a free thread, however slow its questions are. One that has
    more in hand than a browser asks at once has a single thread: Python computes in one thread at a time, so each
    that computes makes all others wait longer. Of those waiting, the one whose client has the fewest running goes
    first.
    """

    def __init__(self, size: int = SIZE, queue: int = QUEUE) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="question")
        self._size, self._queue = size, queue
        self._most_running, self._most_waiting = max(1, size // 2), max(1, queue * 3 // 4)
        self._running: Counter[str] = Counter()
        self._waiting: deque[_Job] = deque()
        self._lock = Lock()

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """The outcome of `work` in a thread, which sees the caller's ContextVars. Raises `BusyError` at once."""
        task = partial(copy_context().run, _in_time, work, *arguments)
        return await asyncio.wrap_future(self._submit(_Job(client.get(), task, Future())))

    def _submit(self, job: _Job) -> Future[Any]:
        with self._lock:
            if self._may_run(job.who):
                self._start(job)
            elif self._may_wait(job.who):
                self._waiting.append(job)
            else:
                raise BusyError
        return job.answer

    def _may_run(self, who: str) -> bool:
        return self._running.total() < self._size and self._running[who] < self._share(who)

    def _share(self, who: str) -> int:
        return 1 if self._running[who] + self._waits(who) > MOST_OF_A_BROWSER else self._most_running

    def _may_wait(self, who: str) -> bool:
        return len(self._waiting) < self._queue and self._waits(who) < self._most_waiting

    def _waits(self, who: str) -> int:
        return sum(job.who == who for job in self._waiting)

    def _start(self, job: _Job) -> None:
        self._running[job.who] += 1
        self._threads.submit(self._carry_out, job)

    def _carry_out(self, job: _Job) -> None:
        try:
            if job.answer.set_running_or_notify_cancel():
                _fulfil(job)
        finally:
            with self._lock:
                self._running[job.who] -= 1
                self._running += Counter()  # forgets clients who have nothing running
                self._start_those_who_may()

    def _start_those_who_may(self) -> None:
        while ready := [job for job in self._waiting if self._may_run(job.who)]:
            job = min(ready, key=lambda waiting: self._running[waiting.who])
            self._waiting.remove(job)
            self._start(job)


def _in_time(work: Callable[..., T], *arguments: Any) -> T:
    _until.set(monotonic() + WHOLE_SECONDS)
    return work(*arguments)


def later(work: Callable[..., T], *arguments: Any) -> Callable[[], T]:
    """The work for a thread of one's own: it sees the caller's ContextVars, but has no part in its question's time."""
    context = copy_context()
    context.run(_until.set, inf)
    return partial(context.run, work, *arguments)


def _fulfil(job: _Job) -> None:
    try:
        job.answer.set_result(job.work())
    except BaseException as error:
        job.answer.set_exception(error)


QUESTIONS = Pool()
"""The pool of this process."""


async def ask(work: Callable[..., T], *arguments: Any) -> T:
    """Carry out what asks the warehouse in the pool of questions, off the event loop. Raises `BusyError`."""
    return await QUESTIONS.run(work, *arguments)
