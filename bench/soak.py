"""Does a wall run for weeks? Thousands of new snapshots painted by one tab, sped up: heap, nodes, console, server.

`python -m bench.soak [FIRST SECOND] [--updates 20000] [--out docs/soak.json]`: two warehouses with a snapshot each;
without them two demo counties are made. An update is one page of the wall filled anew, by one callback: a new snapshot
makes one of every page. The heap is judged by the thousand snapshots, which is stricter than by the thousand updates.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import linear_regression
from typing import Any

from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Page, sync_playwright

from dashboard.wall.settings import PAGES
from tests.e2e.conftest import CHROMIUM, FLAGS, _free_port, _wait_until_ready

ROOT = Path(__file__).resolve().parents[1]
HEAP_MB_PER_1000 = 1.0
NODES_SHARE = 0.05
WARM_UP = 0.1
"""The share of samples at the start that is not judged: caches fill, code is compiled."""
UPDATES = """async (many) => {
  const painted = () => new Promise((done, failed) => {
    const limit = setTimeout(() => failed(new Error('not painted within 60 s')), 60000);
    const hear = (event) => {
      if (event.detail.what !== 'painted' || !event.detail.isCurrent) { return; }
      clearTimeout(limit); document.removeEventListener('yiping:life', hear); done();
    };
    document.addEventListener('yiping:life', hear);
  });
  let said = null;
  for (let at = 0; at < many; at += 1) {
    said = await (await fetch('/swing', { method: 'POST' })).json();
    const done = painted();
    window.yiping.life.ask();
    await done;
  }
  return said.rss_kb;
}"""


@dataclass
class Soak:
    """What was seen: per sample the snapshots so far, heap in MB after a forced collection, nodes, server MB."""

    snapshots: list[int] = field(default_factory=list)
    heap_mb: list[float] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def judge(soak: Soak) -> dict[str, Any]:
    """The figures of the promise and, in `broken`, every promise that does not hold."""
    skip = max(1, round(len(soak.snapshots) * WARM_UP))
    steps, heap, nodes = soak.snapshots[skip:], soak.heap_mb[skip:], soak.nodes[skip:]
    slope = linear_regression(steps, heap).slope * 1000
    spread = max(abs(count / nodes[0] - 1) for count in nodes)
    broken = [
        *([f"heap grows by {slope:.2f} MB per 1,000 snapshots"] if slope >= HEAP_MB_PER_1000 else []),
        *([f"nodes move by {spread:.1%}"] if spread > NODES_SHARE else []),
        *([f"{len(soak.faults)} faults, first: {soak.faults[0]}"] if soak.faults else []),
    ]
    return {
        "snapshots": soak.snapshots[-1],
        "updates": soak.snapshots[-1] * len(PAGES),
        "minutes": round(soak.seconds / 60, 1),
        "heap_mb_first_last": [heap[0], heap[-1]],
        "heap_mb_per_1000_snapshots": round(slope, 3),
        "nodes_first_last": [nodes[0], nodes[-1]],
        "nodes_largest_change": round(spread, 4),
        "server_mb_first_last": [soak.server_mb[skip], soak.server_mb[-1]],
        "faults": soak.faults[:20],
        "broken": broken,
    }


def run(browser: Browser, home: str, *, snapshots: int, sample: int, told: Any = None) -> Soak:
    """Let one wall paint so many new snapshots, measuring every `sample` of them."""
    room = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    tab = room.new_page()
    soak, began = Soak(), time.monotonic()
    _listen(tab, soak)
    tab.set_default_timeout(120_000)
    tab.goto(f"{home}/screen")
    tab.wait_for_function("() => document.querySelector('#asof')?.textContent.length > 0")
    probe = room.new_cdp_session(tab)
    for done in range(sample, snapshots + 1, sample):
        rss = tab.evaluate(UPDATES, sample)
        soak.seconds = time.monotonic() - began
        _measure(soak, tab, probe, done=done, rss_kb=rss)
        if told is not None:
            told(soak)
    room.close()
    return soak


def _listen(tab: Page, soak: Soak) -> None:
    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            soak.faults.append(f"{message.type}: {message.text[:200]}")

    tab.on("console", hear)
    tab.on("pageerror", lambda error: soak.faults.append(f"script: {error}"))


def _measure(soak: Soak, tab: Page, probe: CDPSession, *, done: int, rss_kb: int) -> None:
    probe.send("HeapProfiler.collectGarbage")
    soak.snapshots.append(done)
    soak.heap_mb.append(round(probe.send("Runtime.getHeapUsage")["usedSize"] / 1e6, 3))
    soak.nodes.append(tab.evaluate("() => document.getElementsByTagName('*').length"))
    soak.server_mb.append(round(rss_kb / 1024, 1))


def served(first: Path, second: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A swinging server in a process of its own, and its address."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.soak_server", str(first), str(second), str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    home = f"http://127.0.0.1:{port}"
    _wait_until_ready(home, process)
    return process, home


def soaked(first: Path, second: Path, *, snapshots: int, sample: int, told: Any = None) -> Soak:
    """What a wall of a swinging server and a browser of its own did."""
    process, home = served(first, second)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            soak = run(browser, home, snapshots=snapshots, sample=sample, told=told)
            browser.close()
    finally:
        process.terminate()
        process.wait(timeout=20)
    return soak


def made(folder: Path, seed: int) -> Path:
    """The warehouse of a small demo county."""
    files, warehouse = folder / f"files{seed}", folder / f"warehouse{seed}"
    for step in (("demo", "--out", files, "--cases", 3000, "--seed", seed), ("load", files, "--warehouse", warehouse)):
        subprocess.run([sys.executable, "-m", "etl", *map(str, step)], cwd=ROOT, check=True, capture_output=True)
    return warehouse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write the result after every sample, and say by the exit code whether all promises hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, nargs="?")
    parser.add_argument("second", type=Path, nargs="?")
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "soak.json")
    options = parser.parse_args(arguments)
    snapshots = -(-options.updates // (len(PAGES) * options.sample)) * options.sample

    def told(soak: Soak) -> None:
        if len(soak.snapshots) >= 4:
            body = {**judge(soak), "samples": asdict(soak)}
            options.out.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        last = (soak.snapshots[-1], soak.heap_mb[-1], soak.nodes[-1], soak.server_mb[-1])
        print(*last, f"{soak.seconds:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        first, second = options.first or made(Path(folder), 7), options.second or made(Path(folder), 8)
        soak = soaked(first, second, snapshots=snapshots, sample=options.sample, told=told)
    broken = judge(soak)["broken"]
    print("\n".join(broken) or "every promise holds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
