"""T-01b, WB-16: does the body of a request ever decide who gets in, or what a path written otherwise leads to?"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.server import Server, create
from tests.security.test_matrix import NOBODY, everybody
from tests.security.test_requests import body, callbacks, outputs

Said = dict[str, Any]
DESK = "/_dash-update-component"
PAGE = "..page.children...page-key.data.."
PUBLIC = ("/login", "/healthz", "/assets/tokens.css")


@pytest.fixture(scope="module")
def place(
    small_county: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, dict[str, TestClient]]]:
    state = tmp_path_factory.mktemp("disguises") / "state.sqlite"
    server = create(small_county, clock=datetime.now, state=state, is_gated=True)
    with TestClient(server):  # its life begins and ends
        yield server, everybody(server, state, town="990108100")


def disguised(said: Said, own: str) -> Iterator[tuple[str, Said]]:
    """A body as somebody would write it for whom the callback is not; `own` is the output of one that is for them."""
    for path in PUBLIC:
        yield f"input {path}", _first_input(said, {"id": "url", "property": "pathname", "value": path})
        yield f"changed {path}", said | {"changedPropIds": [f"{path}.pathname"], "parsedChangedPropsIds": [path]}
    yield "id", _first_input(said, said["inputs"][0] | {"id": "login"})
    yield "output", said | {"output": "login.children", "outputs": outputs("login.children")}
    yield "several", said | {"output": f"..login.children...{said['output'].strip('.')}.."}
    yield "own output", said | {"output": own}
    yield "own outputs", said | {"output": own, "outputs": outputs(own)}


def _first_input(said: Said, first: Said) -> Said:
    changed = copy.deepcopy(said)
    changed["inputs"][0] = first
    return changed


@pytest.mark.parametrize("who", [NOBODY, "auditor", "screen", "town"])
def test_t01b_wb16_no_body_gets_in_where_the_person_does_not(
    place: tuple[Server, dict[str, TestClient]], who: str
) -> None:
    server, people = place
    client, closed = people[who], []
    wired = list(callbacks(server))
    honest = {output: client.post(route, json=body(output, call)).status_code for route, output, call in wired}
    own = next((output for output, status in honest.items() if status == 200), "login.children")
    for route, output, call in wired:
        if honest[output] != 200:
            closed.append(honest[output])
            for what, said in disguised(body(output, call), own):
                answer = client.post(route, json=said)
                if who == "auditor" and output == PAGE and what.startswith("input"):
                    # Which page it is, is said by the path on the page: this one does not exist, and it says so.
                    assert "没有这个页面" in json.dumps(answer.json(), ensure_ascii=False)
                else:
                    assert answer.status_code in {400, honest[output]}, (what, output, answer.text[:100])
                assert who != NOBODY or answer.status_code == 401
    assert len(closed) >= (1 if who == "town" else 5)
    assert set(closed) == {401 if who == NOBODY else 403}


@pytest.mark.parametrize("who", [NOBODY, "auditor", "admin"])
@pytest.mark.parametrize(
    "path",
    [
        f"/{DESK}", f"{DESK}/", DESK.upper(), f"/x{DESK}", f"/login{DESK}",
        "/%5fdash-update-component%2f", "/.%2f_dash-update-component", f"{DESK};/login", f"{DESK}%00",
    ],
)  # fmt: skip
def test_t01b_h04_a_callback_asked_for_by_another_path_is_not_there(
    place: tuple[Server, dict[str, TestClient]], who: str, path: str
) -> None:
    server, people = place
    output, wired = next((output, wired) for route, output, wired in callbacks(server) if route == DESK)
    assert people[who].post(f"http://localhost{path}", json=body(output, wired)).status_code == 404
