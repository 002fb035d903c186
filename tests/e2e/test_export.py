"""Does a click on 导出 hand over what the page counts?"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from PIL import Image
from playwright.sync_api import Locator

from tests.e2e.conftest import Visitor
from tests.e2e.people import NAME


def handed_over(desk: Visitor, button: str, folder: Path) -> Path:
    """The file that a button of 导出 hands over, under the name it comes with."""
    desk.tab.locator("#export").click()
    return saved(desk, desk.tab.get_by_role("button", name=button, exact=True), folder, desk.say_purpose)


def saved(desk: Visitor, button: Locator, folder: Path, then: Callable[[], None] = lambda: None) -> Path:
    """What a click downloads, once what is asked `then` is answered."""
    with desk.tab.expect_download() as begun:
        button.click()
        then()
    file = folder / begun.value.suggested_filename
    begun.value.save_as(file)
    return file


def test_the_cases_of_the_page_come_as_a_file(desk: Visitor, tmp_path: Path) -> None:
    desk.open("/map?kind=D&metric=open")
    tab = desk.tab
    file = handed_over(desk, "事项清单 CSV", tmp_path)
    assert file.name.startswith("受理事项")
    accepted = int(tab.locator('#sentence [data-metric="accepted"]').get_attribute("data-value") or 0)
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == accepted > 0
    assert {row["事项类型"] for row in rows} == {"纠纷"}


def test_the_link_in_a_workbook_opens_the_same_view_with_the_same_numbers(
    desk: Visitor, phone: Visitor, tmp_path: Path
) -> None:
    desk.open("/departments?kind=D")
    tab = desk.tab
    book = openpyxl.load_workbook(handed_over(desk, "事项清单 XLSX", tmp_path), read_only=True)
    said = {row[0]: row[1] for row in book["说明"].iter_rows(values_only=True, max_col=2) if row[0]}
    accepted = tab.locator('#sentence [data-metric="accepted"]').get_attribute("data-value")
    assert str(said["行数"]) == accepted
    phone.open(str(said["打开同一视图"]))
    assert phone.tab.locator('#sentence [data-metric="accepted"]').get_attribute("data-value") == accepted
    assert "/departments" in phone.tab.url


@pytest.mark.parametrize("panel", ["trend", "towns", "minimap"])
def test_a_chart_a_table_and_a_map_come_as_pictures(desk: Visitor, tmp_path: Path, panel: str) -> None:
    desk.open("/?kind=D")
    png, svg = (taken(desk, panel, word, tmp_path) for word in ("图片 PNG", "矢量图 SVG"))
    with Image.open(png) as picture:
        assert picture.width >= 800 and picture.height >= 400
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20
    text = svg.read_text(encoding="utf-8")
    assert "foreignObject" not in text and "纠纷" in text and "数据截至" in text and "演示数据" in text
    said = re.sub("<[^>]+>", "", text)
    assert re.search(rf"导出人 {NAME} · \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d · 追溯号 [0-9a-f]{{16}}", said)
    assert text.count("<path") + text.count("<text") + text.count("<rect") > 30


def taken(desk: Visitor, panel: str, word: str, folder: Path) -> Path:
    """The picture of a panel, saved."""
    desk.tab.locator(f'[data-picture="{panel}-panel"]').click()
    return saved(desk, desk.tab.get_by_role("menuitem", name=word), folder, desk.say_purpose)
