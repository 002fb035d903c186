"""Is a wall's band there in time, and gone in time, when the server is killed, frozen or out of reach for minutes?

`python -m bench.outage WAREHOUSE [--out docs/outage.json]`: at the wall's own interval, 5 s; about 7 minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.outage import NO_BAND, drill, machine
from tests.e2e.people import visiting

ROOT = Path(__file__).resolve().parents[1]
INTERVAL = 5.0
OUTAGES = {"killed": 180.0, "frozen": 60.0, "offline": 60.0}
"""What happens to the server or the line, and for how many seconds: the issue's own durations."""


def measured(warehouse: Path, state: Path) -> list[dict[str, Any]]:
    """One line per outage: seconds until the band was there, and from the return until it was gone."""
    found = []
    with machine(warehouse, state) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = visiting(browser, server.home, viewport={"width": 1920, "height": 1080}).new_page()
        tab.goto(f"{server.home}/screen")
        tab.wait_for_function("() => document.querySelector('#asof')?.textContent.length > 0", timeout=60_000)
        tab.wait_for_function(NO_BAND)
        for kind, lasting in OUTAGES.items():
            seen, healed = drill(tab, server, kind, lasting=lasting, interval=INTERVAL)
            found.append({"outage": kind, "lasting": lasting, "seen": round(seen, 1), "healed": round(healed, 1)})
            print(found[-1], flush=True)
        browser.close()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all three, write the result, and say by the exit code whether both took at most two intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "outage.json")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(options.warehouse, Path(folder) / "state.sqlite")
    late = [one for one in found if max(one["seen"], one["healed"]) > 2 * INTERVAL]
    body = {"interval": INTERVAL, "limit": 2 * INTERVAL, "outages": found, "broken": late}
    options.out.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
