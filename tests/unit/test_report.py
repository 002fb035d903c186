"""A brief says what ask() says, in three formats that people can open, edit and check."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree
from zipfile import ZipFile

import openpyxl
import pypdfium2
import pytest
from docx import Document
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation

from dashboard import words
from dashboard.api import create_api
from dashboard.ask import Ask
from dashboard.exceptions import place_dimension
from dashboard.filters import Filters
from dashboard.loop import load_loop
from dashboard.metrics.catalog import BY_KEY
from dashboard.report.docx_file import docx
from dashboard.report.pdf_file import covered, pdf
from dashboard.report.period import asked_for
from dashboard.report.pptx_file import pptx
from dashboard.report.report import SIX, Report, make
from dashboard.report.sections import Chart, Table
from dashboard.report_api import add_report
from dashboard.risk import standing
from dashboard.stamps import Stamps
from dashboard.warehouse import Warehouse
from tests import builders
from tests.unit.test_risk_load import cases, grid_rows, loaded

ASKED = Filters(since=date(2026, 8, 2))
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
COUNT = re.compile(r"^[\d,]+$")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with builders.demo_county(tmp_path_factory.mktemp("county"), cases=1500, seed=5, months=4) as opened:
        yield opened


@pytest.fixture(scope="module")
def ask(warehouse: Warehouse) -> Iterator[Ask]:
    with warehouse.lease() as found:
        yield found


@pytest.fixture(scope="module")
def report(ask: Ask) -> Report:
    return make(ask, ASKED, "special")


def texts(report: Report) -> list[str]:
    """Everything that must be readable in any format of text."""
    numbers = [text for one in report.numbers for text in (one.title, one.text, one.detail, *one.changes)]
    heads = [text for section in report.sections for text in (section.title, section.finding)]
    return [*report.sentences, *numbers, *heads, *(one.formula for one in report.definitions), report.source]


def table_of(report: Report, title: str) -> Table:
    (table,) = (section.table for section in report.sections if section.title == title)
    assert table is not None
    return table


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- the content --------------------------------------------------------------------------------------------------


def test_the_six_numbers_and_the_tables_are_those_of_the_screen(ask: Ask, report: Report) -> None:
    for (title, key), number in zip(SIX, report.numbers, strict=True):
        shown = words.shown(BY_KEY[key], ask.numbers((key,), filters=ASKED).only(key))
        assert (number.title, number.text, number.unit, number.detail) == (title, shown.text, shown.unit, shown.detail)
    places = table_of(report, "各地按时办结率")
    keys = ("accepted", "on_time_rate", "overdue_open")
    rows = ask.numbers(keys, by=(place_dimension(ASKED),), filters=ASKED).rows
    said = {row[1]: row[2:] for row in places.rows}
    assert said.keys() == {row.labels[0] for row in rows if row.codes[0]}
    for row in rows:
        if row.codes[0]:
            shown_cells = [words.shown(BY_KEY[key], row.values[key]) for key in keys]
            assert said[row.labels[0]] == tuple(s.text if s.unit == "件" else s.line for s in shown_cells)


def test_the_loop_is_that_of_the_screen(ask: Ask, report: Report) -> None:
    loop = table_of(report, "闭环")
    assert [row[:2] for row in loop.rows] == [
        (step.stage.name, words.full(step.count)) for step in load_loop(ask, ASKED).steps
    ]


def test_the_grids_that_stand_out_are_those_of_the_risk_map(tmp_path: Path) -> None:
    with builders.asking(loaded(tmp_path, grid_rows(), cases(2000))) as ask:
        found = standing(ask.risk.grids(ask.risk.run("").run_id).values())
        assert found, "or this proves nothing"
        names = [row[0] for row in table_of(make(ask, ASKED, "special"), "突出的网格").rows]
        assert names == [ask.label("grid", risk.grid) for risk in found]
        elsewhere = next(code for code in ask.vocabulary["village"] if code != ask.parents[found[0].grid][0])
        narrowed = make(ask, ASKED.replace(village=(elsewhere,)), "special").sections[-1]
        assert narrowed.title == "突出的网格" and ask.label("grid", found[0].grid) not in repr(narrowed.table)


def test_every_rate_stands_with_its_fraction_and_every_metric_with_its_formula(report: Report) -> None:
    for section in report.sections:
        for row in section.table.rows if section.table else ():
            for text in row:
                assert "%" not in text or re.search(r"（[\d,.]+/[\d,]+）", text), text
    printed = {BY_KEY[key].name for section in report.sections for key in section.metrics}
    assert printed | {BY_KEY[key].name for _, key in SIX} <= {one.name for one in report.definitions}
    assert all(one.formula and one.meaning and one.clock for one in report.definitions)
    assert "口径为本项目默认值" in report.defaults


@given(as_of=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)), hour=st.integers(0, 23))
def test_a_week_is_monday_to_sunday_and_over_and_a_month_is_whole(as_of: datetime, hour: int) -> None:
    today = (as_of - timedelta(hours=hour)).date()
    week = asked_for("week", ASKED, as_of, hour)
    assert week.since and week.until and week.since.weekday() == 0 and (week.until - week.since).days == 7
    assert week.until <= today < week.until + timedelta(days=7)
    month = asked_for("month", ASKED, as_of, hour)
    assert month.since and month.until == today.replace(day=1) and month.since.day == 1
    assert (month.until - month.since).days in (28, 29, 30, 31)
    assert asked_for("special", ASKED, as_of, hour) == ASKED
    # Whole ones asked for are taken as they are, whenever it is asked.
    for kind, one in (("week", week), ("month", month)):
        assert asked_for(kind, one, as_of + timedelta(days=400), hour) == one


def test_a_week_without_a_case_is_a_brief_too(ask: Ask) -> None:
    empty = make(ask, Filters(since=date(1999, 1, 4), until=date(1999, 1, 11)), "special")
    assert empty.numbers[0].text == "0" and empty.numbers[4].text == "-"
    for write in (pdf, docx, pptx):
        assert len(write(empty)) > 10_000


def test_a_period_after_the_data_is_a_brief_without_a_curve(ask: Ask) -> None:
    future = make(ask, Filters(since=date(2040, 1, 1), until=date(2040, 2, 1)), "special")
    assert future.sections[0].chart is None
    for write in (pdf, docx, pptx):
        assert len(write(future)) > 10_000


def test_what_is_narrowed_is_said_beside_the_period_of_the_brief(ask: Ask) -> None:
    code, name = next(iter(ask.vocabulary["town"].items()))
    assert make(ask, ASKED.replace(town=(code,)), "week").scope == f"乡镇街道：{name}"
    assert make(ask, ASKED, "week").scope == "全县"


# --- the files ----------------------------------------------------------------------------------------------------


def read_pdf(body: bytes) -> str:
    with pypdfium2.PdfDocument(body) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


def test_the_pdf_says_it_all_in_our_own_font(report: Report) -> None:
    body = pdf(report)
    said = squeezed(read_pdf(body))
    assert [text for text in texts(report) if squeezed(text) not in said] == []
    assert b"NotoSansCJKsc" in body and "\ufffd" not in said
    assert pdf(report) == body


def test_characters_that_the_font_lacks_are_replaced_and_listed(report: Report) -> None:
    rare = dataclasses.replace(report, scope="𠮷圩镇")
    said = read_pdf(pdf(rare))
    assert "〓圩镇" in said and "U+20BB7" in said
    assert "以下字未能嵌入" not in read_pdf(pdf(report))
    assert all(ord(one) in covered() for one in "综治矛盾纠纷垸圩疃圳▲▼■○〓")


def test_data_is_never_read_as_markup(report: Report) -> None:
    hostile = '#panic("x") *a* `b` <c> ${d} \\ " $'
    said = squeezed(read_pdf(pdf(dataclasses.replace(report, scope=hostile))))
    assert squeezed(hostile) in said


def charts(
    body: bytes, folder: str
) -> list[tuple[list[str], list[tuple[str, list[float | None]]], list[list[object]]]]:
    """Categories, series and the workbook's cells of every chart in an Office file."""
    found = []
    with ZipFile(BytesIO(body)) as package:
        names = sorted(name for name in package.namelist() if re.fullmatch(rf"{folder}/charts/chart\d+\.xml", name))
        for name in names:
            root = ElementTree.fromstring(package.read(name))
            (rid,) = (one.attrib.values() for one in root.iter(f"{CHART}externalData"))
            rels = package.read(name.replace("charts/", "charts/_rels/") + ".rels").decode()
            target = re.search(r'Target="\.\./(embeddings/[^"]+)"', rels)
            assert target and next(iter(rid)) in rels
            book = openpyxl.load_workbook(BytesIO(package.read(f"{folder}/{target[1]}")))
            cells = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
            series = list(root.iter(f"{CHART}ser"))
            categories = next(series[0].iter(f"{CHART}cat")).iter(f"{CHART}v")
            found.append(([v.text or "" for v in categories], [read_series(one) for one in series], cells))
    return found


