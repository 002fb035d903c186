"""Does the API answer good requests with the numbers, and every wrong one with 4xx and words?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard import api
from dashboard.api import create_api
from dashboard.ask import FILL_LIMIT, Answer, Ask
from dashboard.filters import DIMENSIONS, parse
from dashboard.metrics.catalog import METRICS
from dashboard.warehouse import open_warehouse
from tests import builders


@pytest.fixture(scope="module")
def client(small_county: Path) -> Iterator[TestClient]:
    door = open_warehouse(small_county)
    api = create_api(door, "build-1")
    with TestClient(api, raise_server_exceptions=False) as session:
        yield session
    door.close()


def test_the_catalogue_is_told_with_groups_and_filters(client: TestClient) -> None:
    said = client.get("/metrics").json()
    assert [m["key"] for m in said["metrics"]] == [m.key for m in METRICS]
    assert {"since", "until", *DIMENSIONS} == set(said["filters"])
    assert {"day", "week", "month", "town", "village", "grid", "department", "kind", "channel"} <= set(said["groups"])


def test_a_query_answers_in_the_shape_of_the_issue(client: TestClient) -> None:
    said = client.get(
        "/query", params={"metrics": "accepted,on_time_rate", "by": "department", "since": "2026-01-01"}
    ).json()
    assert said.keys() == {"snapshot", "as_of", "filters", "rows"}
    assert said["filters"] == {"since": "2026-01-01"}
    for row in said["rows"]:
        assert {"department", "accepted", "on_time_rate"} <= row.keys()
        assert {"value", "n", "N"} <= row["on_time_rate"].keys()


@pytest.mark.parametrize(
    "query",
    ["", "since=2026-03-01&until=2026-03-08", "kind=C&kind=D", "town=990108100&severity=general", "status=closed"],
)
@pytest.mark.parametrize("by", ["", "week", "town,kind"])
def test_the_api_says_what_ask_says_for_the_same_filters(
    client: TestClient, small_county: Path, query: str, by: str
) -> None:
    keys = [m.key for m in METRICS]
    said = client.get(f"/query?metrics={','.join(keys)}&by={by}&{query}").json()
    with builders.asking(small_county) as ask:
        rows = ask.numbers(
            keys, by=tuple(filter(None, by.split(","))), filters=parse(query, ask.vocabulary).filters
        ).rows
    assert len(said["rows"]) == len(rows)
    for got, row in zip(said["rows"], rows, strict=True):
        for key, value in row.values.items():
            shown = got[key]["value"] if isinstance(got[key], dict) else got[key]
            assert shown == value.value


def test_cases_come_in_pages_that_together_are_the_whole(client: TestClient) -> None:
    whole = client.get("/cases?limit=1000").json()
    pages = [client.get(f"/cases?limit=5&offset={n}").json()["rows"] for n in range(0, whole["total"], 5)]
    assert [row["case_id"] for page in pages for row in page] == [row["case_id"] for row in whole["rows"]]
    assert len(whole["rows"]) == whole["total"] > 5


def test_case_rows_hold_no_more_than_the_listed_columns(client: TestClient) -> None:
    dimensions = set(DIMENSIONS) | {"lon", "lat"}
    allowed = dimensions | {"case_id", "title", "accept_at", "due_at", "close_at", "overdue_hours"}
    row = client.get("/cases").json()["rows"][0]
    assert {name.removesuffix("_name") for name in row} <= allowed


def test_a_case_is_told_with_its_holders_steps_and_clocks(client: TestClient, small_county: Path) -> None:
    said = client.get("/cases/A1").json()
    with builders.asking(small_county) as ask:
        file = ask.case("A1")
    assert said.keys() >= {"snapshot", "as_of", "case", "steps", "spells", "assists", "pauses", "clocks"}
    assert [held["hours"] for held in said["holdings"]] == [held.hours for held in file.holdings] == [1, 29]
    assert [step["action"] for step in said["steps"]] == ["dispatch", "close"]
    assert (said["unowned_hours"], said["case"]["case_id"]) == (1, "A1")
    assert {clock["verdict"] for clock in said["clocks"]} <= {"met", "late"}


def test_an_unknown_case_is_404_and_a_bad_number_400(client: TestClient) -> None:
    assert [client.get(f"/cases/{number}").status_code for number in ("nope", "%0A")] == [404, 400]
    responses = client.get("/openapi.json").json()["paths"]["/cases/{case_id}"]["get"]["responses"]
    assert {"200", "400", "404"} <= responses.keys()


def test_who_may_not_see_cases_gets_403(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.api.may", lambda _right: False)
    answer = client.get("/cases/A1")
    assert (answer.status_code, answer.json()["error"]) == (403, "无权限查看事项")


def test_the_pulse_names_snapshot_time_and_build(client: TestClient) -> None:
    said = client.get("/pulse").json()
    assert (said["as_of"], said["build"]) == ("2026-03-14T08:00:00", "build-1")


def test_without_data_a_question_is_503_with_what_to_do(tmp_path: Path) -> None:
    with TestClient(create_api(open_warehouse(tmp_path), "b"), raise_server_exceptions=False) as nothing:
        answer = nothing.get("/query?metrics=accepted")
        assert (answer.status_code, "etl load" in answer.json()["error"]) == (503, True)


def test_there_is_a_description_of_the_api(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/metrics", "/query", "/cases", "/pulse"} <= paths.keys()
    names = {p["name"] for p in paths["/query"]["get"]["parameters"]}
    assert {"metrics", "by", "since", "until", *DIMENSIONS} <= names


WRONG = [
    "/query",
    "/query?metrics=",
    "/query?metrics=,,,",
    "/query?metrics=nope",
    "/query?metrics=accepted&by=planet",
    "/query?metrics=accepted&by=day,month",
    "/query?metrics=accepted&by=town,kind,level",
    "/query?metrics=accepted&since=yesterday",
    "/query?metrics=accepted&since=2026-02-30",
    "/query?metrics=accepted&since=2026-03-02&until=2026-03-01",
    "/query?metrics=accepted&town=nowhere",
    "/query?metrics=accepted&town=' OR 1=1--",
    "/query?metrics=accepted&kind=",
    "/query?metrics=accepted&kind=%25",
    "/query?metrics=accepted&planet=earth",
    f"/query?metrics={'accepted,' * 400}",
    f"/query?metrics=accepted&{'kind=C&' * 1200}",
    "/query?metrics=accepted&by=read_csv('/etc/passwd')",
    "/query?metrics=accepted&since=%00&until=%ff",
    "/cases?limit=0",
    "/cases?limit=-1",
    "/cases?limit=1000000000",
    "/cases?limit=NaN",
    "/cases?offset=-1",
    "/cases?offset=1e400",
    "/cases?offset=99999999999999999999999999",
    "/cases?order=case_id;drop",
    "/cases?order=(select 1)",
    "/cases?sort=x",
    "/cases/nope",
    "/cases/%20",
    "/cases/%00",
    f"/cases/{'9' * 65}",
    "/cases/A0'--",
    "/geometry/planet",
    "/geometry/..%2f..%2fetc",
    "/nowhere",
]


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_request_gets_4xx_with_words(client: TestClient, url: str) -> None:
    answer = client.get(url)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client: TestClient, method: str) -> None:
    answer = client.request(method, "/query?metrics=accepted", content=b"{")
    assert answer.status_code == 405
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "days",
    ["since=0001-01-01", "since=0001-01-01&until=0001-01-02", "since=2024-02-29", "since=9999-12-31",
     "until=0001-01-02", "until=9999-12-31", "since=2026-03-01&until=9999-12-31"],
)  # fmt: skip
@pytest.mark.parametrize("by", ["", "day", "week", "month", "overdue_age", "elapsed_bin", "grid,month"])
def test_no_span_of_days_makes_the_server_fail(client: TestClient, days: str, by: str) -> None:
    answer = client.get(f"/query?metrics=accepted,open,on_time_rate,overdue_open&by={by}&{days}")
    assert answer.status_code in (200, 400), answer.text
    json.loads(answer.content)


@pytest.mark.parametrize("url", ["/query?metrics=accepted&by=day&until=0001-01-01", "/cases?until=0001-01-01"])
def test_the_first_day_there_is_does_not_make_the_server_fail(client: TestClient, url: str) -> None:
    assert client.get(url).status_code in (200, 400)


def test_a_span_of_two_thousand_years_does_not_make_rows_without_end(client: TestClient) -> None:
    answer = client.get("/query?metrics=open&by=month&since=0001-01-01")
    assert answer.status_code == 400 or len(answer.json()["rows"]) <= FILL_LIMIT


def test_an_answer_of_too_many_numbers_is_refused_before_they_are_made(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def numbers(ask: Ask, metrics: Sequence[str], *, by: Sequence[str] = (), **more: Any) -> Answer:
        asked.append(len(metrics))
        return told(ask, metrics, by=by, **more)

    told = Ask.numbers
    two = "/query?metrics=open,accepted&by=town,kind"
    cells = 2 * len(client.get(two).json()["rows"])
    monkeypatch.setattr(Ask, "numbers", numbers)
    monkeypatch.setattr(api, "MAX_CELLS", cells)
    assert client.get(two).status_code == 200
    assert client.get(f"{two}&since=2026-01-01&against=year").status_code == 400
    monkeypatch.setattr(api, "MAX_CELLS", cells - 1)
    asked.clear()
    refused = client.get(two)
    assert (refused.status_code, asked) == (400, [1])
    assert "减少指标" in refused.json()["error"] and f"{cells - 1:,}" in refused.json()["error"]
    monkeypatch.setattr(api, "MAX_CELLS", 1)
    assert client.get("/query?metrics=accepted&by=town").status_code == 400
    assert client.get("/query?metrics=accepted").status_code == 200


def test_the_most_numbers_of_an_answer_are_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/query"]["get"]["description"]
    assert f"{api.MAX_CELLS:,}" in described
