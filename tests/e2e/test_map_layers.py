"""Do base map and heat surface work in a real browser, under the real Content-Security-Policy?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.e2e.conftest import DESK, ROOT, Visitor, _free_port, _wait_until_ready
from tests.e2e.people import known_at, visiting

# Under the policy `wait_for_function` takes functions only: Playwright would `eval` a bare expression in the page.
MAKE_MAP = """() => {
  const box = document.createElement('div');
  box.id = 'probe';  // beside the page's own map
  box.style.cssText = 'position:fixed;inset:0;z-index:9999';
  document.body.appendChild(box);
  window.probe = L.map(box, {attributionControl: false, zoomAnimation: false, fadeAnimation: false});
  window.probe.setView([37.8, 112.55], 11);
}"""
PICTURES = "[...document.querySelectorAll('img.map-density')].map(i => new URL(i.src).search)"


@pytest.fixture(scope="module")
def home(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a folder of tiles for one corner of the county, and a maker's name that looks like HTML."""
    folder = tmp_path_factory.mktemp("map")
    for x in (1664, 1665):
        for y in (789, 790, 791):
            file = folder / "tiles" / "11" / str(x) / f"{y}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (256, 256), (200, 220, 200)).save(file)
    config = folder / "map.toml"
    config.write_text(
        '[basemap]\nkind = "folder"\npath = "tiles"\ncrs = "WGS84"\nattribution = "<img src=x>县局"\n', encoding="utf-8"
    )
    port = _free_port()
    options = ["--warehouse", str(warehouse), "--map", str(config), "--port", str(port)]
    options += ["--state", str(known_at(folder / "state.sqlite"))]
    process = subprocess.Popen([sys.executable, "app.py", *options], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def visitor(browser: Browser, home: str) -> Iterator[Visitor]:
    room = visiting(browser, home, viewport=DESK)
    found = Visitor(room.new_page(), home)
    found.open("/map")
    found.tab.evaluate(MAKE_MAP)
    yield found
    room.close()


def test_a_base_map_lies_under_a_map_and_its_maker_is_named_in_plain_text(visitor: Visitor) -> None:
    tab = visitor.tab
    assert tab.evaluate("yiping.basemap.attach(probe)") is True
    tab.wait_for_function(
        "() => [...document.querySelectorAll('#probe.has-basemap img.leaflet-tile')].some(i => i.naturalWidth == 256)"
    )
    assert tab.locator("#probe .map-credit").inner_text() == "<img src=x>县局"
    assert tab.evaluate("yiping.basemap.attach(probe)") is True
    assert tab.locator("#probe .map-credit").count() == 1
    tab.evaluate("probe.setView([30, 100], 11)")  # far from every tile: transparent, and nothing in the console
    tab.wait_for_function(
        "() => [...document.querySelectorAll('#probe img.leaflet-tile-loaded')].every(i => i.naturalWidth == 1)"
    )
    assert tab.locator("#probe.has-basemap").count() == 1
    assert visitor.faults == []


def test_a_base_map_that_fails_goes_and_the_map_stays(visitor: Visitor) -> None:
    tab = visitor.tab
    tab.route("**/tiles/**", lambda route: route.abort())
    assert tab.evaluate("yiping.basemap.attach(probe)") is True
    tab.wait_for_function("() => !document.querySelector('#probe.has-basemap')")
    tab.evaluate("probe.panBy([900, 500], {animate: false})")
    assert tab.locator("#probe img.leaflet-tile").count() == 0
    assert all("ERR_FAILED" in fault for fault in visitor.faults)


def test_the_heat_surface_is_one_picture_replaced_in_place(visitor: Visitor) -> None:
    tab = visitor.tab
    show = "(bandwidth) => yiping.density.show(probe, location.search, bandwidth, said => { window.said = said; })"
    assert tab.evaluate(show, 300) == "ok"
    first = tab.evaluate(PICTURES)
    assert tab.evaluate("said.legend.length") == 5
    assert tab.evaluate(show, 1000) == "ok"
    second = tab.evaluate(PICTURES)
    assert (len(first), len(second)) == (1, 1)
    assert ("bandwidth=300" in first[0], "bandwidth=1000" in second[0]) == (True, True)
    assert tab.evaluate(f"Promise.all([({show})(150), ({show})(500)])") == ["outdated", "ok"]
    assert "bandwidth=500" in tab.evaluate(PICTURES)[0]
    assert visitor.faults == []
    tab.evaluate("yiping.density.hide(probe)")
    assert tab.evaluate(PICTURES) == []


def test_a_heat_surface_that_fails_leaves_the_last_one_and_a_hidden_one_goes(visitor: Visitor) -> None:
    tab = visitor.tab
    show = "(query) => yiping.density.show(probe, query, 300, said => { window.said = said; })"
    assert tab.evaluate(show, "") == "ok"
    before = tab.evaluate(PICTURES)
    tab.route("**/api/v1/density?**", lambda route: route.fulfill(status=503, body="{}"))
    assert tab.evaluate(show, "kind=C") == "failed"
    assert "未更新" in tab.evaluate("said.reason")
    assert tab.evaluate(PICTURES) == before
    tab.unroute_all()
    day = visitor.api("/api/v1/pulse")["as_of"][:8]
    assert tab.evaluate(show, f"since={day}02") == "hidden"
    assert "完整的月份" in tab.evaluate("said.reason")
    assert tab.evaluate(PICTURES) == []


def test_what_the_policy_does_not_name_is_not_loaded(visitor: Visitor) -> None:
    """An inline script, an inline handler and a picture of another host, as a slip in our code would let them in."""
    tab = visitor.tab
    tab.evaluate(
        """() => {
          window.stopped = [];
          document.addEventListener('securitypolicyviolation', e => window.stopped.push(e.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.broken = 1';
          document.body.appendChild(script);
          const box = document.createElement('div');
  box.id = 'probe';  // beside the page's own map
          box.setAttribute('onclick', 'window.broken = 2');
          document.body.appendChild(box);
          box.click();
          document.body.appendChild(new Image()).src = 'http://127.0.0.1:1/x.png';
        }"""
    )
    tab.wait_for_function("() => window.stopped.length >= 3")
    assert set(tab.evaluate("window.stopped")) == {"script-src-elem", "script-src-attr", "img-src"}
    assert tab.evaluate("window.broken") is None
