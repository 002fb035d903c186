"""From the county down to one case and back again: history, keys, and the case's own page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

import pytest

from tests.e2e.conftest import Visitor
from tests.e2e.test_pages import english_words

PLACES = ("town", "village", "grid")


def place(visitor: Visitor) -> dict[str, str]:
    """The place in the address."""
    found = parse_qs(visitor.query())
    return {key: found[key][0] for key in PLACES if key in found}


def rest(visitor: Visitor) -> None:
    """Wait until the map has flown to its place: Leaflet fails when it is taken away in flight."""
    visitor.tab.wait_for_function("() => !document.querySelector('.leaflet-zoom-anim, .leaflet-pan-anim')")
    visitor.tab.wait_for_timeout(700)


def until_address(visitor: Visitor, what: str) -> None:
    """Wait until the address holds `what`, and the page is filled."""
    visitor.tab.wait_for_function("what => (location.pathname + location.search).includes(what)", arg=what)
    visitor.settle()


def row(level: str) -> str:
    """The first row of the map page's table at a level."""
    return f'#units-grid .ag-row[row-id^="{level}:"] [col-id="name"]'


def drill(visitor: Visitor, level: str) -> str:
    """Click the first row of that level in the table; its code."""
    cell = visitor.tab.locator(row(level)).first
    cell.wait_for()
    code = (cell.locator("xpath=..").get_attribute("row-id") or "").partition(":")[2]
    cell.click()
    until_address(visitor, f"{level}={code}")
    return code


def follow(visitor: Visitor, address: str) -> None:
    """What a click on one of our links does."""
    visitor.tab.evaluate(
        "address => { history.pushState({}, '', address); dispatchEvent(new CustomEvent('_dashprivate_pushstate')); }",
        address,
    )


def a_case(visitor: Visitor, query: str = "status=overdue&order=oldest") -> dict[str, str]:
    """A case of the county."""
    return dict(visitor.api(f"/api/v1/cases?{query}&limit=1")["rows"][0])


def open_case(visitor: Visitor, case: dict[str, str], more: str = "since=2024-01-01") -> None:
    visitor.open(f"/case?{more}&{urlencode({'case': case['case_id']})}")
    visitor.tab.locator(".case-heading").wait_for()


# --- back and forward ---------------------------------------------------------------------------------------------


def test_back_goes_up_one_level_at_a_time_and_forward_down_again(desk: Visitor) -> None:
    desk.open("/map")
    start = desk.tab.url
    drill(desk, "town")
    one = desk.tab.url
    drill(desk, "village")
    two = desk.tab.url

    desk.tab.go_back()
    desk.tab.wait_for_url(one)
    desk.settle()
    assert (desk.tab.url, list(place(desk))) == (one, ["town"])
    desk.tab.locator(row("village")).first.wait_for()
    desk.tab.go_back()
    desk.tab.wait_for_url(start)
    desk.tab.locator(row("town")).first.wait_for()
    desk.settle()
    assert (desk.tab.url, desk.tab.locator("#chips .chip").count()) == (start, 0)

    for address in (one, two):
        desk.tab.go_forward()
        desk.tab.wait_for_url(address)
        desk.settle()
        assert desk.tab.url == address
    desk.tab.reload()
    desk.settle()
    assert desk.tab.url == two
    assert desk.tab.locator("#chips").inner_text().count("：") == 2

    desk.tab.go_back()
    desk.tab.wait_for_url(one)
    desk.tab.locator(row("village")).first.wait_for()


def test_going_back_and_forward_in_haste_loses_no_step(desk: Visitor) -> None:
    """A late answer for a step one has already left does not write its address over the step one is on."""
    desk.open("/map")
    steps = [desk.tab.url]
    for level in ("town", "village"):
        drill(desk, level)
        steps.append(desk.tab.url)
    desk.tab.evaluate("() => { history.back(); setTimeout(() => history.back(), 60); }")
    desk.tab.wait_for_url(steps[0])
    desk.tab.evaluate("() => { history.forward(); setTimeout(() => history.forward(), 60); }")
    desk.tab.wait_for_url(steps[2])
    desk.settle()
    assert desk.tab.url == steps[2]
    assert desk.tab.locator("#chips").inner_text().count("：") == 2
    desk.tab.go_back()
    desk.tab.wait_for_url(steps[1])


def test_a_filter_changes_the_step_and_makes_no_new_one(desk: Visitor) -> None:
    desk.open("/map")
    length = desk.tab.evaluate("history.length")
    desk.tab.locator("#filter-kind").click()
    desk.tab.get_by_role("option", name="纠纷").click()
    until_address(desk, "kind=D")
    assert desk.tab.evaluate("history.length") == length
    drill(desk, "town")
    assert desk.tab.evaluate("history.length") == length + 1
    desk.tab.go_back()
    desk.tab.wait_for_function("() => !location.search.includes('town=')")
    desk.settle()
    assert parse_qs(desk.query())["kind"] == ["D"]


def test_an_address_put_right_makes_no_step_that_back_falls_into(desk: Visitor) -> None:
    desk.open("/departments")
    follow(desk, "/map?town=nowhere&kind=D")
    desk.tab.wait_for_function("() => location.pathname === '/map' && !location.search.includes('town')")
    desk.settle()
    desk.tab.go_back()
    until_address(desk, "/departments")