def read_series(one: ElementTree.Element) -> tuple[str, list[float | None]]:
    name = next(next(one.iter(f"{CHART}tx")).iter(f"{CHART}v")).text
    values: dict[int, float] = {}
    for point in next(one.iter(f"{CHART}val")).iter(f"{CHART}pt"):
        values[int(point.attrib["idx"])] = float(next(point.iter(f"{CHART}v")).text or "nan")
    return str(name), [values.get(place) for place in range(max(values, default=-1) + 1)]


def drawn(report: Report) -> list[Chart]:
    return [section.chart for section in report.sections if section.chart]


@pytest.mark.parametrize(("write", "folder"), [(docx, "word"), (pptx, "ppt")])
def test_office_charts_are_native_and_hold_the_screens_numbers(report: Report, write, folder: str) -> None:
    found = charts(write(report), folder)
    assert len(found) == len(drawn(report)) >= 2
    for chart, (categories, series, cells) in zip(drawn(report), found, strict=True):
        assert categories == list(chart.names)
        assert [name for name, _ in series] == [one.name for one in chart.series]
        for one, (_, values) in zip(chart.series, series, strict=True):
            assert values == pytest.approx(list(one.values))
        assert [row[0] for row in cells[1:]] == list(chart.names)
        assert [row[1] for row in cells[1:]] == pytest.approx(list(chart.series[0].values))
    with ZipFile(BytesIO(write(report))) as package:
        assert '<a:ea typeface="微软雅黑"/>' in package.read(f"{folder}/charts/chart1.xml").decode()


