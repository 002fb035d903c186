"""Does the server that people start give way soon, and is what stands left out of garbage collection?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dashboard.interpreter import COLLECT_AFTER, SWITCH_SECONDS

ROOT = Path(__file__).resolve().parents[2]
STARTED = """
import gc, json, sys
import app
app.create_server(app._options(sys.argv[1:]))
print(json.dumps([sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()]))
"""


def test_the_server_is_started_with_a_tuned_interpreter(small_county: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTED, "--warehouse", str(small_county), "--state", str(tmp_path / "s.sqlite")]
    started = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    switch, thresholds, frozen = json.loads(started.stdout.splitlines()[-1])
    assert abs(switch - SWITCH_SECONDS) < 1e-6
    assert tuple(thresholds) == COLLECT_AFTER
    assert frozen > 10_000
    assert "nanobind" not in started.stderr