def test_back_from_a_case_returns_to_the_grid_it_was_opened_from(desk: Visitor) -> None:
    desk.open("/map")
    town = drill(desk, "town")
    case = a_case(desk, f"town={town}")
    drill(desk, "village")
    here = desk.tab.url
    rest(desk)
    follow(desk, f"/case?{desk.query()}&{urlencode({'case': case['case_id']})}")
    desk.tab.locator(".case-heading").wait_for()
    desk.settle()
    desk.tab.go_back()
    desk.tab.locator("#units-grid").wait_for()
    desk.settle()
    assert desk.tab.url == here
    assert desk.tab.locator("#chips").inner_text().count("：") == 2


def test_a_listed_case_opens_and_the_way_up_leads_to_its_grid(desk: Visitor) -> None:
    desk.open("/departments?since=2024-01-01&department=D06")
    link = desk.tab.locator("#own-oldest .case-link").first
    title = link.inner_text()
    link.focus()
    desk.tab.keyboard.press("Enter")
    until_address(desk, "/case?")
    assert desk.tab.locator("h1").inner_text() == title
    assert parse_qs(desk.query())["department"] == ["D06"]
    assert "case=" not in str(desk.tab.locator(".nav-link").first.get_attribute("href"))

    desk.tab.keyboard.press("u")
    until_address(desk, "/map?")
    levels = list(place(desk))
    assert levels[-1] == "grid" and "case" not in parse_qs(desk.query())
    desk.tab.keyboard.press("u")
    desk.tab.wait_for_function("() => !location.search.includes('grid=')")
    desk.settle()
    assert list(place(desk)) == levels[:-1]
    desk.tab.go_back()
    until_address(desk, "grid=")
    rest(desk)
    desk.tab.go_back()
    until_address(desk, "/case?")
    desk.tab.locator(".case-heading").wait_for()
    desk.tab.go_back()
    until_address(desk, "/departments?")
    assert desk.tab.locator("#own-oldest .case-link").first.inner_text() == title


# --- keys ---------------------------------------------------------------------------------------------------------


def test_enter_picks_the_focused_row(desk: Visitor) -> None:
    desk.open("/map")
    cell = desk.tab.locator(row("town")).nth(1)
    code = (cell.locator("xpath=..").get_attribute("row-id") or "").partition(":")[2]
    desk.tab.locator("#units-grid .ag-header-cell").first.focus()
    for _ in range(2):
        desk.tab.keyboard.press("ArrowDown")
    desk.tab.keyboard.press("Enter")
    until_address(desk, f"town={code}")


def test_keys_are_listed_do_their_work_and_can_be_switched_off(desk: Visitor) -> None:
    desk.open("/map")
    drill(desk, "town")
    tab = desk.tab
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "filter-period"
    tab.locator("#filter-town").focus()
    tab.keyboard.type("u?/")
    assert tab.locator("dialog[open]").count() == 0 and "town" in place(desk)
    tab.keyboard.press("Escape")
    tab.evaluate("document.activeElement.blur()")

    tab.keyboard.press("?")
    box = tab.get_by_role("dialog", name="快捷键")
    box.wait_for()
    assert english_words(desk) == set()
    box.get_by_role("checkbox").uncheck()
    tab.keyboard.press("Escape")
    assert not box.is_visible()
    tab.keyboard.press("u")
    tab.wait_for_timeout(300)
    assert "town" in place(desk)

    tab.reload()
    desk.settle()
    tab.keyboard.press("?")
    assert tab.locator("dialog[open]").count() == 0
    tab.get_by_role("button", name="快捷键").click()
    box.get_by_role("checkbox").check()
    box.get_by_role("button", name="关闭").click()
    tab.keyboard.press("u")
    tab.wait_for_function("() => !location.search.includes('town=')")


# --- the page -----------------------------------------------------------------------------------------------------


def test_a_case_tells_its_way_in_chinese(desk: Visitor) -> None:
    case = a_case(desk)
    open_case(desk, case)
    tab = desk.tab
    assert tab.locator("h1").all_inner_texts() == [case["title"]]
    assert tab.locator(".case-line .crumb").all_inner_texts()[0] == "全县"
    file = desk.api(f"/api/v1/cases/{case['case_id']}")
    assert tab.locator(".step:not(.is-still)").count() == len(file["steps"])
    assert tab.locator(".holder-row").count() == len(file["holdings"]) + len(file["assists"])
    assert "▲ 超期未办" in tab.locator(".clock").first.inner_text()
    assert [text for text in tab.locator(".panel-fault").all_inner_texts() if text] == []
    assert english_words(desk) == set()


@pytest.mark.parametrize("query", ["", "?case=ZZ-1", "?kind=C"])
def test_without_a_case_the_page_says_what_to_do(desk: Visitor, query: str) -> None:
    desk.open(f"/case{query}")
    said = desk.tab.locator("#case-head").inner_text()
    assert ("没有这个事项：ZZ-1" if "ZZ" in query else "还没有选择事项") in said
    assert english_words(desk) <= {"ZZ"}


def test_a_phone_reads_a_case_without_scrolling_sideways(phone: Visitor) -> None:
    open_case(phone, a_case(phone))
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.tab.locator(".step").first.is_visible()
