"""Does a wall say that it is cut off, and heal by itself? The real server killed, frozen, out of reach, replaced."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.e2e.outage import BAND, NO_BAND, Machine, drill, hurried, machine
from tests.e2e.people import visiting

INTERVAL = 0.6
SLACK = 0.7
"""Seconds that two busy cores may add to two intervals."""


@pytest.fixture(scope="module")
def patient(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A server over a warehouse of its own, which tests may change."""
    folder = tmp_path_factory.mktemp("outage")
    shutil.copytree(warehouse, folder / "warehouse", copy_function=os.link)
    with machine(folder / "warehouse", folder / "state.sqlite") as made:
        yield made


@pytest.fixture(scope="module")
def room(browser: Browser, patient: Machine) -> Iterator[BrowserContext]:
    made = visiting(browser, patient.home, viewport={"width": 1920, "height": 1080})
    hurried(made, round(INTERVAL * 1000))
    yield made
    made.close()


@pytest.fixture(scope="module")
def wall(room: BrowserContext, patient: Machine) -> Page:
    tab = room.new_page()
    tab.goto(f"{patient.home}/screen")
    tab.wait_for_function("() => document.querySelector('#asof')?.textContent.startsWith('数据截至')", timeout=20_000)
    tab.wait_for_function(NO_BAND)
    return tab


@pytest.fixture(autouse=True)
def healed(room: BrowserContext, wall: Page) -> Iterator[None]:
    """A test that failed half-way leaves the next one a wall that is in reach."""
    yield
    room.set_offline(False)
    wall.unroute_all()


@pytest.mark.parametrize("kind", ["killed", "frozen", "offline"])
def test_a_band_within_two_intervals_and_healed_within_two(wall: Page, patient: Machine, kind: str) -> None:
    shown = wall.locator("#asof").text_content()
    wall.evaluate("() => { window.sameTab = true; }")
    seen, healed = drill(wall, patient, kind, lasting=2 * INTERVAL, interval=INTERVAL)
    assert seen <= 2 * INTERVAL + SLACK
    assert healed <= 2 * INTERVAL + SLACK
    assert wall.evaluate("() => window.sameTab") is True
    assert wall.locator("#asof").text_content() == shown


def test_the_band_says_what_is_cut_and_since_when_while_the_clock_goes_on(wall: Page, room: BrowserContext) -> None:
    room.set_offline(True)
    wall.wait_for_function(BAND)
    said = str(wall.locator("#band").text_content())
    shown = str(wall.locator("#asof").text_content()).removeprefix("数据截至 ")
    assert said.startswith(f"▲ 连接中断 · 画面截至 {shown} · 已 ")
    wide = wall.locator("#band").bounding_box()
    assert wide is not None
    assert wide["width"] == 1920
    assert wall.locator("#next").text_content() == "正在重连"
    room.set_offline(False)
    wall.wait_for_function(NO_BAND)


def test_data_that_stay_away_are_said_on_wall_and_desk_and_the_picture_stays(
    wall: Page, room: BrowserContext, patient: Machine
) -> None:
    shown = wall.locator("#asof").text_content()
    desk = room.new_page()
    desk.goto(f"{patient.home}/definitions?kind=C")
    late: list[bool] = []

    def older(route: Route) -> None:
        answer = route.fetch()
        late.append(True)
        route.fulfill(response=answer, json=answer.json() | {"is_late": True})

    room.route("**/api/v1/pulse*", older)
    for tab in (wall, desk):
        tab.wait_for_function("() => document.querySelector('#band')?.dataset.state === 'late'", timeout=30_000)
        assert "来源中断" in str(tab.locator("#band").text_content())
    assert late and wall.locator("#asof").text_content() == shown
    room.unroute("**/api/v1/pulse*", older)
    for tab in (wall, desk):
        tab.wait_for_function(NO_BAND, timeout=30_000)
    desk.close()


def test_a_new_snapshot_is_painted_in_place(wall: Page, patient: Machine) -> None:
    wall.evaluate("""() => {
      window.kept = document.querySelector('.wall-page');
      document.addEventListener('yiping:life', (event) => { window.painted = event.detail.painted.snapshot; });
    }""")
    _publish_again(patient.warehouse)
    wall.wait_for_function("() => window.painted?.endsWith('b')", timeout=15_000)
    assert wall.evaluate("() => window.kept === document.querySelector('.wall-page')") is True


