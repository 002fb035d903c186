"""Is a file what the screen says? The same totals and the same checksum in every format, for any question."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dashboard.ask import Ask
from dashboard.export.asked import FORMATS, export_address
from dashboard.export_request import OWN_KEYS
from dashboard.filters import DIMENSIONS, Filters
from dashboard.metrics.catalog import METRICS
from dashboard.metrics.query import GROUPS
from tests.export_files import READERS, check_metric, checksum

QUESTIONS = 12
LAST = date(2026, 10, 31)


@pytest.fixture
def client(exporting: TestClient) -> TestClient:
    return exporting


@pytest.fixture
def ask(exported: Ask) -> Ask:
    return exported


def draw(number: int, ask: Ask) -> tuple[Filters, tuple[str, ...], tuple[str, ...]]:
    """A question by its number: filters, metrics, groups with a place among them."""
    dice = random.Random(number)
    since = LAST - timedelta(days=dice.randrange(1, 120))
    period = {} if dice.random() < 0.1 else {"since": since, "until": since + timedelta(days=dice.randrange(1, 40))}
    chosen = {
        d: tuple(dice.sample(list(ask.vocabulary[d]), k=min(len(ask.vocabulary[d]), dice.randrange(1, 4))))
        for d in dice.sample(list(DIMENSIONS), k=dice.choice([0, 0, 1, 1, 2]))
        if ask.vocabulary[d]
    }
    metrics = tuple(dice.sample([m.key for m in METRICS], k=3))
    place = dice.choice(["town", "town", "village", "grid"])
    other = dice.choice(["month", *(d for d in DIMENSIONS if d not in ("village", "grid", "town"))])
    by = tuple(dice.sample([place, other], k=2)) if place == "town" else (place,)
    return Filters().replace(**period, **chosen), ("accepted", *metrics), by


def test_the_questions_ask_for_something(ask: Ask) -> None:
    counts = [sum(ask.place_states(draw(number, ask)[0]).values()) for number in range(QUESTIONS)]
    assert sum(count > 0 for count in counts) > QUESTIONS / 2
    assert len(set(counts)) > QUESTIONS / 2
    assert set(ask.place_states(Filters())) >= {"point", "no_point", "no_grid"}


def fetch(client: TestClient, address: str) -> Any:
    got = client.get(address.removeprefix("/api/v1"))
    assert got.status_code == 200, f"{address}: {got.text[:300]}"
    return got


@pytest.mark.parametrize("number", range(QUESTIONS))
def test_every_file_holds_the_cases_that_the_screen_counts(client: TestClient, ask: Ask, number: int) -> None:
    query = draw(number, ask)[0].to_query()
    accepted = fetch(client, f"/query?metrics=accepted&{query}").json()["rows"][0]["accepted"]
    ids = {}
    for form in ("csv", "xlsx", "parquet"):
        found = READERS[form](fetch(client, export_address(query, format=form)).content)
        ids[form] = found.column("事项编号")
        assert (len(found.rows), len(set(ids[form]))) == (accepted, accepted), form
        assert not found.about or str(accepted) == str(found.about.get("rows", found.about.get("行数")))
    assert ids["csv"] == ids["xlsx"] == ids["parquet"]
    said = fetch(client, export_address(query, format="geojson")).json()
    assert len(said["features"]) + said["not_on_map"]["cases"] == accepted
    assert sum(part["cases"] for part in said["not_on_map"]["by_place"]) == said["not_on_map"]["cases"]


@pytest.mark.parametrize("number", range(QUESTIONS))
def test_every_file_holds_the_numbers_of_the_query(client: TestClient, ask: Ask, number: int) -> None:
    filters, metrics, by = draw(number, ask)
    query = filters.to_query()
    rows = fetch(client, f"/query?metrics={','.join(metrics)}&by={','.join(by)}&{query}").json()["rows"]
    for form in FORMATS:
        found = READERS[form](fetch(client, export_address(query, format=form, metrics=metrics, by=by)).content)
        assert len(found.rows) == len(rows), form
        for metric in [m for m in METRICS if m.key in metrics]:
            check_metric(found, metric.name, [row[metric.key] for row in rows], form)


@pytest.mark.parametrize("number", range(0, QUESTIONS, 6))
@pytest.mark.parametrize("form", FORMATS)
def test_the_checksum_can_be_made_again_from_the_file(client: TestClient, ask: Ask, form: str, number: int) -> None:
    filters, metrics, by = draw(number, ask)
    for wish in ({}, {"metrics": metrics, "by": by}):
        address = export_address(filters.to_query(), format=form, **wish)  # type: ignore[arg-type]
        got = fetch(client, address)
        about = fetch(client, address.replace("/export?", "/export/about?")).json()
        found = READERS[form](got.content)
        assert checksum(found, about["columns"]) == about["sha256"], address
        assert found.about.get("sha256", found.about.get("SHA-256", about["sha256"])) == about["sha256"]


def test_points_and_polygons_are_those_of_the_map(client: TestClient, ask: Ask) -> None:
    said = fetch(client, export_address("", format="geojson")).json()
    points = {case["case_id"]: [case["lon"], case["lat"]] for case in ask.points(Filters())}
    assert {f["properties"]["case_id"]: f["geometry"]["coordinates"] for f in said["features"]} == points
    said = fetch(client, export_address("", format="geojson", metrics=("accepted",), by=("town", "village"))).json()
    shapes = {f["id"]: f["geometry"] for f in ask.geometry("village")["features"]}
    drawn = {f["properties"]["village"]: f["geometry"] for f in said["features"] if f["geometry"]}
    assert drawn == {code: shapes[code] for code in drawn}
    assert set(drawn) == set(shapes)
    lost = [f for f in said["features"] if not f["geometry"]]
    assert (len(lost), {f["properties"]["village"] in shapes for f in lost}) == (said["not_on_map"]["rows"], {False})


def test_each_code_stands_beside_its_word(client: TestClient, ask: Ask) -> None:
    found = READERS["csv"](fetch(client, export_address("", format="csv")).content)
    words: dict[str, dict[str, str]] = {DIMENSIONS[d]: dict(ask.vocabulary[d]) for d in DIMENSIONS}
    codes = ask._db.rows("select code_set, code, label from mart.dim_code")
    for name, code_set in {"督办": "supervision", "办结方式": "close_type", "原事项类型": "kind"}.items():
        words[name] = {code: label for owner, code, label in codes if owner == code_set}
    for name, known in words.items():
        pairs = set(zip(found.column(f"{name}代码"), found.column(name), strict=True)) - {("", "")}
        assert pairs, name
        assert pairs <= set(known.items()), name


TEXTS = st.text(max_size=70) | st.sampled_from(["", " ", "-1", "1e400", "=1+1", "/etc/passwd", "csv", "\x00", "😀"])
WORDS = TEXTS | st.sampled_from([*FORMATS, *GROUPS, *(m.key for m in METRICS), "newest", "/map", "2026-09-01"])
KEYS = st.sampled_from([*OWN_KEYS, "since", "until", *DIMENSIONS]) | TEXTS
ROUTES = ["export", "export/about", "export/offers"]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(KEYS, WORDS), max_size=5),
    st.sampled_from(FORMATS),
    st.sampled_from(ROUTES),
)
def test_no_words_in_the_address_make_the_server_fail(
    client: TestClient, pairs: list[tuple[str, str]], form: str, route: str
) -> None:
    got = client.get(f"/{route}", params=[("format", form), *pairs])
    assert got.status_code in (200, 400), got.text
    assert got.status_code == 200 or got.json()["error"]
