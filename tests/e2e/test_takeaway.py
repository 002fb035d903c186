"""A leader reads an exception, looks at its evidence, and takes a Word document that says it to the meeting."""

from __future__ import annotations

from pathlib import Path

from docx import Document

from tests.e2e.conftest import Visitor

YEAR = "/brief?since=2026-01-01&until=2026-10-31"


def handed_over(desk: Visitor, button: str, folder: Path) -> tuple[str, list[str]]:
    """The name and the paragraphs of the document that a button of 生成简报 hands over."""
    tab = desk.tab
    tab.locator("#takeaway-open").click()
    with tab.expect_download() as begun:
        tab.get_by_role("button", name=button).click()
        desk.say_purpose()
    file = folder / "brief.docx"
    begun.value.save_as(file)
    tab.wait_for_function("() => document.getElementById('takeaway-said').textContent.startsWith('已生成')")
    return begun.value.suggested_filename, [paragraph.text for paragraph in Document(str(file)).paragraphs]


def test_from_an_exception_by_its_evidence_to_a_document_that_says_it(desk: Visitor, tmp_path: Path) -> None:
    desk.open(YEAR)
    first = desk.tab.locator(".finding").first
    number = first.locator("b, strong").first.inner_text()
    first.click()
    desk.tab.wait_for_url("**/departments?*")
    desk.settle()
    desk.tab.go_back()
    desk.tab.wait_for_selector(".finding")
    desk.settle()
    name, said = handed_over(desk, "专报 Word", tmp_path)
    assert "社会治理专报_2026-01-01至2026-10-30" in name
    assert any(text.startswith("1. ") and number.rstrip("，") in text for text in said), number


def test_a_weeks_brief_is_about_the_last_whole_week(desk: Visitor, tmp_path: Path) -> None:
    desk.open("/brief")
    name, said = handed_over(desk, "周报 Word", tmp_path)
    assert "社会治理周报_" in name
    assert any("社会治理周报" in text for text in said)
