"""Do the maps change in place, heal by themselves, play the past truly and explain their risk, in a real browser?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Visitor
from tests.e2e.test_case import rest, row, until_address
from tests.e2e.test_pages import english_words

PERIOD = "since=2026-08-01&until=2026-10-01"
RUN = "run=h60_all_none"
"""The small county's default run is flat; this one has tiers."""

MEET = """id => { window.probe = null; yiping.map.ready(id, map => {
  window.areas = () => {
    const all = [];
    map.eachLayer(l => { if (l.feature && l.setStyle && l.getTooltip()) all.push(l); });
    return all;
  };
  window.areaOf = code => areas().find(l => l.feature.properties.code === code);
  window.tipOf = code => {
    const area = areaOf(code);
    return area.getTooltip().getContent()(area).querySelector('.map-tip-value').textContent;
  };
  window.paintOf = code => areaOf(code).options.fillColor;
  window.probe = map;
}); }"""


def meet(visitor: Visitor, path: str, prefix: str = "big") -> Page:
    """Open a page and take hold of its map as soon as its areas are drawn."""
    visitor.open(path)
    hold_of(visitor, prefix)
    return visitor.tab


def hold_of(visitor: Visitor, prefix: str = "big") -> None:
    visitor.tab.evaluate(MEET, prefix)
    visitor.tab.wait_for_function("() => window.probe && areas().length > 0")


def codes(visitor: Visitor) -> list[str]:
    """The areas on the map."""
    return list(visitor.tab.evaluate("() => areas().map(l => l.feature.properties.code).sort()"))


def tips(visitor: Visitor) -> dict[str, str]:
    """What the tooltip of every area says."""
    return dict(
        visitor.tab.evaluate(
            "() => Object.fromEntries(areas().map(l => l.feature.properties.code).map(c => [c, tipOf(c)]))"
        )
    )


def painted(visitor: Visitor, act: Any) -> None:
    """Do something that repaints the map, and wait until it has."""
    was = visitor.tab.evaluate("() => probe.getContainer().dataset.paintedAt || ''")
    act()
    visitor.tab.wait_for_function("was => (probe.getContainer().dataset.paintedAt || '') !== was", arg=was)
    visitor.settle()


def choose_kind(visitor: Visitor, name: str = "纠纷") -> None:
    visitor.tab.locator("#filter-kind").click()
    visitor.tab.get_by_role("option", name=name).click()


def counts(visitor: Visitor, query: str, *, metric: str = "accepted", by: str = "town") -> dict[str, int]:
    """The API's number per area."""
    rows = visitor.api(f"/api/v1/query?metrics={metric}&by={by}&{query}")["rows"]
    return {row[by.split(",")[-1]]: row[metric] for row in rows if row[by.split(",")[-1]]}


@contextmanager
def held(tab: Page, pattern: str) -> Iterator[list[Route]]:
    """Requests of this address wait until the block ends."""
    waiting: list[Route] = []
    tab.route(pattern, lambda route: waiting.append(route))
    yield waiting
    for route in waiting:
        route.continue_()
    tab.unroute(pattern)


def forgive(visitor: Visitor, what: str) -> None:
    """The browser writes failed requests into its console by itself."""
    visitor.faults[:] = [fault for fault in visitor.faults if what not in fault]


# --- in place -----------------------------------------------------------------------------------------------------


