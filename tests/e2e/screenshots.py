"""Draw docs/screenshots again: `python -m tests.e2e.screenshots [WAREHOUSE]`, from the demo county by default."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

from dashboard.factory import find_pages
from tests.e2e.conftest import CHROMIUM, DESK, FLAGS, PHONE, ROOT, Visitor, _free_port, _wait_until_ready

OUT = ROOT / "docs" / "screenshots"


def longest_overdue(home: str) -> str:
    """The number of the oldest overdue case."""
    with urlopen(f"{home}/api/v1/cases?status=overdue&order=oldest&limit=1") as answer:
        return str(json.load(answer)["rows"][0]["case_id"])


def draw(browser: Browser, home: str, out: Path) -> None:
    """Every page at desk size, one case, the map's layers, and 总览 as a phone shows it."""
    shots = [(page.path, page.key, DESK) for page in find_pages() if page.in_nav] + [("/", "overview_phone", PHONE)]
    shots.append((f"/case?{urlencode({'case': longest_overdue(home)})}", "case", DESK))
    shots.append(("/map?replay=risk&pace=week", "replay", DESK))
    shots.append(("/map?heat=w300", "heat", DESK))
    for path, name, size in shots:
        context = browser.new_context(viewport=size, locale="zh-CN")
        visitor = Visitor(context.new_page(), home)
        visitor.open(path)
        visitor.tab.wait_for_timeout(2500)
        visitor.tab.screenshot(path=out / f"{name}.png")
        context.close()


def main() -> None:
    """Start the server, draw, stop."""
    warehouse = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "data" / "warehouse")
    OUT.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "app.py", "--warehouse", warehouse, "--host", "127.0.0.1", "--port", str(port)], cwd=ROOT
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
