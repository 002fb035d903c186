"""Two readers, each at a browser of their own, of one server that can be written to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests import builders


@pytest.fixture(scope="session")
def written(small_county: Path) -> Iterator[FastAPI]:
    """A server over the small county whose clock stands at 08:30 on 1 April 2026."""
    with builders.serving(small_county) as made:
        yield made


@pytest.fixture
def anna(written: FastAPI) -> TestClient:
    """A browser without a cookie yet."""
    return TestClient(written, raise_server_exceptions=False)


@pytest.fixture
def bo(written: FastAPI) -> TestClient:
    """Another one."""
    return TestClient(written, raise_server_exceptions=False)
