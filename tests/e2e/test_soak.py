"""The soak in short, over the real path: `make soak` is the long one, its last result is docs/soak.json."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser

from bench.soak import NODES_SHARE, run, served

SNAPSHOTS, SAMPLE = 24, 8
GROWTH_MB = 2.0
"""Over so few updates a slope is noise: what is kept after a forced collection may not grow by more."""


def test_a_wall_that_paints_again_and_again_keeps_its_size(browser: Browser, warehouse: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    shutil.copytree(warehouse, second, copy_function=os.link)
    pointer = json.loads((second / "CURRENT.json").read_text(encoding="utf-8"))
    (second / "CURRENT.json").unlink()
    (second / "CURRENT.json").write_text(json.dumps(pointer | {"snapshot": "snap-other"}), encoding="utf-8")
    process, home = served(warehouse, second)
    try:
        soak = run(browser, home, snapshots=SNAPSHOTS, sample=SAMPLE)
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert soak.snapshots[-1] == SNAPSHOTS and soak.faults == []
    assert soak.heap_mb[-1] - soak.heap_mb[0] < GROWTH_MB
    assert max(abs(count / soak.nodes[0] - 1) for count in soak.nodes) <= NODES_SHARE
