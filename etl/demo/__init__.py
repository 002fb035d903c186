"""A fictional county that writes files as a county would export them, dirt included, and the truth beside."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from etl.demo import files
from etl.demo.cases import Cases, Drawer, Plan, Pool, draw_slots, make_plan
from etl.demo.clock import Clock, Ints, seconds
from etl.demo.county import County, build_county, month_starts
from etl.demo.dirt import CASE_SHARES, EVENT_SHARES, Damage, Edit, Truth, edits, planned
from etl.demo.files import LedgerFile
from etl.demo.flow import Flow, event_rows
from etl.demo.geography import PointsCrs
from etl.demo.ledger import SERIAL, CaseLedger, EventLedger
from etl.demo.shapes import Boundaries, write_boundaries
from etl.demo.truth import truth_document
from etl.mapping import Mapping, load_mappings
from etl.reference import SOURCES, Reference

__all__ = ["DemoReport", "write_demo"]

CHUNK = 50_000
"""Most cases in memory at a time."""

AS_OF = datetime(2026, 10, 30, 20, 0)


@dataclass(frozen=True)
class DemoReport:
    """What was written: files in order, rows of each (below the header), the truth, the data's end."""

    files: list[Path]
    rows: dict[str, int]
    truth: Path
    as_of: datetime
    cases: int
    events: int


def write_demo(
    out: Path,
    *,
    cases: int = 60_000,
    seed: int = 1,
    as_of: datetime = AS_OF,
    months: int = 24,
    flat: bool = False,
    grids: int = 900,
    boundaries: Boundaries = "wkt",
    progress: bool = False,
    points_crs: PointsCrs = "WGS84",
) -> DemoReport:
    """Write the county's exports and `truth.json` into `out`. Same arguments, same bytes.

    A `flat` county has one rate of cases per person everywhere: no map may find a difference in it. `points_crs` is
    the system the cases' points are written in; the mapping files say WGS84 all the same.
    `boundaries` says where the polygons of the (about) `grids` grids are: in the grid list (wkt), a map file, nowhere.
    Raises `ValueError` if `cases` or `months` is less than one.
    """
    if cases < 1 or months < 1:
        raise ValueError("cases and months must be at least 1")
    out.mkdir(parents=True, exist_ok=True)
    county = build_county(seed=seed, months=months, grids=grids, flat=flat)
    run = _Run(
        out, county, cases=cases, seed=seed, as_of=as_of, months=months, progress=progress, points_crs=points_crs
    )
    run.dimensions(boundaries)
    run.ledgers()
    return run.report()


@dataclass
class _Written:
    rows: dict[Path, int] = field(default_factory=dict)
    cases: int = 0
    events: int = 0


class _Run:
    """One run of the generator: the county, its plan, and what has been written so far."""

    def __init__(
        self,
        out: Path,
        county: County,
        *,
        cases: int,
        seed: int,
        as_of: datetime,
        months: int,
        progress: bool,
        points_crs: PointsCrs,
    ) -> None:
        self.out, self.seed, self.as_of, self.progress = out, seed, as_of, progress
        self.points_crs = points_crs
        self.clock = Clock(Reference())
        self.mappings: dict[str, Mapping] = load_mappings(SOURCES)
        self.months = month_starts(as_of=as_of.date(), months=months)
        self.county = county
        self.plan: Plan = make_plan(
            self.clock, months=self.months, as_of=as_of, cases=cases, rng=np.random.default_rng([seed, 5])
        )
        self.truth, self.written = Truth(), _Written()

    def dimensions(self, boundaries: Boundaries) -> None:
        """Regions, departments, grids, their polygons, population and care visits."""
        order = files.Order(self.county, self.clock, self.mappings, self.months, self.as_of, self.seed, self.truth)
        order = replace(order, lists_outlines=boundaries == "wkt")
        writers = {
            "行政区划.xlsx": files.write_regions,
            "部门.xlsx": files.write_departments,
            "网格.csv": files.write_grids,
            "人口统计.csv": files.write_population,
        }
        for name, write in writers.items():
            self.written.rows[self.out / name] = write(self.out / name, order)
        self.written.rows |= write_boundaries(self.out, self.county, boundaries)
        self.written.rows |= files.write_care_visits(self.out, order)

    def ledgers(self) -> None:
        """Cases and their steps, month by month in chunks."""
        writer = _LedgerWriter(self)
        total = int(self.plan.counts.sum())
        with tqdm(total=total, unit="件", disable=not self.progress, desc="demo") as bar:
            for month in range(len(self.months)):
                writer.month(month, bar=bar)

    def report(self) -> DemoReport:
        """Write the truth and say what there is."""
        path = self.out / "truth.json"
        document = truth_document(self.county, truth=self.truth, months=self.months, seed=self.seed, as_of=self.as_of)
        rows = {p.name: n for p, n in self.written.rows.items()}
        document |= {"cases": self.written.cases, "events": self.written.events, "rows": rows}
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return DemoReport(list(self.written.rows), rows, path, self.as_of, self.written.cases, self.written.events)


