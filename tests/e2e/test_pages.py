"""Every page, in a real browser: complete, local, Chinese, equal to the API, and in place when it changes."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Route

from dashboard.factory import find_pages
from dashboard.filters import parse
from tests.e2e.conftest import Visitor

FEW = {"/definitions": 1, "/risk": 1, "/explore": 15, "/screens": 1, "/care": 1, "/audit": 1}
"""Pages that hold few numbers of the catalogue: test_maps holds 风险热力 against the API, test_care 关爱走访."""

UNFILTERED = {"/screens", "/audit"}
"""Pages that are not about cases."""

PATHS = [page.path for page in find_pages() if page.in_nav]

READ_NUMBERS = """() => [...document.querySelectorAll('[data-metric]')].map(mark => ({
  metric: mark.dataset.metric, value: mark.dataset.value, n: mark.dataset.n, total: mark.dataset.total,
  state: mark.dataset.state, by: mark.dataset.by || '', code: mark.dataset.code || '', text: mark.textContent,
}))"""

READ_WORDS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const box = walker.currentNode.parentElement;
    if (box.closest('script, style, code, noscript')) continue;
    found.push(walker.currentNode.textContent);
  }
  document.querySelectorAll('[placeholder], [aria-label], [title], [alt]').forEach(box => {
    ['placeholder', 'aria-label', 'title', 'alt'].forEach(name => found.push(box.getAttribute(name) || ''));
  });
  return found;
}"""

ALLOWED = {
    "P90": "a quantile has no Chinese name of that length",
    "Wilson": "a person's name",
    "Greenwood": "a person's name",
    "API": "what it is called",
    "Knox": "a person's name",
    "Marshall": "a person's name",
    "Getis": "a person's name",
    "Ord": "a person's name",
    "Gi": "the statistic's symbol",
    "RR": "a symbol in a formula",
    "PAI": "an index without a Chinese name of that length",
    "Excel": "a program",
    "XLSX": "a file format",
    "CSV": "a file format",
    "PNG": "a file format",
    "SVG": "a file format",
    "Parquet": "a file format",
    "GeoJSON": "a file format",
    "PDF": "a file format",
    "Word": "the program people know the format by",
    "PPT": "the program people know the format by",
}


def numbers(visitor: Visitor) -> list[dict[str, str]]:
    return list(visitor.tab.evaluate(READ_NUMBERS))


def said(visitor: Visitor) -> list[tuple[str, ...]]:
    """What the page says, whatever the order a table keeps its rows in."""
    return sorted((mark["metric"], mark["by"], mark["code"], mark["value"]) for mark in numbers(visitor))


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_complete_chinese_and_equal_to_the_api(desk: Visitor, path: str) -> None:
    desk.open(path)
    check_frame(desk, path)
    check_numbers(desk, at_least=FEW.get(path, 20))
    assert english_words(desk) == set()


def check_frame(visitor: Visitor, path: str) -> None:
    tab = visitor.tab
    assert tab.locator("html").get_attribute("lang") == "zh-CN"
    assert tab.locator("h1").count() == 1
    assert tab.locator("#head-asof").inner_text().startswith("数据截至")
    assert "演示数据" in tab.locator(".head").inner_text()
    assert [text for text in tab.locator(".panel-fault").all_inner_texts() if text] == []
    here = tab.locator('.nav-link[aria-current="page"]').get_attribute("href") or ""
    assert here.split("?")[0] == path


def check_numbers(visitor: Visitor, *, at_least: int) -> None:
    """Each number on the page is what the API says for the address of the page."""
    shown = numbers(visitor)
    query = visitor.query()
    assert query, "a bare path opens with a period in the address"
    by_group: dict[str, set[str]] = {}
    for mark in shown:
        by_group.setdefault(mark["by"], set()).add(mark["metric"])
    told = {}
    for by, metrics in by_group.items():
        answer = visitor.api(f"/api/v1/query?{query}&metrics={','.join(sorted(metrics))}" + (f"&by={by}" if by else ""))
        for row in answer["rows"]:
            told[by, ",".join(str(row[d]) for d in by.split(",") if by)] = row
    for mark in shown:
        assert_same(mark, told[mark["by"], mark["code"]][mark["metric"]])
    assert len(shown) >= at_least


def english_words(visitor: Visitor) -> set[str]:
    """English words on the page; codes, file, batch and column names are names, not words."""
    found: set[str] = set()
    for text in visitor.tab.evaluate(READ_WORDS):
        text = re.sub(r"\S+\.(csv|xlsx|jsonl|parquet|toml)\b", " ", text)
        bare = re.sub(r"[\w./-]*[\d_/][\w./-]*|\[\w+\]|[\w-]+\.\w+|K\d+b?", " ", text, flags=re.ASCII)
        found |= {word for word in re.findall(r"[A-Za-z]{2,}", bare) if word not in ALLOWED}
    return found


