"""Does the auditor get what was asked for, and is each reading recorded before it is answered?"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from dashboard.api import create_api
from dashboard.audit import api as audit_api
from dashboard.audit.api import add_audit
from dashboard.audit.reading import Asked, piece
from dashboard.audit.record import Who
from dashboard.audit.recorder import Recorder, address
from dashboard.audit.trail import Trail
from dashboard.auth.identity import Identity, acting
from dashboard.warehouse import open_warehouse

NOW = datetime(2026, 11, 26, 9, 0)
LI = Who("李强", "analyst", "person")
AUDITOR = Identity(name="王敏", shown_name="王敏", role="auditor", kind="session")


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    """Forty log-ins, one a day up to now."""
    days = iter([*(NOW - timedelta(days=39 - day) for day in range(40)), *[NOW] * 1000])
    with closing(Trail(tmp_path / "audit.sqlite", clock=lambda: next(days), key=bytes(32))) as made:
        for _ in range(40):
            made.append("login", {}, who=LI, address="10.1.2.3")
        yield made


@pytest.fixture
def client(small_county: Path, trail: Trail) -> Iterator[TestClient]:
    with closing(open_warehouse(small_county)) as warehouse:
        api = create_api(warehouse, "b1")
        add_audit(api, trail, clock=lambda: NOW, record=Recorder(trail), names={"analyst": "分析员"})

        async def as_auditor(scope: Scope, receive: Receive, send: Send) -> None:
            address.set("10.1.2.1")
            with acting(AUDITOR):
                await api(scope, receive, send)

        yield TestClient(as_auditor, raise_server_exceptions=False)


def newest(trail: Trail) -> tuple[str, str, str]:
    record = piece(trail.path, Asked(), limit=1).records[0]
    return record.name, record.event, record.facts


def test_records_come_newest_first_with_their_sentences(client: TestClient, trail: Trail) -> None:
    said = client.get("/audit", params={"limit": 2, "name": "李", "since": "2026-11-01"}).json()
    assert (said["total"], said["through"], [row["seq"] for row in said["rows"]]) == (26, 40, [40, 39])
    assert said["rows"][0] | {"hash": ""} == {
        "seq": 40, "at": "2026-11-26T09:00:00.000", "name": "李强", "role": "分析员", "address": "10.1.2.3",
        "event": "login", "event_name": "登录", "sentence": "李强（分析员，10.1.2.3）登录", "hash": "",
    }  # fmt: skip
    assert newest(trail) == (
        "王敏", "audit_read", '{"account":"李","content":"list","rows":2,"since":"2026-11-01"}'
    )  # fmt: skip


def test_pages_are_of_one_list_though_reading_it_makes_it_longer(client: TestClient) -> None:
    first = client.get("/audit", params={"limit": 25}).json()
    asked = {"limit": 25, "offset": 25, "through": first["through"]}
    second = client.get("/audit", params=asked).json()
    assert [row["seq"] for row in first["rows"] + second["rows"]] == [*range(40, 0, -1)]


WRONG = (
    "event=nothing", "event=login&event=' or 1=1", "name=%00", "name=" + "x" * 41, "since=gestern", "since=20261101",
    "until=1e3", "until=2026-11-01T00:00", "through=-1", "through=9999999999999999999999",
)  # fmt: skip
NO_PIECE = ("limit=0", "limit=501", "limit=NaN", "offset=-1", "offset=1000000000000")


@pytest.mark.parametrize("address", [f"/audit?{query}" for query in (*WRONG, *NO_PIECE)])
def test_h31_h64_what_cannot_be_asked_is_refused_with_a_sentence(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("query", WRONG)
def test_h31_what_cannot_be_exported_is_refused_with_a_sentence(client: TestClient, query: str) -> None:
    answer = client.get(f"/audit/export?purpose=核对&{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_h31_a_name_is_a_value_never_sql(client: TestClient) -> None:
    for name in ("' or 1=1 --", "%", "_", "*", "李强'"):
        assert client.get("/audit", params={"name": name}).json()["total"] == 0


def test_t06_the_verification_names_the_first_broken_record(client: TestClient, trail: Trail) -> None:
    said = client.get("/audit/verification").json()
    assert (said["is_whole"], said["count"], said["broken"]) == (True, 40, None)
    assert newest(trail) == ("王敏", "audit_read", '{"content":"verification","rows":40}')
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("drop trigger record_stays")
        connection.execute("update record set name = '张三' where seq = 9")
        connection.commit()
    said = client.get("/audit/verification").json()
    assert (said["is_whole"], said["count"]) == (False, 8)
    assert said["broken"] == {"seq": 9, "reason": "changed", "words": "内容被改动"}


def test_counts_are_of_the_last_thirty_days(client: TestClient) -> None:
    said = client.get("/audit/counts").json()
    found = {one["event"]: one["count"] for one in said["events"]}
    assert (said["days"], found["login"], found["logout"]) == (30, 31, 0)


def test_p05_the_file_holds_what_is_asked_for_and_its_export_is_recorded(client: TestClient, trail: Trail) -> None:
    answer = client.get("/audit/export", params={"since": "2026-11-20", "purpose": "核对"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["序号"] for row in rows] == [str(seq) for seq in range(40, 33, -1)]
    assert rows[0]["说明"] == "李强（分析员，10.1.2.3）登录"
    name, event, facts = newest(trail)
    assert (name, event) == ("王敏", "audit_read")
    assert json.loads(facts) == {
        "content": "export", "rows": 7, "since": "2026-11-20", "purpose": "核对",
        "sha256": hashlib.sha256(answer.content).hexdigest(),
    }  # fmt: skip


@pytest.mark.parametrize("purpose", [{}, {"purpose": ""}, {"purpose": "x"}, {"purpose": "a\nb"}])
def test_p05_a_file_of_the_trail_needs_a_purpose_as_every_file_does(
    client: TestClient, trail: Trail, purpose: dict[str, str]
) -> None:
    before = newest(trail)
    answer = client.get("/audit/export", params=purpose)
    assert answer.status_code == 400 and "请写明用途" in answer.json()["error"]
    assert newest(trail) == before


def test_p06_a_file_that_would_be_too_long_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_api, "LONGEST_FILE", 39)
    answer = client.get("/audit/export?purpose=核对")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("共 40 条，一个文件至多 39 条")


@pytest.mark.parametrize("path", ["", "/verification", "/export?purpose=核对"])
def test_p05_what_cannot_be_recorded_is_not_read_either(client: TestClient, trail: Trail, path: str) -> None:
    trail._connection.execute("pragma query_only = on")
    answer = client.get(f"/audit{path}")
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("审计记录未能写入，操作已取消")
    assert "李强" not in answer.text


def test_p05_a_trail_that_cannot_be_read_is_503_in_words(client: TestClient, trail: Trail) -> None:
    trail.path.unlink()
    answer = client.get("/audit/counts")
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("无法读取审计记录")
    assert str(trail.path) not in answer.text
