"""Does a click on 导出 hand over what the page counts?"""

from __future__ import annotations

import csv
from pathlib import Path

from tests.e2e.conftest import Visitor


def test_the_cases_of_the_page_come_as_a_file(desk: Visitor, tmp_path: Path) -> None:
    desk.open("/map?kind=D&metric=open")
    tab = desk.tab
    tab.locator("#export").click()
    with tab.expect_download() as begun:
        tab.get_by_role("button", name="事项清单 CSV", exact=True).click()
    file = tmp_path / "cases.csv"
    begun.value.save_as(file)
    assert begun.value.suggested_filename.startswith("受理事项")
    accepted = int(tab.locator('#sentence [data-metric="accepted"]').get_attribute("data-value") or 0)
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == accepted > 0
    assert {row["事项类型"] for row in rows} == {"纠纷"}
