"""T-05, H-30: does anything the server hands out tell more of people than the published cells do?

Everything is fetched: all groupings, spans, towns, some villages, as JSON, in all file formats, and from the page.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest
from dash.development.base_component import Component
from starlette.testclient import TestClient

from dashboard.api import create_api
from dashboard.ask import Ask
from dashboard.care import GROUPS, METRICS, SPANS
from dashboard.care_api import add_care
from dashboard.export.content import unguarded
from dashboard.filters import Filters
from dashboard.metrics.disclosure import DUE, publish
from dashboard.metrics.values import Value
from dashboard.pages import definitions
from dashboard.pages.care import PAGE
from dashboard.stamps import Stamps
from tests import builders
from tests.care_oracle import Cells, Fact, answer, truth
from tests.security.test_disclosure import RULES, blocks, deduced

BY = [(), *((g,) for g in GROUPS), *((a, b) for a, b in product(GROUPS, GROUPS) if a != b)]
BY = [by for by in BY if not {"town", "village"} <= set(by)]


@dataclass
class County:
    ask: Ask
    api: TestClient
    facts: list[Fact]
    cells: Cells

    @property
    def towns(self) -> list[str]:
        return list(self.ask.vocabulary["town"])

    @property
    def groups(self) -> list[str]:
        return list(self.ask.care.care_groups)

    def villages(self, town: str = "") -> list[str]:
        own = {v: t for v, (village, t) in self.ask.parents.items() if v == village}
        return [village for village, of in own.items() if not town or of == town]

    def fetch(self, by: tuple[str, ...] = (), *, months: int = 12, **places: Any) -> list[dict[str, Any]]:
        said = self.api.get("/care", params={"by": ",".join(by), "months": months, **places})
        assert said.status_code == 200, said.text
        return list(said.json()["rows"])


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """The demo county of 3,000 cases."""
    with builders.demo_county(tmp_path_factory.mktemp("care"), cases=3000, seed=7) as door, door.lease() as ask:
        api = create_api(door, "build-1")
        add_care(api, door, stamps=Stamps("build-1"))
        rows = ask.database.rows("select village, care_group, month, visits_due, visits_done from mart.fact_visit_stat")
        facts = [Fact(ask.parents[village][1], village, *rest) for village, *rest in rows]
        cells = {key: (pair.due, pair.done) for key, pair in ask.care._cube._cells.items()}
        with TestClient(api, raise_server_exceptions=False) as session:
            yield County(ask, session, facts, cells)


def test_t05_no_published_cell_of_the_demo_county_is_the_only_one_possible(county: County) -> None:
    months = sorted({fact.month for fact in county.facts})[-12:]
    rows = [
        (f.town, f.village, f.group, f.month, f.due, f.done)
        for f in sorted(county.facts, key=lambda f: (f.month, f.group, f.town))
        if f.month in months
    ]
    hidden = 0
    for block in blocks(rows):
        publish(block, RULES)
        for village, bounds in deduced(block):
            counts = np.array([village.done, village.due - village.done, village.due])
            protected = (counts > 0) & (counts < RULES.threshold)
            assert (bounds[0] <= counts).all() and (counts <= bounds[1]).all()
            assert (bounds[1] > bounds[0])[protected].all()
            hidden += bool(protected[DUE])
    assert hidden > 5000


def test_t05_cells_are_hidden_exactly_where_they_are_few_and_near_the_truth_elsewhere(county: County) -> None:
    true: dict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0, 0])
    for fact in county.facts:
        for place in (fact.village, fact.town, ""):
            true[place, fact.group, fact.month][0] += fact.due
            true[place, fact.group, fact.month][1] += fact.done
    villages = set(county.villages())
    for key, (due, done) in county.cells.items():
        counts = true[key]
        if key[0] in villages:
            assert (due.state == "hidden") == (0 < counts[0] < 5), key
        for value, count in zip((due, done), counts, strict=True):
            if value.state == "hidden":
                assert count < value.below
            else:
                assert value.value is not None and value.value % 5 == 0 and abs(value.value - count) <= 7
                assert not 0 < count < 5 or key[0] not in villages


def places_of(county: County, said: dict[str, Any], wanted: dict[str, list[str]]) -> list[str]:
    """The cells a row is made of, by the rules of the page."""
    if "village" in said:
        return [said["village"]]
    if "village" in wanted:
        return [v for v in wanted["village"] if "town" not in said or v in county.villages(said["town"])]
    if "town" in said:
        return [said["town"]]
    return wanted.get("town", [""])


def wishes(county: County) -> list[dict[str, list[str]]]:
    towns = county.towns
    villages = county.villages(towns[0])
    return [
        {},
        *({"town": [town]} for town in towns),
        {"town": towns[:2]},
        {"village": villages[:1]},
        {"village": villages[:3]},
    ]


@pytest.mark.parametrize("months", SPANS)
def test_h30_every_answer_is_made_of_the_published_cells(county: County, months: int) -> None:
    """So no filter, no total and no two spans hold anything to subtract from each other but the cells themselves."""
    last = county.ask.info.as_of.date().replace(day=1)
    span = [m for m in sorted({fact.month for fact in county.facts}) if m <= last][-months:]
    seen = 0
    for by, wanted in product(BY, wishes(county)):
        if "village" in by and not wanted:
            continue
        for row in county.fetch(by, months=months, **wanted):
            places = places_of(county, row, wanted)
            groups = [row["care_group"]] if "care_group" in row else county.groups
            own = [date.fromisoformat(row["month"])] if "month" in row else span
            for key, value in zip(METRICS, answer(county.cells, places, groups, own), strict=True):
                assert (row[key]["value"], row[key]["state"]) == (value.value, value.state), (by, wanted, row)
                assert (row[key].get("n"), row[key].get("N")) == (value.n, value.N)
                seen += 1
    assert seen > 1000


@pytest.mark.parametrize("wish", ["since=2026-10-02", "until=2026-10-30", "months=2", "months=11", "grid=x", "kind=D"])
def test_h30_no_other_span_and_no_finer_filter_can_be_asked_for(county: County, wish: str) -> None:
    said = county.api.get(f"/care?{wish}")
    assert said.status_code == 400 and said.json()["error"]


def test_h30_a_cell_is_the_same_under_every_filter(county: County) -> None:
    rows = {row["town"]: row for row in county.fetch(("town",), months=1)}
    for town in county.towns:
        assert county.fetch(months=1, town=town)[0] == {key: rows[town][key] for key in METRICS}
        (own,) = county.fetch(("town",), months=1, town=town)
        assert own == rows[town]


def test_the_true_numbers_are_near(county: County) -> None:
    """What is protected is still true: the county's months within 3 %, twelve months of them within 1 %."""
    for row in county.fetch(("month",)):
        due, done = truth(county.facts, month={date.fromisoformat(row["month"])})
        assert row["care_due"]["value"] == pytest.approx(due, rel=0.03)
        assert row["care_done"]["value"] == pytest.approx(done, rel=0.03)
    months = {date.fromisoformat(row["month"]) for row in county.fetch(("month",))}
    due, done = truth(county.facts, month=months)
    (whole,) = county.fetch()
    assert whole["care_coverage"]["value"] == pytest.approx(done / due, abs=0.01)


