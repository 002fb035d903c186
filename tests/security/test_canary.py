"""T-02: does anything about a person get past the reader, into any file, answer, picture or log?

Fifty canaries are in every source file; all that a load leaves and a server gives is searched for them in every dress.
Names and addresses that a clerk types into a title stay there (only numbers can be told from words): titles hold
numbers here.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from starlette.testclient import TestClient

from dashboard.server import Server, create
from etl import __main__ as command
from etl import publish
from etl.build import LoadReport
from etl.contract import TABLES
from etl.errors import LoadError
from tests import builders
from tests.security import canaries
from tests.security.canaries import PEOPLE, dresses, hits
from tests.security.test_requests import QUERY, body, callbacks

PERIOD = "since=2026-01-01&until=2026-03-15"
STAYS = {"stays": tuple(dresses("啄木鸟"))}
"""A department's name, which may be anything: what the same grep finds wherever data goes."""


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
    """What became of the delivery."""

    warehouse: Path
    report: LoadReport
    server: Server
    client: TestClient
    temporary: Path
    heard: Heard
    during: dict[str, set[str]] = field(default_factory=dict)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    folder = tmp_path_factory.mktemp("canary")
    delivery, warehouse, temporary = canaries.write(folder / "in"), folder / "warehouse", folder / "tmp"
    temporary.mkdir()
    departments = [("D01", "啄木鸟局"), ("D02", "县住建局"), ("D03", "县人社局")]
    builders.write_csv(delivery / "departments.csv", [["部门编码", "部门名称"], *departments])
    heard, loggers = Heard(), [logging.getLogger(n) for n in ("", "yiping.access", "yiping.faults", "yiping.audit")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(heard)
        logger.setLevel(logging.INFO)
    before, tempfile.tempdir = tempfile.tempdir, str(temporary)
    told: dict[str, set[str]] = {}
    try:
        report = builders.load_quickly(
            delivery, warehouse, progress=lambda what, _share: told.update({what: hits(what.encode())})
        )
        server = create(warehouse, clock=lambda: datetime(2026, 4, 1, 8, 30), state=folder / "state" / "yiping.sqlite")
        assert isinstance(server, Server)
        with TestClient(server) as client:
            yield County(warehouse, report, server, client, temporary, heard, told)
    finally:
        tempfile.tempdir = before
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(heard)
            logger.setLevel(level)


# --- what a load leaves ---------------------------------------------------------------------------------------------


def test_t02_the_canaries_were_read(county: County) -> None:
    """Nothing is proved by files that were never opened: rows of every kind came in, and of most some were bad."""
    files = {f.file: f for f in county.report.files}
    assert sum(f.loaded for f in files.values()) > 250
    assert {f.source for f in files.values() if f.verdict == "loaded"} >= {
        "cases", "case_events", "care_visits", "population", "grids", "boundaries_grid", "departments", "regions",
    }  # fmt: skip
    for name in ("cases.csv", "steps.csv", "visits.csv", "visits.xlsx", "book.xlsx", "grids.csv", "population.csv"):
        assert files[name].quarantined > 0, name
    assert {f.file for f in files.values() if f.verdict == "refused"} >= {"headerless.csv", "half.csv"}


def test_t02_p02_no_byte_that_a_load_leaves_has_a_canary(county: County) -> None:
    left = dict(_files(county.warehouse))
    assert any(name.endswith(".duckdb") for name in left) and any(name.endswith(".quarantine.csv") for name in left)
    assert {name: hits(content) for name, content in left.items() if hits(content)} == {}
    assert not [name for name in left if "scratch" in name or name.startswith(publish.BUILD_PREFIX)]


def test_t02_p02_no_value_of_the_snapshot_has_a_canary(county: County) -> None:
    """Values as well as bytes: the file's are packed."""
    with builders.asking(county.warehouse) as ask:
        for table in TABLES:
            assert hits(repr(ask._db.rows(f"select * from mart.{table}")).encode()) == set(), table


def test_t02_no_report_of_a_load_has_a_canary(county: County) -> None:
    assert {what: found for what, found in county.during.items() if found} == {}
    assert hits(json.dumps(command._load_json(county.report), ensure_ascii=False).encode()) == set()
    assert hits(command._load_words(county.report).encode()) == set()


def test_t02_e50_a_row_per_person_is_counted_and_not_kept(county: County) -> None:
    visits = [f for f in county.report.files if f.source == "care_visits"]
    assert [(f.loaded, f.aggregated) for f in visits] == [(0, 50), (0, 50)]
    with builders.asking(county.warehouse) as ask:
        assert ask._db.rows("select sum(visits_due) from mart.fact_visit_stat") == [(100,)]


@pytest.mark.parametrize(
    "header",
    ["信仰", "民族", "上访次数", "病史", "前科", "minzu_民\u200b族", "宗 教", "HIV", "ｑｉａｎｋｅ", "当事人身份证号"],
)
def test_t02_e49_a_forbidden_column_stops_the_load_and_leaves_nothing(tmp_path: Path, header: str) -> None:
    rows = canaries.table("cases", [canaries.case_of(n, p) for n, p in enumerate(PEOPLE)])
    rows = [[*rows[0], header], *([*row, PEOPLE[n].name] for n, row in enumerate(rows[1:]))]
    builders.write_csv(tmp_path / "in" / "cases.csv", rows)
    with pytest.raises(LoadError, match="不得导入") as refused:
        builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    assert hits(str(refused.value).encode()) == set()
    assert {name: hits(content) for name, content in _files(tmp_path / "warehouse") if hits(content)} == {}
    assert not list((tmp_path / "warehouse").glob("*.duckdb"))


def test_t02_e49_a_load_that_stops_at_a_row_that_looks_like_a_forbidden_header_does_not_say_it(tmp_path: Path) -> None:
    person = PEOPLE[0]
    builders.write_csv(tmp_path / "in" / "list.csv", [[person.name, f"{person.home}民族小区", person.phone]] * 3)
    with pytest.raises(LoadError) as refused:
        builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    assert hits(str(refused.value).encode()) == set()


# --- what a server gives --------------------------------------------------------------------------------------------

HEAT = "since=2026-01-01&until=2026-03-01&bandwidth=300"
BRIEFS = ("pdf", "docx", "pptx")
METRICS = "accepted,closed,overdue_open,on_time_rate"


def _asked(client: TestClient) -> dict[str, list[str]]:
    """Every GET route of the API → the addresses it is asked by."""
    case = client.get(f"/api/v1/cases?{PERIOD}&limit=1").json()["rows"][0]["case_id"]
    formats = ("csv", "xlsx", "parquet", "geojson")
    pages = ("/", "/map", "/departments", "/wuhua", "/risk", "/explore", "/care", "/brief", "/case")
    jobs = [_job(client, format) for format in formats]
    return {
        "/metrics": [""],
        "/query": [f"?{PERIOD}&metrics={METRICS}&by={by}" for by in ("", "grid", "department", "category,kind")],
        "/cases": [f"?{PERIOD}&limit=1000&order={order}" for order in ("newest", "oldest")],
        "/cases/{case_id}": [f"/{case}", *(f"/A{n}" for n in range(6)), "/LATE"],
        "/geometry/{layer}": [f"/{layer}" for layer in ("county", "town", "village", "grid", "outline-village")],
        "/pulse": [""],
        "/export": [
            *(f"?{PERIOD}&format={format}" for format in formats),
            *(f"?{PERIOD}&format={format}&metrics=accepted,closed&by=grid" for format in formats),
            *(f"?{PERIOD}&format={format}&metrics=accepted&by=department" for format in formats[:3]),
        ],
        "/export/about": [f"?{PERIOD}&format={format}" for format in formats],
        "/export/offers": [f"?{PERIOD}&format=csv&view={page}" for page in pages],
        "/exports/{key}": [f"/{job}" for job in jobs],
        "/exports/{key}/file": [f"/{job}/file" for job in jobs],
        "/exports/{key}/about": [f"/{job}/about" for job in jobs],
        "/care": [f"?by={by}&format={f}" for by in ("", "town", "village,care_group") for f in ("", *formats[:3])],
        "/brief": [f"?{PERIOD}&format={f}&report={kind}" for f in BRIEFS for kind in ("special", "month")],
        "/density": [f"?{HEAT}"],
        "/density.png": [f"?{HEAT}&v={_snapshot(client)}"],
        "/notes": [f"?{PERIOD}&metrics=accepted"],
        "/views": [f"?{PERIOD}"],
        "/screens": [""],
        "/replay": [f"?{PERIOD}&level=grid"],
        "/risk": [""],
        "/risk/{grid}": [f"/{grid}" for grid in canaries.GRIDS[:3]],
        "/basemap": [""],
        **{f"/audit{part}": [""] for part in ("", "/counts", "/export", "/verification")},
    }  # fmt: skip


def _snapshot(client: TestClient) -> str:
    return str(client.get("/api/v1/pulse").json()["snapshot"])


def _job(client: TestClient, format: str) -> str:
    key = str(client.post(f"/api/v1/exports?{PERIOD}&format={format}").json()["id"])
    for _ in range(200):
        if client.get(f"/api/v1/exports/{key}").json()["state"] == "done":
            return key
        time.sleep(0.02)
    raise AssertionError(format)


def _wrong(said: httpx.Response, what: str) -> Mapping[str, set[str]]:
    found = hits(said.content) | hits(repr(said.headers.raw).encode()) | hits(str(said.url).encode())
    return {what: found} if found else {}


def test_t02_p02_no_answer_of_the_api_has_a_canary(county: County) -> None:
    client, found, failed = county.client, {}, {}
    asked = _asked(client)
    schema = client.get("/api/v1/openapi.json")
    assert set(asked) == {path for path, ways in schema.json()["paths"].items() if "get" in ways}
    for route, ways in asked.items():
        base = "/api/v1" + route.partition("/{")[0]
        answers = {way: client.get(base + way) for way in ways}
        found |= {k: v for way, said in answers.items() for k, v in _wrong(said, f"{route} {way}").items()}
        failed |= {f"{route} {way}": said.text[:120] for way, said in answers.items() if said.status_code != 200}
    assert found == {}
    assert set(failed) == {"/cases/{case_id} /LATE"}, failed
    assert hits(schema.content) == set()


def test_t02_p02_no_page_and_no_callback_gives_a_canary(county: County) -> None:
    client, found, filled = county.client, {}, 0
    paths = ("/", "/map", "/departments", "/wuhua", "/risk", "/explore", "/care", "/brief", "/case", "/screen")
    for path in (*paths, "/_dash-layout", "/_dash-dependencies", "/screen/_dash-layout", "/healthz", "/readyz"):
        found |= _wrong(client.get(path), path)
    queries = (PERIOD, f"{PERIOD}&town=990108100&metric=accepted", f"{PERIOD}&{urlencode({'case': 'A1'})}")
    for route, output, wired in callbacks(county.server):
        for query in queries:
            said = json.dumps(body(output, wired)).replace(QUERY[1:], query)
            answered = client.post(route, content=said, headers={"content-type": "application/json"})
            assert answered.status_code in (200, 204), (output, answered.text[:200])
            found |= _wrong(answered, f"{output[:60]} {query}")
            filled += len(answered.content)
    assert found == {}
    assert filled > 200_000


def test_t02_p02_no_log_and_no_temporary_file_has_a_canary(county: County, capfd: pytest.CaptureFixture[str]) -> None:
    """After all that was asked above, exports in the background among it."""
    for query in (f"town={PEOPLE[0].name}", f"case={PEOPLE[0].number}", f"match={PEOPLE[0].home}"):
        county.client.get(f"/api/v1/query?metrics=accepted&{query}")
        county.client.get(f"/explore?{query}")
    assert len(county.heard.lines) > 100
    assert [line for line in county.heard.lines if hits(line.encode())] == []
    assert hits("".join(capfd.readouterr()).encode()) == set()
    for folder in (county.temporary, county.warehouse.parent / "state"):
        assert {name: hits(content) for name, content in _files(folder) if hits(content)} == {}
    assert any("exports" in name for name, _ in _files(county.warehouse.parent / "state"))


# --- the proof of the proof -----------------------------------------------------------------------------------------


def test_a_canary_in_a_name_that_may_be_anything_is_found_everywhere_by_the_same_grep(county: County) -> None:
    client = county.client

    def sees(address: str) -> bool:
        return bool(hits(client.get(address).content, STAYS))

    assert any(hits(content, STAYS) for _, content in _files(county.warehouse))
    for format in ("csv", "xlsx", "parquet"):
        assert sees(f"/api/v1/export?{PERIOD}&format={format}&metrics=accepted&by=department"), format
        assert sees(f"/api/v1/export?{PERIOD}&format={format}"), format
    assert sees(f"/api/v1/query?{PERIOD}&metrics=accepted&by=department")
    for format in BRIEFS:
        assert sees(f"/api/v1/brief?{PERIOD}&format={format}&report=special"), format
    said = [(route, json.dumps(body(output, wired))) for route, output, wired in callbacks(county.server)]
    head = {"content-type": "application/json"}
    assert any(hits(client.post(route, content=text, headers=head).content, STAYS) for route, text in said)


@pytest.mark.parametrize("person", PEOPLE[:3])
def test_a_canary_is_found_in_every_dress(person: canaries.Person) -> None:
    for text in (person.name, person.number, person.phone, person.home):
        for dressed in dresses(text):
            assert hits(b"x" + dressed + b"x"), (text, dressed)
        for before in ("", "a", "ab"):
            assert hits(canaries.base64.b64encode(f"{before}{text} later".encode()))
    assert hits(json.dumps({"a": person.name}).encode()) and hits(urlencode({"a": person.home}).encode())


def test_every_certificate_number_fails_its_check_digit() -> None:
    assert len({p.number for p in PEOPLE}) == len(PEOPLE) == 50
    for person in PEOPLE:
        total = sum(int(d) * w for d, w in zip(person.number[:17], canaries.WEIGHTS, strict=True))
        assert "10X98765432"[total % 11] != person.number[17]
