"""Can somebody who sees little, uses no mouse or a small screen, use every page? WCAG 2.2 AA by axe-core, and by hand."""

from __future__ import annotations

import pytest

from dashboard.factory import find_pages
from tests.e2e.axe import violations
from tests.e2e.conftest import PHONE, Visitor

PAGES = [page.path for page in find_pages()]


def address(visitor: Visitor, path: str) -> str:
    """A page that shows a single case needs one."""
    if path != "/case":
        return path
    rows = visitor.api("/api/v1/cases?status=overdue&order=oldest&limit=1")["rows"]
    return f"{path}?case={rows[0]['case_id']}"


@pytest.mark.parametrize("path", PAGES)
def test_axe_holds_nothing_against_a_page(desk: Visitor, path: str) -> None:
    desk.open(address(desk, path))
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
