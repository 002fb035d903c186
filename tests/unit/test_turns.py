"""Whose turn is it to make something large?"""

from __future__ import annotations

import asyncio

import pytest

from dashboard.turns import MOST_WAITING, Turns
from dashboard.work import BusyError, client
from tests.security.asgi import carried_out


class Making:
    """Things that are being made until they are told to end."""

    def __init__(self, at_once: int) -> None:
        self.turns, self.begun, self.ends = Turns(at_once), list[str](), dict[str, asyncio.Event]()

    async def make(self, name: str) -> None:
        async with self.turns.turn():
            self.begun.append(name)
            await self.ends.setdefault(name, asyncio.Event()).wait()

    async def begin(self, who: str, *names: str) -> list[asyncio.Task[None]]:
        client.set(who)
        tasks = [asyncio.create_task(self.make(name)) for name in names]
        await asyncio.sleep(0)
        return tasks

    async def end(self, name: str) -> None:
        self.ends[name].set()
        for _ in range(5):
            await asyncio.sleep(0)


def test_t10_one_client_leaves_a_turn_to_the_others() -> None:
    async def work() -> list[str]:
        making = Making(2)
        tasks = await making.begin("a", "a1", "a2", "a3")
        assert making.begun == ["a1"]
        tasks += await making.begin("b", "b1") + await making.begin("c", "c1")
        assert making.begun == ["a1", "b1"]
        for name in ("a1", "c1", "a2", "b1", "a3"):
            await making.end(name)
        await asyncio.gather(*tasks)
        return making.begun

    assert carried_out(work()) == ["a1", "b1", "c1", "a2", "a3"]


def test_a_single_turn_goes_round() -> None:
    async def work() -> list[str]:
        making = Making(1)
        tasks = await making.begin("a", "a1", "a2") + await making.begin("b", "b1")
        for name in ("a1", "b1", "a2"):
            await making.end(name)
        await asyncio.gather(*tasks)
        return making.begun

    assert carried_out(work()) == ["a1", "b1", "a2"]


def test_t10_more_than_may_wait_are_refused_at_once_and_others_are_not() -> None:
    async def work() -> None:
        making = Making(2)
        tasks = await making.begin("a", *(f"a{n}" for n in range(MOST_WAITING + 3)))
        refused = [task for task in tasks if task.done()]
        assert len(refused) == 2
        with pytest.raises(BusyError):
            await refused[0]
        tasks = [*tasks[: MOST_WAITING + 1], *await making.begin("b", "b0")]
        assert making.begun == ["a0", "b0"]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    carried_out(work())


def test_who_gives_up_neither_keeps_a_turn_nor_a_place_in_the_line() -> None:
    async def work() -> list[str]:
        making = Making(1)
        first, second, third = await making.begin("a", "a1", "a2", "a3")
        second.cancel()
        await making.end("a1")
        assert making.begun == ["a1", "a3"]
        last = await making.begin("a", "a4")
        making.ends["a3"].set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        last[0].cancel()  # just when its turn has come
        await asyncio.gather(first, third, *last, return_exceptions=True)
        making.ends["a5"] = asyncio.Event()
        making.ends["a5"].set()
        await asyncio.wait_for(making.make("a5"), 5)
        return making.begun

    assert carried_out(work())[-1] == "a5"


def test_who_gives_up_in_the_moment_in_which_a_turn_ends_is_passed_over() -> None:
    async def work() -> list[str]:
        making = Making(1)
        first, second, third = await making.begin("a", "a1", "a2", "a3")
        making.ends["a1"].set()
        second.cancel()  # its task runs after the one whose turn ends
        await asyncio.gather(first, return_exceptions=False)
        await making.end("a3")
        await asyncio.wait_for(third, 5)
        assert second.cancelled()
        return making.begun

    assert carried_out(work()) == ["a1", "a3"]