def test_a_filter_repaints_the_same_areas_while_the_map_is_moved(desk: Visitor) -> None:
    tab = meet(desk, f"/map?{PERIOD}")
    tab.evaluate("() => { window.kept = [document.querySelector('#big-map canvas'), ...areas()]; }")
    colours = tab.evaluate("() => areas().map(l => l.options.fillColor)")
    whole = tips(desk)

    def act() -> None:
        with held(tab, "**/_dash-update-component"):
            choose_kind(desk)
            box = tab.locator("#big-map").bounding_box()
            assert box
            tab.mouse.move(box["x"] + 300, box["y"] + 200)
            was = tab.evaluate("() => probe.getCenter().lng")
            tab.mouse.down()
            tab.mouse.move(box["x"] + 180, box["y"] + 200, steps=5)
            tab.wait_for_timeout(300)  # a pause before letting go: no inertia
            tab.mouse.up()
            tab.evaluate("() => probe.setZoom(probe.getZoom() + 0.5, {animate: false})")
            assert tab.evaluate("() => probe.getCenter().lng") > was
            tab.evaluate("() => { window.view = [probe.getCenter().lng, probe.getZoom()]; }")

    painted(desk, act)
    assert tab.evaluate("() => [probe.getCenter().lng, probe.getZoom()].join() === view.join()")
    assert tab.evaluate("() => kept[0] === document.querySelector('#big-map canvas') && kept[0].isConnected")
    assert tab.evaluate("() => { const now = new Set(areas()); return kept.slice(1).every(l => now.has(l)); }")
    assert tab.evaluate("() => areas().map(l => l.options.fillColor)") != colours
    said, told = tips(desk), counts(desk, f"{PERIOD}&kind=D")
    assert said != whole
    assert {code: int(text.split()[1].replace(",", "")) for code, text in said.items()} == told


# --- geometry that fails ------------------------------------------------------------------------------------------


def test_borders_that_fail_twice_come_by_themselves(desk: Visitor) -> None:
    tries: list[str] = []

    def answer(route: Route) -> None:
        tries.append(route.request.url)
        if tries.count(route.request.url) <= 2:
            route.fulfill(status=502, body="<html>")
        else:
            route.continue_()

    desk.tab.route("**/api/v1/geometry/**", answer)
    meet(desk, f"/map?{PERIOD}")
    assert codes(desk) == sorted(counts(desk, PERIOD))
    assert {tries.count(url) for url in tries} == {3}
    assert desk.tab.locator("#big-trouble").inner_text() == ""
    forgive(desk, "502")


def test_borders_that_fail_for_good_say_so_and_the_next_filter_tries_again(desk: Visitor) -> None:
    tab = desk.tab
    tab.route("**/api/v1/geometry/**", lambda route: route.fulfill(status=502, body="<html>"))
    desk.open(f"/map?{PERIOD}")
    expect(tab.locator("#big-trouble")).to_contain_text("网格边界未取到，其余正常", timeout=9000)
    assert tab.locator("#place-list .measure").count() > 4
    assert tab.locator(row("town")).count() > 2
    tab.unroute_all()
    choose_kind(desk)
    hold_of(desk)
    desk.settle()
    assert set(codes(desk)) == set(counts(desk, f"{PERIOD}&kind=D"))
    assert tab.locator("#big-trouble").inner_text() == ""
    forgive(desk, "502")


def test_slow_borders_never_undo_what_was_chosen_since(desk: Visitor) -> None:
    """Villages are asked for and come late, when the reader is back at towns."""
    tab = meet(desk, f"/map?{PERIOD}")
    towns = codes(desk)
    with held(tab, "**/api/v1/geometry/**") as waiting:
        tab.locator("#map-levels").get_by_text("村社区").click()
        tab.wait_for_function("() => location.search.includes('layer=village')")
        while not waiting:
            tab.wait_for_timeout(50)
        tab.locator("#map-levels").get_by_text("乡镇街道").click()
        tab.wait_for_function("() => location.search.includes('layer=town')")
        tab.wait_for_timeout(300)
    desk.settle()
    assert codes(desk) == towns
    painted(desk, lambda: choose_kind(desk))
    assert codes(desk) == towns
    colours = tab.evaluate("() => areas().map(l => [l.feature.properties.code, l.options.fillColor])")
    tab.reload()
    desk.settle()
    hold_of(desk)
    tab.wait_for_timeout(300)
    assert tab.evaluate("code => paintOf(code)", towns[0]) == dict(colours)[towns[0]]
    assert sorted(tab.evaluate("() => areas().map(l => [l.feature.properties.code, l.options.fillColor])")) == sorted(
        colours
    )


