"""What do all tests share? A quick, reproducible Hypothesis and a folder per county."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partialmethod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from etl.build import LoadReport
from tests import builders

settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)
settings.register_profile("fuzz", parent=settings.get_profile("steady"), derandomize=False)
# The server answers to its own names only, as browsers on this machine say them.
TestClient.__init__ = partialmethod(TestClient.__init__, base_url="http://localhost")  # type: ignore[method-assign]
settings.load_profile(os.environ.get("YIPING_HYPOTHESIS", "steady"))


@pytest.fixture(scope="session", autouse=True)
def roomy_disk() -> Iterator[None]:
    """Whether a server is ready does not depend on the disk that tests run on."""
    with patch("dashboard.health.free_share", lambda _folder: 0.5):
        yield


Load = Callable[..., tuple[Path, LoadReport]]


@pytest.fixture
def load_county(tmp_path: Path) -> Load:
    """Load cases and their log (canonical records) into a new warehouse; gives the warehouse and the report."""

    def do(
        cases: Sequence[builders.Record], log: Sequence[builders.Record] = (), **options: Any
    ) -> tuple[Path, LoadReport]:
        delivery = builders.write_delivery(tmp_path / "delivery", cases, log)
        return tmp_path / "warehouse", builders.load_quickly(delivery, tmp_path / "warehouse", **options)

    return do


@pytest.fixture(scope="session")
def small_county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of eight cases, two of each of four kinds, half of them closed; for questions about questions."""
    at, hour = datetime(2026, 3, 1, 9), timedelta(hours=1)
    cases, log = [], []
    for n, (kind, grid) in enumerate(zip("CCDDHHPP", builders.GRIDS, strict=False)):
        name = f"A{n}"
        cases.append(builders.case(name, at + n * 24 * hour, kind, grid_code=grid, report_at=at + n * 24 * hour))
        log.append(builders.step(name, at + (24 * n + 1) * hour, "dispatch", to_department="D01"))
        if n % 2:
            log.append(builders.step(name, at + (24 * n + 30) * hour, "close"))
    folder = tmp_path_factory.mktemp("small_county")
    delivery = builders.write_delivery(folder / "delivery", cases, log)
    builders.load_quickly(delivery, folder / "warehouse")
    return folder / "warehouse"
