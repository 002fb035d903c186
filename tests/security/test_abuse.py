"""Does one client with slow questions keep the others waiting?"""

from __future__ import annotations

import asyncio
import json
from threading import Event, Semaphore
from time import perf_counter
from typing import Any

import pytest
from fastapi import FastAPI

from dashboard.ask import Ask
from tests.security.asgi import Head, Said, carried_out, send
from tests.security.test_requests import body, callbacks

HOME = (("host", "localhost"),)
SLOW_QUERY = "/api/v1/query?metrics=accepted&town=990108100"


class Stuck:
    """Stands for a query that takes for ever, where its filters name a town; others are answered as ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.begun = Event(), Semaphore(0)
        numbers = Ask.numbers

        def slow(ask: Ask, *arguments: Any, filters: Any = None, **options: Any) -> Any:
            if filters is not None and filters.town:
                self.begun.release()
                assert self.go.wait(20)
            return numbers(ask, *arguments, filters=filters, **options)

        monkeypatch.setattr(Ask, "numbers", slow)


def sentence_callback(guarded: FastAPI) -> tuple[str, bytes, Head]:
    """Where the callback of the sentence is posted to, what it brings, and its head."""
    route, output, wired = next(found for found in callbacks(guarded) if found[1].startswith("..sentence"))
    content = json.dumps(body(output, wired)).encode()
    head = (*HOME, ("content-type", "application/json"), ("content-length", str(len(content))))
    return route, content, head


def test_t10_h61_slow_questions_of_one_client_leave_the_others_alone(
    guarded: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck(monkeypatch)
    route, content, head = sentence_callback(guarded)

    async def others() -> list[tuple[Said, float]]:
        found = []
        for _ in range(20):
            for request in (
                lambda: send(guarded, "GET", "/healthz", head=HOME, address="b"),
                lambda: send(guarded, "GET", "/readyz", head=HOME, address="b"),
                lambda: send(guarded, "GET", "/api/v1/pulse", head=HOME, address="b"),
                lambda: send(guarded, "GET", "/api/v1/query?metrics=accepted", head=HOME, address="b"),
                lambda: send(guarded, "POST", route, head=head, chunks=(content,), address="b"),
            ):
                began = perf_counter()
                found.append((await request(), perf_counter() - began))
        return found

    async def work() -> None:
        slow = [asyncio.create_task(send(guarded, "GET", SLOW_QUERY, head=HOME, address="a")) for _ in range(60)]
        for _ in range(4):
            assert await asyncio.to_thread(stuck.begun.acquire, timeout=10)
        answered = await others()
        assert [said.status for said, _ in answered] == [200] * 100
        assert sorted(seconds for _, seconds in answered)[94] < 1.0
        refused = [task.result() for task in slow if task.done()]
        assert [said.status for said in refused] == [429] * 32
        assert refused[0].headers["retry-after"] == "2" and "再试" in json.loads(refused[0].body)["error"]
        stuck.go.set()
        assert sorted({said.status for said in await asyncio.gather(*slow)}) == [200, 429]

    carried_out(asyncio.wait_for(work(), 60))


def test_h61_a_callback_that_finds_no_room_is_429_with_a_sentence(
    guarded: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck(monkeypatch)
    route, content, head = sentence_callback(guarded)

    async def work() -> Said:
        slow = [asyncio.create_task(send(guarded, "GET", SLOW_QUERY, head=HOME, address="a")) for _ in range(30)]
        for _ in range(4):
            assert await asyncio.to_thread(stuck.begun.acquire, timeout=10)
        said = await send(guarded, "POST", route, head=head, chunks=(content,), address="a")
        stuck.go.set()
        await asyncio.gather(*slow)
        return said

    said = carried_out(asyncio.wait_for(work(), 60))
    assert (said.status, said.headers["retry-after"]) == (429, "2")
    assert "再试" in json.loads(said.body)["error"]