# --- panel = 看数据 = API = export --------------------------------------------------------------------------------


def exported(county: County, form: str, by: str, months: int, town: str) -> list[dict[str, Any]]:
    said = county.api.get("/care", params={"by": by, "months": months, "format": form, "town": town})
    assert said.status_code == 200
    if form == "parquet":
        return list(pq.read_table(io.BytesIO(said.content)).to_pylist())
    if form == "geojson":
        return [feature["properties"] for feature in json.loads(said.content)["features"]]
    keys = list(exported(county, "parquet", by, months, town)[0])
    if form == "csv":
        lines = [list(map(unguarded, line)) for line in csv.reader(io.StringIO(said.content.decode("utf-8-sig")))]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(said.content))["数据"]
        lines = [["" if c is None else str(c) for c in row] for row in sheet.iter_rows(values_only=True)]
    return [dict(zip(keys, line, strict=True)) for line in lines[1:]]


def plain(value: Any) -> str:
    return "" if value in (None, "") else f"{float(value):.9g}"


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "geojson"])
def test_t05_a_file_says_what_the_api_says(county: County, form: str) -> None:
    town = county.towns[0]
    told = county.fetch(("village", "care_group"), months=3, town=town)
    found = exported(county, form, "village,care_group", 3, town)
    assert len(found) == len(told) > 50
    states = {"ok": "正常", "small": "样本不足", "none": "无数据", "hidden": "人数过少，不列出"}
    for row, truth_row in zip(found, told, strict=True):
        assert row["village"] == truth_row["village"]
        for key in METRICS:
            value = truth_row[key]
            assert plain(row[key]) == plain(value["value"])
            assert (row[f"{key}_state"], row[f"{key}_shown"]) == (states[value["state"]], value["shown"])
    assert {row["care_due_state"] for row in found} >= {"正常", "人数过少，不列出"}


