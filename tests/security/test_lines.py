"""What does a request leave behind? One line in the access log, and one audit record where it is audited; never two."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from dashboard.audit.reading import Asked, piece
from dashboard.audit.record import Record
from dashboard.server import Server
from tests.security.conftest import Lines

PERIOD = "since=2026-03-01&until=2026-03-10&purpose=work"
NOT_RECORDED = ("query?metrics=accepted", "metrics", "pulse", "export/offers?format=csv&view=/map")
REFUSED = (
    "export?format=exe",
    "export?format=csv",
    "export?format=csv&purpose=work&columns=party_pid",
    "brief?format=exe",
    "audit?limit=0",
    "cases/nosuch",
    "export/offers?view=/map&purpose=x",
)


OF_THE_SERVER = {"started", "load_seen"}
"""What the server puts on record by itself, whenever that is."""


def left_by(gated: Server, program: TestClient, access: Lines, address: str) -> tuple[int, list[Record]]:
    """The status of a request and the records that it left; its one access line says the same status."""
    before = piece(gated.state.trail.path, Asked(), limit=1)
    lines = len(access.texts)
    said = program.get(f"/api/v1/{address}")
    (line,) = access.said[lines:]
    assert (line["status"], line["id"]) == (said.status_code, said.headers["x-request-id"])
    after = piece(gated.state.trail.path, Asked(), limit=5)
    records = after.records[: after.total - before.total]
    return said.status_code, [record for record in records if record.event not in OF_THE_SERVER]


@pytest.mark.parametrize(
    ("address", "event"),
    [
        (f"export?format=csv&{PERIOD}", "exported"),
        (f"export?format=xlsx&metrics=accepted&by=town&{PERIOD}", "exported"),
        (f"brief?format=docx&report=week&{PERIOD}", "brief_made"),
        ("cases?limit=2", "cases_listed"),
        ("audit?limit=2", "audit_read"),
        ("audit/counts", ""),
        ("audit/verification", "audit_read"),
        ("audit/export?purpose=check", "audit_read"),
        *((address, "") for address in (*NOT_RECORDED, *REFUSED)),
    ],
)
def test_p05_a_request_leaves_one_line_and_at_most_one_record(
    gated: Server, program: TestClient, access: Lines, address: str, event: str
) -> None:
    status, records = left_by(gated, program, access, address)
    assert [record.event for record in records] == ([event] if event else [])
    assert (status == 200) == (address not in REFUSED), status
    assert {record.kind for record in records} <= {"token"}


def test_p05_a_case_that_is_looked_at_leaves_one_record(gated: Server, program: TestClient, access: Lines) -> None:
    case = program.get("/api/v1/cases?limit=1").json()["rows"][0]["case_id"]
    status, records = left_by(gated, program, access, f"cases/{case}")
    assert status == 200
    assert [(record.event, json.loads(record.facts)) for record in records] == [("case_viewed", {"case": case})]
