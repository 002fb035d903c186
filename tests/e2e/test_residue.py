"""T-19: what of the county is left in a browser that many people use, once somebody has logged out?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import CHROMIUM, DESK, FLAGS, Visitor
from tests.e2e.people import OWN, visiting

KEPT = """async () => ({
  local: {...localStorage}, session: {...sessionStorage},
  bases: (await indexedDB.databases()).map(base => base.name), caches: await caches.keys(),
  cookies: document.cookie, workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""
NOTHING = {"local": {}, "session": {}, "bases": [], "caches": [], "cookies": "", "workers": 0}
FETCHED = "path => fetch(path, { cache: 'force-cache' }).then(said => said.status)"
BORDERS = """() => performance.getEntriesByType('resource').map(entry => entry.name)
  .find(name => name.includes('/geometry/'))"""
ONLY_KEPT = """path => fetch(path, { cache: 'only-if-cached', mode: 'same-origin' })
  .then(said => said.ok ? said.text() : '').then(text => text.length, () => 0)"""
FILL = """() => { localStorage.setItem('yiping-exports', '["x"]'); sessionStorage.setItem('yiping-purpose', 'x'); }"""


@pytest.fixture
def leaving(browser: Browser, server: str) -> Iterator[Visitor]:
    """A tab of a browser that keeps whole pages to go back to, as people's do and Playwright's does not."""
    own = browser.browser_type.launch(
        executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    room = visiting(own, server, name=OWN, viewport=DESK)
    yield Visitor(room.new_page(), server)
    own.close()


def test_t19_after_logging_out_nothing_is_kept_and_the_way_back_shows_no_number(leaving: Visitor) -> None:
    tab = leaving.tab
    leaving.open("/map")
    picture = leaving.api("/api/v1/density?bandwidth=300&since=2026-01-01")["image"]
    assert tab.evaluate(FETCHED, picture) == tab.evaluate(FETCHED, picture) == 200
    borders = tab.evaluate(BORDERS)
    assert tab.evaluate(ONLY_KEPT, borders) > 1000
    leaving.open("/")
    tab.evaluate(FILL)
    seen = tab.locator("#kpi-cards").inner_text()
    assert any(letter.isdigit() for letter in seen)
    tab.locator("[data-log-out]").click()
    tab.wait_for_url("**/login")
    assert tab.evaluate(KEPT) == NOTHING
    for _ in range(2):
        tab.go_back()
        tab.wait_for_url("**/login?*next=*")
        assert tab.locator("#kpi-cards").count() == 0 and "受理" not in tab.locator("body").inner_text()
    # Not even the picture that a browser may keep for a day, to the one who was let in.
    assert tab.evaluate(FETCHED, picture) == 401
    assert tab.evaluate(ONLY_KEPT, borders) == 0


def test_t19_a_session_that_ends_by_itself_leaves_as_little(leaving: Visitor) -> None:
    """Whoever sits down next is offered nobody else's 用途 and files."""
    tab = leaving.tab
    leaving.open("/map")
    borders = tab.evaluate(BORDERS)
    assert tab.evaluate(ONLY_KEPT, borders) > 1000
    tab.evaluate(FILL)
    tab.evaluate("() => { setInterval(() => fetch('/api/v1/pulse'), 100); }")
    tab.context.clear_cookies()
    tab.wait_for_url("**/login?is_over=true&next=*")
    assert tab.evaluate(KEPT) == NOTHING
    assert tab.evaluate(ONLY_KEPT, borders) == 0


def test_whoever_is_not_logged_out_is_told(leaving: Visitor) -> None:
    """Where nothing can be recorded, /logout is refused: the log-in page would say that it is over."""
    tab = leaving.tab
    leaving.open("/")
    tab.route("**/logout", lambda route: route.fulfill(status=503, body=""))
    with tab.expect_event("dialog") as told:
        tab.on("dialog", lambda dialog: dialog.accept())
        tab.locator("[data-log-out]").click()
    assert "仍处于登录状态" in told.value.message
    assert tab.locator("#kpi-cards").is_visible()
    tab.unroute("**/logout")
    tab.locator("[data-log-out]").click()
    tab.wait_for_url("**/login")