def shown(drawn: Any) -> Iterator[dict[str, str]]:
    """Every number in a tree of components and grid rows: metric, state, value, by, code."""
    if isinstance(drawn, Component):
        own = drawn.to_plotly_json()["props"]
        if "data-care" in own:
            yield {key.removeprefix("data-"): said for key, said in own.items() if key.startswith("data-")}
        drawn = list(own.values())
    if isinstance(drawn, dict):
        for key, part in drawn.items():
            if isinstance(part, dict) and {"state", "value", "text"} <= part.keys():
                yield {"care": key if key in METRICS else "care_due", **part}
            else:
                yield from shown(part)
    elif isinstance(drawn, (list, tuple)):
        for part in drawn:
            yield from shown(part)


@pytest.mark.parametrize("places", ["", "town"])
def test_t05_the_page_its_hover_and_its_table_say_what_the_api_says(county: County, places: str) -> None:
    as_of, town = county.ask.info.as_of.date(), county.towns[0] if places else ""
    filters = Filters(since=as_of.replace(day=1), town=(town,) if town else ())
    wanted = {"town": town} if town else {}
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for by in ((), ("care_group",), ("town",), ("village",), ("town", "care_group"), ("village", "care_group")):
        for row in county.fetch(by, months=1, **wanted):
            told[",".join(by), ",".join(row[group] for group in by)] = row
    drawn = {panel.id: panel.view(panel.load(county.ask, filters)) for panel in PAGE.panels}
    marks = list(shown(list(drawn.values())))
    assert len(marks) > 100
    for mark in marks:
        value = told[mark.get("by", ""), mark.get("code", "")][mark["care"]]
        assert mark["state"] == value["state"]
        assert plain(mark["value"]) == plain(value["value"])
        if "text" in mark and value["state"] == "hidden":
            assert mark["text"] in ("<5", "不列出") and mark["title"].endswith("人数过少，不列出")
    figure = drawn["caretrend"]["care-trend", "figure"]
    table = figure.layout.meta["rows"]
    for row, line in zip(county.fetch(("month",), **wanted), table, strict=True):
        said = [row[key]["value"] for key in ("care_due", "care_done")]
        assert line[1:] == [f"{int(v):,}" if v is not None else "人数过少，不列出" for v in said]
    drawn_points = {(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    api = {
        (row["month"], row[key]["value"])
        for row in county.fetch(("month",), **wanted)
        for key in ("care_due", "care_done")
    }
    assert drawn_points == api


def test_a_hidden_count_leaves_nothing_of_itself_on_the_page(county: County) -> None:
    filters = Filters(since=county.ask.info.as_of.date().replace(day=1), town=(county.towns[0],))
    drawn = [panel.view(panel.load(county.ask, filters)) for panel in PAGE.panels]
    hidden = [mark for mark in shown(drawn) if mark["state"] == "hidden"]
    assert len(hidden) > 20
    for mark in hidden:
        assert mark["value"] == "" and "n" not in mark and "total" not in mark


def test_t05_the_page_of_definitions_gives_no_number_of_rows_of_persons(county: County) -> None:
    """A file may be one village's month: how many rows it has is how many people were due."""
    loads = county.ask.loads()
    persons = [row for row in loads if row["source"] == "care_visits"]
    assert len(persons) == 3 and len(loads) > 10
    for row in persons:
        assert {row[key] for key in ("rows_in", "loaded", "aggregated", "quarantined", "duplicates")} == {None}
    exact = county.ask.database.rows(
        "select aggregated, rows_in from mart.fact_source_file where source = 'care_visits'"
    )
    page = str(definitions.view_loads(definitions.load(county.ask, Filters())))
    for number in {f"{int(n):,}" for row in exact for n in row} | {f"{sum(r[0] for r in exact):,}"}:
        assert f"'{number}'" not in page
    assert page.count("'不列出'") == 20  # the source, and each of its three files: five numbers


def test_a_month_without_data_is_no_data_and_not_nobody() -> None:
    assert answer({}, [""], ["C1"], [date(2026, 1, 1)])[0] == Value(None, state="none")
