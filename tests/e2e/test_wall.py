"""The wall in a real browser: it goes round by itself, obeys its keys, fits every signal, and tells no single case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Response

from dashboard.wall.settings import PAGES
from tests.e2e.axe import violations
from tests.e2e.conftest import Visitor
from tests.e2e.people import visiting
from tests.e2e.test_pages import assert_same

SIZES = {"1920x1080": (1920, 1080), "3840x2160": (3840, 2160), "3840x1080": (3840, 1080), "1080x1920": (1080, 1920)}
STRETCHED = "wall=6720x2160&signal=1920x1080"

OVERFLOWS = """() => [...document.querySelectorAll('.wall-page.is-shown *, .wall-head, .wall-foot')].filter(box => {
  if (box.closest('.leaflet-container') || !box.clientWidth || getComputedStyle(box).display === 'inline') return false;
  if (box.scrollWidth > box.clientWidth + 1) return !box.matches('.rank-dot, .watch-department, .watch-category');
  const frame = box.closest('.wall-panel, .headline');
  return frame && box.getBoundingClientRect().bottom > frame.getBoundingClientRect().bottom + 2;
}).map(box => (box.id || box.className) + ': ' + box.textContent.slice(0, 30))"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('.wall-page.is-shown *')]
  .filter(box => box.children.length === 0 && box.textContent.trim() && !box.closest('.map-mark'))
  .map(box => parseFloat(getComputedStyle(box).fontSize)))"""


@pytest.fixture
def wall(browser: Browser, server: str) -> Iterator[Visitor]:
    room = visiting(browser, server, viewport={"width": 1920, "height": 1080})
    visitor = Visitor(room.new_page(), server)
    yield visitor
    room.close()
    assert visitor.faults == []


def open_wall(wall: Visitor, query: str = "") -> None:
    wall.tab.goto(f"{wall.home}/screen?{query}")
    wall.tab.wait_for_selector("#ranks-rows .league-row", state="attached")


def shown(wall: Visitor) -> str:
    return str(wall.tab.evaluate("() => window.yiping.tour.page()"))


def test_the_tour_shows_every_page_in_order_and_tells_no_case(wall: Visitor) -> None:
    told: list[str] = []

    def read(answer: Response) -> None:
        if "_dash-update" in answer.url or "/api/" in answer.url:
            told.append(answer.text())

    wall.tab.on("response", read)
    open_wall(wall, "seconds=1")
    wall.tab.evaluate("() => { window.seen = []; window.yiping.tour.atPageChange(key => window.seen.push(key)); }")
    wall.tab.wait_for_function("() => window.seen.length >= 6")
    seen, keys = wall.tab.evaluate("() => window.seen"), list(PAGES)
    start = keys.index(seen[0])
    assert seen[:6] == [keys[(start + n) % len(keys)] for n in range(6)]
    assert told
    for row in wall.api("/api/v1/cases?limit=300")["rows"]:
        assert not [text for text in told if row["case_id"] in text or row["title"] in text]


def test_the_keys_hold_and_turn_the_pages(wall: Visitor) -> None:
    open_wall(wall)
    keyboard, paused = wall.tab.keyboard, wall.tab.get_by_text("已暂停")
    assert shown(wall) == "overview"
    keyboard.press("ArrowRight")
    assert shown(wall) == "map"
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowLeft")
    assert shown(wall) == "departments"
    keyboard.press(" ")
    assert paused.is_visible()
    keyboard.press(" ")
    assert not paused.is_visible()
    keyboard.press("?")
    assert wall.tab.locator("#wall-keys").is_visible()


@pytest.mark.parametrize("size", [*SIZES, "stretched"])
def test_nothing_overflows(wall: Visitor, size: str) -> None:
    width, height = SIZES.get(size, (1920, 1080))
    wall.tab.set_viewport_size({"width": width, "height": height})
    open_wall(wall, STRETCHED if size == "stretched" else "")
    for key in PAGES:
        assert shown(wall) == key
        assert wall.tab.evaluate(OVERFLOWS) == []
        assert wall.tab.evaluate(SMALLEST) >= 18
        wall.tab.keyboard.press("ArrowRight")
    assert wall.tab.evaluate("() => document.documentElement.scrollHeight <= window.innerHeight")


def test_axe_holds_nothing_against_the_wall(wall: Visitor) -> None:
    open_wall(wall, "page=overview")
    for key in PAGES:
        assert shown(wall) == key
        assert violations(wall.tab) == []
        wall.tab.keyboard.press("ArrowRight")


@pytest.mark.parametrize(("query", "ratio"), [("", 1.0), (STRETCHED, 1.75)])
def test_the_circle_is_round_on_the_wall(wall: Visitor, query: str, ratio: float) -> None:
    wall.tab.goto(f"{wall.home}/screen?page=testcard&{query}")
    wall.tab.wait_for_selector("#card-circle")
    box = wall.tab.locator("#card-circle").bounding_box()
    assert box
    assert box["width"] * ratio / box["height"] == pytest.approx(1, abs=0.02)


def test_numbers_are_those_of_the_api(wall: Visitor) -> None:
    open_wall(wall)
    marks = wall.tab.evaluate(
        """() => [...document.querySelectorAll('[data-asked] [data-metric]')].map(mark => ({
          metric: mark.dataset.metric, value: mark.dataset.value, n: mark.dataset.n, total: mark.dataset.total,
          state: mark.dataset.state, by: mark.dataset.by || '', code: mark.dataset.code || '',
          asked: mark.closest('[data-asked]').dataset.asked }))"""
    )
    assert len(marks) > 100
    asked = {(mark["asked"], mark["by"]): set[str]() for mark in marks}
    for mark in marks:
        asked[mark["asked"], mark["by"]].add(mark["metric"])
    told = {}
    for (query, by), metrics in asked.items():
        for row in wall.api(f"/api/v1/query?{query}&metrics={','.join(sorted(metrics))}&by={by}")["rows"]:
            told[query, by, ",".join(str(row[d]) for d in by.split(",") if by)] = row
    for mark in marks:
        assert_same(mark, told[mark["asked"], mark["by"], mark["code"]][mark["metric"]])


def test_the_date_rolls_over_at_midnight_and_the_wall_loads_itself_anew_at_night(browser: Browser, server: str) -> None:
    room = visiting(browser, server, viewport={"width": 1920, "height": 1080}, timezone_id="Asia/Shanghai")
    tab = room.new_page()
    tab.clock.install(time="2026-11-26T23:59:40+08:00")
    tab.goto(f"{server}/screen")
    tab.wait_for_function("() => document.querySelector('#asof')?.textContent.startsWith('数据截至')")
    assert "11月26日" in tab.locator(".wall-clock").inner_text()
    tab.evaluate("() => { window.loadedBefore = true; }")
    tab.clock.run_for(30_000)
    tab.wait_for_function("() => document.querySelector('.wall-clock').textContent.includes('11月27日')")
    for _ in range(60):  # reload_at is four o'clock, a little later on every wall
        tab.clock.run_for(300_000)
        tab.wait_for_timeout(150)
        if tab.evaluate("() => window.loadedBefore !== true"):
            break
    assert tab.evaluate("() => [new Date().getHours(), window.loadedBefore === true]") == [4, False]
    for _ in range(60):
        tab.clock.run_for(1000)
        tab.wait_for_timeout(100)
        if tab.evaluate("() => (document.querySelector('#asof')?.textContent || '').startsWith('数据截至')"):
            break
    assert tab.locator("#band").get_attribute("data-state") == ""
    room.close()
