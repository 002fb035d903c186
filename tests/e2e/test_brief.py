"""The leader's five minutes: from an exception to its evidence and Back, down to a village, on desk and phone."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from tests.e2e.conftest import Visitor

YEAR = "/brief?since=2026-01-01&until=2026-10-31"


def test_an_exception_leads_to_its_evidence_and_back_leads_to_the_exceptions(desk: Visitor) -> None:
    desk.open(YEAR)
    first = desk.tab.locator(".finding").first
    sentence = first.inner_text()
    assert re.search(r"变差|好转|上升|下降", sentence)
    said = re.search(r"在办超期 ([\d,]+) 件，较(.+?) [+−]\d", sentence.replace("\n", " "))
    assert said, sentence
    first.click()
    desk.tab.wait_for_url("**/departments?*")
    desk.settle()
    shown = desk.api(f"/api/v1/query?{desk.query()}&metrics=overdue_open")["rows"][0]["overdue_open"]
    assert f"{shown:,}" == said[1]
    assert desk.tab.locator('[data-metric="overdue_open"]', has_text=said[1]).count() >= 1
    desk.tab.go_back()
    desk.tab.wait_for_selector(".finding")
    desk.settle()
    assert desk.tab.url.endswith(YEAR)
    assert desk.tab.locator(".finding").first.inner_text() == sentence


def test_two_steps_down_and_each_back_is_one_up(desk: Visitor) -> None:
    desk.open(YEAR)
    tab = desk.tab

    def way() -> list[str]:
        return tab.locator("#where-crumbs > :not(.crumb-gap)").all_inner_texts()

    def arrive(depth: int) -> None:
        tab.wait_for_function("n => document.querySelectorAll('#where-crumbs .crumb').length === n", arg=depth)
        desk.settle()

    steps = [way()]
    for name in ("town", "village"):
        tab.locator("#where-list button.rank-row").first.click()
        arrive(len(steps))
        assert len(parse_qs(desk.query())[name]) == 1
        steps.append(way())
    assert [len(step) for step in steps] == [1, 2, 3]
    assert tab.locator("#where-list [data-by=grid]").count() > 0
    for step in (steps[1], steps[0]):
        tab.go_back()
        arrive(len(step) - 1)
        assert way() == step


def test_the_calendar_of_the_comparison_is_in_the_address_and_goes_along(desk: Visitor) -> None:
    desk.open("/brief?since=2026-02-07&until=2026-03-10")
    tab = desk.tab
    tab.get_by_role("button", name="春节对齐").click()
    tab.wait_for_function("() => document.querySelector('#brief-spans').innerText.includes('春节同比')")
    desk.settle()
    assert parse_qs(desk.query())["calendar"] == ["festival"]
    assert "春节同比 对 2025年1月19日–2月18日" in tab.locator("#brief-spans").inner_text()
    tab.locator("#nav-overview").click()
    tab.wait_for_selector("#kpi-cards .kpi")
    desk.settle()
    assert tab.locator(".kpi-change", has_text="春节同比").count() == 6
    assert "2025年1月19日–2月18日" in tab.locator("#kpi-note").inner_text()


def test_a_phone_reads_from_exceptions_to_places(phone: Visitor) -> None:
    phone.open(YEAR)
    tab = phone.tab
    ids = ("findings-panel", "six-panel", "brief-trend-panel", "where-panel")
    tops = [(tab.locator(f"#{name}").bounding_box() or {"y": 0})["y"] for name in ids]
    assert tops == sorted(tops) and len(set(tops)) == 4
    columns = {round((card.bounding_box() or {"x": 0})["x"]) for card in tab.locator("#six-cards .kpi").all()}
    assert len(columns) == 2
    assert (tab.locator(".finding").first.bounding_box() or {"height": 0})["height"] >= 44
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
