"""What is asked of a server in which no canary may be: the county they were written into, and every address of it.

The server stands behind its gate; nobody and one person of each role ask.
"""

from __future__ import annotations

import csv
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import httpx
from starlette.testclient import TestClient

from dashboard.auth.roles import with_right
from dashboard.server import Server, create
from etl.build import LoadReport
from tests import builders
from tests.security import canaries
from tests.security.canaries import hits
from tests.security.test_matrix import TABLE, everybody

PERIOD = "since=2026-01-01&until=2026-03-15"
HEAT = "since=2026-01-01&until=2026-03-01&bandwidth=300"
BRIEFS = ("pdf", "docx", "pptx")
FILES = ("csv", "xlsx", "parquet", "geojson")
METRICS = "accepted,closed,overdue_open,on_time_rate"
NO_JOB = "x" * 24
PURPOSE = "purpose=数据核对"
FILE = f"{PERIOD}&{PURPOSE}"
"""What every file is asked for with."""


class Heard(logging.Handler):
    """Every line of every log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("httpx"):  # the test's own client
            self.lines.append(f"{record.getMessage()} {record.__dict__}")


@dataclass
class County:
    """What became of the delivery, and who asks about it."""

    warehouse: Path
    report: LoadReport
    server: Server
    state: Path
    temporary: Path
    heard: Heard
    during: dict[str, set[str]] = field(default_factory=dict)
    people: dict[str, TestClient] = field(default_factory=dict)
    case: str = ""
    snapshot: str = ""


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, by its name there."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


@contextmanager
def open_county(folder: Path) -> Iterator[County]:
    """The delivery of canaries, loaded and served; every log is heard, and temporary files have their own place."""
    delivery, temporary, state = canaries.write(folder / "in"), folder / "tmp", folder / "state" / "yiping.sqlite"
    temporary.mkdir()
    departments = [("D01", "啄木鸟局"), ("D02", "县住建局"), ("D03", "县人社局")]
    builders.write_csv(delivery / "departments.csv", [["部门编码", "部门名称"], *departments])
    told: dict[str, set[str]] = {}
    with _hearing() as heard, _temporary(temporary):
        report = builders.load_quickly(
            delivery, folder / "warehouse", progress=lambda what, _share: told.update({what: hits(what.encode())})
        )
        server = create(folder / "warehouse", clock=lambda: datetime(2026, 4, 1, 8, 30), state=state, is_gated=True)
        with TestClient(server):  # its life begins and ends
            county = County(folder / "warehouse", report, server, state, temporary, heard, told)
            county.people = everybody(server, state, town=next(iter(builders.TOWNS)))
            analyst = county.people["analyst"]
            county.case = analyst.get(f"/api/v1/cases?{PERIOD}&limit=1").json()["rows"][0]["case_id"]
            county.snapshot = str(analyst.get("/api/v1/pulse").json()["snapshot"])
            yield county


@contextmanager
def _hearing() -> Iterator[Heard]:
    heard, loggers = Heard(), [logging.getLogger(n) for n in ("", "yiping.access", "yiping.faults", "yiping.audit")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(heard)
        logger.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(heard)
            logger.setLevel(level)


@contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


@cache
def may(who: str) -> frozenset[str]:
    """What the table of test_matrix.py lets somebody into: routes, pages and callbacks by their names there."""
    with TABLE.open(encoding="utf-8", newline="") as rows:
        names = {row["what"].replace(":path}", "}") for row in csv.DictReader(rows) if row[who] == "yes"}
        return frozenset(names)


def asked(county: County, who: str) -> dict[str, list[str]]:
    """Every GET route of the API → the addresses that somebody asks it by."""
    client, formats = county.people[who], FILES
    pages = ("/", "/map", "/departments", "/wuhua", "/risk", "/explore", "/care", "/brief", "/case")
    may_export = who in with_right("export")
    jobs = [_job(client, format) for format in formats] if may_export else [NO_JOB]
    # The numbers of /care are for more people than its files.
    care_files = [f"?by={by}&{PURPOSE}&format={format}" for by in ("town", "village,care_group") for format in formats]
    return {
        "/metrics": [""],
        "/query": [f"?{PERIOD}&metrics={METRICS}&by={by}" for by in ("", "grid", "department", "category,kind")],
        "/cases": [f"?{PERIOD}&limit=100&offset={offset}" for offset in range(0, 1000, 100)],
        "/cases/{case_id}": [f"/{county.case}", *(f"/A{n}" for n in range(6)), "/LATE"],
        "/geometry/{layer}": [f"/{layer}" for layer in ("county", "town", "village", "grid", "outline-village")],
        "/pulse": [""],
        "/export": [
            *(f"?{FILE}&format={format}" for format in formats),
            *(f"?{FILE}&format={format}&metrics=accepted,closed&by=grid" for format in formats),
            *(f"?{FILE}&format={format}&metrics=accepted&by=department" for format in formats[:3]),
        ],
        "/export/about": [f"?{PERIOD}&format={format}" for format in formats],
        "/export/offers": [f"?{PERIOD}&format=csv&view={page}" for page in pages],
        "/exports/{key}": [f"/{job}" for job in jobs],
        "/exports/{key}/file": [f"/{job}/file" for job in jobs],
        "/exports/{key}/about": [f"/{job}/about" for job in jobs],
        "/care": ["?by=", "?by=town", "?by=village,care_group", *(care_files if may_export else ())],
        "/brief": [f"?{FILE}&format={f}&report={kind}" for f in BRIEFS for kind in ("special", "month")],
        "/density": [f"?{HEAT}"],
        "/density.png": [f"?{HEAT}&v={county.snapshot}"],
        "/notes": [f"?{PERIOD}&metrics=accepted"],
        "/views": [f"?{PERIOD}"],
        "/screens": [""],
        "/replay": [f"?{PERIOD}&level=grid"],
        "/risk": [""],
        "/risk/{grid}": [f"/{grid}" for grid in canaries.GRIDS[:3]],
        "/basemap": [""],
        **{f"/audit{part}": [""] for part in ("", "/counts", "/verification")},
        "/audit/export": [f"?{PURPOSE}"],
    }  # fmt: skip


def _job(client: TestClient, format: str) -> str:
    key = str(client.post(f"/api/v1/exports?{FILE}&format={format}").json()["id"])
    for _ in range(200):
        if client.get(f"/api/v1/exports/{key}").json()["state"] == "done":
            return key
        time.sleep(0.02)
    raise AssertionError(format)


def wrong(said: httpx.Response, what: str) -> Mapping[str, set[str]]:
    """The canaries in an answer, its headers and its address, under a name for it; nothing where there are none."""
    found = hits(said.content) | hits(repr(said.headers.raw).encode()) | hits(str(said.url).encode())
    return {what: found} if found else {}
