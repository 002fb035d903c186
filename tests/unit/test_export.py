"""Does an exported file say what it is, keep to rights and limits, and answer to its name?"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any
from urllib.parse import quote, unquote
from urllib.request import Request

import openpyxl
import pytest
from starlette.testclient import TestClient

from dashboard.api import create_api
from dashboard.ask import CASE_ORDERS
from dashboard.export import about as about_file
from dashboard.export import xlsx_file
from dashboard.export.about import Stamp
from dashboard.export.asked import Asked, export_address
from dashboard.export.content import Block, Content, StoppedError
from dashboard.export.export import Export
from dashboard.export.names import disposition, file_name
from dashboard.export_api import add_export
from dashboard.filters import DIMENSIONS, Filters, parse
from dashboard.metrics.catalog import BY_KEY
from dashboard.server import create
from dashboard.stamps import Stamps
from dashboard.warehouse import open_warehouse
from etl.contract import TABLES
from tests import builders
from tests.export_files import READERS

AT = datetime(2026, 11, 1, 9, 30)


@pytest.fixture(scope="module")
def client(small_county: Path) -> Iterator[TestClient]:
    door = open_warehouse(small_county)
    api = create_api(door, "build-1")
    add_export(api, door, stamps=Stamps("build-1", lambda: AT))
    with TestClient(api, raise_server_exceptions=False) as session:
        yield session
    door.close()


# --- what a file says of itself -----------------------------------------------------------------------------------

QUERY = "since=2026-03-01&until=2026-03-06&kind=C&kind=D"


def test_a_csv_verifies_with_sha256sum_and_its_sidecar(client: TestClient) -> None:
    got = client.get(f"/export?format=csv&{QUERY}")
    link = got.headers["link"].partition(">")[0].removeprefix("</api/v1")
    about = client.get(link).json()
    assert hashlib.sha256(got.content).hexdigest() == about["sha256"]
    assert got.content.startswith(b"\xef\xbb\xbf" + "事项编号,标题,".encode())


def test_the_description_says_what_the_file_is(client: TestClient) -> None:
    about = client.get(f"/export/about?format=parquet&view=/map&{QUERY}").json()
    assert about["filters_in_words"] == "2026-03-01 至 2026-03-05 · 事项类型：矛盾、纠纷"
    assert about["view"] == f"/map?{QUERY}"
    assert (about["rows"], about["demo"], about["as_of"]) == (4, "演示数据", "2026-03-14T08:00:00")
    assert (about["build"], about["exported_at"]) == ("build-1", "2026-11-01T09:30:00")
    assert client.get(about["source"].removeprefix("/api/v1")).status_code == 200
    assert "metrics" not in about
    assert all(column["meaning"] and column["header"] for column in about["columns"])


def test_only_made_up_data_are_called_so(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        ask.__dict__["info"] = replace(ask.info, is_demo=False)
        asked = Asked(format="xlsx", filters=Filters())
        about = Export(ask, asked, stamp=Stamp("b"), sees_cases=True).describe()
    assert about["demo"] == ""
    assert "数据性质" not in {line[0] for line in about_file.sheet(about) if line}


def test_the_second_sheet_says_the_same(client: TestClient) -> None:
    asked = f"format=xlsx&metrics=closure_rate,handling_hours_median&by=town&{QUERY}"
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/export?{asked}").content))
    about = client.get(f"/export/about?{asked}").json()
    lines = [[cell for cell in row if cell is not None] for row in book["说明"].iter_rows(values_only=True)]
    said = {line[0]: line[1:] for line in lines if line}
    assert book.sheetnames == ["数据", "说明"]
    assert said["筛选条件"] == [about["filters_in_words"]]
    assert (said["数据截至"], said["SHA-256"], said["行数"]) == (["2026-03-14 08:00:00"], [about["sha256"]], ["3"])
    rate = BY_KEY["closure_rate"]
    assert [rate.name, rate.meaning, rate.formula, rate.clock, "%", "10", rate.guard, rate.key] in lines


def test_nothing_none_and_too_few_are_three_words(client: TestClient) -> None:
    """Two towns with cases, one without: 4 of 8 cases are too few, none is no data, a count of none is 0."""
    found = READERS["csv"](client.get("/export?format=csv&metrics=accepted,closure_rate&by=town").content)
    assert found.column("受理量") == ["4", "4", "0"]
    assert found.column("办结率·状态") == ["样本不足", "样本不足", "无数据"]
    assert found.column("办结率") == ["0.5", "0.5", ""]


def test_without_any_condition_the_view_is_opened_with_all_time(client: TestClient) -> None:
    view = client.get("/export/about?format=csv").json()["view"]
    path, _, query = view.partition("?")
    assert path == "/"
    assert query
    assert parse(query).filters.without_view() == Filters()


def test_codes_of_fifteen_and_eighteen_digits_are_text_in_a_workbook(client: TestClient) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/export?format=xlsx").content))["数据"]
    headers = [cell.value for cell in sheet[1]]
    cell = sheet.cell(2, headers.index("网格代码") + 1)
    assert (cell.data_type, cell.number_format, len(cell.value)) == ("s", "@", 15)


@pytest.mark.parametrize("order", CASE_ORDERS)
def test_the_rows_stand_in_the_order_of_the_screen(client: TestClient, order: str) -> None:
    screen = [row["case_id"] for row in client.get(f"/cases?order={order}").json()["rows"]]
    found = READERS["csv"](client.get(f"/export?format=csv&order={order}").content)
    assert found.column("事项编号") == screen


# --- rights and limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_who_may_not_see_cases_gets_neither_title_nor_point(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    whole = READERS[form](client.get(f"/export?format={form}").content).headers
    monkeypatch.setattr("dashboard.export_api.may", lambda _right: False)
    narrow = READERS[form](client.get(f"/export?format={form}").content).headers
    assert [h for h in whole if h not in narrow] == ["标题", "经度", "纬度"]


def test_who_may_not_see_cases_gets_no_points(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.export_api.may", lambda _right: False)
    got = client.get("/export?format=geojson")
    assert (got.status_code, got.json()["error"][:3]) == (403, "无权限")


def test_every_column_of_a_case_is_exported_or_left_out_on_purpose(client: TestClient) -> None:
    keys = {column["key"] for column in client.get("/export/about?format=csv").json()["columns"]}
    left_out = {"case_key", "source_verdict"}
    assert {column.name for column in TABLES["fact_case"]} - keys == left_out


def test_a_limit_is_said_before(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.export.limits.ROW_LIMIT", 7)
    got = client.get("/export?format=xlsx")
    assert got.status_code == 400
    assert got.json()["error"] == "共 8 行，超过 XLSX 的上限 7 行；请改用 Parquet 或 CSV，或缩小筛选范围"
    assert client.get("/export?format=csv").status_code == 200
    assert xlsx_file.ROW_LIMIT < 1_048_576


WRONG = [
    "", "format=", "format=pdf", "format=csv&order=", "format=csv&order=case_id", "format=csv&metrics=",
    "format=csv&metrics=nope", "format=csv&metrics=accepted&by=planet", "format=csv&by=town",
    "format=csv&metrics=accepted&order=newest", "format=csv&town=nowhere", "format=csv&planet=earth",
    "format=csv&since=2026-02-30", "format=csv&view=//evil", "format=csv&view=http://x",
    "format=geojson&metrics=accepted", "format=geojson&metrics=accepted&by=kind", "format=csv&limit=5",
    "format=csv&town=%ED%A0%80", "format=%00", "format=csv&view=/map%0A", "format=csv&metrics=,,&by=town",
]  # fmt: skip


@pytest.mark.parametrize("query", WRONG)
@pytest.mark.parametrize("route", ["export", "export/about"])
def test_a_wrong_export_gets_400_with_words(client: TestClient, route: str, query: str) -> None:
    got = client.get(f"/{route}?{query}")
    assert (got.status_code, bool(got.json()["error"])) == (400, True)


def test_a_metric_named_twice_is_one_column(client: TestClient) -> None:
    about = client.get("/export/about?format=csv&metrics=accepted,accepted").json()
    assert [column["key"] for column in about["columns"]] == ["accepted"]
    assert len(about["metrics"]) == 1


def test_the_export_is_described(client: TestClient) -> None:
    said = client.get("/openapi.json").json()["paths"]
    names = {p["name"] for p in said["/export"]["get"]["parameters"]}
    assert names >= {"format", "metrics", "by", "order", "view", "since", "until", *DIMENSIONS}
    assert "text/csv; charset=utf-8" in said["/export"]["get"]["responses"]["200"]["content"]


def test_h59_an_export_that_nobody_waits_for_stops(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader hangs up before the first block, through every layer of the server."""
    started, hung_up, ends = Event(), Event(), []
    blocks = Content.blocks

    def slow(content: Content) -> Iterator[Block]:
        started.set()
        assert hung_up.wait(5)
        sleep(0.2)
        try:
            yield from blocks(content)
        except StoppedError as error:
            ends.append(error)
            raise

    async def receive() -> dict[str, object]:
        if not started.is_set():
            await asyncio.to_thread(started.wait, 5)
            return {"type": "http.request", "body": b"", "more_body": False}
        hung_up.set()
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        return

    monkeypatch.setattr(Content, "blocks", slow)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/export",
        "query_string": b"format=csv",
        "headers": [(b"host", b"localhost")],
    }
    scope |= {"root_path": "", "scheme": "http", "server": ("x", 80), "client": ("y", 1), "http_version": "1.1"}
    # In a thread of its own: the browser tests' Playwright keeps a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(create(small_county)(scope, receive, send))).result(timeout=20)
    assert [str(error) for error in ends] == ["导出已取消"]


