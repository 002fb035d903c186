"""What do many requests at once, or very long words, do to a server behind the gate?"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Semaphore
from time import perf_counter, sleep

import pytest
from starlette.testclient import TestClient

from dashboard.audit.reading import Asked, piece
from dashboard.audit.verify import verify
from dashboard.export.content import Block, Content, StoppedError
from dashboard.server import Server
from tests.security.asgi import Head, Said, carried_out, send
from tests.security.test_requests import QUICK, TRIES


@pytest.fixture
def head(pass_of_an_admin: dict[str, str]) -> Head:
    return [("host", "localhost"), *pass_of_an_admin.items()]


def exported(server: Server) -> int:
    return piece(server.state.trail.path, Asked(events=("exported",)), limit=1).total


def test_h58_fifty_exports_at_once_are_files_or_429_and_every_file_is_on_record(gated: Server, head: Head) -> None:
    before = exported(gated)
    different = [f"since=2026-02-{1 + n % 28:02}&until=2026-03-{1 + n % 14:02}" for n in range(50)]

    async def at_once(questions: Sequence[str]) -> list[Said]:
        path = "/api/v1/export?format=csv&purpose=work&"
        return await asyncio.gather(*(send(gated, "GET", path + query, head=head) for query in questions))

    async def work() -> tuple[list[Said], list[Said]]:
        return await at_once(["since=2026-02-01"] * 50), await at_once(different)

    the_same, others = carried_out(work())
    counts = Counter(answer.status for answer in (*the_same, *others))
    assert set(counts) <= {200, 429} and counts[200] >= 12, counts
    assert exported(gated) - before == counts[200]
    trail = gated.state.trail
    assert verify(trail.path, key=trail.key).broken is None
    assert len({answer.body for answer in the_same if answer.status == 200}) == 1


def test_h59_whoever_hangs_up_leaves_no_record_no_file_and_room_for_the_next(
    gated: Server, head: Head, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun, ends, blocks = Semaphore(0), Counter[str](), Content.blocks
    path = "/api/v1/export?format=csv&purpose=work&since=2026-02-01"

    def slow(content: Content) -> Iterator[Block]:
        begun.release()
        patience = perf_counter() + 20
        while not content._is_over() and perf_counter() < patience:
            sleep(0.01)
        try:
            yield from blocks(content)
        except StoppedError:
            ends["stopped"] += 1
            raise

    async def left_alone() -> None:
        for _ in range(5):
            leaves = asyncio.Event()
            asked = asyncio.create_task(send(gated, "GET", path, head=head, leaves=leaves))
            assert await asyncio.to_thread(begun.acquire, timeout=20)
            leaves.set()
            await asked

    before = exported(gated)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(Content, "blocks", slow)
        carried_out(asyncio.wait_for(left_alone(), 100))
    assert ends["stopped"] == 5
    assert exported(gated) == before and list(tmp_path.iterdir()) == []
    assert carried_out(asyncio.wait_for(send(gated, "GET", path, head=head), 20)).status == 200
    assert exported(gated) == before + 1


def test_h60_a_thousand_polls_of_one_client_are_answered_and_others_too(gated: Server, head: Head) -> None:
    async def work() -> tuple[list[Said], list[Said]]:
        polls = [asyncio.create_task(send(gated, "GET", "/api/v1/pulse", head=head, address="a")) for _ in range(1000)]
        others = [await send(gated, "GET", "/api/v1/query?metrics=accepted", head=head, address="b") for _ in range(10)]
        return await asyncio.gather(*polls), others

    polls, others = carried_out(work())
    assert {said.status for said in polls} <= {200, 429}, Counter(said.status for said in polls)
    assert all(json.loads(said.body) for said in polls)
    assert [said.status for said in others] == [200] * 10


@pytest.mark.parametrize("letters", [60, 61, 2000, 7000])
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/export?format=csv&purpose=work&metrics=accepted&by=grid&find={}", "/api/v1/audit?name={}",
        "/api/v1/query?metrics=accepted&town={}", "/?match=grid_name.contains.{}", "/explore?find={}",
    ],
)  # fmt: skip
def test_h62_long_words_to_search_for_cost_nothing(
    gated: Server, pass_of_an_admin: dict[str, str], path: str, letters: int
) -> None:
    program = TestClient(gated, base_url="http://localhost", headers=pass_of_an_admin, follow_redirects=False)
    for _ in range(TRIES):
        began = perf_counter()
        status = program.get(path.format("网" * letters)).status_code
        took = perf_counter() - began
        if took < QUICK:
            break
    assert status in {200, 302, 303, 400, 414} and took < QUICK, (status, took)


def test_h26_columns_that_nobody_may_have_are_refused(gated: Server, pass_of_an_admin: dict[str, str]) -> None:
    program = TestClient(gated, base_url="http://localhost", headers=pass_of_an_admin)
    before = exported(gated)
    for columns in ("id_no,name,party_pid", "party_pid", "staff_pid", "phone", "title,party_pid"):
        said = program.get("/api/v1/export", params={"format": "csv", "purpose": "work", "columns": columns})
        assert said.status_code == 400 and "error" in said.json(), columns
    assert exported(gated) == before
