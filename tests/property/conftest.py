"""A demo county to be exported: its warehouse, its questions, and the API with exports over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from dashboard.api import create_api
from dashboard.ask import Ask
from dashboard.export_api import add_export
from dashboard.factory import find_pages
from dashboard.stamps import Stamps
from dashboard.warehouse import Warehouse
from tests import builders


@pytest.fixture(scope="session")
def exported_county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Polygons, some cases without a point or a grid, every kind of text the demo makes."""
    folder = tmp_path_factory.mktemp("exported")
    with builders.demo_county(folder, cases=180, seed=11, months=4, grids=300) as door:
        yield door


@pytest.fixture(scope="session")
def exported(exported_county: Warehouse) -> Iterator[Ask]:
    with exported_county.lease() as ask:
        yield ask


@pytest.fixture(scope="session")
def exporting(exported_county: Warehouse) -> Iterator[TestClient]:
    api = create_api(exported_county, "build-1")
    clock = lambda: datetime(2026, 11, 1, 9, 30)  # noqa: E731
    add_export(api, exported_county, stamps=Stamps("build-1", clock), pages=find_pages())
    with TestClient(api, raise_server_exceptions=False) as session:
        yield session
