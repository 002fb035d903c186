"""P01, T-01: who gets through where? Every route and every callback × every role and nobody, held against a table.

`python -m tests.security.test_matrix` writes the table anew: read the difference before you commit it.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.auth.doors import open_doors
from dashboard.auth.passwords import Hashes
from dashboard.auth.roles import ROLES
from dashboard.server import Server, create
from dashboard.store import Store
from tests.doors import PASSWORD, QUICK

TABLE = Path(__file__).with_name("matrix.csv")
NOBODY = "nobody"
WHO = (NOBODY, *ROLES)
SAMPLES = {
    "case_id:path": "nosuch", "layer": "town", "grid": "nosuch", "key": "x" * 24, "screen": "hall", "id": "abcdefgh",
    "place:path": "0/0/0.png", "path:path": "nowhere", "package_name": "dash",
    "fingerprinted_path:path": "deps/nothing.js",
}  # fmt: skip
Call = tuple[str, str, str, Any]
"""Its name in the table, its method, its path, and its body."""


def calls(server: Server) -> Iterator[Call]:
    """Every route of the server and its API, and every callback of its two Dash applications."""
    for prefix, routes in (("", server.routes), ("/api/v1", _api(server).routes)):
        for route in routes:
            path = prefix + getattr(route, "path", "")
            for method in sorted(getattr(route, "methods", None) or ["GET"]):
                if method != "HEAD" and not path.endswith("_dash-update-component"):
                    yield f"{method} {path}", method, _filled(path), None
    yield (
        "GET /api/v1/care?format=csv",
        "GET",
        "/api/v1/care?format=csv",
        None,
    )  # its numbers are for more than its files
    for page in sorted(server.rules.paths.pages):
        yield f"page {page}", "GET", page, None
    for address, wired in sorted(server.rules.callbacks.items()):
        for output, callback in sorted(wired.items()):
            if "callback" in callback:
                yield f"callback {address} {output}"[:400], "POST", address, _body(output, callback)


def _api(server: Server) -> Any:
    return next(route.app for route in server.routes if getattr(route, "path", "") == "/api/v1")  # type: ignore[attr-defined]


def _filled(path: str) -> str:
    for name, sample in SAMPLES.items():
        path = path.replace("{" + name + "}", sample)
    assert "{" not in path, f"no sample for {path}"
    return path


def _body(output: str, callback: Any) -> dict[str, Any]:
    names = output.removeprefix("..").removesuffix("..").split("...") if output.startswith("..") else [output]
    spelt = [dict(zip(("id", "property"), name.partition("@")[0].rsplit(".", 1), strict=True)) for name in names]
    given = [{"id": one["id"], "property": one["property"], "value": None} for one in callback["inputs"]]
    state = [{"id": one["id"], "property": one["property"], "value": None} for one in callback["state"]]
    return {
        "output": output,
        "outputs": spelt if output.startswith("..") else spelt[0],
        "inputs": given,
        "state": state,
    }


def verdict(status: int) -> str:
    """What a role gets: in (whatever is wrong with the sample), turned away, sent to log in, or nothing there."""
    return {401: "log in", 302: "log in", 403: "no", 404: "404"}.get(status, "yes")


def seen(warehouse: Path, state: Path) -> list[dict[str, str]]:
    """The table as the server answers now."""
    server = create(warehouse, clock=datetime.now, state=state, is_gated=True)
    people = everybody(server, state, town="990108001")
    with people[NOBODY]:
        rows = {}
        # Logging out comes last, or nobody would be in for the rest.
        for name, method, path, body in sorted(calls(server), key=lambda call: call[2].startswith("/log")):
            tried = {who: _tried(people[who], method, path, body) for who in WHO}
            # Nothing there for nobody in particular: the gate knows the route, and what is asked for is not to be had.
            is_route = tried[NOBODY] != "404"
            rows[name] = {"what": name} | {w: "yes" if is_route and v == "404" else v for w, v in tried.items()}
        return [rows[name] for name in sorted(rows)]


def everybody(server: Server, state: Path, *, town: str) -> dict[str, TestClient]:
    """The browsers of nobody, and of one person of each role who is logged in; `town` is the officer's."""
    store = Store(state)
    accounts = open_doors(store, clock=datetime.now, audit=lambda *_, **__: None, hashes=Hashes(QUICK)).accounts
    for role in ROLES.values():
        accounts.add(role.key, PASSWORD, role=role.key, town=town if role.is_of_a_town else "")
    store.close()
    return {NOBODY: _browser(server)} | {role: _entered(server, role) for role in ROLES}


def _browser(server: Server) -> TestClient:
    return TestClient(server, base_url="http://localhost", follow_redirects=False, raise_server_exceptions=False)


def _entered(server: Server, role: str) -> TestClient:
    person = _browser(server)
    assert person.post("/login", data={"name": role, "password": PASSWORD}).status_code == 303
    return person


def _tried(person: TestClient, method: str, path: str, body: Any) -> str:
    answer = person.request(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code != 500, f"{method} {path}: {answer.text}"
    if answer.status_code != 302 or "/login" in answer.headers["location"]:
        return verdict(answer.status_code)
    is_period = answer.headers["location"].partition("?")[0] == path
    return "yes" if is_period else f"to {answer.headers['location']}"


def written(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["what", *WHO], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def now(small_county: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    return seen(small_county, tmp_path_factory.mktemp("matrix") / "state.sqlite")


def test_t01_every_route_and_callback_answers_each_role_as_the_table_says(now: list[dict[str, str]]) -> None:
    expected = {row["what"]: row for row in csv.DictReader(io.StringIO(TABLE.read_text(encoding="utf-8")))}
    found = {row["what"]: row for row in now}
    assert set(found) - set(expected) == set(), "new: decide who may, then write the table anew"
    assert set(expected) - set(found) == set(), "gone: write the table anew"
    assert [found[what] for what in found if found[what] != expected[what]] == []


def test_t01_nobody_gets_in_but_to_log_in_and_to_see_that_it_lives(now: list[dict[str, str]]) -> None:
    let_in = {row["what"] for row in now if row[NOBODY] not in ("log in", "404")}
    assert let_in == {
        "GET /healthz", "GET /login", "POST /login", "GET /login/screen", "POST /login/screen", "POST /logout"
    }  # fmt: skip


def test_t01_a_wall_gets_nothing_but_the_wall_and_an_auditor_nothing_but_the_trail(now: list[dict[str, str]]) -> None:
    pages = {row["what"]: row for row in now if row["what"].startswith(("page", "callback /_dash"))}
    assert pages["page /"]["screen"] == "to /screen" and pages["page /"]["auditor"] == "to /audit"
    assert all(row["screen"] == "no" for what, row in pages.items() if what != "page /")
    numbers = [row for row in now if row["what"] in ("GET /api/v1/query", "GET /api/v1/cases", "GET /api/v1/export")]
    assert len(numbers) == 3 and all(row["auditor"] == row["screen"] == "no" for row in numbers)
    assert {row["what"] for row in now if row["what"].startswith("page") and row["auditor"] == "yes"} == {"page /audit"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        TABLE.write_text(written(seen(Path(sys.argv[1]), Path(folder) / "state.sqlite")), encoding="utf-8")
