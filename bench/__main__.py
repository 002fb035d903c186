"""How fast is it here? Prints load and page figures for two sizes; a report, never a test.

`python -m bench [--cases 60000 1000000] [--rounds 60] [--keep DIR]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from dashboard import interpreter
from dashboard.ask import Ask
from dashboard.factory import find_pages
from dashboard.filters import Filters, parse
from dashboard.page import Page, Panel
from dashboard.server import create
from dashboard.warehouse import Warehouse, open_warehouse


@dataclass(frozen=True)
class LoadFigures:
    """One load: rows read, seconds, bytes of the snapshot, peak resident memory in MiB."""

    rows: int
    seconds: float
    size: int
    peak_mib: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--cases", type=int, nargs="+", default=[60_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=60, help="questions per page")
    parser.add_argument("--keep", type=Path, help="reuse or keep the deliveries and warehouses here")
    options = parser.parse_args(arguments)
    interpreter.tune()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; timings on a shared machine: compare ratios")
    with tempfile.TemporaryDirectory(prefix="yiping-bench-") as scratch:
        for cases in options.cases:
            measure(cases, folder=options.keep or Path(scratch), rounds=options.rounds)


def measure(cases: int, *, folder: Path, rounds: int) -> None:
    """Load one size and time its pages."""
    delivery, warehouse = folder / f"delivery-{cases}", folder / f"warehouse-{cases}"
    print(f"\n== {cases:,} cases")
    if not (warehouse / "CURRENT.json").exists():
        seconds = timed(lambda: run("etl", "demo", "--out", str(delivery), "--cases", str(cases)))
        print(f"demo files      {seconds:8.1f} s   {cases / seconds:,.0f} cases/s")
        figures = load(delivery, warehouse)
        speed = figures.rows / figures.seconds
        print(f"load            {figures.seconds:8.1f} s   {speed:,.0f} rows/s ({figures.rows:,} rows)")
        print(f"snapshot        {figures.size / 1e6:8.1f} MB  peak memory {figures.peak_mib:,.0f} MiB")
    opened = open_warehouse(warehouse)
    questions = random_queries(opened, rounds)
    print(f"daily cubes     {timed(opened.wait_until_warm):8.1f} s   after opening, beside the first questions")
    print(
        f"{'page':<14}{'data p50':>10}{'p95':>8}{'all':>8}{'callback p50':>15}{'p95':>8}{'kB':>8}   ms, random filters"
    )
    for page in find_pages():
        data = [page_data(opened, page, query) for query in questions]
        whole = page_data(opened, page, "kind=P&kind=R&kind=H&kind=C&kind=D")
        calls, size = asyncio.run(page_callbacks(warehouse, page, questions))
        d50, d95 = middle_and_tail(data)
        c50, c95 = middle_and_tail(calls)
        print(f"{page.key:<14}{d50:>10.0f}{d95:>8.0f}{whole:>8.0f}{c50:>15.0f}{c95:>8.0f}{size / 1000:>8.0f}")
    opened.close()


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run one of our modules, quietly; raises if it fails."""
    return subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, text=True)


def load(delivery: Path, warehouse: Path) -> LoadFigures:
    """Load a delivery in a process of its own, so that its peak memory is its own."""
    code = (
        "import resource, runpy, sys; sys.argv = ['etl', *sys.argv[1:]];\n"
        "try: runpy.run_module('etl', run_name='__main__')\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, "load", str(delivery), "--warehouse", str(warehouse), "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - start
    report, peak = done.stdout.strip().splitlines()
    body = json.loads(report)
    return LoadFigures(body["totals"]["rows_in"], seconds, (warehouse / body["file"]).stat().st_size, int(peak) / 1024)


def random_queries(warehouse: Warehouse, rounds: int) -> list[str]:
    """Query strings with random periods and up to two dimensions, the same for every run."""
    draw = random.Random(20261031)
    with warehouse.lease() as ask:
        as_of, words = ask.info.as_of.date(), ask.vocabulary
    queries = []
    for _ in range(rounds):
        days = draw.choice([7, 30, 90, 180, 365, 730])
        until = as_of + timedelta(days=1) - timedelta(days=draw.randrange(0, max(1, 731 - days)))
        chosen: dict[str, Any] = {"since": until - timedelta(days=days), "until": until}
        for dimension in draw.sample(
            ["town", "department", "kind", "category", "severity", "channel"], draw.randrange(3)
        ):
            codes = list(words[dimension])
            chosen[dimension] = draw.sample(codes, min(len(codes), draw.choice([1, 1, 2, 4])))
        queries.append(Filters().replace(**chosen).to_query())
    return queries


def page_data(warehouse: Warehouse, page: Page, query: str) -> float:
    """Milliseconds to ask everything a page shows, nothing remembered."""

    def ask_all(ask: Ask) -> None:
        filters = parse(query, ask.vocabulary).filters
        for panel in page.panels:
            panel.load(ask, filters)

    with warehouse.lease() as ask:
        ask.forget()
        return 1000 * timed(lambda: ask_all(ask))


async def page_callbacks(path: Path, page: Page, queries: Sequence[str]) -> tuple[list[float], int]:
    """Milliseconds of whole page callbacks through the ASGI application, and the median answer's bytes (compressed)."""
    server = create(path)
    warehouse: Warehouse = server.state.warehouse
    transport = httpx.ASGITransport(app=server)
    times, sizes = [], []
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        await client.get("/_dash-layout")
        warehouse.wait_until_warm()
        dependencies = (await client.get("/_dash-dependencies")).json()
        stages = [stage_call(dependencies, stage) for stage in page.stages]
        for query in queries:
            start = time.perf_counter()
            answers = [await client.post("/_dash-update-component", json=call(query)) for call in stages]
            times.append(1000 * (time.perf_counter() - start))
            for answer in answers:
                answer.raise_for_status()
            sizes.append(sum(int(a.headers.get("content-length", 0)) or len(a.content) for a in answers))
    warehouse.close()
    return times, sorted(sizes)[len(sizes) // 2]


def stage_call(dependencies: list[dict[str, Any]], stage: Sequence[Panel]) -> Callable[[str], dict[str, Any]]:
    """The request body of a stage's callback for a query string, as the browser writes it."""
    first = ".".join(stage[0].targets[0])
    found = next(d for d in dependencies if first in d["output"] and len(d["inputs"]) == 1)
    outputs = [dict(zip(("id", "property"), o.rsplit(".", 1), strict=True)) for o in found["output"][2:-2].split("...")]
    cue = found["inputs"][0]["id"]

    def call(query: str) -> dict[str, Any]:
        return {
            "output": found["output"],
            "outputs": outputs,
            "inputs": [{"id": cue, "property": "data", "value": query}],
            "changedPropIds": [f"{cue}.data"],
        }

    return call


def timed(work: Callable[[], object]) -> float:
    """Seconds a piece of work took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def middle_and_tail(values: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


if __name__ == "__main__":
    main()