# --- the replay ---------------------------------------------------------------------------------------------------


def replay(visitor: Visitor, more: str = "") -> Page:
    tab = meet(visitor, f"/map?{PERIOD}&replay=open{more}")
    expect(tab.locator("#big-replay-now")).not_to_be_empty()
    visitor.settle()
    return tab


def step(visitor: Visitor, name: str) -> None:
    """Press a button of the replay and wait until the address says where it is."""
    was = parse_qs(visitor.query()).get("moment", [""])[0]
    visitor.tab.locator(f'[data-replay="big:{name}"]').click()
    visitor.tab.wait_for_function("was => (new URLSearchParams(location.search).get('moment') || '') !== was", arg=was)
    visitor.settle()


def moment_shown(visitor: Visitor) -> str:
    return visitor.tab.locator("#big-replay-now").inner_text()[:10]


def test_a_replay_shows_the_numbers_of_its_day_and_the_address_holds_it(desk: Visitor) -> None:
    tab = meet(desk, f"/map?{PERIOD}")
    today = tips(desk)
    tab.get_by_role("button", name="回放", exact=True).click()
    expect(tab.locator("#big-replay-now")).to_contain_text("2026-09-30 周三")
    assert tab.locator("#bigmap-title").inner_text().startswith("工作量图")
    for name, day in (("back", "2026-09-29"), ("back", "2026-09-28"), ("next", "2026-09-29")):
        step(desk, name)
        assert moment_shown(desk) == day == parse_qs(desk.query())["moment"][0]
    check_day(desk, "2026-09-29")
    tab.reload()
    desk.settle()
    hold_of(desk)
    expect(tab.locator("#big-replay-now")).to_contain_text("2026-09-29")
    check_day(desk, "2026-09-29")
    assert english_words(desk) == set()

    painted(desk, lambda: choose_kind(desk))
    expect(tab.locator("#big-replay-now")).to_contain_text("2026-09-29")
    tab.wait_for_timeout(300)
    check_day(desk, "2026-09-29", "&kind=D")
    tab.locator("#chips .chip").first.click()
    until_address(desk, "moment=2026-09-29")

    painted(desk, lambda: tab.get_by_role("button", name="回放", exact=True).click())
    assert not {"replay", "moment", "pace"} & set(parse_qs(desk.query()))
    assert not tab.locator("#big-replay").is_visible()
    assert tips(desk) == today


def check_day(visitor: Visitor, day: str, more: str = "") -> None:
    """Every area's tooltip says what was open at the end of that day."""
    rows = visitor.api(f"/api/v1/query?metrics=open&by=day,town&{PERIOD}{more}")["rows"]
    told = {row["town"]: f"在办量 {row['open']:,} 件" for row in rows if row["day"] == day and row["town"]}
    assert told and tips(visitor) == told


def test_a_replay_plays_pauses_and_stops_at_the_end(desk: Visitor) -> None:
    tab = replay(desk, "&moment=2026-09-10")
    button = tab.locator('[data-replay="big:play"]')
    button.click()
    expect(button).to_have_text("暂停")
    tab.wait_for_function("() => !document.querySelector('#big-replay-now').textContent.startsWith('2026-09-10')")
    step(desk, "play")
    expect(button).to_have_text("播放")
    stopped = moment_shown(desk)
    assert "2026-09-10" < stopped == parse_qs(desk.query())["moment"][0] < "2026-09-30"
    tab.wait_for_timeout(500)
    assert moment_shown(desk) == stopped

    tab.locator("#big-replay-choices").get_by_text("逐周").click()
    until_address(desk, "pace=week")
    expect(tab.locator("#big-replay-now")).to_contain_text("起一周")
    tab.locator('[data-replay="big:speed:8"]').click()
    button.click()
    until_address(desk, "moment=2026-09-28")
    expect(button).to_have_text("播放")
    assert tab.locator("#big-replay-track input").get_attribute("aria-valuetext") == "2026-09-28 起一周"


