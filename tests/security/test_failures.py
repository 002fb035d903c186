"""Does a failure tell what it was working on? To nobody: the reader gets a number, the log the place in the program."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi import FastAPI
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard import faults
from dashboard.ask import Ask
from dashboard.server import Server, create
from dashboard.store import StoreError
from dashboard.warehouse import SlowQueryError
from dashboard.work import BusyError
from etl.contract import NoSnapshotError
from tests.security.conftest import Lines
from tests.security.test_requests import body, callbacks

SECRET = "canary-330102199001011234"
QUERY = "since=2026-03-01&until=2026-03-10"

CLASSES: tuple[Callable[[str], Exception], ...] = (
    ValueError, KeyError, RuntimeError, TypeError, AssertionError, OSError, LookupError, ZeroDivisionError, MemoryError,
    RecursionError, UnicodeError, duckdb.Error, duckdb.IOException, duckdb.OutOfMemoryException,
    sqlite3.OperationalError,
)  # fmt: skip


def fails(error: Exception) -> Callable[..., Any]:
    def work(*_arguments: Any, **_options: Any) -> Any:
        held_here = SECRET  # what a traceback with values would show
        raise error from ValueError(held_here)

    return work


@pytest.fixture(scope="module")
def broken(small_county: Path) -> Iterator[tuple[TestClient, list[Exception]]]:
    """A server one of whose routes fails as it is told to."""
    server, errors = create(small_county), [Exception()]

    async def crash(_request: object) -> None:
        fails(errors[0])()

    server.router.routes.insert(0, Route("/api/v1/crash", crash))
    with TestClient(server) as client:
        yield client, errors


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_t18_no_error_tells_what_it_was_about(
    broken: tuple[TestClient, list[Exception]], kind: Callable[[str], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    client, errors = broken
    errors[0] = kind(SECRET)
    with caplog.at_level(logging.DEBUG):
        said = client.get("/api/v1/crash")
    assert said.status_code == 500
    assert SECRET not in said.text and SECRET not in caplog.text
    number = said.headers["x-request-id"]
    assert number in said.json()["error"]
    (line,) = [json.loads(r.getMessage()) for r in caplog.records if r.name == "yiping.faults"]
    assert (line["fault"], line["request"]) == (number, number)
    assert line["error"][0].endswith(kind.__name__) and line["error"][-1] == "builtins.ValueError"
    assert any("test_failures.py" in place for place in line["at"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SlowQueryError("太慢"), 503),
        (NoSnapshotError("没有数据"), 503),
        (StoreError("没有存下"), 503),
        (BusyError(), 429),
    ],
)
def test_errors_that_are_written_for_people_keep_their_words(
    broken: tuple[TestClient, list[Exception]], error: Exception, status: int
) -> None:
    client, errors = broken
    errors[0] = error
    said = client.get("/api/v1/crash")
    assert (said.status_code, said.json()) == (status, {"error": str(error)})
    assert (said.headers.get("retry-after") == "2") == (status == 429)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_wb10_t18_a_failing_callback_is_written_down_and_tells_nothing(
    client: TestClient,
    guarded: FastAPI,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    kind: Callable[[str], Exception],
) -> None:
    route, output, wired = next(found for found in callbacks(guarded) if found[1].startswith("..sentence"))
    monkeypatch.setattr(Ask, "numbers", fails(kind(SECRET)))
    with caplog.at_level(logging.DEBUG):
        said = client.post(route, json=body(output, wired))
    assert said.status_code == 500
    assert SECRET not in said.text and SECRET not in caplog.text
    (line,) = [json.loads(r.getMessage()) for r in caplog.records if r.name == "yiping.faults"]
    assert line["fault"] == said.headers["x-request-id"]
    assert line["error"][0].endswith(kind.__name__)


def test_t18_a_failing_panel_and_a_failing_table_tell_nothing(
    client: TestClient, guarded: FastAPI, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ask, "numbers", fails(ValueError(SECRET)))
    monkeypatch.setattr(Ask, "cases", fails(ValueError(SECRET)))
    numbers = []
    with caplog.at_level(logging.DEBUG):
        for route, output, wired in callbacks(guarded):
            said = client.post(route, json=body(output, wired))
            assert said.status_code in (200, 500), output
            assert SECRET not in said.text
            numbers += re.findall("错误号 ([0-9a-f]+)", json.dumps(said.json(), ensure_ascii=False))
    assert SECRET not in caplog.text
    assert len(numbers) > 10
    assert all(number in caplog.text for number in numbers)


def test_a_500_that_says_nothing_is_written_down_too(fault_log: Lines, small_county: Path) -> None:
    server = create(small_county)
    assert isinstance(server, Server)
    with TestClient(server) as client:
        wired = next(iter(server.rules.callbacks.values()))
        output = next(name for name, callback in wired.items() if name.startswith("..page.") and "callback" in callback)
        # What a callback answers cannot be sent: Dash fails after our code has ended.
        wired[output]["callback"] = fails(TypeError(SECRET))  # type: ignore[index]
        said = client.post("/_dash-update-component", json=body(output, wired[output]))
    assert said.status_code == 500 and SECRET not in said.text
    assert fault_log.said[0]["error"] == ["dashboard.web.failures.SilentFailureError"]


def test_an_answer_that_breaks_off_ends_and_is_written_down(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, fault_log: Lines
) -> None:
    from dashboard.export.content import Content

    def blocks(_self: Content, *_arguments: Any, **_options: Any) -> Iterator[Any]:
        raise ValueError(SECRET)
        yield

    monkeypatch.setattr(Content, "blocks", blocks)
    said = client.get(f"/api/v1/export?format=csv&{QUERY}")
    assert SECRET not in said.text
    assert fault_log.said and SECRET not in json.dumps(fault_log.said)


def test_a_note_names_the_causes_and_only_our_own_words() -> None:
    try:
        fails(RuntimeError(SECRET))()
    except RuntimeError as error:
        assert len(faults.note(error, "a test")) == 6
        assert faults._kinds(error) == ["builtins.RuntimeError", "builtins.ValueError"]
        assert SECRET not in json.dumps(faults._calls(error))
