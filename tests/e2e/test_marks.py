"""T-07: is nobody handed a file without having said what for, and does every page of the desk say who looks at it?"""

from __future__ import annotations

import io
import re

import openpyxl
from PIL import Image, ImageChops
from playwright.sync_api import Page

from tests.e2e.axe import violations
from tests.e2e.conftest import Visitor
from tests.e2e.people import NAME

HELD = "box => box === document.activeElement"
GROUND = "() => getComputedStyle(document.querySelector('.watermark')).backgroundImage.slice(0, 21)"


def asked_for(tab: Page) -> None:
    """Ask for the workbook of the cases, by keyboard, with the list of files open."""
    tab.get_by_role("button", name="事项清单 XLSX", exact=True).focus()
    tab.keyboard.press("Enter")


def test_t07_a_file_is_asked_for_with_what_it_is_for_by_keyboard(desk: Visitor) -> None:
    desk.open("/map?kind=D")
    tab = desk.tab
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.url) if "/api/v1/export?" in request.url else None)
    tab.locator("button:has(> #export)").focus()
    tab.keyboard.press("Enter")
    button, box = (
        tab.get_by_role("button", name="事项清单 XLSX", exact=True),
        tab.get_by_role("dialog", name="这份文件的用途"),
    )
    button.wait_for()
    asked_for(tab)
    field = box.get_by_label("用途")
    assert field.evaluate(HELD)
    tab.keyboard.type("核")
    tab.keyboard.press("Enter")
    assert "请写明用途" in box.get_by_role("alert").inner_text()
    assert violations(tab) == []
    tab.keyboard.press("Escape")
    box.wait_for(state="detached")
    # The list is still there, with the keyboard where it was, and nothing was sent.
    assert button.evaluate(HELD) and sent == []
    asked_for(tab)
    tab.keyboard.type("＆#核对?")
    with tab.expect_download() as begun:
        tab.keyboard.press("Enter")
    book = openpyxl.load_workbook(io.BytesIO(begun.value.path().read_bytes()), read_only=True)
    said = dict(book["说明"].iter_rows(values_only=True, max_col=2, max_row=30))
    assert (said["用途"], said["导出人"], len(said["追溯号"])) == ("＆#核对?", NAME, 16)
    assert button.evaluate(HELD)
    asked_for(tab)
    assert field.input_value() == "＆#核对?"


def test_the_purpose_fits_a_phone(phone: Visitor) -> None:
    phone.open("/brief")
    phone.tab.locator("#takeaway-open").click()
    phone.tab.get_by_role("button", name="专报 Word").click()
    box = phone.tab.get_by_role("dialog", name="这份文件的用途")
    assert violations(phone.tab) == []
    edges = box.evaluate(
        "box => [box.getBoundingClientRect().left, box.getBoundingClientRect().right, box.scrollWidth]"
    )
    assert edges == [0, 390, 390]


def test_t07_a_page_says_who_looks_at_it_and_can_still_be_read_and_pressed(desk: Visitor) -> None:
    desk.open("/care")
    tab = desk.tab
    sheet = tab.locator(".watermark")
    sheet.wait_for(state="attached")
    assert re.fullmatch(rf"{NAME} \d{{4}}-\d\d-\d\d \d\d:\d\d", sheet.get_attribute("data-text") or "")
    assert sheet.get_attribute("aria-hidden") == "true" and sheet.inner_text() == ""
    assert tab.evaluate(GROUND) == 'url("data:image/png;b'
    assert tab.evaluate("() => !document.elementFromPoint(300, 300).closest('.watermark')")
    tab.emulate_media(media="print")
    assert sheet.evaluate("box => getComputedStyle(box).printColorAdjust") == "exact" and sheet.is_visible()
    tab.emulate_media(media="screen")
    marked = tab.screenshot(animations="disabled", caret="hide")
    sheet.evaluate("box => box.remove()")
    plain = tab.screenshot(animations="disabled", caret="hide")
    changed = ImageChops.difference(*(Image.open(io.BytesIO(shot)).convert("L") for shot in (marked, plain)))
    darker = changed.histogram()
    assert sum(darker[1:]) > 5_000, "it can be seen"
    assert max(step for step, pixels in enumerate(darker) if pixels) < 20, "and read through"


def test_t07_the_wall_and_the_log_in_bear_no_name(desk: Visitor) -> None:
    desk.tab.goto(f"{desk.home}/screen?page=overview")
    desk.tab.locator("#life").wait_for(state="attached")
    assert desk.tab.locator(".watermark").count() == 0
    assert desk.tab.locator("script[src*=watermark]").count() == 0
    assert "watermark" not in desk.tab.request.get(f"{desk.home}/login").text()