def test_steps_in_haste_are_all_made(desk: Visitor) -> None:
    """A late answer to one step does not undo the next."""
    tab = replay(desk, "&moment=2026-09-20")
    tab.evaluate(
        """async () => {
          for (let n = 0; n < 20; n += 1) {
            document.querySelector('[data-replay="big:back"]').click();
            await new Promise(go => setTimeout(go, 100 + 10 * (n % 5)));
          }
        }"""
    )
    tab.wait_for_timeout(500)
    desk.settle()
    assert moment_shown(desk) == "2026-08-31" == parse_qs(desk.query())["moment"][0]


def test_a_replay_is_complete_again_after_another_page(desk: Visitor) -> None:
    tab = replay(desk, "&moment=2026-09-10")
    rest(desk)
    tab.get_by_role("link", name="部门清零").click()
    tab.wait_for_selector("#departments-grid .ag-row")
    desk.settle()
    tab.get_by_role("link", name="网格地图").click()
    tab.locator("#big-map canvas").first.wait_for()
    desk.settle()
    hold_of(desk)
    expect(tab.locator("#big-replay-now")).to_contain_text("2026-09-10")
    expect(tab.locator("#big-replay-track input")).to_have_count(1)
    expect(tab.locator("#big-replay-legend .legend-item")).not_to_have_count(0)
    check_day(desk, "2026-09-10")


def test_the_neighbours_of_a_chosen_town_play_along(desk: Visitor) -> None:
    town = next(iter(counts(desk, PERIOD)))
    tab = replay(desk, f"&moment=2026-09-10&layer=town&town={town}")
    tab.wait_for_timeout(200)
    check_day(desk, "2026-09-10")


def test_a_replay_that_fails_leaves_the_map(desk: Visitor) -> None:
    tab = meet(desk, f"/map?{PERIOD}")
    today = tips(desk)
    tab.route("**/api/v1/replay?**", lambda route: route.fulfill(status=502, body="<html>"))
    tab.get_by_role("button", name="回放", exact=True).click()
    expect(tab.locator("#big-replay-legend")).to_contain_text("回放未取到，其余正常")
    assert tips(desk) == today
    assert tab.locator("#big-legend").is_visible()
    tab.unroute_all()
    choose_kind(desk)
    expect(tab.locator("#big-replay-now")).to_contain_text("2026-09-30")
    desk.settle()
    check_day(desk, "2026-09-30", "&kind=D")
    forgive(desk, "502")


def test_risk_is_played_by_grid_under_its_own_title(desk: Visitor) -> None:
    tab = meet(desk, "/map?since=2026-10-20&until=2026-11-01&replay=risk")
    expect(tab.locator("#big-replay-now")).to_contain_text("2026-10-30")
    desk.settle()
    hold_of(desk)
    assert tab.locator("#bigmap-title").inner_text().startswith("风险图")
    said = desk.api("/api/v1/replay?measure=risk&level=grid&since=2026-10-20&until=2026-11-01")
    words = {"none": "○ 不分级", "blue": "■ 蓝", "yellow": "● 黄", "orange": "◆ 橙", "red": "▲ 红"}
    told = {
        code: f"风险分级 {words[said['tiers'][v]]}" for code, v in zip(said["codes"], said["values"][-1], strict=True)
    }
    tab.wait_for_function("() => areas().length > 100")
    shown = tips(desk)
    assert {code: shown[code] for code in told} == told


# --- heat ---------------------------------------------------------------------------------------------------------

PICTURE = "() => [...document.querySelectorAll('#big-map img.map-density')].map(i => new URL(i.src).search)"


