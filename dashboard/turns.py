"""Whose turn is it to make something large? One after the other, and nobody waits behind all that one client wants."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from dashboard.work import BusyError, client

MOST_WAITING = 8
"""So many of one client's may wait (口径为本项目默认值)."""


@dataclass(frozen=True)
class _Waiting:
    who: str
    turn: asyncio.Future[None]


class Turns:
    """At most `at_once` at a time, of which one client leaves one to others.

    Of those waiting, the one goes first whose client has the fewest, then whose last turn is the longest ago. For one
    event loop.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once, self._most = at_once, max(1, at_once - 1)
        self._having: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._given = 0
        self._waiting: deque[_Waiting] = deque()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the client's turn and have it. Raises `BusyError` where too many of its own wait already."""
        who = client.get()
        if self._may_go(who):
            self._give(who)
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._end(who)

    def _may_go(self, who: str) -> bool:
        return self._having.total() < self._at_once and self._having[who] < self._most

    async def _wait(self, who: str) -> None:
        if sum(one.who == who for one in self._waiting) >= MOST_WAITING:
            raise BusyError
        waiting = _Waiting(who, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.done() and not waiting.turn.cancelled():
                self._end(who)  # the turn came, and nobody is there to take it
            else:
                self._waiting.remove(waiting)
            raise

    def _end(self, who: str) -> None:
        self._having[who] -= 1
        self._having += Counter()  # forgets clients who have none
        # Who has just given up stands in the line until its own task has run.
        ready = [one for one in self._waiting if not one.turn.done() and self._may_go(one.who)]
        if ready:
            first = min(ready, key=lambda one: (self._having[one.who], self._last.get(one.who, 0)))
            self._waiting.remove(first)
            self._give(first.who)
            first.turn.set_result(None)

    def _give(self, who: str) -> None:
        self._given += 1
        self._having[who] += 1
        self._last = {one: at for one, at in self._last.items() if self._is_here(one)} | {who: self._given}

    def _is_here(self, who: str) -> bool:
        return self._having[who] > 0 or any(one.who == who for one in self._waiting)
