"""T-02: does anything about a person get past the reader, into any file, answer, picture or log?

Fifty canaries are in every source file; all that a load leaves and a server gives is searched for them in every dress.
Names and addresses that a clerk types into a title stay there (only numbers can be told from words): titles hold
numbers here.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dashboard.audit.trail import trail_path
from etl import __main__ as command
from etl import publish
from etl.contract import TABLES
from etl.errors import LoadError
from tests import builders
from tests.security import canaries
from tests.security.canaries import PEOPLE, dresses, hits, spoken
from tests.security.crawl import BRIEFS, FILE, PERIOD, PURPOSE, County, asked, files, may, open_county, wrong
from tests.security.test_matrix import NOBODY, WHO
from tests.security.test_requests import QUERY, body, callbacks

STAYS = {"stays": tuple(dresses("啄木鸟"))}
"""A department's name, which may be anything: what the same grep finds wherever data goes."""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with open_county(tmp_path_factory.mktemp("canary")) as made:
        yield made


# --- what a load leaves ---------------------------------------------------------------------------------------------


def test_t02_the_canaries_were_read(county: County) -> None:
    """Nothing is proved by files that were never opened: rows of every kind came in, and of most some were bad."""
    read = {f.file: f for f in county.report.files}
    assert sum(f.loaded for f in read.values()) > 250
    assert {f.source for f in read.values() if f.verdict == "loaded"} >= {
        "cases", "case_events", "care_visits", "population", "grids", "boundaries_grid", "departments", "regions",
    }  # fmt: skip
    for name in ("cases.csv", "steps.csv", "visits.csv", "visits.xlsx", "book.xlsx", "grids.csv", "population.csv"):
        assert read[name].quarantined > 0, name
    assert {f.file for f in read.values() if f.verdict == "refused"} >= {"headerless.csv", "half.csv"}


def test_t02_p02_no_byte_that_a_load_leaves_has_a_canary(county: County) -> None:
    left = dict(files(county.warehouse))
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


def test_t02c_e68_a_person_hidden_beside_the_columns_is_nowhere_in_what_a_load_leaves(county: County) -> None:
    """In remarks, addresses, names of files and sheets, document properties, comments and quarantined rows."""
    delivery, hidden = county.warehouse.parent / "in", {}
    with zipfile.ZipFile(delivery / "book.xlsx") as book:
        inside = {Path(name).name: book.read(name) for name in book.namelist()}
    hidden |= {name: inside[name] for name in ("workbook.xml", "core.xml", "comment1.xml", "sheet3.xml")}
    rows = (delivery / "cases.csv").read_text(encoding="gb18030").splitlines()
    hidden |= {"title and remark": rows[1].encode(), "a row that is no case": rows[-8].encode()}
    hidden |= {
        name: name.encode() for name, _ in files(delivery) if name.endswith((".docx", f"{PEOPLE[10].number}.csv"))
    }
    assert len(hidden) == 8 and all(hits(content) for content in hidden.values()), hidden
    assert {f.file: f.quarantined for f in county.report.files}["cases.csv"] >= 5
    assert {
        name: hits(content) for name, content in files(county.warehouse) if hits(content) or hits(name.encode())
    } == {}


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
    assert {name: hits(content) for name, content in files(tmp_path / "warehouse") if hits(content)} == {}
    assert not list((tmp_path / "warehouse").glob("*.duckdb"))


def test_t02_e49_a_load_that_stops_at_a_row_that_looks_like_a_forbidden_header_does_not_say_it(tmp_path: Path) -> None:
    person = PEOPLE[0]
    builders.write_csv(tmp_path / "in" / "list.csv", [[person.name, f"{person.home}民族小区", person.phone]] * 3)
    with pytest.raises(LoadError) as refused:
        builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    assert hits(str(refused.value).encode()) == set()


# --- what a server gives --------------------------------------------------------------------------------------------

OTHERS = (
    "/screen", "/_dash-layout", "/_dash-dependencies", "/screen/_dash-layout", "/screen/_dash-dependencies", "/healthz",
    "/readyz", "/login", "/login/screen", "/password", "/view-as",
)  # fmt: skip
"""What can be opened besides the pages of the desk."""


@pytest.mark.parametrize("who", WHO)
def test_t02_p02_no_answer_of_the_api_has_a_canary(county: County, who: str) -> None:
    client, found, given, ways = county.people[who], {}, set(), asked(county, who)
    schema = county.people["admin"].get("/api/v1/openapi.json")
    assert set(ways) == {path for path, does in schema.json()["paths"].items() if "get" in does}
    assert hits(schema.content) == set()
    for route, addresses in ways.items():
        base = "/api/v1" + route.partition("/{")[0]
        answers = {address: client.get(base + address) for address in addresses}
        statuses = {address: said.status_code for address, said in answers.items()}
        found |= {k: v for address, said in answers.items() for k, v in wrong(said, f"{route} {address}").items()}
        if f"GET /api/v1{route}" in may(who):
            refused = {address for address, status in statuses.items() if status != 200}
            # Whoever sees one town only does not get the cases and grids of others.
            assert refused <= ({a for a, s in statuses.items() if s == 404} if who == "town" else {"/LATE"}), statuses
        given |= {f"GET /api/v1{route}" for status in statuses.values() if status == 200}
    assert found == {}
    assert given == may(who) & {f"GET /api/v1{route}" for route in ways}