def test_the_heat_surface_lies_on_outlines_and_follows_its_bandwidth(desk: Visitor) -> None:
    tab = meet(desk, f"/map?{PERIOD}")
    assert tab.evaluate("() => areas().every(l => l.options.fillOpacity > 0)")
    tab.get_by_role("button", name="热力", exact=True).click()
    tab.locator("#big-map img.map-density").wait_for()
    desk.settle()
    assert tab.evaluate("() => areas().every(l => l.options.fillOpacity === 0)")
    first = tab.evaluate(PICTURE)
    assert "bandwidth=300" in first[0] and parse_qs(desk.query())["heat"] == ["w300"]
    legend = tab.locator("#big-heat-legend").inner_text()
    assert "整月 2026-08 至 2026-09" in legend and "≥" in legend
    assert english_words(desk) == set()
    assert "不是风险" in tab.locator("#bigmap-note").inner_text()

    tab.locator("#big-heat-widths").get_by_text("500 米").click()
    tab.wait_for_function(f"was => ({PICTURE})()[0] !== was", arg=first[0])
    assert "bandwidth=500" in tab.evaluate(PICTURE)[0]
    desk.settle()
    tab.get_by_role("button", name="热力", exact=True).click()
    tab.wait_for_function(f"() => ({PICTURE})().length === 0")
    desk.settle()
    assert tab.evaluate("() => areas().every(l => l.options.fillOpacity > 0)")
    assert tab.locator("#big-legend").is_visible() and "heat" not in parse_qs(desk.query())


def test_without_a_whole_month_there_is_no_surface_and_a_reason(desk: Visitor) -> None:
    tab = meet(desk, "/map?since=2026-09-03&until=2026-09-20&heat=w300")
    expect(tab.locator("#big-heat-legend")).to_contain_text("完整的月份")
    assert tab.evaluate(PICTURE) == []


# --- risk ---------------------------------------------------------------------------------------------------------


def facts(visitor: Visitor) -> dict[str, str]:
    """The numbers of the explanation."""
    read = "() => [...document.querySelectorAll('#why-body [data-risk]')].map(m => [m.dataset.risk, m.dataset.value])"
    return dict(visitor.tab.evaluate(read))


def check_reasons(visitor: Visitor, grid: str, run: str) -> None:
    told = visitor.api(f"/api/v1/risk/{grid}?run={run}")
    shown = facts(visitor)
    assert len(shown) == 8
    for key, text in shown.items():
        value = told["risk"][key]
        assert (text == "") if value is None else float(text) == pytest.approx(value, rel=1e-12), key
    assert visitor.tab.locator("#why-body .heavy").count() == len(told["cases"])


def test_the_risk_page_explains_the_grid_that_was_clicked(desk: Visitor) -> None:
    tab = meet(desk, f"/risk?{RUN}", "risk")
    rows = tab.locator("#standing-grid .ag-row [col-id='name']")
    assert rows.count() > 1
    assert "先看最突出的一个" in tab.locator("#why-note").inner_text()
    cell = rows.nth(1)
    grid = (cell.locator("xpath=..").get_attribute("row-id") or "").partition(":")[2]
    name = cell.inner_text()
    cell.click()
    until_address(desk, f"grid={grid}")
    assert tab.locator("#why-note").inner_text() == name
    check_reasons(desk, grid, "h60_all_none")

    tab.locator("#risk-half").get_by_text("90 天").click()
    until_address(desk, "run=h90_all_none")
    check_reasons(desk, grid, "h90_all_none")
    tab.reload()
    desk.settle()
    assert parse_qs(desk.query())["run"] == ["h90_all_none"]
    assert tab.locator("#risk-half [aria-pressed='true']").all_inner_texts() == ["90 天"]
    check_reasons(desk, grid, "h90_all_none")


