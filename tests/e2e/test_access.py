"""Can somebody who sees little, uses no mouse or a small screen use every page? WCAG 2.2 AA by axe-core, and by Tab."""

from __future__ import annotations

import pytest

from dashboard.factory import find_pages
from tests.e2e.axe import violations
from tests.e2e.conftest import PHONE, Visitor
from tests.e2e.tabbing import walk

CHARTS = """() => [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.checkVisibility()).map(plot => {
  const picture = plot.closest('[role=img]');
  const said = picture ? picture.getAttribute('aria-label') : '';
  const button = Boolean(plot.closest('.chart').querySelector('.chart-data'));
  return {plot: plot.parentElement.id, finding: said.includes('：'), button: button};
})"""
PAGES = [page.path for page in find_pages()]


def address(visitor: Visitor, path: str) -> str:
    """A page that shows a single case needs one."""
    if path != "/case":
        return path
    rows = visitor.api("/api/v1/cases?status=overdue&order=oldest&limit=1")["rows"]
    return f"{path}?case={rows[0]['case_id']}"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_by_keyboard_and_axe_holds_nothing_against_it(desk: Visitor, path: str) -> None:
    """Tab comes to every control, shows where it is, and is never under a bar; then axe, at both sizes."""
    desk.open(address(desk, path))
    stops, missed = walk(desk.tab, most=400)
    assert missed == []
    assert "skip" in stops[0].what
    assert [stop for stop in stops if stop.ring < 2 or not stop.is_seen] == []
    assert [box for box in desk.tab.evaluate(CHARTS) if not box["finding"] or not box["button"]] == []
    assert violations(desk.tab) == []
    desk.tab.set_viewport_size(PHONE)
    desk.tab.wait_for_timeout(300)
    assert violations(desk.tab) == []


def test_axe_holds_nothing_against_what_opens(desk: Visitor) -> None:
    """Each opener by keyboard; Escape closes it and gives the focus back."""
    desk.open("/map?replay=risk&pace=week")
    tab = desk.tab
    assert violations(tab) == []
    for opener, opened in (
        ("button:has(> #filter-more)", ".bar-more"),
        ("button:has(> #export)", ".bar-exports"),
        ("#filter-period", ".mantine-DatePickerInput-day:not([data-hidden])"),
    ):
        tab.locator(opener).focus()
        tab.keyboard.press("Enter")
        tab.locator(opened).first.wait_for(state="visible")
        tab.wait_for_timeout(300)
        assert violations(tab) == [], opener
        tab.keyboard.press("Escape")
        tab.locator(opened).first.wait_for(state="hidden")
        assert tab.locator(opener).evaluate("box => box === document.activeElement"), opener
    tab.locator("body").press("?")
    assert violations(tab) == []
    tab.keyboard.press("Escape")
    tab.locator("#filter-town").click()
    tab.get_by_role("option").first.wait_for()
    assert violations(tab) == []


def test_the_skip_link_leads_past_the_bars(desk: Visitor) -> None:
    desk.open("/definitions")
    desk.tab.keyboard.press("Tab")
    desk.tab.keyboard.press("Enter")
    desk.tab.keyboard.press("Tab")
    assert desk.tab.evaluate("() => Boolean(document.activeElement.closest('#page'))")


def test_the_numbers_of_a_chart_open_as_a_table(desk: Visitor) -> None:
    """The table adds up to the tile, the finding is above it; Escape closes it and gives the focus back."""
    desk.open("/")
    tab = desk.tab
    button = tab.locator(".chart-data").first
    button.focus()
    tab.keyboard.press("Enter")
    box = tab.locator("dialog[open]")
    heads = box.locator("thead th").all_inner_texts()
    column = box.locator(f"tbody td:nth-child({heads.index('受理') + 1})").all_inner_texts()
    accepted = desk.api(f"/api/v1/query?{desk.query()}&metrics=accepted")["rows"][0]["accepted"]
    assert sum(int(text.replace(",", "")) for text in column if text != "无数据") == accepted
    finding = box.locator(".chart-finding").inner_text()
    assert finding.startswith("受理")
    assert tab.locator(".chart-picture").first.get_attribute("aria-label").endswith(finding)
    assert violations(tab) == []
    tab.keyboard.press("Escape")
    assert button.evaluate("box => box === document.activeElement")
