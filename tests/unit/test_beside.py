"""Do tables stand beside another span as the address says: like with like, the same in page, API and file?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.ask import Ask
from dashboard.comparison.change import STILL_CHANGES, Change, change, in_a_word
from dashboard.comparison.earlier import as_shown, beside, numbers_in
from dashboard.comparison.spans import Span
from dashboard.components import moved
from dashboard.components.measure import cells
from dashboard.explore.cut import BY_TIME, cut
from dashboard.filters import Filters, parse
from dashboard.metrics.catalog import BY_KEY, METRICS
from dashboard.metrics.values import Value
from dashboard.page import prop
from dashboard.pages import departments
from dashboard.server import create
from dashboard.warehouse import Warehouse
from tests.builders import demo_county

KEYS = ("accepted", "on_time_rate", "closure_rate")
LATER = (
    "closed_by_now",
    "loop_step",
    "sent_right",
    "assisted",
    "supervised",
    "returned",
    "reopened_soon",
    "'late'",
    "'missed'",
    " status = 'overdue'",
)
"""What the ledger says of a row that may still become otherwise after the row's own time."""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with demo_county(tmp_path_factory.mktemp("beside"), cases=1500, seed=5) as found:
        yield found


@pytest.fixture(scope="module")
def ask(county: Warehouse) -> Iterator[Ask]:
    with county.lease() as found:
        yield found


@pytest.fixture(scope="module")
def client(county: Warehouse) -> Iterator[TestClient]:
    with TestClient(create(county.path)) as session:
        yield session


def running(ask: Ask, days: int = 60, **more: Any) -> Filters:
    """The last so many days, up to the data."""
    last = ask.info.as_of.date() + timedelta(days=1)
    return Filters(since=last - timedelta(days=days), until=last, **more)


# --- what is compared ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wish", "word"), [("previous", "环比"), ("year", "同比")])
def test_the_other_span_is_asked_by_the_same_groups_to_the_same_moment(ask: Ask, wish: str, word: str) -> None:
    filters = running(ask, against=wish)
    found = beside(ask, KEYS, filters, by=("department",))
    assert found is not None and found.span is not None and found.word == word
    assert found.span.at is not None and found.span.at.time() == ask.info.as_of.time()
    again = numbers_in(ask, KEYS, filters, found.span, by=("department",))
    assert again is not None and any(row.values["accepted"].value for row in again.rows)
    for row in again.rows:
        for key in KEYS:
            assert found.before(key, row.codes) == row.values[key]
    whole = beside(ask, KEYS, filters)
    assert whole is not None and whole.before("accepted", ()).value == sum(
        row.values["accepted"].value or 0 for row in again.rows
    )
    assert found.before("accepted", ("nowhere",)) == Value(0)


def test_nothing_is_compared_unless_asked_or_usual(ask: Ask) -> None:
    filters = running(ask)
    assert beside(ask, KEYS, filters, usual="none") is None
    assert beside(ask, KEYS, filters.replace(against="none")) is None
    usual = beside(ask, KEYS, filters)
    assert usual is not None and usual.word == "环比"
    assert beside(ask, KEYS, as_shown(filters), usual="none") == usual
    assert beside(ask, KEYS, filters, by=("month", "town")) is None


def test_without_a_beginning_or_before_the_data_there_is_no_data_to_compare(ask: Ask) -> None:
    open_ended = beside(ask, KEYS, Filters(), by=("town",))
    assert open_ended is not None and open_ended.span is None
    first = ask.first_day
    assert first is not None
    early = beside(ask, KEYS, Filters(since=first, until=first + timedelta(days=30)), by=("town",))
    assert early is not None and early.span is not None
    for found in (open_ended, early):
        said = found.change("accepted", Value(5), ("X",))
        assert said is not None and (said.direction, in_a_word(said)) == ("none", "无数据")


def test_an_unknown_comparison_is_left_out_and_said() -> None:
    read = parse("against=lastcentury")
    assert read.filters.against == "" and "对比" in read.notes[0]


# --- what cannot be compared --------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.key)
def test_a_metric_matures_exactly_if_its_rows_may_still_become_otherwise(metric: Any) -> None:
    shared = f"{metric.among or metric.events}"
    counted = metric.of.replace(metric.among, "") if metric.among else metric.of
    later = any(word in counted for word in LATER) or metric.hours in ("handle_hours", "callback_hours")
    # A callback comes after the closing; where it is in numerator and denominator alike, its lateness cancels out.
    later = later or ("rating is not null" in counted and "rating" not in shared)
    assert metric.matures == later


def test_what_still_changes_is_never_better_or_worse() -> None:
    for key in ("closure_rate", "reopen_rate", "wuhua_due_soon"):
        now, before = Value(0.5, 500, 1000), Value(0.9, 900, 1000)
        assert change(BY_KEY[key], now, before) is STILL_CHANGES
    assert in_a_word(STILL_CHANGES) == "还在变，不可比"


