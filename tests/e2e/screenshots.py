"""Draw docs/screenshots again: `python -m tests.e2e.screenshots [WAREHOUSE]`, from the demo county by default."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

from dashboard.factory import find_pages
from tests.e2e.conftest import CHROMIUM, DESK, FLAGS, PHONE, ROOT, Visitor, _free_port, _wait_until_ready
from tests.e2e.people import known_at, visiting

OUT = ROOT / "docs" / "screenshots"
SIZES = (DESK, ViewportSize(width=1920, height=1080), PHONE)
WALLS = (
    ViewportSize(width=1920, height=1080),
    ViewportSize(width=3840, height=1080),
    ViewportSize(width=1080, height=1920),
)
WALL_PAGES = ("overview", "map", "risk", "wuhua", "departments")


def longest_overdue(room: BrowserContext, home: str) -> str:
    """The number of the oldest overdue case."""
    answer = room.request.get(f"{home}/api/v1/cases?status=overdue&order=oldest&limit=1")
    return str(answer.json()["rows"][0]["case_id"])


def views(room: BrowserContext, home: str) -> dict[str, str]:
    """Name → address of every page, one case and the map's layers."""
    case = urlencode({"case": longest_overdue(room, home)})
    layers = {"replay": "/map?replay=risk&pace=week", "heat": "/map?heat=w300"}
    return {page.key: page.path for page in find_pages() if page.in_nav} | {"case": f"/case?{case}"} | layers


def draw(browser: Browser, home: str, out: Path) -> None:
    """Every view at every size, as `<name>_<width>.png`; the walls first, so that 屏幕健康 has some to list."""
    for size in WALLS:
        for page in WALL_PAGES if size == WALLS[0] else WALL_PAGES[:1]:
            shoot_wall(browser, home, page, size, out)
    for size in SIZES:
        context = visiting(browser, home, viewport=size)
        for name, path in views(context, home).items():
            visitor = Visitor(context.new_page(), home)
            visitor.open(path)
            visitor.tab.wait_for_timeout(1500)
            save(visitor.tab.screenshot(), out / f"{name}_{size['width']}.png")
            visitor.tab.close()
        context.close()


def shoot_wall(browser: Browser, home: str, page: str, size: ViewportSize, out: Path) -> None:
    """One page of the wall, held still; the name of the first page is left out."""
    context = visiting(browser, home, viewport=size)
    tab = context.new_page()
    tab.goto(f"{home}/screen?{urlencode({'page': page, 'screen': '指挥大厅主屏'})}")
    tab.wait_for_timeout(9000)
    name = "screen" if page == WALL_PAGES[0] else f"screen-{page}"
    save(tab.screenshot(), out / f"{name}_{size['width']}.png")
    context.close()


def save(picture: bytes, path: Path) -> None:
    """Write a picture in 128 colours: a third of the bytes, and no difference to the eye."""
    Image.open(BytesIO(picture)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Start the server, draw, stop."""
    warehouse = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "data" / "warehouse")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        state = known_at(Path(folder) / "state.sqlite")
        draw_all(warehouse, state)


def draw_all(warehouse: str, state: Path) -> None:
    """Every picture of a server over this warehouse."""
    port = _free_port()
    where = ["--host", "127.0.0.1", "--port", str(port), "--state", str(state)]
    server = subprocess.Popen([sys.executable, "app.py", "--warehouse", warehouse, *where], cwd=ROOT)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            draw(browser, f"http://127.0.0.1:{port}", OUT)
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


if __name__ == "__main__":
    main()
