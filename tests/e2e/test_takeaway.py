"""A leader opens 要情, and takes a Word document to the meeting."""

from __future__ import annotations

from pathlib import Path

import pytest
from docx import Document

from tests.e2e.conftest import Visitor


@pytest.mark.parametrize(("kind", "word"), [("周报", "周报"), ("专报", "专报")])
def test_the_brief_of_the_page_comes_as_a_document(desk: Visitor, tmp_path: Path, kind: str, word: str) -> None:
    desk.open("/brief")
    tab = desk.tab
    tab.locator("#takeaway-open").click()
    with tab.expect_download() as begun:
        tab.get_by_role("button", name=f"{kind} Word").click()
    assert word in begun.value.suggested_filename
    file = tmp_path / "brief.docx"
    begun.value.save_as(file)
    paragraphs = [paragraph.text for paragraph in Document(str(file)).paragraphs]
    assert any("社会治理" + word in text for text in paragraphs)
    tab.wait_for_function("() => document.getElementById('takeaway-said').textContent.startsWith('已生成')")
