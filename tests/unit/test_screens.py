"""Is the list of walls true, and does nothing that is not a wall of this server get onto it?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.screens import MOST_OF_ONE, MOST_SCREENS, SILENT_SECONDS, Beat, Screens, TooManyScreensError
from dashboard.server import create
from dashboard.store import Store

NOW = datetime(2026, 3, 14, 9, 0)
HOME = {"origin": "http://localhost"}
SAID: dict[str, Any] = {
    "id": "0" * 32, "name": "指挥大厅主屏", "page": "总览", "build": "old", "snapshot": "snap-1",
    "width": 1920, "height": 1080, "pixel_ratio": 1, "heap_mb": 53.6,
}  # fmt: skip


@pytest.fixture(scope="module")
def client(small_county: Path) -> Iterator[TestClient]:
    with TestClient(create(small_county, clock=lambda: NOW), raise_server_exceptions=False) as session:
        yield session


def listed(client: TestClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/api/v1/screens").json()["screens"]
    return rows


def test_a_wall_is_listed_as_it_says_and_forgotten_on_demand(client: TestClient) -> None:
    current = client.get("/api/v1/pulse").json()
    said = SAID | {"snapshot": current["snapshot"]}
    assert client.post("/api/v1/screens", json=said, headers=HOME).status_code == 204
    (row,) = listed(client)
    assert {key: row[key] for key in said} == said
    assert (row["is_online"], row["is_current_build"], row["is_current_snapshot"]) == (True, False, True)
    assert client.delete(f"/api/v1/screens/{said['id']}", headers=HOME).status_code == 204
    assert listed(client) == []
    assert client.delete(f"/api/v1/screens/{said['id']}", headers=HOME).status_code == 404


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {"origin": "http://elsewhere.test"}, 403), ({}, {"origin": "null"}, 403),
        ({"id": "x"}, HOME, 400), ({"name": "屏" * 41}, HOME, 400), ({"width": 0}, HOME, 400),
        ({"width": "1"}, HOME, 400),
        ({"case_id": "A1"}, HOME, 400), ({"heap_mb": "NaN"}, HOME, 400), ({"name": "屏" * 6000}, HOME, 413),
    ],
)  # fmt: skip
def test_what_no_wall_says_is_refused_with_a_sentence(
    client: TestClient, changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    answer = client.post("/api/v1/screens", json=SAID | changes, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert listed(client) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_heartbeat_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v1/screens", content=body, headers={**HOME, "content-type": "application/json"})
    assert answer.status_code == 400
    assert client.post("/api/v1/screens", content=body, headers=HOME).status_code == 415


@pytest.mark.parametrize(
    ("silent", "is_online"), [(0, True), (SILENT_SECONDS - 0.001, True), (SILENT_SECONDS, False), (-3600, True)]
)
def test_a_wall_is_offline_after_its_silence(silent: float, is_online: bool) -> None:
    screens = Screens(Store())
    screens.heard(Beat(**SAID), NOW)
    (row,) = screens.listed(now=NOW + timedelta(seconds=silent), build="b", snapshot="s")
    assert row["is_online"] is is_online
    assert row["silent_seconds"] == max(0, round(silent))


def test_a_full_list_takes_no_new_wall_but_goes_on_hearing_those_it_has() -> None:
    screens = Screens(Store())
    for number in range(MOST_SCREENS):
        screens.heard(Beat(**SAID | {"id": f"{number:032x}"}), NOW)
    screens.heard(Beat(**SAID | {"page": "网格地图"}), NOW)
    with pytest.raises(TooManyScreensError, match="移除"):
        screens.heard(Beat(**SAID | {"id": "f" * 32}), NOW)
    rows = screens.listed(now=NOW, build="b", snapshot="s")
    assert len(rows) == MOST_SCREENS
    assert rows[0]["page"] == "网格地图"


def test_a_wall_belongs_to_whom_it_paints_for_and_nobody_fills_the_list_for_others() -> None:
    screens = Screens(Store())
    screens.heard(Beat(**SAID), NOW, owner="wall:1")
    screens.heard(Beat(**SAID | {"page": "假的"}), NOW, owner="session:leader")
    rows = screens.listed(now=NOW, build="b", snapshot="s")
    assert sorted(row["page"] for row in rows) == sorted([SAID["page"], "假的"])
    assert not [row for row in rows if "owner" in row]
    for number in range(3 * MOST_OF_ONE):
        at = NOW + timedelta(seconds=number)
        screens.heard(Beat(**SAID | {"id": f"{number:032x}", "name": str(number)}), at, owner="session:leader")
    names = {row["name"] for row in screens.listed(now=NOW, build="b", snapshot="s")}
    assert names == {SAID["name"], *map(str, range(2 * MOST_OF_ONE, 3 * MOST_OF_ONE))}
