"""F-24: does a server that lacks something say so, and what? Each thing is broken once, and mended again."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard import health
from dashboard.audit.head import head_path
from dashboard.audit.reading import Asked, piece
from dashboard.audit.verify import verify
from dashboard.server import create
from dashboard.web import lag
from dashboard.web.lag import LoopLag
from tests.security.asgi import carried_out

FREE_SHARE = health.free_share
"""As it is; elsewhere in tests there is always room."""


@pytest.fixture
def server(small_county: Path, tmp_path: Path) -> Iterator[FastAPI]:
    with TestClient(made := create(small_county, state=tmp_path / "yiping.sqlite")):
        yield made


def ready(server: FastAPI) -> tuple[int, dict[str, Any]]:
    answer = TestClient(server).get("/readyz")
    return answer.status_code, answer.json()


def refused(server: FastAPI) -> dict[str, str]:
    """The reasons; being alive is another thing."""
    status, said = ready(server)
    assert (status, said["status"]) == (503, "not_ready")
    assert TestClient(server).get("/healthz").json() == {"status": "ok"}
    reasons: dict[str, str] = said["reasons"]
    return reasons


def test_f24_a_server_that_has_all_it_needs_is_ready(server: FastAPI) -> None:
    status, said = ready(server)
    assert (status, said["status"], said["as_of"]) == (200, "ready", "2026-03-14T08:00:00")
    assert said.keys() == {"status", "snapshot", "as_of", "worker", "loop_lag"}


def test_f24_asking_leaves_nothing_in_the_trail_or_the_store(server: FastAPI) -> None:
    trail, store = server.state.trail, server.state.store
    before = piece(trail.path, Asked(), limit=10), list(store._connection.iterdump())
    for _ in range(3):
        assert ready(server)[0] == 200
    assert (piece(trail.path, Asked(), limit=10), list(store._connection.iterdump())) == before
    assert verify(trail.path, key=trail.key).broken is None


def test_f24_without_a_snapshot(tmp_path: Path) -> None:
    reasons = refused(create(tmp_path))
    assert reasons.keys() == {"snapshot"} and "etl load" in reasons["snapshot"]


@pytest.mark.parametrize("broken", ["broken", "{}"])
def test_f22_a_new_snapshot_that_is_of_no_use_is_said_and_the_one_before_is_served(
    small_county: Path, tmp_path: Path, broken: str
) -> None:
    warehouse = Path(shutil.copytree(small_county, tmp_path / "warehouse"))
    pointer = (warehouse / "CURRENT.json").read_text()
    with TestClient(server := create(warehouse)):
        assert ready(server)[0] == 200
        (warehouse / "CURRENT.json").write_text(broken)
        assert refused(server)["snapshot"].startswith("新批次不能用，仍在使用原批次：")
        assert ready(server)[1]["as_of"] == "2026-03-14T08:00:00"
        (warehouse / "CURRENT.json").write_text(pointer)
        assert ready(server)[0] == 200


def test_f24_a_trail_that_cannot_be_written(server: FastAPI) -> None:
    server.state.trail._connection.execute("pragma query_only = on")
    assert refused(server)["audit"].startswith("审计记录写不进去（attempt to write a readonly database）")
    server.state.trail._connection.execute("pragma query_only = off")
    assert ready(server)[0] == 200


def test_f24_a_trail_whose_end_is_gone(server: FastAPI) -> None:
    head_path(server.state.trail.path).unlink()
    assert "audit verify" in refused(server)["audit"]


def test_f24_a_store_that_cannot_be_written(server: FastAPI) -> None:
    server.state.store._connection.execute("pragma query_only = on")
    assert refused(server) == {"store": "未能保存或读取：请检查磁盘空间与目录权限，再试一次"}
    server.state.store._connection.execute("pragma query_only = off")
    assert ready(server)[0] == 200


@pytest.mark.parametrize(("free", "is_ready"), [(0.0, False), (0.1, False), (0.11, True), (1.0, True)])
def test_f24_a_disk_with_little_room(
    server: FastAPI, monkeypatch: pytest.MonkeyPatch, free: float, is_ready: bool
) -> None:
    monkeypatch.setattr(health, "free_share", lambda _folder: free)
    if is_ready:
        assert ready(server)[0] == 200
    else:
        assert f"只剩 {free:.0%}，须多于 10%" in refused(server)["disk"]


def test_f24_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "free_share", FREE_SHARE)
    assert 0 <= FREE_SHARE(tmp_path) <= 1
    gone = tmp_path / "gone"
    assert refused(create(gone))["disk"] == f"无法查看 {gone} 所在磁盘（No such file or directory）"


# --- the event loop -----------------------------------------------------------------------------------------------


def test_f20_a_loop_that_is_held_up_is_counted_and_told_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "LOOK_EVERY", 0.01)
    seen = LoopLag()

    async def work() -> None:
        async with seen.watched():
            await asyncio.sleep(0.05)  # it has begun to look
            time.sleep(lag.LONGEST + 0.1)
            while not seen.times:
                await asyncio.sleep(0.01)

    with caplog.at_level(logging.WARNING, "yiping.lag"):
        carried_out(work())
    assert seen.times >= 1 and seen.longest > lag.LONGEST
    assert len([r for r in caplog.records if r.name == "yiping.lag"]) == seen.times
    assert seen.facts() == {"times": seen.times, "longest_ms": round(seen.longest * 1000)}


def test_f20_a_short_wait_is_no_lag(caplog: pytest.LogCaptureFixture) -> None:
    seen = LoopLag()
    seen.note(lag.LONGEST)
    seen.note(-0.01)
    assert (seen.facts(), caplog.records) == ({"times": 0, "longest_ms": 0}, [])


def test_f20_lag_is_a_fact_and_never_a_failure(server: FastAPI) -> None:
    server.state.lag.note(9.0)
    status, said = ready(server)
    assert (status, said["loop_lag"]["longest_ms"]) == (200, 9000)
