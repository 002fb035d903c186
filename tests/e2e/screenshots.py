"""Draw docs/screenshots again: `python -m tests.e2e.screenshots [WAREHOUSE]`, from the demo county by default."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from dashboard.factory import find_pages
from tests.e2e.conftest import CHROMIUM, DESK, FLAGS, PHONE, ROOT, Visitor, _free_port, _wait_until_ready

OUT = ROOT / "docs" / "screenshots"
SIZES = (DESK, ViewportSize(width=1920, height=1080), PHONE)


def longest_overdue(home: str) -> str:
    """The number of the oldest overdue case."""
    with urlopen(f"{home}/api/v1/cases?status=overdue&order=oldest&limit=1") as answer:
        return str(json.load(answer)["rows"][0]["case_id"])


def views(home: str) -> dict[str, str]:
    """Name → address of every page, one case and the map's layers."""
    case = urlencode({"case": longest_overdue(home)})
    layers = {"replay": "/map?replay=risk&pace=week", "heat": "/map?heat=w300"}
    return {page.key: page.path for page in find_pages() if page.in_nav} | {"case": f"/case?{case}"} | layers


def draw(browser: Browser, home: str, out: Path) -> None:
    """Every view at every size, as `<name>_<width>.png`."""
    for size in SIZES:
        context = browser.new_context(viewport=size, locale="zh-CN")
        for name, path in views(home).items():
            visitor = Visitor(context.new_page(), home)
            visitor.open(path)
            visitor.tab.wait_for_timeout(1500)
            save(visitor.tab.screenshot(), out / f"{name}_{size['width']}.png")
            visitor.tab.close()
        context.close()


def save(picture: bytes, path: Path) -> None:
    """Write a picture in 128 colours: a third of the bytes, and no difference to the eye."""
    Image.open(BytesIO(picture)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Start the server, draw, stop."""
    warehouse = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "data" / "warehouse")
    OUT.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "app.py",
            "--warehouse",
            warehouse,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--state",
            ":memory:",
        ],
        cwd=ROOT,
    )
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