def _publish_again(warehouse: Path) -> None:
    """The same file under another name: a new snapshot as far as a screen can tell."""
    path = warehouse / "CURRENT.json"
    pointer = json.loads(path.read_text(encoding="utf-8"))
    pointer["snapshot"] += "b"
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(pointer), encoding="utf-8")
    beside.replace(path)


def test_a_refill_that_fails_keeps_the_band_until_what_is_new_is_painted(wall: Page, patient: Machine) -> None:
    wall.route("**/_dash-update-component*", lambda route: route.fulfill(status=500, body=""))
    shown = wall.locator("#asof").text_content()
    _publish_again(patient.warehouse)
    wall.wait_for_function(BAND, timeout=8000 * INTERVAL)
    assert str(wall.locator("#band").text_content()).startswith("▲ 连接中断 · 画面截至")
    wall.wait_for_timeout(2 * INTERVAL * 1000)
    assert wall.evaluate(BAND) is True
    assert wall.locator("#asof").text_content() == shown
    wall.unroute("**/_dash-update-component*")
    wall.wait_for_function(NO_BAND, timeout=60_000)


def test_another_build_reloads_a_wall_once_and_a_desk_asks(wall: Page, room: BrowserContext, patient: Machine) -> None:
    desk = room.new_page()
    desk.goto(f"{patient.home}/definitions?kind=C")
    desk.wait_for_function("() => window.yiping?.life && document.querySelector('#rules-asof')?.textContent")
    desk.wait_for_function(NO_BAND)
    wall.evaluate("() => { window.loadedBefore = true; }")
    wall.keyboard.press(" ")  # otherwise the tour may turn the page by itself just now
    wall.locator("#wall-paused").wait_for()

    def other(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(response=answer, json={**answer.json(), "build": "another"})  # type: ignore[attr-defined]

    room.route("**/api/v1/pulse", other)
    desk.wait_for_function("() => document.querySelector('#news.is-shown')?.textContent === '系统有新版本请刷新'")
    wall.wait_for_timeout(3 * INTERVAL * 1000)
    assert wall.evaluate("() => window.loadedBefore") is True, "not before a page change"
    wall.keyboard.press("ArrowRight")
    wall.wait_for_function("() => !window.loadedBefore && document.querySelector('#asof')?.textContent")
    room.unroute("**/api/v1/pulse", other)
    wall.evaluate("() => { window.loadedBefore = true; }")
    wall.wait_for_timeout(3 * INTERVAL * 1000)
    wall.keyboard.press("ArrowRight")
    wall.wait_for_timeout(2 * INTERVAL * 1000)
    assert wall.evaluate("() => window.loadedBefore") is True, "never twice within ten minutes"
    desk.close()


def test_a_desk_tells_of_new_data_and_takes_it_in_place(room: BrowserContext, patient: Machine) -> None:
    desk = room.new_page()
    desk.goto(f"{patient.home}/?kind=C")
    desk.wait_for_function("() => document.querySelector('#head-facts')?.textContent")
    desk.locator(".js-plotly-plot").first.wait_for()
    desk.wait_for_function(NO_BAND)
    desk.evaluate("() => { window.kept = document.querySelector('.js-plotly-plot'); }")
    _publish_again(patient.warehouse)
    desk.wait_for_function("() => document.querySelector('#news.is-shown')?.textContent.startsWith('数据已更新，截至')")
    desk.get_by_role("button", name="刷新画面").click()
    desk.wait_for_function("() => !document.querySelector('#news.is-shown')")
    assert desk.evaluate("() => window.kept && window.kept === document.querySelector('.js-plotly-plot')") is True
    desk.close()


def test_the_list_of_walls_shows_this_one_and_can_forget_it(wall: Page, room: BrowserContext, patient: Machine) -> None:
    desk = room.new_page()
    desk.goto(f"{patient.home}/screens?kind=C")
    row = desk.locator("#screen-rows tr")
    row.first.wait_for()
    assert "● 在线" in row.first.inner_text()
    assert "1920×1080" in row.first.inner_text()
    wall.goto("about:blank")
    desk.get_by_role("button", name="从清单移除").first.click()
    desk.locator("#screens-empty").wait_for()
    desk.close()
