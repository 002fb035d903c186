"""What do all tests share? A quick, reproducible Hypothesis and a folder per county."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from etl.build import LoadReport
from tests import builders

settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)
settings.register_profile("fuzz", parent=settings.get_profile("steady"), derandomize=False)
settings.load_profile(os.environ.get("YIPING_HYPOTHESIS", "steady"))


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
