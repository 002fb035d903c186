"""How long from a click to repainted grids? `python -m bench.recolour [--grids 2000] [--rounds 20] [--keep DIR]`.

The real server, headless Chromium at 1920×1080, every grid of the county on the map; prints milliseconds, no test.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import ViewportSize, sync_playwright

from bench.__main__ import run
from tests.e2e.conftest import CHROMIUM, FLAGS, ROOT, Visitor, _free_port, _wait_until_ready
from tests.e2e.people import known_at, visiting

WALL = ViewportSize(width=1920, height=1080)
CHOICES = [f"kind={kind}&severity={severity}" for kind in "PCDHR" for severity in ("general", "")]
CLICK = """choice => new Promise(done => {
  const map = document.querySelector('.leaflet-container'), before = map.dataset.paintedAt;
  const button = document.createElement('button');
  button.dataset.set = choice;
  document.body.appendChild(button);
  const start = performance.now();
  button.click();
  button.remove();
  const look = () => map.dataset.paintedAt === before
    ? setTimeout(look, 2) : done(Number(map.dataset.paintedAt) - start);
  look();
})"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the county, click, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.recolour")
    parser.add_argument("--grids", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="reuse or keep the delivery and warehouse here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="yiping-recolour-") as scratch:
        folder = options.keep or Path(scratch)
        delivery, warehouse = folder / f"delivery-{options.grids}-grids", folder / f"warehouse-{options.grids}-grids"
        if not (warehouse / "CURRENT.json").exists():
            run("etl", "demo", "--out", str(delivery), "--cases", "60000", "--grids", str(options.grids))
            run("etl", "load", str(delivery), "--warehouse", str(warehouse))
        times = clicks(warehouse, rounds=options.rounds)
    print(
        f"recolour {options.grids:,} grids, click to paint: median {median(times):.0f} ms, "
        f"slowest {max(times):.0f} ms of {len(times)} (1920×1080, headless, 60,000 cases)"
    )


def clicks(warehouse: Path, *, rounds: int) -> list[float]:
    """Milliseconds from a filter's click to the next painted frame, after three clicks to warm up."""
    port = _free_port()
    home = f"http://127.0.0.1:{port}"
    command = [sys.executable, "app.py", "--warehouse", str(warehouse), "--port", str(port)]
    command += ["--state", str(known_at(warehouse.parent / "state.sqlite"))]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _wait_until_ready(home, server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            visitor = Visitor(visiting(browser, home, viewport=WALL).new_page(), home)
            visitor.open("/map")  # with the period that a page opens with
            visitor.tab.locator('[data-set="layer=grid"]').click()
            visitor.settle()
            times = []
            for round_ in range(rounds + 3):
                times.append(float(visitor.tab.evaluate(CLICK, CHOICES[round_ % len(CHOICES)])))
                visitor.settle()
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)
    return times[3:]


if __name__ == "__main__":
    main()
