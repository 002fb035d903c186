"""P05, P06, T-07: does every file say for whom, when, what for and under which number, and the trail the same of it?"""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode
from zipfile import ZipFile

import pytest
from httpx import Response
from plotly.utils import PlotlyJSONEncoder
from starlette.testclient import TestClient

from dashboard.audit.reading import Asked, Piece, piece, sentence
from dashboard.auth.doors import open_doors
from dashboard.auth.identity import Identity, acting
from dashboard.auth.passwords import Hashes
from dashboard.filters import Filters
from dashboard.pages.care import load_cards, view_cards
from dashboard.server import Server, create
from dashboard.stamps import ASKED
from tests import builders
from tests.doors import PASSWORD, QUICK
from tests.security.canaries import dresses, hits

AT = datetime(2026, 4, 1, 8, 30)
PURPOSE = "督办跟进"
FILES = ("exported", "brief_made", "picture_taken", "refused")
MADE = (
    *(f"/export?format={form}&kind=C" for form in ("csv", "xlsx", "parquet", "geojson")),
    "/export?format=xlsx&metrics=accepted,closed&by=town",
    *(f"/care?by=town&format={form}" for form in ("csv", "xlsx", "parquet", "geojson")),
    *(f"/brief?format={form}&report=special&since=2026-03-01&until=2026-03-15" for form in ("pdf", "docx", "pptx")),
)


@dataclass
class Place:
    """A gated server, with an analyst, a leader and a program."""

    server: Server
    people: dict[str, TestClient]

    def files(self) -> Piece:
        """What is on record of files, newest first; the server's own records come whenever they come."""
        return piece(self.server.state.trail.path, Asked(events=FILES), limit=1)

    def record(self) -> tuple[str, dict[str, Any]]:
        """The event and the facts of the newest record of a file."""
        newest = self.files().records[0]
        return newest.event, json.loads(newest.facts)