@pytest.mark.parametrize("who", WHO)
def test_t02_p02_no_page_and_no_callback_gives_a_canary(county: County, who: str) -> None:
    client, found, given, filled = county.people[who], {}, set(), 0
    opened = {f"page {path}": path for path in county.server.rules.paths.pages} | {
        f"GET {path}": path for path in OTHERS
    }
    for what, path in opened.items():
        said = client.get(path, follow_redirects=True)
        found |= wrong(said, path)
        given |= {what} if said.status_code == 200 and said.url.path == path else set()
    queries = (PERIOD, f"{PERIOD}&town=990108100&metric=accepted", f"{PERIOD}&{urlencode({'case': 'A1'})}")
    for route, output, wired in callbacks(county.server):
        what = f"callback {route} {output}"[:400]
        opened[what] = route
        for query in queries if what in may(who) else queries[:1]:
            text = json.dumps(body(output, wired)).replace(QUERY[1:], query)
            answered = client.post(route, content=text, headers={"content-type": "application/json"})
            assert answered.status_code in ((200, 204) if what in may(who) else (401, 403)), (what, answered.text[:200])
            found |= wrong(answered, f"{what[:60]} {query}")
            given |= {what} if answered.is_success else set()
            filled += len(answered.content)
    assert found == {}
    assert given == may(who) & set(opened)
    assert filled > (200_000 if "page /explore" in given else 0)


def test_t02_p02_no_log_no_trail_no_store_and_no_temporary_file_has_a_canary(
    county: County, capfd: pytest.CaptureFixture[str]
) -> None:
    """After all that was asked above, exports in the background among it, and after people were asked for by name."""
    person = PEOPLE[0]
    for who in WHO:
        for query in (f"town={person.name}", f"case={person.number}", f"match={person.home}"):
            for path in (
                "/api/v1/query?metrics=accepted&",
                f"/api/v1/export?format=csv&{PURPOSE}&",
                "/explore?",
                "/case?",
            ):
                county.people[who].get(path + query)
        for purpose in (spoken(p) for p in PEOPLE[:5]):
            told = {"format": "csv", "metrics": "accepted", "purpose": purpose}
            may_export = county.people[who].get(f"/api/v1/export?{PERIOD}&{urlencode(told)}").status_code == 200
            assert may_export == ("GET /api/v1/export" in may(who))
        for part in (person.number, person.phone, person.name, f"{person.phone[:3]}-{person.phone[3:]}"):
            county.people[who].get(f"/api/v1/cases/{part}")
            county.people[who].get(f"/{part}")
    for name in (person.name, person.number, person.phone):
        assert county.people[NOBODY].post("/login", data={"name": name, "password": person.home}).status_code == 401
    assert len(county.heard.lines) > 100
    assert [line for line in county.heard.lines if hits(line.encode())] == []
    assert hits("".join(capfd.readouterr()).encode()) == set()
    state = dict(files(county.state.parent))
    assert {name: hits(content) for name, content in (*state.items(), *files(county.temporary)) if hits(content)} == {}
    assert state.keys() >= {county.state.name, trail_path(county.state).name}
    assert any(name.startswith("exports") for name in state)
    with closing(sqlite3.connect(trail_path(county.state))) as trail:
        written = trail.execute("select event, name, facts from record").fetchall()
    assert {"login", "login_failed", "case_viewed", "exported", "audit_read"} <= {event for event, _, _ in written}
    assert hits(repr(written).encode()) == set()


# --- the proof of the proof -----------------------------------------------------------------------------------------


def test_a_canary_in_a_name_that_may_be_anything_is_found_everywhere_by_the_same_grep(county: County) -> None:
    client = county.people["analyst"]

    def sees(address: str) -> bool:
        return bool(hits(client.get(address).content, STAYS))

    assert any(hits(content, STAYS) for _, content in files(county.warehouse))
    for format in ("csv", "xlsx", "parquet"):
        assert sees(f"/api/v1/export?{FILE}&format={format}&metrics=accepted&by=department"), format
        assert sees(f"/api/v1/export?{FILE}&format={format}"), format
    assert sees(f"/api/v1/query?{PERIOD}&metrics=accepted&by=department")
    for format in BRIEFS:
        assert sees(f"/api/v1/brief?{FILE}&format={format}&report=special"), format
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