def test_the_risk_map_has_shapes_and_is_never_called_work(desk: Visitor) -> None:
    tab = meet(desk, f"/risk?{RUN}", "risk")
    rows = desk.api("/api/v1/risk?run=h60_all_none")["rows"]
    expect(tab.locator("#risk-map .map-mark")).not_to_have_count(0)
    shapes = {"red": "▲", "orange": "◆", "yellow": "●"}
    for tier in ("red", "orange"):
        count = sum(row["tier"] == tier for row in rows)
        assert tab.locator(f"#risk-map .map-mark.is-level-{tier}").all_inner_texts() == [shapes[tier]] * count
    assert sum(row["tier"] in ("red", "orange") for row in rows) > 0
    assert tab.locator(".panel-title").first.inner_text() == "风险图"
    assert "工作量图" not in tab.locator("#page").inner_text().replace("看工作量图", "")
    rest(desk)
    tab.get_by_role("link", name="网格地图").click()
    tab.locator("#big-map canvas").first.wait_for()
    desk.settle()
    assert tab.locator("#bigmap-title").inner_text() == "工作量图"


def test_a_town_keeps_the_risk_page_to_itself(desk: Visitor) -> None:
    rows = [
        row for row in desk.api("/api/v1/risk?run=h60_all_none")["rows"] if row["tier"] in ("red", "orange", "yellow")
    ]
    town = rows[0]["grid"][:9]
    tab = meet(desk, f"/risk?{RUN}&town={town}", "risk")
    inside = [row["grid"] for row in rows if row["grid"].startswith(town)]
    read = "() => [...document.querySelectorAll('#standing-grid [row-id^=grid]')].map(r => r.getAttribute('row-id'))"
    shown = tab.evaluate(read)
    assert set(shown) <= {f"grid:{grid}" for grid in inside} and shown
    assert f"{len(inside)} 格" in tab.locator("#standing-note").inner_text()
    outside = next(code for code in codes(desk) if not code.startswith(town))
    paper = tab.evaluate("() => getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()")
    assert tab.evaluate("code => paintOf(code)", outside) == paper
    assert tab.locator("#risk-crumbs .crumb").all_inner_texts() == ["全县"]


# --- the way down -------------------------------------------------------------------------------------------------


def test_the_way_down_to_a_case_and_back_step_by_step(desk: Visitor) -> None:
    """By mouse and by keys in turn."""
    case = next(c for c in desk.api(f"/api/v1/cases?{PERIOD}&limit=200")["rows"] if c["grid"])
    tab = meet(desk, f"/map?{PERIOD}")
    steps = [tab.url]
    for level, way in (("town", "mouse"), ("village", "keys"), ("grid", "keys")):
        go_down(desk, level, case[level], way)
        rest(desk)
        steps.append(tab.url)
    link = tab.locator("#inside-list .case-link").first
    title = link.inner_text()
    link.focus()
    tab.keyboard.press("Enter")
    tab.locator(".case-heading").wait_for()
    desk.settle()
    assert tab.locator("h1").inner_text() == title
    for address in reversed(steps):
        tab.go_back()
        tab.wait_for_url(address)
        tab.locator("#big-map canvas").first.wait_for()
        desk.settle()
        rest(desk)
        assert tab.url == address
        assert tab.locator("#chips").inner_text().count("：") == steps.index(address)


def go_down(visitor: Visitor, level: str, code: str, way: str) -> None:
    """Choose an area in the list, with the mouse or with Enter."""
    cell = visitor.tab.locator(f'#units-grid .ag-row[row-id="{level}:{code}"] [col-id="name"]')
    cell.wait_for()
    if way == "mouse":
        cell.click()
    else:
        cell.focus()
        visitor.tab.keyboard.press("Enter")
    until_address(visitor, f"{level}={code}")


# --- a phone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [f"/risk?{RUN}", f"/map?{PERIOD}&replay=open", f"/map?{PERIOD}&heat=w300"])
def test_the_maps_fit_a_phone(phone: Visitor, path: str) -> None:
    phone.open(path)
    phone.tab.wait_for_timeout(300)
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = "[...document.querySelectorAll('.strip.is-open *, .toolbar *')].map(b => b.getBoundingClientRect().right)"
    assert max(phone.tab.evaluate(boxes)) <= 391
