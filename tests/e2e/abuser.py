"""One client that means ill: `python -m tests.e2e.abuser HOME` asks all it can until its input ends, and says what it
was answered.

A program of its own, so that its own work does not slow down who measures beside it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from urllib.parse import urlsplit

import httpx

from tests.doors import PASSWORD
from tests.e2e import drawing
from tests.e2e.people import OWN

SLOW, DRAWING, HUGE, LARGE, DRIPPING = 30, 10, 12, 3, 20
"""How many at once: slow questions, pages to draw, huge ranges, large bodies, requests that never end."""
IN_FULL_SWING = 20
"""So many answers it has had when it says that it has begun."""
PATIENCE = 60
"""Seconds to get there."""
LARGE_BODY = 20_000_000
CHANCE = Random(5)
CALLBACKS: dict[str, drawing.Callback] = {}

Client = httpx.AsyncClient
Counts = Counter[str]


def some_day() -> str:
    """A period no cache knows."""
    return f"since=2025-{CHANCE.randint(1, 12):02}-{CHANCE.randint(1, 28):02}"


def slow_question() -> str:
    """Something no cache knows, over many groups."""
    day = some_day()
    return CHANCE.choice(
        [
            f"query?metrics=accepted,closed,on_time_rate,handling_hours_median,satisfaction_rate&by=grid,week&{day}",
            f"query?metrics=open,overdue_open,on_time_rate,return_rate&by=village,category&against=year&{day}",
            f"replay?measure=overdue_open&level=grid&pace=week&{day}",
            f"density?bandwidth=150&{day}",
            f"cases?limit=1000&offset={CHANCE.randint(0, 2000)}&order=urgent&{day}",
            f"export/offers?format=csv&view=/explore&{day}",
        ]
    )


async def ask(client: Client, what: str, counts: Counts) -> None:
    answer = await client.get(f"/api/v1/{what}")
    counts[f"{what.partition('?')[0]} {answer.status_code}"] += 1


async def slow(client: Client, counts: Counts) -> None:
    await ask(client, slow_question(), counts)


async def draw(client: Client, counts: Counts) -> None:
    name = CHANCE.choice(list(CALLBACKS))
    answer = await client.post(drawing.ROUTE, json=drawing.posted(CALLBACKS[name], some_day()))
    counts[f"draw {answer.status_code}"] += 1


async def huge(client: Client, counts: Counts) -> None:
    form = CHANCE.choice(["xlsx", "csv", "geojson"])
    await ask(
        client, f"export?format={form}&purpose=test&since=1990-01-{CHANCE.randint(1, 28):02}&until=2100-01-01", counts
    )


async def large(client: Client, counts: Counts) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LARGE_BODY // 100_000):
            yield b"x" * 100_000

    head = {"content-type": "application/json"}
    try:
        answer = await client.post("/_dash-update-component", content=chunks(), headers=head)
        counts[f"body {answer.status_code}"] += 1
    except httpx.HTTPError:
        counts["body cut off"] += 1


async def dripping(client: Client, counts: Counts) -> None:
    """A head, or a body, that comes byte by byte and never ends."""
    place = urlsplit(str(client.base_url))
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    begin = CHANCE.choice(
        [
            "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            "POST /_dash-update-component HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n",
        ]
    )
    writer.write(begin.encode())
    try:
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.5)
    except OSError:
        pass
    counts["dripping cut off"] += 1
    writer.close()


async def again(work: Callable[[Client, Counts], Awaitable[None]], client: Client, counts: Counts) -> None:
    while True:
        try:
            await work(client, counts)
        except httpx.HTTPError as error:
            counts[f"{work.__name__} {type(error).__name__}"] += 1
        await asyncio.sleep(0.02)


async def answered(counts: Counts) -> None:
    while sum(times for what, times in counts.items() if what.endswith(" 200")) < IN_FULL_SWING:
        await asyncio.sleep(0.1)


async def main(home: str) -> None:
    counts: Counts = Counter()
    async with Client(base_url=home, timeout=60, limits=httpx.Limits(max_connections=None)) as client:
        answer = await client.post("/login", data={"name": OWN, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        CALLBACKS.update(drawing.drawn_by_filters((await client.get(drawing.LISTED)).json()))
        wishes = ((slow, SLOW), (draw, DRAWING), (huge, HUGE), (large, LARGE), (dripping, DRIPPING))
        tasks = [asyncio.create_task(again(work, client, counts)) for work, times in wishes for _ in range(times)]
        await asyncio.wait_for(answered(counts), PATIENCE)
        print("begun", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(counts))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