def assert_same(mark: dict[str, str], truth: object) -> None:
    parts = truth if isinstance(truth, dict) else {"value": truth}
    value = parts["value"]
    if value is None:
        assert mark["value"] == "", mark
    else:
        assert math.isclose(float(mark["value"]), float(value), abs_tol=1e-12), mark
    assert mark["state"] == parts.get("state", "none" if value is None else "ok"), mark
    if "n" in parts:
        assert (float(mark["n"]), int(mark["total"])) == (float(parts["n"]), int(parts["N"])), mark


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_never_scrolls_sideways(phone: Visitor, path: str) -> None:
    phone.open(path)
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
    if path in UNFILTERED:
        assert not phone.tab.locator("#filter-bar").is_visible()
        return
    phone.tab.get_by_role("button", name="筛选").click()
    assert phone.tab.locator("#filter-town").is_visible()
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_the_link_of_the_page_is_in_sight(phone: Visitor) -> None:
    phone.open("/definitions")
    for _ in range(2):  # as the page opens, and where one went by a link
        left, right = phone.tab.evaluate(
            "() => { const box = document.querySelector('.nav-link.is-current').getBoundingClientRect();"
            " return [box.left, box.right]; }"
        )
        assert left >= 0 and right <= 390
        phone.tab.locator("#nav-screens").click()
        phone.tab.wait_for_selector("#nav-screens.is-current")


def test_a_filter_changes_the_page_in_place(desk: Visitor) -> None:
    desk.open("/map")
    tab = desk.tab
    tab.wait_for_selector(".map-name", state="attached")
    tab.wait_for_timeout(400)
    tab.locator(".leaflet-control-zoom-in").click()
    tab.wait_for_timeout(700)
    tab.evaluate("() => { document.querySelector('.leaflet-container').dataset.mine = 'yes'; }")
    before = tab.evaluate("() => document.querySelector('.map-name').style.transform")
    accepted = tab.locator("#sentence").inner_text()

    tab.locator("#filter-kind").click()
    tab.get_by_role("option", name="纠纷").click()
    tab.wait_for_function("was => document.querySelector('#sentence').innerText !== was", arg=accepted)
    desk.settle()

    assert tab.locator('.leaflet-container[data-mine="yes"]').count() == 1
    assert tab.evaluate("() => document.querySelector('.map-name').style.transform") == before
    assert parse_qs(desk.query())["kind"] == ["D"]

    was, shown = desk.query(), said(desk)
    tab.reload()
    desk.settle()
    assert desk.query() == was
    assert said(desk) == shown


def test_a_click_on_a_row_narrows_the_rest_and_keeps_its_neighbours(desk: Visitor) -> None:
    desk.open("/")
    tab = desk.tab
    rows = tab.locator("#towns-list button.rank-row")
    count, sentence = rows.count(), tab.locator("#sentence").inner_text()
    name = rows.nth(2).locator(".rank-name").inner_text()
    rows.nth(2).click()
    tab.wait_for_function("was => document.querySelector('#sentence').innerText !== was", arg=sentence)
    desk.settle()
    tab.wait_for_selector('#towns-list button[aria-pressed="true"]')
    assert rows.count() == count
    assert tab.locator('#towns-list button[aria-pressed="true"] .rank-name').inner_text() == name
    assert f"乡镇街道：{name}" in tab.locator("#chips").inner_text()

    tab.locator("#chips .chip").first.click()
    tab.wait_for_function("was => document.querySelector('#sentence').innerText === was", arg=sentence)
    assert "town" not in parse_qs(desk.query())


def test_a_click_on_a_table_row_opens_one_departments_page(desk: Visitor) -> None:
    desk.open("/departments")
    tab = desk.tab
    cell = tab.locator('#departments-grid .ag-row[row-id^="department:"] [col-id="name"]').first
    name = cell.inner_text()
    cell.click()
    tab.wait_for_selector("#own:not(.is-closed)")
    desk.settle()
    assert tab.locator("#own-name").inner_text() == name
    assert tab.locator("#departments-grid .ag-row.is-chosen").count() >= 1
    assert len(parse_qs(desk.query())["department"]) == 1


def test_a_table_stands_beside_the_year_before_and_the_address_says_so(desk: Visitor) -> None:
    desk.open("/departments")
    tab = desk.tab
    cell = tab.locator('#departments-grid .ag-row.is-total [col-id="accepted"] .measure').first
    assert "环比" in (cell.get_attribute("title") or "")
    tab.locator('#departments-against [data-set="against=year"]').click()
    tab.wait_for_function("() => location.search.includes('against=year')")
    desk.settle()
    assert "同比" in (cell.get_attribute("title") or "")
    assert "同比 对" in (tab.locator("#departments-spans").text_content() or "")
    said = desk.api(f"/api/v1/query?metrics=accepted&by=department&{desk.query()}")
    assert said["against"]["name"] == "同比"
    for row in [row for row in said["rows"] if row["department"] and row["accepted_moved"] != "无数据"]:
        shown = tab.locator(f'#departments-grid .ag-row[row-id="department:{row["department"]}"] [col-id="accepted"]')
        is_marked = shown.locator(".moved").count() == 1
        assert is_marked == row["accepted_moved"].startswith(("上升", "下降"))
    tab.locator('#departments-against [data-set="against=none"]').click()
    desk.settle()
    assert tab.locator("#departments-grid .moved").count() == 0


