"""A server over the small county, with its access log kept line by line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard.server import Server, create
from tests import builders
from tests.doors import Hand


class Lines(logging.Handler):
    """Every line of a logger, as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]


@pytest.fixture(scope="session")
def guarded(small_county: Path) -> Iterator[FastAPI]:
    """The server; its clock stands at 08:30 on 1 April 2026."""
    with builders.serving(small_county) as made:
        yield made


@pytest.fixture(scope="session")
def gated(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same as people meet it: behind the gate, with an audit trail; nobody has an account yet."""
    state = tmp_path_factory.mktemp("private") / "state.sqlite"
    made = create(small_county, clock=Hand(), state=state, is_gated=True)
    with TestClient(made):  # its life begins and ends
        yield made


@pytest.fixture(scope="session")
def pass_of_an_admin(gated: Server) -> dict[str, str]:
    """The head of requests of a program that may do what an administrator may."""
    token = gated.state.security.doors.tokens.add("核对", role="admin")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def program(gated: Server, pass_of_an_admin: dict[str, str]) -> TestClient:
    """A program that may do what an administrator may."""
    return TestClient(gated, base_url="http://localhost", headers=pass_of_an_admin, raise_server_exceptions=False)


@pytest.fixture
def client(guarded: FastAPI) -> TestClient:
    """A program on this machine."""
    return TestClient(guarded, follow_redirects=False)


def _listening(name: str) -> Iterator[Lines]:
    logger, lines = logging.getLogger(name), Lines()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(lines)
    yield lines
    logger.removeHandler(lines)
    logger.setLevel(level)


@pytest.fixture
def access() -> Iterator[Lines]:
    """The access log during a test."""
    yield from _listening("yiping.access")


@pytest.fixture
def fault_log() -> Iterator[Lines]:
    """The log of faults during a test."""
    yield from _listening("yiping.faults")