@pytest.fixture(scope="module")
def place(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    state = tmp_path_factory.mktemp("marks") / "state.sqlite"
    server = create(small_county, clock=lambda: AT, state=state, is_gated=True)
    doors = open_doors(server.state.store, clock=lambda: AT, audit=lambda *_, **__: None, hashes=Hashes(QUICK))
    head = {"Authorization": f"Bearer {doors.tokens.add('数据&报表', role='analyst')}"}
    people = {"program": TestClient(server, base_url="http://localhost", headers=head)}
    for name, role in (("analyst", "analyst"), ("leader", "leader")):
        doors.accounts.add(name, PASSWORD, role=role, shown_name={"analyst": "王敏"}.get(name, name))
        people[name] = TestClient(server, base_url="http://localhost", follow_redirects=False)
        assert people[name].post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
    with TestClient(server):  # its life begins and ends
        yield Place(server, people)


def asked(address: str, **more: str) -> str:
    return f"/api/v1{address}&{urlencode(more)}"


def by_background(analyst: TestClient, form: str) -> tuple[Response, dict[str, Any]]:
    """A file made in the background, and what was said of it."""
    job = analyst.post(asked(f"/exports?format={form}", purpose=PURPOSE)).json()
    for _ in range(500):
        if job["state"] not in ("waiting", "running"):
            break
        time.sleep(0.02)
        job = analyst.get(f"/api/v1/exports/{job['id']}").json()
    return analyst.get(job["file"]), analyst.get(f"/api/v1/exports/{job['id']}/about").json()


# --- what for -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["analyst", "program"])
@pytest.mark.parametrize(
    "said", [{}, *({"purpose": text} for text in ("", " ", "会", "会\n议", "a\x00bc", "\x1b[0m", "长" * 101))]
)
def test_t07_nobody_gets_a_file_without_saying_what_for(place: Place, who: str, said: dict[str, str]) -> None:
    seen = place.files().total
    for address in (MADE[0], MADE[5], MADE[9]):
        answer = place.people[who].get(asked(address, **said))
        assert (answer.status_code, answer.json()) == (400, {"error": ASKED}), address
    answer = place.people[who].post(asked("/exports?format=csv", **said))
    assert (answer.status_code, answer.json()) == (400, {"error": ASKED})
    assert place.files().total == seen


def test_a_purpose_that_is_given_where_none_is_needed_is_one(place: Place) -> None:
    for path in ("/export/offers?format=csv", "/export/about?format=csv"):
        assert place.people["analyst"].get(asked(path, purpose="长" * 101)).json() == {"error": ASKED}


def test_numbers_need_no_purpose(place: Place) -> None:
    for path in ("/care?by=town", "/query?metrics=accepted", "/export/offers?format=csv", "/export/about?format=csv"):
        assert place.people["analyst"].get(f"/api/v1{path}").status_code == 200


# --- for whom, when, and under which number -------------------------------------------------------------------------


def marks(trace: str, *, who: str = "王敏（analyst）", at: str = "08:30:00") -> dict[str, tuple[bytes, ...]]:
    """What a file has to say, in every dress."""
    return {text: tuple(dresses(text)) for text in (who, at, trace, PURPOSE)}


@pytest.mark.parametrize("address", MADE)
def test_p06_every_file_says_what_the_trail_says_of_it(place: Place, address: str) -> None:
    answer = place.people["analyst"].get(asked(address, purpose=PURPOSE))
    assert answer.status_code == 200, answer.text
    trace = answer.headers["x-request-id"]
    event, facts = place.record()
    assert event == ("brief_made" if "/brief" in address else "exported")
    assert (facts["purpose"], facts["trace"]) == (PURPOSE, trace)
    assert facts["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert facts["snapshot"] and facts["format"] in address
    assert facts["filters"].get("kind") == (["C"] if "kind=C" in address else None)
    assert ("rows" in facts) != ("/brief" in address)
    if "format=csv" in address:
        assert unquote(answer.headers["content-disposition"]).endswith(f"_{trace}.csv")
    else:
        assert hits(answer.content, marks(trace)) == set(marks(trace))


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_p06_a_file_of_the_background_bears_the_number_it_was_asked_for_under(place: Place, form: str) -> None:
    answer, about = by_background(place.people["analyst"], form)
    event, facts = place.record()
    assert (event, facts["purpose"], facts["trace"]) == ("exported", PURPOSE, about["trace"])
    assert facts["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert (facts["content"], facts["format"], facts["rows"]) == ("cases", form, about["rows"])
    assert about["exported_by"] == "王敏（analyst）" and about["file"] in unquote(answer.headers["content-disposition"])
    if form != "csv":
        assert hits(answer.content, marks(about["trace"])) == set(marks(about["trace"]))


def test_p06_the_sidecar_of_a_csv_says_what_that_very_file_would(place: Place) -> None:
    analyst = place.people["analyst"]
    answer = analyst.get(asked(MADE[0], purpose=PURPOSE))
    about = analyst.get(answer.headers["link"].partition(">")[0].removeprefix("<")).json()
    assert (about["trace"], about["purpose"]) == (answer.headers["x-request-id"], PURPOSE)
    assert about["file"] in unquote(answer.headers["content-disposition"])
    assert about["sha256"] == place.record()[1]["sha256"]
    assert about["exported_at"].startswith(AT.isoformat())
    assert analyst.get(asked("/export/about?format=csv", trace="<b>")).status_code == 400
    assert analyst.get(asked(MADE[0], purpose=PURPOSE, trace="0" * 16)).status_code == 400


def test_t07_nothing_vouches_for_a_file_that_never_was_or_was_anothers(place: Place) -> None:
    analyst, program = place.people["analyst"], place.people["program"]
    answer = analyst.get(asked(MADE[0], purpose=PURPOSE))
    link = answer.headers["link"].partition(">")[0].removeprefix("<")
    trace = answer.headers["x-request-id"]
    assert analyst.get(link).status_code == 200
    assert program.get(link).status_code == 404
    assert analyst.get(link.replace(trace, "f" * 16)).status_code == 404
    assert analyst.get(f"{link}&town=nowhere").status_code == 400
    assert analyst.get(link.replace("format=csv", "format=xlsx")).status_code == 404
    assert analyst.get(f"{link}&level=red").status_code == 404
    # What somebody else says that it was for is not what is told.
    assert analyst.get(link.replace(urlencode({"purpose": PURPOSE}), "purpose=forged")).json()["purpose"] == PURPOSE


def test_p06_a_workbook_prints_for_whom_it_is_and_no_name_is_a_command(place: Place) -> None:
    answer = place.people["program"].get(asked(MADE[1], purpose=PURPOSE))
    with ZipFile(io.BytesIO(answer.content)) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
    said = (
        rf"&amp;L数据&amp;&amp;报表（token:\w+） · 2026-04-01 08:30:00 · 追溯号 {answer.headers['x-request-id']}&amp;R"
    )
    assert [bool(re.search(f"<oddFooter>{said}", sheet)) for sheet in sheets] == [True, True]


def test_p06_a_picture_is_on_record_before_its_frame_is_handed_over(place: Place) -> None:
    address = "/pictures?format=svg&panel=trend-panel&view=/&kind=C"
    leader = place.people["leader"]
    assert leader.post(asked(address)).json() == {"error": ASKED}
    frame = leader.post(asked(address, purpose=PURPOSE))
    event, facts = place.record()
    assert (event, facts["content"], facts["format"]) == ("picture_taken", "trend-panel", "svg")
    assert "内容 受理与办结" in sentence(place.files().records[0], {"trend-panel": "受理与办结"})
    assert (facts["filters"]["kind"], facts["purpose"]) == (["C"], PURPOSE)
    assert facts["trace"] == frame.headers["x-request-id"]
    assert frame.json()["mark"] == f"leader · 2026-04-01 08:30:00 · 追溯号 {facts['trace']}"
    for wrong in ("format=gif&panel=trend-panel", "format=png&panel=<b>", "format=png"):
        assert leader.post(asked(f"/pictures?{wrong}", purpose=PURPOSE)).status_code == 400


# --- who may --------------------------------------------------------------------------------------------------------


def test_t07_a_leader_reads_briefs_and_the_care_numbers_but_takes_no_care_file(place: Place) -> None:
    leader = place.people["leader"]
    assert leader.get(asked(MADE[9], purpose=PURPOSE)).status_code == 200
    assert leader.get("/api/v1/care?by=town").status_code == 200
    assert leader.get(asked(MADE[5], purpose=PURPOSE)).status_code == 403
    event, facts = place.record()
    assert (event, facts) == ("refused", {"action": "export", "reason": "role"})


@pytest.mark.parametrize(("role", "files"), [("leader", 0), ("analyst", 4), ("admin", 4)])
def test_the_page_offers_care_files_to_who_may_have_them(small_county: Path, role: str, files: int) -> None:
    with builders.asking(small_county) as ask, acting(Identity(name="甲", shown_name="甲", role=role, kind="session")):
        shown = json.dumps(view_cards(load_cards(ask, ask.scoped(Filters())))["care-files"], cls=PlotlyJSONEncoder)
    assert shown.count('"data-file"') == files