def test_a_click_on_the_heat_table_chooses_town_and_kind(desk: Visitor) -> None:
    desk.open("/wuhua")
    desk.tab.locator("#heat-table .heat-cell").nth(7).click()
    desk.tab.wait_for_selector("#heat-table .heat-cell.is-chosen")
    chosen = parse_qs(desk.query())
    assert len(chosen["town"]) == len(chosen["kind"]) == 1
    assert desk.tab.locator(".wuhua-card").count() == 5


def test_pages_carry_the_question_along_and_back_returns(desk: Visitor) -> None:
    desk.open("/?since=2026-08-01&until=2026-10-01&kind=D")
    tab = desk.tab
    tab.get_by_role("link", name="部门清零").click()
    tab.wait_for_selector("#departments-grid .ag-row")
    desk.settle()
    assert parse_qs(desk.query()) == {"since": ["2026-08-01"], "until": ["2026-10-01"], "kind": ["D"]}
    assert "/departments" in tab.url
    tab.go_back()
    tab.wait_for_selector("#kpi-cards .kpi")
    desk.settle()
    assert parse_qs(desk.query())["kind"] == ["D"]


def test_a_bad_address_says_what_was_ignored(desk: Visitor) -> None:
    desk.open("/?since=2026-13-01&colour=red&town=nowhere&kind=R")
    note = desk.tab.locator("#notes").inner_text()
    assert "2026-13-01" in note and "colour" in note and "nowhere" in note
    assert parse_qs(desk.query()) == {"kind": ["R"]}


def test_an_unknown_page_offers_a_way_back(desk: Visitor) -> None:
    answered = desk.tab.goto(desk.home + "/nowhere")
    assert answered is not None and answered.status == 404
    desk.tab.get_by_role("heading", name="没有这个页面").wait_for()
    assert [fault for fault in desk.faults if "404" not in fault] == []
    desk.faults.clear()
    desk.tab.get_by_role("link", name="回到首页").click()
    desk.tab.wait_for_selector("#kpi-cards .kpi")


def test_a_panel_that_found_no_room_is_asked_for_again(desk: Visitor) -> None:
    refused: list[str] = []

    def full(route: Route) -> None:
        if len(refused) < 3:
            refused.append(route.request.url)
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"error": "查询较多"})
        else:
            route.continue_()

    desk.tab.route(re.compile("/_dash-update-component"), full)
    desk.open("/map?kind=C")
    assert len(refused) == 3
    assert all("429" in fault for fault in desk.faults)
    desk.faults.clear()
    desk.tab.unroute(re.compile("/_dash-update-component"))


def test_the_calendar_is_chinese_and_begins_on_monday(desk: Visitor) -> None:
    desk.open("/")
    desk.tab.locator("#filter-period").click()
    days = desk.tab.locator(".mantine-DatePickerInput-weekday")
    days.first.wait_for()
    assert days.all_inner_texts()[:7] == ["一", "二", "三", "四", "五", "六", "日"]
    assert re.match(
        r"\d{4}年\d{1,2}月", desk.tab.locator(".mantine-DatePickerInput-calendarHeaderLevel").first.inner_text()
    )
    desk.tab.get_by_role("button", name="近7天").click()
    desk.tab.wait_for_function("was => location.search !== was", arg=f"?{desk.query()}")
    desk.settle()
    found = parse(desk.query()).filters
    assert found.since and found.until and (found.until - found.since).days == 7


def test_data_never_becomes_markup(desk: Visitor) -> None:
    desk.open("/map")
    desk.tab.wait_for_selector(".map-name", state="attached")
    assert desk.tab.evaluate("() => [...document.querySelectorAll('.map-name span')].every(s => !s.children.length)")


def test_a_table_cell_follows_even_when_it_has_no_number(desk: Visitor) -> None:
    desk.open("/departments")
    desk.tab.locator("#filter-severity").click()
    desk.tab.get_by_role("option", name="重大").click()
    desk.tab.wait_for_function("() => location.search.includes('severity=major')")
    desk.settle()
    check_numbers(desk, at_least=20)


def test_a_column_sorts_by_its_numbers(desk: Visitor) -> None:
    desk.open("/departments")
    desk.tab.locator('#departments-grid .ag-header-cell[col-id="on_time_rate"]').click()
    desk.tab.wait_for_timeout(500)
    rows = desk.tab.evaluate(
        """() => [...document.querySelectorAll('#departments-grid .ag-center-cols-container .ag-row')]
          .sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))
          .map(row => row.querySelector('[col-id="on_time_rate"] .measure').dataset)
          .map(mark => [mark.state, Number(mark.value)])"""
    )
    rates = [value for state, value in rows if state == "ok"]
    assert rates == sorted(rates, reverse=True)
    assert [state for state, _ in rows[: len(rates)]] == ["ok"] * len(rates)
