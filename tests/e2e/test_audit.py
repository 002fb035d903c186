"""T-06: the auditor's page in a real browser, over a server with a trail of its own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser

from dashboard.audit.reading import Asked, piece
from dashboard.audit.record import NOBODY, Who
from dashboard.audit.trail import Trail
from dashboard.server import create
from tests.e2e.axe import violations
from tests.e2e.conftest import DESK, PHONE, Visitor, _free_port
from tests.e2e.people import AUDITOR, known_at, visiting
from tests.e2e.tabbing import walk

LI = Who("李强", "analyst", "person")
CASES = 230


@pytest.fixture
def serving(warehouse: Path, tmp_path: Path) -> Iterator[tuple[str, Trail]]:
    """The address of a server behind its gate, and its trail with some cases looked at."""
    made = create(warehouse, clock=datetime.now, state=known_at(tmp_path / "state.sqlite"), is_gated=True)
    trail: Trail = made.state.trail
    for number in range(CASES):
        trail.append("case_viewed", {"case": f"A{number}"}, who=LI, address="10.1.2.3")
    trail.append("login_failed", {"reason": "password"}, who=NOBODY, address="10.1.2.9")
    port = _free_port()
    server = uvicorn.Server(uvicorn.Config(made, port=port, log_level="error"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}", trail
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def trail(serving: tuple[str, Trail]) -> Trail:
    return serving[1]


@pytest.fixture
def auditor(browser: Browser, serving: tuple[str, Trail]) -> Iterator[Visitor]:
    """A tab of an auditor, who may open this page and no other."""
    room = visiting(browser, serving[0], name=AUDITOR, viewport=DESK, accept_downloads=True)
    visitor = Visitor(room.new_page(), serving[0])
    yield visitor
    room.close()
    assert visitor.faults == []


def first_row(visitor: Visitor, words: str) -> None:
    """Wait until the first row of the table says these words."""
    visitor.tab.locator("#audit-table .ag-row[row-index='0']", has_text=words).wait_for()


def test_t06_the_auditor_sees_what_holds_what_happened_and_who_did_it(auditor: Visitor, trail: Trail) -> None:
    auditor.open("/audit")
    tab = auditor.tab
    tab.locator("#audit-verdict[data-state=whole]").wait_for()
    assert tab.locator("#audit-verdict").inner_text().split()[:2] == ["✓", "完整"]
    first_row(auditor, f"{AUDITOR}（审计员，127.0.0.1）查阅审计：内容 核验结果")
    tab.locator("[data-audit-event=login_failed]").click()
    first_row(auditor, "未登录（10.1.2.9）登录失败：原因 密码不对")
    assert tab.locator("#audit-total").inner_text() == "共 1 条"
    tab.locator("[data-audit-event=login_failed]").click()
    tab.locator("#audit-by-name").fill("李")
    tab.locator("#audit-by-name").press("Enter")
    first_row(auditor, "查看事项：事项 A229")
    for _ in range(2):
        tab.locator("[data-ref=btNext]").click()
    tab.locator("#audit-table .ag-row[row-index='100']", has_text="A129").wait_for()
    with tab.expect_download() as download:
        tab.locator("#audit-export").click()
        auditor.say_purpose("年度检查")
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == CASES + 1
    newest = piece(trail.path, Asked(), limit=1).records[0]
    assert (newest.name, newest.event) == (AUDITOR, "audit_read")
    assert '"purpose":"年度检查"' in newest.facts
    assert '"content":"export"' in newest.facts and f'"rows":{CASES}' in newest.facts
    trace = download.value.suggested_filename.rpartition("_")[2].removesuffix(".csv")
    assert f'"trace":"{trace}"' in newest.facts and len(trace) == 16


def test_t06_the_page_says_which_record_was_changed(auditor: Visitor, trail: Trail) -> None:
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("drop trigger record_stays")
        connection.execute("update record set name = '张三' where seq = 7")
        connection.commit()
    auditor.open("/audit")
    auditor.tab.locator("#audit-verdict[data-state=broken]").wait_for()
    assert auditor.tab.locator("#audit-verdict").inner_text().split()[:2] == ["✕", "不完整"]
    assert "第 7 条内容被改动" in auditor.tab.locator("#audit-verdict").inner_text()


def test_the_page_can_be_used_by_keyboard_and_axe_holds_nothing_against_it(auditor: Visitor) -> None:
    auditor.open("/audit")
    first_row(auditor, "查阅审计")
    stops, missed = walk(auditor.tab, most=400)
    assert missed == []
    assert [stop for stop in stops if stop.ring < 2 or not stop.is_seen] == []
    assert violations(auditor.tab) == []
    auditor.tab.set_viewport_size(PHONE)
    auditor.tab.wait_for_timeout(300)
    assert violations(auditor.tab) == []