# --- how it is shown ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "shown", "said", "word"),
    [
        (None, "", "环比 样本不足", "样本不足"),
        (Change("none", "plain", "无数据"), "", "环比 无数据", "无数据"),
        (Change("flat", "plain", "+1（+1.0%）", "100 件"), "", "环比 持平（+1（+1.0%）），对比期 100 件", "持平"),
        (Change("up", "worse", "+40（+8.1%）", "9 件"), "▲ +40", "环比 +40（+8.1%）变差，对比期 9 件", "上升，变差"),
        (Change("down", "worse", "−1.4 个百分点", "97%"), "▼ −1.4", "环比 −1.4 个百分点变差，对比期 97%", "下降，变差"),
    ],
)
def test_a_change_in_a_cell_on_hover_and_in_a_file(found: Change | None, shown: str, said: str, word: str) -> None:
    assert (moved.short(found), moved.sentence("环比", found), in_a_word(found)) == (shown, said, word)


def test_the_table_of_departments_shows_the_change_under_the_number(ask: Ask) -> None:
    filters = running(ask, days=200)
    model = departments.load_table(ask, filters)
    drawn = {prop(target): value for target, value in departments.view_table(model).items()}
    options = drawn[("departments-grid", "dashGridOptions")]
    assert options["rowHeight"] == 44 and "环比" in options["pinnedTopRowData"][0]["accepted"]["title"]
    rows = drawn[("departments-grid", "rowData")]
    assert all("moved" in row["accepted"] and "环比" in row["on_time_rate"]["title"] for row in rows)
    assert all(row["closure_rate"]["moved"] == "" and "不可比" in row["closure_rate"]["title"] for row in rows)
    plain = departments.view_table(departments.load_table(ask, filters.replace(against="none")))
    assert plain[("departments-grid", "dashGridOptions")]["rowHeight"] == 30
    assert "moved" not in plain[("departments-grid", "rowData")][0]["accepted"]


def test_cells_without_a_comparison_are_as_they_were() -> None:
    values = {"accepted": Value(3)}
    assert moved.cells(cells(values), values, None, ("A",)) == cells(values)


def test_the_analysis_says_why_it_does_not_compare_by_time(ask: Ask) -> None:
    model = cut(ask, running(ask, against="year", groups="month"))
    assert model.beside is None and BY_TIME in model.notes
    assert cut(ask, running(ask, against="year", groups="town")).beside is not None
    assert BY_TIME not in cut(ask, running(ask, against="none", groups="month")).notes


# --- the same in API and file -------------------------------------------------------------------------------------


def test_api_and_file_give_what_the_page_compares_with(ask: Ask, client: TestClient) -> None:
    filters = running(ask, days=120, against="previous")
    found = beside(ask, KEYS, filters, by=("town",))
    assert found is not None and isinstance(found.span, Span)
    query = f"{filters.to_query()}&metrics={','.join(KEYS)}&by=town"
    said = client.get(f"/api/v1/query?{query}").json()
    assert said["against"]["name"] == "环比" and said["against"]["since"] == found.span.since.isoformat()
    lines = list(
        csv.DictReader(io.StringIO(client.get(f"/api/v1/export?format=csv&{query}").content.decode("utf-8-sig")))
    )
    assert len(lines) == len(said["rows"])
    for row, line in zip(said["rows"], lines, strict=True):
        before, rate = found.before("accepted", (row["town"],)), found.before("on_time_rate", (row["town"],))
        assert row["accepted_before"] == before.value
        assert line["受理量·环比对比期"] == ("" if before.value is None else str(int(before.value)))
        assert line["按时办结率·环比对比期·分母 N"] == str(rate.N)
        now = Value(row["accepted"])
        word = in_a_word(found.change("accepted", now, (row["town"],)))
        assert row["accepted_moved"] == line["受理量·环比变化"] == word
        assert line["办结率·环比变化"] == "还在变，不可比"


def test_without_a_wish_api_and_file_compare_nothing(client: TestClient, ask: Ask) -> None:
    query = f"{running(ask).to_query()}&metrics=accepted&by=town"
    said = client.get(f"/api/v1/query?{query}").json()
    assert "against" not in said and set(said["rows"][0]) <= {"town", "town_name", "accepted"}
    assert "环比" not in client.get(f"/api/v1/export?format=csv&{query}").content.decode("utf-8-sig").splitlines()[0]
    assert client.get(f"/api/v1/query?{query}&against=always").status_code == 400


def test_chosen_columns_bring_their_comparison(client: TestClient, ask: Ask) -> None:
    query = f"{running(ask, against='year').to_query()}&metrics=accepted,closed&by=town&columns=town,closed"
    head = client.get(f"/api/v1/export?format=csv&{query}").content.decode("utf-8-sig").splitlines()[0]
    assert "办结量·同比对比期" in head and "办结量·同比变化" in head and "受理量" not in head


def test_what_the_page_offers_repeats_its_comparison(client: TestClient, ask: Ask) -> None:
    query = f"{running(ask).to_query()}&format=csv&view=/departments"
    offers = client.get(f"/api/v1/export/offers?{query}").json()["offers"]
    table = next(offer for offer in offers if offer["label"] == "部门一览")
    assert all("against=previous" in file["query"] for file in table["files"])
