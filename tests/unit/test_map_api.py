"""Do replay and risk answer programs with the page's numbers, and every wrong request with 4xx and words?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from starlette.testclient import TestClient

from dashboard.api import create_api
from dashboard.filters import DIMENSIONS, Filters
from dashboard.map_api import add_maps
from dashboard.pages import risk as page
from dashboard.replay import TIERS
from dashboard.warehouse import open_warehouse
from tests import builders
from tests.unit.test_risk_answers import COUNTIES
from tests.unit.test_risk_load import loaded


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county with a risk map."""
    return loaded(tmp_path_factory.mktemp("maps"), *COUNTIES["ok"])


@pytest.fixture(scope="module")
def client(county: Path) -> Iterator[TestClient]:
    yield from a_client(county)


@pytest.fixture(scope="module")
def bare_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Without persons there is no risk map."""
    yield from a_client(loaded(tmp_path_factory.mktemp("bare"), *COUNTIES["no_population"]))


@pytest.fixture(params=["client", "bare_client"])
def any_client(request: pytest.FixtureRequest) -> TestClient:
    found: TestClient = request.getfixturevalue(request.param)
    return found


def a_client(warehouse: Path) -> Iterator[TestClient]:
    door = open_warehouse(warehouse)
    api = create_api(door, "build-1")
    add_maps(api, door)
    with TestClient(api, raise_server_exceptions=False) as session:
        yield session
    door.close()


@pytest.mark.parametrize("pace", ["day", "week"])
@pytest.mark.parametrize("query", ["", "since=2026-01-07&until=2026-03-01&kind=C", "since=2026-02-01&town=990108101"])
def test_a_replay_holds_what_a_query_says_for_each_moment(client: TestClient, query: str, pace: str) -> None:
    said = client.get(f"/replay?measure=accepted&pace={pace}&level=village&{query}").json()
    told = client.get(f"/query?metrics=accepted&by={pace},village&{query}").json()["rows"]
    numbers = {(row[pace], row["village"]): row["accepted"] for row in told if row["accepted"] and row["village"]}
    shown = {
        (moment, code): value
        for moment, row in zip(said["moments"], said["values"], strict=True)
        for code, value in zip(said["codes"], row, strict=True)
        if value
    }
    assert shown == numbers != {}
    assert (said["name"], said["unit"], said["pace"], said["level"]) == ("受理量", "件", pace, "village")
    assert len(said["labels"]) == len(said["steps"]) == len(said["breaks"]) + 1
    assert said["steps"] == sorted(said["steps"]) and set(said["steps"]) <= set(range(5))


def test_a_replay_of_nothing_is_an_answer(any_client: TestClient) -> None:
    for measure in ("open", "accepted", "overdue_open", "risk"):
        said = any_client.get(f"/replay?measure={measure}&level=grid&since=2026-06-01&until=2026-06-03")
        assert (said.status_code, said.json()["moments"], said.json()["values"]) == (200, [], [])


def test_the_risk_told_is_what_the_page_shows(client: TestClient, county: Path) -> None:
    with builders.asking(county) as ask:
        for run in ask.risk.runs:
            said = client.get(f"/risk?run={run.key}").json()
            here = page.load_here(ask, Filters(run=run.key))
            assert {row["grid"]: (row["rr"], row["tier"], row["score"]) for row in said["rows"]} == {
                code: (grid.rr, grid.tier, grid.score) for code, grid in here.grids.items()
            }
            assert (said["run"]["run_id"], said["run"]["sentence"]) == (run.run_id, run.sentence)
        model = page.load_why(ask, Filters(run="h30_all_none"))
        assert model.risk and model.parts
        said = client.get(f"/risk/{model.risk.grid}?run=h30_all_none").json()
        assert said["run_id"] == "h30-all-none"
        assert said["risk"]["score"] == model.risk.score == pytest.approx(sum(part[1] for part in said["categories"]))
        assert [case["case_id"] for case in said["cases"]] == [case["case_id"] for case in model.parts.cases]


def test_the_replay_of_risk_ends_in_the_risk_told(client: TestClient) -> None:
    said = client.get("/replay?measure=risk&level=grid&pace=week").json()
    assert said["tiers"] == list(TIERS)
    last = dict(zip(said["codes"], (TIERS[value] for value in said["values"][-1]), strict=True))
    assert last == {row["grid"]: row["tier"] for row in client.get("/risk").json()["rows"]}


def test_no_person_is_in_the_answers(client: TestClient) -> None:
    body = client.get(f"/risk/{next(iter(builders.GRIDS))}").json()
    names = {*body, *body["risk"], *(name for case in body["cases"] for name in case)}
    assert not {name for name in names if "person" in name or "party" in name or "report" in name}
    dimensions = {f"{d}_name" for d in DIMENSIONS} | set(DIMENSIONS)
    assert set(body["cases"][0]) <= dimensions | {"case_id", "title", "accept_at", "weight"}


WRONG = [
    "/replay?measure=closed",
    "/replay?measure=",
    "/replay?pace=month",
    "/replay?pace=hour",
    "/replay?level=planet",
    "/replay?level=county",
    "/replay?measure=risk",
    "/replay?measure=risk&level=town",
    "/replay?planet=earth",
    "/replay?town=nowhere",
    "/replay?town=",
    "/replay?since=2026-03-02&until=2026-03-01",
    f"/replay?measure={'x' * 500}",
    "/risk?run=h61_reported_none",
    "/risk?run=h60-reported-none",
    f"/risk?run={'x' * 65}",
    f"/risk/{next(iter(builders.GRIDS))}?run=nope",
    "/risk/nowhere",
    "/risk/%00",
    "/risk/' or 1=1",
]


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_request_gets_4xx_with_words(any_client: TestClient, url: str) -> None:
    answer = any_client.get(url)
    assert answer.status_code == (404 if url.startswith("/risk/") and "run=" not in url else 400), answer.text[:200][
        :200
    ]
    assert answer.json()["error"]


def test_a_replay_that_is_too_long_says_what_to_choose(any_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.replay.MOST_VALUES", 12 * 7)
    until = builders.AS_OF.date() + timedelta(days=1)
    fits, long = (f"/replay?level=grid&since={until - timedelta(days=n)}" for n in (7, 8))
    assert any_client.get(fits).status_code == 200
    answer = any_client.get(long)
    assert (answer.status_code, "改为逐周" in answer.json()["error"]) == (400, True)
    assert any_client.get(long + "&pace=week").status_code == 200


def test_nothing_in_a_parameter_makes_the_server_fail(any_client: TestClient) -> None:
    chance = Random(5)
    days = [date(1, 1, 1), date(1990, 1, 1), date(2026, 2, 28), date(2099, 12, 31), date(9999, 12, 31)]
    odd = [
        "",
        " ",
        "\x00",
        "\ud7ff",
        "💥" * 9,
        "' or 1=1 --",
        "%25",
        "-1",
        "1e9",
        "None",
        "nan",
        "../x",
        "a" * 400,
        "风险",
    ]
    good = {
        "measure": ["open", "accepted", "overdue_open", "risk"],
        "pace": ["day", "week"],
        "level": ["town", "village", "grid"],
        "since": [str(day) for day in days],
        "until": [str(day) for day in days],
        "kind": ["C"],
        "grid": list(builders.GRIDS)[:2],
        "run": ["h30_all_none"],
    }
    statuses = set()
    for number in range(300):
        names = chance.sample(list(good), chance.randint(0, 5))
        asked = {name: chance.choice(odd if chance.random() < 0.2 else good[name]) for name in names}
        where = chance.choice(["/replay", "/replay", "/risk", "/risk/x", f"/risk/{good['grid'][0]}"])
        answer = any_client.get(where, params=asked)
        assert answer.status_code in (200, 400, 404), (number, where, asked, answer.text[:200])
        statuses.add(answer.status_code)
    assert statuses == {200, 400, 404}


def test_the_routes_are_described(any_client: TestClient) -> None:
    paths = any_client.get("/openapi.json").json()["paths"]
    names = {part["name"] for part in paths["/replay"]["get"]["parameters"]}
    assert {"measure", "pace", "level", "since", "until", *DIMENSIONS} <= names
    assert {part["name"] for part in paths["/risk/{grid}"]["get"]["parameters"]} == {"grid", "run"}
    for path in ("/replay", "/risk", "/risk/{grid}"):
        described = paths[path]["get"]
        assert described["summary"] and {"200", "400"} <= set(described["responses"])
    assert "404" in paths["/risk/{grid}"]["get"]["responses"]
