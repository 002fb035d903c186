"""T-08, H-38: does anything that data says ever run, on any page, with the Content-Security-Policy or without?"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Request, Route
from starlette.testclient import TestClient

from dashboard import basemap, events
from dashboard.audit.of_doors import audit_of
from dashboard.audit.record import Who
from dashboard.auth.doors import open_doors
from dashboard.auth.passwords import Hashes
from dashboard.events import Event
from dashboard.factory import find_pages
from dashboard.filters import DIMENSIONS, VIEW_KEYS
from dashboard.reader import LONGEST_NAME
from dashboard.server import Server, create
from dashboard.wall.settings import PAGES as WALL_PAGES
from tests import builders
from tests.doors import PASSWORD, QUICK
from tests.e2e import payloads
from tests.e2e.conftest import DESK, IDLE, Visitor, _free_port
from tests.e2e.payloads import PAYLOADS, SHORT
from tests.e2e.people import visiting

PERIOD = "since=2026-01-01&until=2026-03-15"
NAMES = ("<svg onload=__xss()>", "<img src=/__xss/n>", "javascript:__xss(1)")
assert max(map(len, NAMES)) <= LONGEST_NAME

TOUCH = """() => {
  const events = ['mouseover', 'mouseenter', 'pointerover', 'focus', 'toggle', 'beginEvent'];
  for (const element of document.querySelectorAll('body *'))
    if (element.getAttributeNames().some(name => name.startsWith('on')))
      events.forEach(name => element.dispatchEvent(new Event(name)));
}"""
"""Whatever has a handler in its markup is given its event."""

TIPS = """id => new Promise(done => yiping.map.ready(id, map => {
  let told = 0;
  map.eachLayer(layer => {
    if (layer.getTooltip && layer.getTooltip()) {
      layer.openTooltip(layer.getBounds ? layer.getBounds().getCenter() : undefined);
      told += document.querySelectorAll('.leaflet-tooltip').length;
    }
    if (layer.getPopup && layer.getPopup()) layer.openPopup();
  });
  done(told);
}))"""
"""Every tooltip and popup of a map, one after the other; how many were shown."""

MADE = """() => [...document.querySelectorAll('*')].filter(element =>
  element.matches('iframe, object, embed, math, details[ontoggle], video, form[action], animate, noscript p')
  || element.getAttributeNames().some(name => name.startsWith('on'))
  || [...element.attributes].some(a => /^(href|src|xlink:href|action|data|srcdoc|style)$/.test(a.name)
     && /^\\s*javascript:|__xss\\//.test(a.value))
).map(element => element.outerHTML.slice(0, 160))"""
"""Elements that only a payload can have made."""


OWN_FORM = '<form class="login-form" method="post" action="/'


@dataclass
class Watch:
    """A room in which payloads are watched: what ran, what was asked for, and the tab's own complaints."""

    room: BrowserContext
    home: str
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.room.expose_binding("__xss", lambda _source, *said: self.ran.append(f"ran {said}"))
        self.room.on("dialog", lambda dialog: (self.ran.append("dialog"), dialog.dismiss()))
        self.room.on("request", self._see)

    def _see(self, request: Request) -> None:
        if urlsplit(request.url).path.startswith("/__xss"):
            self.ran.append(f"asked {request.url}")

    def visitor(self, name: str = "") -> Visitor:
        """A tab of the administrator, or of whoever logs in here now."""
        if name:
            said = self.room.request.post(
                f"{self.home}/login", form={"name": name, "password": PASSWORD}, max_redirects=0
            )
            assert said.status == 303
        return Visitor(self.room.new_page(), self.home)


def _events() -> tuple[Event, ...]:
    return tuple(Event(datetime(2026, 2, 1 + n % 28).date(), "action", text) for n, text in enumerate(PAYLOADS))


TOWN = "990108100"
PEOPLE = {"王敏": "admin", "李强": "leader", "赵云": "analyst", "孙丽": "town", "张慧": "auditor"}
"""Accounts → their roles. Each is called by a payload."""
ADMIN, OFFICER, AUDITOR = "王敏", "孙丽", "张慧"


def _welcome(server: Server) -> dict[str, TestClient]:
    """The browsers of everybody, logged in; a program's token and a wall are called by payloads as well."""
    trail, store = server.state.trail, server.state.store
    doors = open_doors(store, clock=datetime.now, audit=audit_of(trail), hashes=Hashes(QUICK))
    browsers = {}
    for n, (name, role) in enumerate(PEOPLE.items()):
        doors.accounts.add(name, PASSWORD, role=role, town=TOWN if role == "town" else "", shown_name=NAMES[n % 3])
        browsers[name] = TestClient(server, follow_redirects=False)
        assert browsers[name].post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
    for text in SHORT[:6]:
        doors.tokens.add(text, role="analyst")
        doors.walls.new_code(text)
    for text in PAYLOADS[:12]:
        trail.append("case_viewed", {"case": text, "purpose": text}, who=Who(text, text, "person"))
    return browsers


def _write_down(browsers: dict[str, TestClient]) -> None:
    """Notes, views and screens of readers whose names are payloads as well; every one is accepted."""
    writers = [browser for name, browser in browsers.items() if name != AUDITOR]
    for n, text in enumerate(PAYLOADS):
        said = {"day": f"2026-02-{1 + n % 28:02d}", "text": text, "query": ""}
        assert writers[n % 4].post("/api/v1/notes", json=said).status_code == 201, text
    for n, text in enumerate(SHORT):
        view = {"title": text, "path": "/map", "query": f"grid={text}", "shared": True}
        assert writers[n % 4].post("/api/v1/views", json=view).status_code == 201, text
        beat = {"id": f"{n:032x}", "name": text, "page": text, "build": text, "snapshot": text}
        size = {"width": 1920, "height": 1080, "pixel_ratio": 1.0}
        assert writers[0].post("/api/v1/screens", json=beat | size).status_code == 204, text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a county all of whose texts are payloads."""
    folder = tmp_path_factory.mktemp("hostile")
    payloads.write(folder / "in")
    builders.load_quickly(folder / "in", folder / "warehouse", reference=payloads.reference(folder / "reference"))
    tile, config = folder / "tiles" / "11" / "1664" / "789.png", folder / "map.toml"
    tile.parent.mkdir(parents=True)
    Image.new("RGB", (256, 256)).save(tile)
    config.write_text(
        f"[basemap]\nkind = 'folder'\npath = 'tiles'\ncrs = 'WGS84'\nattribution = '''{PAYLOADS[6]}{PAYLOADS[5]}'''\n"
    )
    with patch.object(events, "known", _events):
        made = create(
            folder / "warehouse",
            basemap.read(config),
            clock=lambda: datetime(2026, 3, 14, 8, 30),
            state=folder / "state" / "yiping.sqlite",
            is_gated=True,
        )
        port = _free_port()
        server = uvicorn.Server(uvicorn.Config(made, port=port, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            for _ in range(200):
                if server.started:
                    break
                threading.Event().wait(0.05)
            _write_down(_welcome(made))
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


def _is_document(address: str) -> bool:
    return not re.match(r"/(screen/)?(assets|_dash|api|tiles)", urlsplit(address).path)


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    headers = {name: text for name, text in answer.headers.items() if name.lower() != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)


@pytest.fixture(params=["policy", "no-policy"])
def watch(request: pytest.FixtureRequest, browser: Browser, hostile: str) -> Iterator[Watch]:
    room = visiting(browser, hostile, name=ADMIN, viewport=DESK)
    if request.param == "no-policy":
        room.route(_is_document, _without_policy)
    yield Watch(room, hostile)
    room.close()


def _addresses() -> dict[str, str]:
    """Every page of the desk: by itself, and one with a payload in every key of the address."""
    case = payloads.case_of(20)["case_id"]
    named = {page.path: f"{page.path}?{PERIOD}" for page in find_pages()}
    named["/case"] += f"&{urlencode({'case': case})}"
    town, grid = "990108100", payloads.code(0)
    named["a place"] = f"/map?{PERIOD}&{urlencode({'town': town, 'grid': grid, 'metric': 'accepted'})}"
    odd = {key: PAYLOADS[n] for n, key in enumerate((*DIMENSIONS, *VIEW_KEYS, "since", "until"))}
    known = {"department": payloads.code(2), "grid": payloads.code(9), "match": PAYLOADS[5], "case": PAYLOADS[9]}
    named["every key"] = f"/explore?{urlencode(odd | known)}&{urlencode({PAYLOADS[0]: PAYLOADS[1]})}"
    named["the case of nobody"] = f"/case?{urlencode({'case': PAYLOADS[6]})}"
    return named


def _settle(visitor: Visitor) -> None:
    """Until nothing is asked any more."""
    quiet = 0
    for _ in range(200):
        visitor.tab.wait_for_timeout(50)
        visitor.tab.evaluate(IDLE)
        quiet = 0 if visitor.asking else quiet + 1
        if quiet >= 3:
            return
    raise TimeoutError(f"still asking: {visitor.asking}")


def _open_all(visitor: Visitor) -> set[str]:
    """Open what a page has: the tables of its pictures, 导出, 视图, 简报, lists of choices; which there were."""
    tab, opened = visitor.tab, set()
    for name in ("#export", "#views", "#takeaway-open", "#filter-town", "#filter-department"):
        if tab.locator(name).count() and tab.locator(name).is_visible():
            tab.locator(name).click()
            _settle(visitor)
            tab.evaluate(TOUCH)
            assert tab.evaluate(MADE) == [], name
            opened.add(name)
            tab.keyboard.press("Escape")
    for button in tab.locator(".chart-data:visible").all():
        button.click()
        assert tab.evaluate(MADE) == []
        opened.add(".chart-data")
        tab.keyboard.press("Escape")
    return opened


def _hover(visitor: Visitor) -> None:
    """Every chart says what is under the middle of it."""
    for plot in visitor.tab.locator(".js-plotly-plot .nsewdrag:visible").all():
        plot.hover(force=True)
        visitor.tab.wait_for_timeout(60)


def _look(visitor: Visitor, maps: tuple[str, ...]) -> None:
    _settle(visitor)
    _hover(visitor)
    for prefix in maps:
        assert visitor.tab.evaluate(TIPS, prefix) > 0, prefix
    visitor.tab.evaluate(TOUCH)
    _settle(visitor)
    assert visitor.tab.evaluate(MADE) == []


def test_t08_h38_no_text_of_data_runs_on_any_page_of_the_desk(watch: Watch) -> None:
    visitor, maps = watch.visitor(), {page.path: page.maps for page in find_pages()}
    shown, opened = "", set()
    for name, address in _addresses().items():
        visitor.tab.goto(visitor.home + address)
        _look(visitor, maps.get(name, ()))
        shown += visitor.tab.evaluate("() => document.body.innerText")
        if name in ("/", "/map", "/explore", "/brief"):
            opened |= _open_all(visitor)
        assert watch.ran == [], name
        assert visitor.faults == [], name
    assert opened == {"#export", "#views", "#takeaway-open", "#filter-town", "#filter-department", ".chart-data"}
    # The payloads were there, to be read.
    assert len([n for n in range(len(PAYLOADS)) if f"__xss({n})" in shown or f"__xss/{n}" in shown]) > 40


@pytest.mark.parametrize(
    ("name", "paths"), [(OFFICER, ("/", "/map", "/explore", "/care", "/case")), (AUDITOR, ("/audit",))]
)
def test_t08_p07_no_text_runs_for_a_town_officer_or_an_auditor(watch: Watch, name: str, paths: tuple[str, ...]) -> None:
    visitor, shown = watch.visitor(name), ""
    case = urlencode({"case": payloads.case_of(0)["case_id"]})
    for path in paths:
        visitor.tab.goto(f"{visitor.home}{path}?{PERIOD}&{case if path == '/case' else ''}")
        _look(visitor, ())
        shown += visitor.tab.evaluate("() => document.body.innerText")
        if path == "/audit":  # those with payloads, whatever else was put on record meanwhile
            visitor.tab.locator("[data-audit-event='case_viewed']").click()
            _look(visitor, ())
            shown += visitor.tab.evaluate("() => document.body.innerText")
        assert watch.ran == [] and visitor.faults == [], path
    assert len([n for n in range(len(PAYLOADS)) if f"__xss({n})" in shown or f"__xss/{n}" in shown]) > 5


def test_t08_p07_no_text_runs_where_people_log_in_or_change_their_account(watch: Watch) -> None:
    visitor = watch.visitor()
    odd = urlencode({"next": "/" + PAYLOADS[1]})
    for address in (f"/login?{odd}", "/login/screen", f"/password?{odd}", f"/view-as?{odd}"):
        visitor.tab.goto(visitor.home + address)
        visitor.tab.evaluate(TOUCH)
        made = [text for text in visitor.tab.evaluate(MADE) if not text.startswith(OWN_FORM)]
        assert made == [] and watch.ran == [] and visitor.faults == [], address
    assert "__xss" in visitor.tab.content()


def test_t08_no_text_of_data_runs_on_any_page_of_the_wall(watch: Watch) -> None:
    visitor = watch.visitor()
    visitor.tab.goto(f"{visitor.home}/screen?page=overview")
    visitor.tab.wait_for_function("() => document.body.innerText.includes('__xss')")
    shown = ""
    for _ in WALL_PAGES:
        _settle(visitor)
        visitor.tab.evaluate(TOUCH)
        assert visitor.tab.evaluate(MADE) == []
        shown += visitor.tab.evaluate("() => document.body.innerText")
        visitor.tab.keyboard.press("ArrowRight")
    assert watch.ran == []
    assert visitor.faults == []
    assert "__xss" in shown


# --- the proof of the proof -----------------------------------------------------------------------------------------

SINK = """said => {
  const box = document.body.appendChild(document.createElement('div'));
  box.innerHTML = said;
}"""


def test_a_sink_that_takes_the_same_texts_for_markup_runs_them_and_the_policy_stops_it(
    watch: Watch, request: pytest.FixtureRequest
) -> None:
    """One careless line, in a page of ours: payloads run and ask without the policy; with it the browser objects."""
    visitor = watch.visitor()
    visitor.tab.goto(f"{visitor.home}/?{PERIOD}")
    for text in PAYLOADS[:20]:
        visitor.tab.evaluate(SINK, text)
    visitor.tab.evaluate(TOUCH)
    visitor.tab.wait_for_timeout(300)
    assert visitor.tab.evaluate(MADE)
    assert [said for said in watch.ran if said.startswith("asked")]
    has_policy = "no-policy" not in request.node.name
    assert any(said.startswith("ran") for said in watch.ran) != has_policy
    assert any("Content Security Policy" in fault for fault in visitor.faults) == has_policy