# --- names and addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        (Filters(), "受理事项_全县_全部时段_截至0314-0800.csv"),
        (Filters(town=("990108100",)), "受理事项_云溪镇_全部时段_截至0314-0800.csv"),
        (
            Filters(since=date(2026, 3, 1), until=date(2026, 3, 14), town=("990108100", "990108101"), kind=("C",)),
            "受理事项_云溪镇等2个乡镇街道_筛选_2026-03-01至2026-03-13_截至0314-0800.csv",
        ),
        (Filters(until=date(2026, 3, 14)), "受理事项_全县_最早至2026-03-13_截至0314-0800.csv"),
    ],
)
def test_the_file_is_named_after_place_period_and_time(small_county: Path, filters: Filters, name: str) -> None:
    with builders.asking(small_county) as ask:
        found = file_name(Asked(format="csv", filters=filters), ask.info, ask.vocabulary)
        assert found == name.replace("全县", ask.info.county)


def test_a_name_from_the_data_cannot_leave_the_folder_or_the_header(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        words = {**ask.vocabulary, "town": {"1": '../a"b\r\nX: y/😀' + "长" * 99}}
        name = file_name(Asked(format="csv", filters=Filters(town=("1",))), ask.info, words)
    assert not set('/\\"\r\n:') & set(name)
    assert len(name) < 120
    header = disposition(name)
    assert header.isascii()
    assert unquote(header.rpartition("''")[2]) == name


def test_the_download_carries_its_name(client: TestClient) -> None:
    got = client.get("/export?format=xlsx&town=990108100").headers["content-disposition"]
    assert got.startswith("attachment; filename=\"export.xlsx\"; filename*=UTF-8''" + quote("受理事项_云溪镇_"))


@pytest.mark.parametrize("query", ["", "?town=990108100", f"{QUERY}&metric=closed"])
def test_the_address_of_an_export_asks_what_the_page_shows(client: TestClient, query: str) -> None:
    for address in (
        export_address(query, format="csv", order="urgent", view="/map"),
        export_address(query, format="geojson", metrics=("accepted", "closed"), by=("town", "kind")),
    ):
        about = client.get(address.removeprefix("/api/v1").replace("/export?", "/export/about?")).json()
        assert about["source"] == address


def test_the_whole_server_offers_exports(small_county: Path) -> None:
    with TestClient(create(small_county)) as session:
        got = session.get("/api/v1/export?format=csv")
        assert (got.status_code, len(list(csv.reader(io.StringIO(got.text))))) == (200, 9)
        about = session.get("/api/v1/export/about?format=csv").json()
        assert about["exported_at"] == ""


def test_a_geojson_counts_what_it_cannot_draw(client: TestClient) -> None:
    said = client.get("/export?format=geojson").json()
    assert (said["type"], said["features"]) == ("FeatureCollection", [])
    assert said["not_on_map"] == {"cases": 8, "by_place": [{"place": "no_point", "name": "无坐标", "cases": 8}]}
    assert said["about"]["rows"] == 0


def test_a_group_without_polygon_is_an_unlocated_feature(client: TestClient) -> None:
    said = json.loads(client.get("/export?format=geojson&metrics=accepted&by=town").content)
    assert sum(feature["properties"]["accepted"] for feature in said["features"]) == 8
    assert said["not_on_map"]["rows"] == sum(feature["geometry"] is None for feature in said["features"])


# --- the document -------------------------------------------------------------------------------------------------

DOCUMENT = (builders.ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def test_the_example_for_pandas_runs(client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def urlopen(request: Request) -> io.BytesIO:
        assert request.get_header("Authorization") == "Bearer token-of-ours"
        return io.BytesIO(client.get(request.full_url.removeprefix("http://127.0.0.1:8050/api/v1")).content)

    (tmp_path / "yiping.token").write_text("token-of-ours\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    names: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)[1], names)  # type: ignore[index]
    assert names["by_town"].sum() == 8


def test_the_example_for_power_query_names_columns_of_the_file(client: TestClient) -> None:
    example = re.search(r"```\nlet(.*?)```", DOCUMENT, re.DOTALL)[1]  # type: ignore[index]
    address = re.search(r'"http://127.0.0.1:8050/api/v1([^"]+)"', example)[1]  # type: ignore[index]
    typed = set(re.findall(r'\{"([^"]+)", type', example))
    assert typed
    assert typed <= set(READERS["csv"](client.get(address).content).headers)