def test_the_document_opens_and_says_it_all(report: Report) -> None:
    body = docx(report)
    document = Document(BytesIO(body))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    said = squeezed(
        "".join([*(p.text for p in document.paragraphs), *cells, document.sections[0].footer.paragraphs[0].text])
    )
    assert [text for text in texts(report) if squeezed(text) not in said] == []
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 1"] == [
        "异常项",
        *(section.title for section in report.sections),
        "附：口径",
    ]
    xml = ZipFile(BytesIO(body)).read("word/document.xml").decode()
    assert xml.count("w:tblHeader") == sum(section.table is not None for section in report.sections)
    assert xml.count("descr=") == len(drawn(report))
    for table in document.tables[1:]:
        assert [column.width for column in table.columns] == [cell.width for cell in table.rows[0].cells]
    assert 'w:eastAsia="仿宋"' in ZipFile(BytesIO(body)).read("word/styles.xml").decode()


def test_the_slides_open_have_numbers_and_say_how_it_is_counted(report: Report) -> None:
    deck = Presentation(BytesIO(pptx(report)))
    slides = list(deck.slides)
    assert len(slides) == 3 + len(report.sections)
    for place, slide in enumerate(slides, start=1):
        assert any(f"{place} / {len(slides)}" in s.text_frame.text for s in slide.shapes if s.has_text_frame)
    notes = slides[-1].notes_slide.notes_text_frame.text
    assert all(one.formula in notes for one in report.definitions)
    with ZipFile(BytesIO(pptx(report))) as package:
        assert '<a:ea typeface="微软雅黑"/>' in package.read("ppt/slides/slide2.xml").decode()


def test_tables_share_out_their_width_by_their_texts() -> None:
    shares = Table(("序", "名"), (("1", "很长很长的名字"),)).shares
    assert sum(shares) == pytest.approx(1) and shares[1] > 2 * shares[0]


# --- the route ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(warehouse: Warehouse) -> TestClient:
    api = create_api(warehouse, "test")
    add_report(api, warehouse, stamps=Stamps("build-1"))
    return TestClient(api)


@pytest.mark.parametrize("form", ["pdf", "docx", "pptx"])
def test_a_brief_comes_as_a_file_with_a_name_and_a_checksum(client: TestClient, form: str) -> None:
    said = client.get(f"/brief?format={form}&report=week&calendar=festival")
    assert said.status_code == 200
    name = unquote(said.headers["content-disposition"].rpartition("''")[2])
    assert re.fullmatch(
        rf"青禾县社会治理周报_\d{{4}}-\d\d-\d\d至\d{{4}}-\d\d-\d\d_截至\d{{4}}-\d{{4}}\.{form}", name
    ), name
    digest = base64.b64encode(hashlib.sha256(said.content).digest()).decode()
    assert said.headers["repr-digest"] == f"sha-256=:{digest}:"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("format=doc", "format 只能是 pdf、docx、pptx"),
        ("format=pdf&report=year", "report 只能是 week、month、special"),
        ("format=pdf&town=nowhere", "不接受"),
        ("format=pdf&since=2026-13-01", "不接受"),
        ("report=week", "参数有误"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(client: TestClient, query: str, sentence: str) -> None:
    said = client.get(f"/brief?{query}")
    assert said.status_code == 400 and sentence in said.json()["error"]


@pytest.mark.parametrize("form", ["pdf", "docx", "pptx"])
def test_the_same_question_gives_the_same_file(client: TestClient, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = client.get(f"/brief?format={form}&report=month").content
    later = time.time() + 90_000
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get(f"/brief?format={form}&report=month").content == one
