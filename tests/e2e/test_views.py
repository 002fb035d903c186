"""Views and notes end to end: keep one, open its link elsewhere, begin with it; write on a curve; brush and undo."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, FloatRect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.conftest import DESK, Visitor
from tests.e2e.people import OWN, visiting


@pytest.fixture
def own(browser: Browser, server: str) -> Iterator[Visitor]:
    """A reader of their own, so that nobody else's beginning changes."""
    room = visiting(browser, server, name=OWN, viewport=DESK)
    visitor = Visitor(room.new_page(), server)
    yield visitor
    room.close()
    assert visitor.faults == []


def plot(visitor: Visitor) -> FloatRect:
    """Where the trend is drawn, once its notes are there too."""
    visitor.tab.wait_for_selector("#trend-panel .curve-tools")
    box = visitor.tab.locator("#trend-chart .nsewdrag").bounding_box()
    assert box
    return box


def hovers(visitor: Visitor, x: float, y: float) -> bool:
    """Does the chart say its numbers there? Moves again until it does: drawing anew lets a hover go."""
    for step in range(50):
        visitor.tab.mouse.move(x + step % 3, y)
        visitor.tab.wait_for_timeout(100)
        if visitor.tab.locator("#trend-chart .hoverlayer text").count():
            return True
    return False


def test_a_view_is_kept_opened_elsewhere_and_begun_with(own: Visitor, desk: Visitor) -> None:
    own.open("/wuhua?kind=D&kind=C")
    tab = own.tab
    tab.locator("#views").click()
    sheet = tab.get_by_role("dialog", name="视图")
    sheet.get_by_label("标题").fill("纠纷与投诉")
    sheet.get_by_label("共享给所有人").check()
    sheet.get_by_label("设为我的首页").check()
    sheet.get_by_role("button", name="保存当前视图").click()
    link = sheet.get_by_role("link", name="纠纷与投诉")
    assert "李强" in sheet.locator(".sheet-row").first.inner_text()
    address = link.get_attribute("href") or ""

    desk.open(address)
    assert parse_qs(desk.query())["kind"] == ["C", "D"]
    assert "/wuhua?" in desk.tab.url

    own.open("/")
    assert "/wuhua?" in tab.url
    desk.open("/")
    assert "/wuhua?" not in desk.tab.url

    tab.locator("#views").click()
    sheet.get_by_role("button", name="删除视图 纠纷与投诉").click()
    sheet.get_by_role("button", name="删除视图 纠纷与投诉").click()
    sheet.get_by_text("还没有保存").wait_for()
    tab.keyboard.press("Escape")
    own.open("/")
    assert "/wuhua?" not in tab.url


def begin_note(visitor: Visitor) -> None:
    """写批注 for a day in the middle of the curve; a click that a redraw swallowed is made again, as people do."""
    for _ in range(5):
        box = plot(visitor)
        visitor.tab.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
        try:
            visitor.tab.locator(".curve-offer").click(timeout=3000)
        except PlaywrightTimeout:
            continue
        return
    raise AssertionError("写批注 is never offered")


def test_a_note_is_written_on_a_day_seen_and_removed(own: Visitor) -> None:
    own.open("/")
    tab = own.tab
    begin_note(own)
    sheet = tab.get_by_role("dialog", name="写批注")
    text = "<b>专项治理</b>开始"
    sheet.get_by_role("textbox", name="批注").fill(text)
    sheet.get_by_role("button", name="保存批注").click()
    note = tab.locator("#trend-panel .curve-note", has_text=text)
    note.wait_for()
    assert "李强" in note.inner_text()
    tab.locator("#trend-panel .curve-mark .curve-sign").hover()
    tab.locator("#trend-panel .curve-tip", has_text=text).wait_for()
    note.get_by_role("button").click()
    note.get_by_role("button").click()
    note.wait_for(state="detached")


def test_dragging_on_the_curve_chooses_whole_weeks_and_is_taken_back(desk: Visitor) -> None:
    desk.open("/")
    tab, before = desk.tab, desk.query()
    box = plot(desk)
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] * 0.35, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.65, middle, steps=5)
    assert tab.locator("#trend-panel .curve-shade").is_visible()
    tab.mouse.up()
    tab.wait_for_function("was => location.search !== '?' + was", arg=before)
    desk.settle()
    chosen = parse_qs(desk.query())
    spans = tab.evaluate("""() => document.querySelector('#filter-period').innerText""")
    assert chosen["since"][0] in spans
    assert tab.locator("#trend-panel .curve-shade").is_hidden()

    assert hovers(desk, box["x"] + box["width"] * 0.5, middle)
    tab.get_by_role("button", name="撤销框选").wait_for()
    tab.keyboard.press("Escape")
    tab.wait_for_function("was => location.search === '?' + was", arg=before)
    desk.settle()
    assert tab.get_by_role("button", name="撤销框选").count() == 0


def test_on_a_phone_the_dialogs_are_sheets_from_below(phone: Visitor) -> None:
    phone.open("/")
    phone.tab.get_by_role("button", name="筛选").click()
    phone.tab.locator("#views").click()
    sheet = phone.tab.get_by_role("dialog", name="视图")
    sheet.get_by_label("标题").wait_for()
    box = sheet.bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)
    assert round(box["y"] + box["height"]) == 844
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
