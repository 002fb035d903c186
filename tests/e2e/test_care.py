"""关爱走访 in a real browser: equal to the API, hidden counts look hidden, a click opens a town's villages."""

from __future__ import annotations

import math
from urllib.parse import parse_qs

from tests.e2e.conftest import Visitor

READ = (
    """() => [...document.querySelectorAll('[data-care]')].map(mark => ({...mark.dataset, text: mark.textContent}))"""
)
READ_GRID = """() => [...document.querySelectorAll('#care-grid .ag-cell .measure')].map(mark => ({
  ...mark.dataset, text: mark.textContent, title: mark.title, col: mark.closest('.ag-cell').getAttribute('col-id'),
}))"""
TOTALS = ("care_due", "care_done", "care_coverage")


def check(visitor: Visitor, marks: list[dict[str, str]], query: str) -> None:
    told: dict[tuple[str, str], dict[str, dict[str, object]]] = {}
    for by in {mark.get("by", "") for mark in marks}:
        for row in visitor.api(f"/api/v1/care?by={by}&{query}")["rows"]:
            told[by, ",".join(row[group] for group in by.split(",") if by)] = row
    for mark in marks:
        value = told[mark.get("by", ""), mark.get("code", "")][mark["care"]]
        assert mark["state"] == value["state"], mark
        if value["value"] is None:
            assert mark["value"] == "", mark
        else:
            assert math.isclose(float(mark["value"]), float(str(value["value"]))), mark


def grid(visitor: Visitor) -> list[dict[str, str]]:
    marks = list(visitor.tab.evaluate(READ_GRID))
    return [mark | {"care": mark["col"] if mark["col"] in TOTALS else "care_due"} for mark in marks]


def test_the_page_says_what_the_api_says(desk: Visitor) -> None:
    desk.open("/care")
    desk.tab.wait_for_selector("#care-grid .ag-row")
    assert "近3个月" in desk.tab.locator("#care-span").inner_text()
    cards, cells = list(desk.tab.evaluate(READ)), grid(desk)
    assert len(cards) == 27 and len(cells) > 100
    check(desk, cards, "months=3")
    check(desk, cells, "months=3")


def test_a_click_opens_the_villages_and_what_is_hidden_looks_it(desk: Visitor) -> None:
    as_of = str(desk.api("/api/v1/care")["as_of"])[:8]
    desk.open(f"/care?since={as_of}01")
    tab = desk.tab
    tab.locator('#care-grid .ag-row[row-id^="town:"] [col-id="name"]').first.click()
    tab.wait_for_selector('#care-grid .ag-row[row-id^="village:"]')
    desk.settle()
    town = parse_qs(desk.query())["town"][0]
    cells = grid(desk)
    check(desk, cells, f"months=1&town={town}")
    hidden = [cell for cell in cells if cell["state"] == "hidden"]
    assert {cell["text"] for cell in hidden} == {"<5", "不列出"}
    assert all(cell["title"].endswith("人数过少，不列出") for cell in hidden)
    mark = tab.locator('#care-grid .measure[data-state="hidden"]').first
    assert mark.evaluate("mark => getComputedStyle(mark, '::before').clipPath") != "none"

    tab.get_by_role("button", name="返回全部乡镇").click()
    tab.wait_for_selector('#care-grid .ag-row[row-id^="town:"]')
    assert "town" not in parse_qs(desk.query())


def test_other_filters_change_nothing_and_the_page_says_so(desk: Visitor) -> None:
    desk.open("/care?kind=D&department=D01")
    assert "不适用于人群" in desk.tab.locator("#care-span").inner_text()
    desk.tab.wait_for_selector("#care-grid .ag-row")
    check(desk, grid(desk), "months=12")


def test_the_months_open_as_a_table(desk: Visitor) -> None:
    desk.open("/care")
    desk.tab.locator('[data-chart="care-trend"]').click()
    table = desk.tab.get_by_role("table").filter(has_text="（未满）")
    assert table.count() == 1 and "应访" in table.inner_text()


def test_files_are_offered_in_every_format(desk: Visitor) -> None:
    desk.open("/care")
    links = desk.tab.locator("#care-files button")
    assert links.all_inner_texts() == ["CSV", "XLSX", "Parquet", "GeoJSON"]
    with desk.tab.expect_download() as download:
        links.first.click()
        desk.say_purpose()
    assert download.value.suggested_filename.startswith("关爱走访_全县_近3个月")
