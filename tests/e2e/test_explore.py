"""The analyst's way, end to end: from a filter to a table, sorted and limited, opened again elsewhere; to a case."""

from __future__ import annotations

from urllib.parse import parse_qs

from playwright.sync_api import Browser

from tests.e2e.conftest import DESK, Visitor
from tests.e2e.people import visiting

TABLE, CASES = "#explore-table", "#cases-table"
READ_ROWS = """rows => rows
  .sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))
  .map(row => [...row.querySelectorAll('.ag-cell')]
    .sort((a, b) => a.getAttribute('aria-colindex') - b.getAttribute('aria-colindex')).map(cell => cell.innerText))"""

READ = f"""found => {{
  const rows = [...document.querySelectorAll(found)], read = {READ_ROWS};
  return rows.length > 0 && rows.every(row => row.innerText.trim()) && read(rows);
}}"""


def rows(visitor: Visitor, table: str = TABLE) -> list[list[str]]:
    """The rows in sight, once all of them have come; read in one go, for the grid may empty them again."""
    read = visitor.tab.wait_for_function(READ, arg=f"{table} .ag-center-cols-container .ag-row")
    found: list[list[str]] = read.json_value()
    return found


def head(visitor: Visitor, column: str, part: str) -> None:
    visitor.tab.locator(f"{TABLE} .ag-header-cell[col-id={column}] .ag-header-cell-{part}").click()
    settle(visitor)


def settle(visitor: Visitor) -> None:
    """The grid asks after the page has been told."""
    visitor.tab.wait_for_timeout(200)
    visitor.settle()


def test_from_a_filter_to_a_table_to_a_reopened_link(desk: Visitor, browser: Browser) -> None:
    desk.open("/explore")
    tab = desk.tab
    tab.locator("#explore-groups").click()
    tab.get_by_role("option", name="事项类型", exact=True).click()
    tab.keyboard.press("Escape")
    tab.locator("#explore-also").click()
    tab.get_by_role("option", name="按时办结率", exact=True).click()
    tab.keyboard.press("Escape")
    settle(desk)
    assert parse_qs(desk.query())["groups"] == ["town,kind"]

    head(desk, "on_time_rate", "label")
    assert parse_qs(desk.query())["sorted"] == ["-on_time_rate"]
    shares = [float(row[3].split("%")[0]) for row in rows(desk) if "%" in row[3]]
    assert shares and shares == sorted(shares, reverse=True)

    head(desk, "accepted", "filter-button")
    tab.locator(".ag-filter input:visible").last.fill("3")
    tab.get_by_role("button", name="应用").click()
    settle(desk)
    assert parse_qs(desk.query())["limits"] == ["accepted>=3"]
    shown = rows(desk)
    assert shown and all(int(row[2].replace(",", "")) >= 3 for row in shown)
    tab.locator("#explore-match").fill("镇")
    tab.wait_for_function("() => location.search.includes('match=')")
    settle(desk)
    shown, finding = rows(desk), tab.locator("#explore-finding").inner_text()
    assert shown and all("镇" in row[0] + row[1] for row in shown)
    assert tab.locator("#export-question").get_attribute("data-sort") == "-on_time_rate"

    room = visiting(browser, desk.home, viewport=DESK)
    again = Visitor(room.new_page(), desk.home)
    again.open(f"/explore?{desk.query()}")
    settle(again)
    for _ in range(50):  # the grid is told the order and the conditions after it has come up
        if rows(again) == shown:
            break
        again.tab.wait_for_timeout(100)
    assert (rows(again), again.tab.locator("#explore-finding").inner_text()) == (shown, finding)
    assert again.tab.locator("#explore-match").input_value() == "镇"
    assert again.query() == desk.query()
    assert again.faults == []
    room.close()


def test_a_click_narrows_and_a_case_opens_in_place(desk: Visitor) -> None:
    desk.open("/explore?groups=kind")
    first = rows(desk)[0][0]
    desk.tab.locator(f"{TABLE} .ag-center-cols-container .ag-row[row-index='0']").click()
    settle(desk)
    assert len(parse_qs(desk.query())["kind"]) == 1
    assert [row[0] for row in rows(desk)] == [first]
    number = rows(desk, CASES)[0][0]
    desk.tab.locator(f"{CASES} .ag-row[row-index='0']").first.click()
    settle(desk)
    assert parse_qs(desk.query())["case"] == [number]
    opened = desk.tab.locator("#opened-case")
    assert opened.inner_text().startswith(number) and opened.locator(".steps li").count() > 0
    desk.tab.go_back()
    settle(desk)
    assert opened.inner_text() == ""


def test_a_wrong_address_says_what_stands_instead(desk: Visitor) -> None:
    desk.open("/explore?metric=planet&groups=day,week&chart=heat&sorted=-planet")
    said = desk.tab.locator("#explore-notes").inner_text()
    assert all(word in said for word in ("指标“planet”", "分组“day,week”", "图形“热力表”", "排序“-planet”"))
    assert rows(desk)
