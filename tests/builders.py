"""How do tests get data? Tiny deliveries with a county's real headers and words, loaded through the real door."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard.ask import Ask
from dashboard.server import create
from dashboard.warehouse import Warehouse, open_warehouse
from etl import publish
from etl.build import LoadReport, load
from etl.demo import write_demo
from etl.raw import file_sha256

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "data" / "sources"
REFERENCE = ROOT / "data" / "reference"

NOW = datetime(2026, 3, 14, 9, 0)
AS_OF = datetime(2026, 3, 14, 8, 0)

COUNTY = "990108"
TOWNS = {"990108100": "云溪镇", "990108101": "青石镇", "990108200": "柳湾乡"}
VILLAGES = {f"{town}{n:03d}": town for town in TOWNS for n in (1, 2)}
GRIDS = {f"{village}{n:03d}": village for village in VILLAGES for n in (1, 2)}
DEPARTMENTS = {"D01": "县司法局", "D02": "县住建局", "D03": "县人社局"}

Record = dict[str, Any]


@cache
def layout(name: str) -> dict[str, Any]:
    """The mapping file of one source layout, as it is shipped."""
    with (SOURCES / f"{name}.toml").open("rb") as handle:
        return tomllib.load(handle)


@cache
def labels() -> dict[str, dict[str, str]]:
    """Code set → code → the word a county writes."""
    words: dict[str, dict[str, str]] = {}
    with (REFERENCE / "codes.csv").open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            words.setdefault(row["code_set"], {})[row["code"]] = row["label"]
    return words


_CODE_SETS = {
    "prior_kind": "kind",
    "role": "handling_role",
    "to_department": "department",
    "lead_department": "department",
}


def word(field: str, value: object) -> str:
    """A canonical value as a county's export writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return labels().get(_CODE_SETS.get(field, field), {}).get(str(value), str(value))


def header(source: str) -> dict[str, str]:
    """Canonical field → Chinese header of one layout."""
    columns: dict[str, str] = layout(source)["columns"]
    return columns


def write_csv(path: Path, rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> Path:
    """Rows of text as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as handle:
        csv.writer(handle).writerows(rows)
    return path


def write_records(path: Path, source: str, records: Sequence[Mapping[str, Any]], *, encoding: str = "utf-8") -> Path:
    """Records with canonical fields as a file of this layout; personal columns are given by their own header."""
    columns = header(source)
    used = [f for f in columns if any(f in r for r in records)] or list(columns)
    personal = [h for h in layout(source).get("personal", {}) if any(h in r for r in records)]
    rows = [[columns[f] for f in used] + personal]
    rows += [[word(f, r.get(f)) for f in used] + [str(r.get(h, "")) for h in personal] for r in records]
    return write_csv(path, rows, encoding=encoding)


def write_places(folder: Path) -> None:
    """The county's lists: one county, three towns, six villages, twelve grids, three departments."""
    regions: list[Record] = [{"region_code": COUNTY, "region_name": "虚构县", "region_level": "county"}]
    regions += [
        {"region_code": code, "region_name": name, "region_level": "town", "parent_code": COUNTY}
        for code, name in TOWNS.items()
    ]
    regions += [
        {"region_code": code, "region_name": f"{code[-3:]}村", "region_level": "village", "parent_code": town}
        for code, town in VILLAGES.items()
    ]
    write_records(folder / "regions.csv", "regions", regions)
    write_records(folder / "grids.csv", "grids", [{"grid_code": g, "village_code": v} for g, v in GRIDS.items()])
    write_records(
        folder / "departments.csv",
        "departments",
        [{"department": code, "department_name": name} for code, name in DEPARTMENTS.items()],
    )


def case(case_id: str, accept_at: datetime, kind: str = "C", **fields: Any) -> Record:
    """One case record; fields are canonical names."""
    return {"case_id": case_id, "kind": kind, "accept_at": accept_at, **fields}


def step(case_id: str, at: datetime, action: str, **fields: Any) -> Record:
    """One step of a case's log."""
    return {"case_id": case_id, "event_at": at, "action": action, **fields}


def write_delivery(folder: Path, cases: Sequence[Record], log: Sequence[Record] = (), *, places: bool = True) -> Path:
    """A delivery: the county's lists, its cases (a `party` becomes the certificate column) and their log."""
    folder.mkdir(parents=True, exist_ok=True)
    if places:
        write_places(folder)
    told = [{("当事人证件号码" if k == "party" else k): v for k, v in c.items()} for c in cases]
    write_records(folder / "cases.csv", "cases", told)
    if log:
        write_records(folder / "events.csv", "case_events", log)
    return folder


def load_quickly(delivery: Path, warehouse: Path, **options: Any) -> LoadReport:
    """The real load without its two read-back processes, which take half of a tiny load's time."""
    with (
        patch.object(publish, "verify", lambda _path: None),
        patch.object(publish, "sha256_in_new_process", file_sha256),
    ):
        return load(delivery, warehouse, **({"now": NOW, "as_of": AS_OF} | options))


@contextmanager
def serving(warehouse: Path) -> Iterator[FastAPI]:
    """A running server over a warehouse, whose clock stands at 08:30 on 1 April 2026."""
    made = create(warehouse, clock=lambda: datetime(2026, 4, 1, 8, 30))
    with TestClient(made):
        yield made


@contextmanager
def demo_county(folder: Path, **county: Any) -> Iterator[Warehouse]:
    """The opened warehouse of a fictional county, made and loaded in a folder; `county` is what `write_demo` takes."""
    made = write_demo(folder / "files", **county)
    load_quickly(folder / "files", folder / "warehouse", now=made.as_of, as_of=made.as_of)
    door = open_warehouse(folder / "warehouse")
    try:
        yield door
    finally:
        door.close()


@contextmanager
def asking(warehouse: Path, *, cubes: bool = False) -> Iterator[Ask]:
    """Questions to a warehouse, through the dashboard's own door; from the ledger alone, or with all cubes made."""
    door = open_warehouse(warehouse)
    idle = patch.object(Warehouse, "_warm_up", lambda _self, _snapshot: None)
    try:
        with nullcontext() if cubes else idle, door.lease() as ask:
            door.wait_until_warm()
            yield ask
    finally:
        door.close()


@contextmanager
def asking_about(folder: Path, cases: Sequence[Record], log: Sequence[Record] = (), **options: Any) -> Iterator[Ask]:
    """Questions about these cases alone, delivered and loaded in `folder`."""
    load_quickly(write_delivery(folder / "in", cases, log), folder / "warehouse", **options)
    with asking(folder / "warehouse") as ask:
        yield ask