class _LedgerWriter:
    """Draws chunk after chunk and appends it to the files of its month."""

    def __init__(self, run: _Run) -> None:
        self.run, months = run, len(run.months)
        self.drawer = Drawer(run.county, run.clock)
        self.flow = Flow(run.county, run.clock, as_of=seconds(run.as_of))
        self.cases = CaseLedger(run.county, run.clock, run.mappings["cases"], months=months, points_crs=run.points_crs)
        self.events = EventLedger(run.clock, run.mappings["case_events"], months=months)
        self.pool, self.drawn, self.chunk = Pool(), 0, 0
        rng = np.random.default_rng([run.seed, 6])
        sizes = np.array([size for count in run.plan.counts.tolist() for size in _sizes(count)], dtype=np.int64)
        self.case_dirt = planned(CASE_SHARES, sizes=sizes, rng=rng)
        self.event_dirt = planned(EVENT_SHARES, sizes=sizes * 10, rng=rng)
        self.total_months = {months // 4, months * 3 // 4}
        self.broken_month = int(np.argmax(run.plan.counts))

    def month(self, index: int, *, bar: Any) -> None:
        """Write one month's two files."""
        run, first = self.run, self.run.months[index]
        rng = np.random.default_rng([run.seed, 7, index])
        slots = draw_slots(run.plan, month=index, as_of=run.as_of, rng=rng)
        case_path = run.out / f"事件台账_{first:%Y-%m}.csv"
        event_path = run.out / f"流转记录_{first:%Y-%m}.csv"
        with (
            LedgerFile(case_path, header=self.cases.header(), truth=run.truth) as cases,
            LedgerFile(event_path, header=self.events.header(), truth=run.truth) as events,
        ):
            number = 1
            for size in _sizes(len(slots)):
                self._chunk(slots[number - 1 : number - 1 + size], number, index, first, (cases, events))
                number += size
                bar.update(size)
            if index in self.total_months:
                cases.append_total(self._total_row(len(slots)))
        run.written.rows[case_path], run.written.rows[event_path] = cases.records, events.records

    def _chunk(self, slots: Ints, number: int, index: int, month: date, ledgers: tuple[LedgerFile, LedgerFile]) -> None:
        rng = np.random.default_rng([self.run.seed, 8, index, number])
        drawn = self.drawer.draw(slots, month=month, index=index, first_number=self.drawn, pool=self.pool, rng=rng)
        self.pool.remember(drawn, rng)
        course = self.flow.run(drawn, rng)
        ids = self.cases.case_ids(drawn, month=f"{month:%Y%m}", first=number)
        lines = self.cases.lines(drawn, course, ids=ids, first=number, rng=rng)
        ledgers[0].append(lines, self._case_edits(lines, drawn, rng))
        steps = event_rows(course, drawn)
        lines = self.events.lines(steps, ids=ids, month=index)
        wanted = self.event_dirt[self.chunk]
        ledgers[1].append(lines, self._edits(lines, wanted, list(self.events.layout), rng))
        self.run.written.cases += len(drawn)
        self.run.written.events += len(steps.case)
        self.drawn += len(drawn)
        self.chunk += 1

    def _edits(self, lines: Any, wanted: dict[str, int], keys: list[str], rng: np.random.Generator) -> dict[int, Edit]:
        if not wanted:
            return {}
        candidates = min(len(lines), 300 + 12 * sum(wanted.values()))
        order = rng.choice(len(lines), candidates, replace=False).astype(np.int64)
        chosen = lines.take(order).to_pylist()
        damage = Damage(self.run.county, rng, self.run.points_crs)
        position = {key: i for i, key in enumerate(keys)}
        return edits(chosen, order=order, position=position, wanted=wanted, damage=damage)

    def _case_edits(self, lines: Any, drawn: Cases, rng: np.random.Generator) -> dict[int, Edit]:
        changes = self._edits(lines, self.case_dirt[self.chunk], list(self.cases.layout), rng)
        free = next((row for row in range(len(lines) - 1, -1, -1) if row not in changes), None)
        if drawn.month == self.broken_month and free is not None:
            self.broken_month = -1
            # In front of the title: 0xFF begins no GB18030 character.
            cells = lines[free].as_py().split(b",", 2)
            changes[free] = Edit("invalid_byte", [b",".join([*cells[:2], b"\xff" + cells[2]])])
        return changes

    def _total_row(self, count: int) -> list[str]:
        cells = dict.fromkeys(self.cases.layout, "")
        return list((cells | {SERIAL: "合计", "case_id": str(count)}).values())


def _sizes(count: int) -> list[int]:
    """A month's cases in chunks of at most `CHUNK`."""
    return [min(CHUNK, count - start) for start in range(0, count, CHUNK)]
