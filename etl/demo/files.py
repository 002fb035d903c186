"""Which files does the county hand over? Writers of each export; same county and seed, same bytes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import shapely
import xlsxwriter

from etl.demo import names, text
from etl.demo.clock import Clock
from etl.demo.county import County
from etl.demo.dirt import Edit, Truth
from etl.demo.ledger import Labels, layout
from etl.mapping import Mapping

CREATED = datetime(2026, 1, 1)
"""Creation time written into workbooks: a real one would make every run's bytes differ."""

FOUNDED = date(2021, 1, 1)
CARE_PERSONS = 2400
Cell = str | int | date


class LedgerFile:
    """A monthly CSV export that grows chunk by chunk; knows its line numbers."""

    def __init__(self, path: Path, *, header: bytes, truth: Truth) -> None:
        self.path, self.truth, self.records = path, truth, 0
        self._file = path.open("wb")
        self._file.write(header)

    def __enter__(self) -> LedgerFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, lines: Any, edits: dict[int, Edit]) -> None:
        """Write a chunk of lines, with some of them replaced, and note where the damage is."""
        offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset :]
        data, done = memoryview(lines.buffers()[2]), 0
        for row in sorted(edits):
            edit = edits[row]
            self._file.write(data[offsets[done] : offsets[row]])
            self.records += row - done
            self._file.write(b"".join(edit.records))
            self.truth.add(edit.kind, file=self.path.name, line=self.records + 2 + edit.marked)
            self.records += len(edit.records)
            done = row + 1
        self._file.write(data[offsets[done] : offsets[len(lines)]])
        self.records += len(lines) - done

    def append_total(self, cells: Sequence[str]) -> None:
        """Write a 合计 row, as spreadsheets do at their end."""
        self._file.write(text.record(cells))
        self.records += 1
        self.truth.add("total_row", file=self.path.name, line=self.records + 1)


def _ordered(mapping: Mapping, rows: Iterator[dict[str, Cell]]) -> tuple[list[str], list[list[Cell]]]:
    keys = layout(mapping)
    return list(keys.values()), [[row[key] for key in keys] for row in rows]


def write_workbook(path: Path, *, sheet: str, header: list[str], rows: list[list[Cell]]) -> int:
    """One sheet with a bold header; dates as date cells. Gives the number of rows below the header."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"created": CREATED})
    page = book.add_worksheet(sheet)
    page.write_row(0, 0, header, book.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(number, column, value)
            elif isinstance(value, int):
                page.write_number(number, column, value)
            else:
                page.write_datetime(number, column, value)
    book.close()
    return len(rows)


def _write_csv(path: Path, *, header: list[str], rows: list[list[Cell]], encoding: str) -> int:
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
    return len(rows)


@dataclass(frozen=True)
class Order:
    """What every writer of a dimension needs."""

    county: County
    clock: Clock
    mappings: dict[str, Mapping]
    months: list[date]
    as_of: datetime
    seed: int
    truth: Truth
    lists_outlines: bool = True


def _region(code: str, *, name: str, parent: str, level: str, kind: str, area: str = "") -> dict[str, Cell]:
    return {
        "region_code": code,
        "region_name": name,
        "parent_code": parent,
        "region_level": level,
        "region_type": kind,
        "urban_rural_code": area,
        "valid_from": FOUNDED,
        "valid_to": "",
    }


def write_regions(path: Path, order: Order) -> int:
    """The county, its towns and its villages. Gives the number of rows."""
    county = order.county

    def rows() -> Iterator[dict[str, Cell]]:
        yield _region(names.COUNTY_CODE, name=names.COUNTY, parent="", level="县", kind="县")
        for code, name, kind in county.towns:
            yield _region(code, name=name, parent=names.COUNTY_CODE, level="乡镇街道", kind=kind)
        for (code, name, kind, area), town in zip(county.villages, county.town_of_village, strict=True):
            yield _region(code, name=name, parent=county.towns[town][0], level="村社区", kind=kind, area=area)

    header, table = _ordered(order.mappings["regions"], rows())
    return write_workbook(path, sheet="行政区划", header=header, rows=table)


def write_departments(path: Path, order: Order) -> int:
    """Every department. Gives the number of rows."""
    words = {(r["code_set"], r["code"]): r["label"] for r in order.clock.reference.rows("codes")}
    rows: Iterator[dict[str, Cell]] = (
        {
            "department": code,
            "department_name": name,
            "department_class": words["department_class", group],
            "entry_mode": words["entry_mode", mode],
            "line": line,
            "parent_department": "",
        }
        for code, name, group, mode, line in names.DEPARTMENTS
    )
    header, table = _ordered(order.mappings["departments"], rows)
    return write_workbook(path, sheet="部门", header=header, rows=table)


def _grid_rows(county: County, *, clock: Clock, rng: np.random.Generator) -> Iterator[dict[str, Cell]]:
    people, types = names.person_names(), Labels(clock).by_set["grid_type"]
    middles = shapely.get_coordinates(shapely.centroid(county.shapes))
    households = np.maximum((county.population / rng.normal(2.7, 0.12, len(county.population))).astype(int), 20)
    outlines = shapely.to_wkt(county.shapes, rounding_precision=6)
    for index, code in enumerate(county.grid_codes):
        yield {
            "grid_code": code,
            "grid_name": county.grid_names[index],
            "village_code": county.villages[county.village_of_grid[index]][0],
            "grid_type": types[int(county.grid_types[index]) - 1],
            "households": int(households[index]),
            "population": int(county.population[index]),
            "area_m2": str(round(float(county.area_m2[index]))),
            "lon": f"{middles[index, 0]:.6f}",
            "lat": f"{middles[index, 1]:.6f}",
            "boundary_wkt": str(outlines[index]),
            "valid_from": "2022-01-01",
            "valid_to": "",
            "网格长姓名": people[index * 37 % len(people)],
            "网格长联系电话": f"100{index * 7_919_317 % 10**8:08d}",
        }


def _expired_rows(county: County, *, clock: Clock) -> Iterator[dict[str, Cell]]:
    kind = Labels(clock).by_set["grid_type"][0]
    empty = dict.fromkeys(("households", "population", "area_m2", "lon", "lat", "boundary_wkt"), "")
    for code, name, village in county.expired:
        yield {
            "grid_code": code,
            "grid_name": name,
            "village_code": county.villages[village][0],
            "grid_type": kind,
            **empty,
            "valid_from": "2019-01-01",
            "valid_to": "2021-12-31",
            "网格长姓名": "",
            "网格长联系电话": "",
        }


def write_grids(path: Path, order: Order) -> int:
    """Every grid with its border, then those that were closed (without one). Gives the number of rows."""
    county, rng = order.county, np.random.default_rng([order.seed, 2])

    def rows() -> Iterator[dict[str, Cell]]:
        for grid, row in enumerate(_grid_rows(county, clock=order.clock, rng=rng)):
            blank = ["households", "population"] if grid in county.unpopulated else []
            blank += [] if order.lists_outlines else ["boundary_wkt"]
            yield row | dict.fromkeys(blank, "")
        yield from _expired_rows(county, clock=order.clock)

    header, table = _ordered(order.mappings["grids"], rows())
    for index in range(len(county.expired)):
        line = len(county.grid_codes) + 2 + index
        order.truth.add("closed_grid_without_boundary", file=path.name, line=line)
    return _write_csv(path, header=header, rows=table, encoding=text.ENCODING)


def write_population(path: Path, order: Order) -> int:
    """Households and persons by grid, first month and every third back from the last. Gives the rows."""
    county, months, rng = order.county, order.months, np.random.default_rng([order.seed, 3])
    keys = layout(order.mappings["population"])
    rows: list[list[Cell]] = []
    trend = rng.normal(0.0005, 0.002, len(county.grid_codes))
    known = [g for g in range(len(county.grid_codes)) if g not in county.unpopulated]
    for month in sorted({months[0], *months[::-1][::3]}):
        behind = (months[-1].year - month.year) * 12 + months[-1].month - month.month
        people = np.maximum((county.population * (1 - behind * trend)).astype(int), 1)
        for grid in known:
            values: dict[str, Cell] = {
                "grid_code": county.grid_codes[grid],
                "month": f"{month:%Y-%m}",
                "households": max(int(people[grid] / 2.7), 1),
                "population": int(people[grid]),
            }
            if rng.random() < 0.0008:
                values["households"] = ("NULL", "-", "无")[len(rows) % 3]
                order.truth.add("null_word", file=path.name, line=len(rows) + 2)
            rows.append([values[key] for key in keys])
    return _write_csv(path, header=list(keys.values()), rows=rows, encoding="utf-8-sig")


@dataclass(frozen=True)
class _Care:
    """People of the care groups, invented: where they live, how often they are due and are visited."""

    county: County
    groups: list[str]
    group: Any
    grid: Any
    every: Any
    person_names: list[str]
    numbers: list[str]
    coverage: Any


def _care(county: County, *, clock: Clock, rng: np.random.Generator) -> _Care:
    groups = Labels(clock).by_set["care_group"]
    share = county.population / county.population.sum()
    # Far from the case parties' numbers, so that nobody is in both files by accident.
    party = np.arange(CARE_PERSONS) + 17_000_000
    return _Care(
        county=county,
        groups=groups,
        group=rng.choice(len(groups), CARE_PERSONS, p=np.array([24, 5, 26, 18, 9, 6, 7, 5]) / 100),
        grid=rng.choice(len(share), CARE_PERSONS, p=share),
        every=rng.choice([1, 2], CARE_PERSONS, p=[0.86, 0.14]),
        person_names=names.person_names(),
        numbers=[value.decode() for value in text.citizen_numbers(party).to_pylist()],
        coverage=rng.uniform(0.86, 0.98, len(county.towns)),
    )


def _care_row(care: _Care, *, person: int, month: date, as_of: datetime, rng: np.random.Generator) -> dict[str, Cell]:
    village = int(care.county.village_of_grid[care.grid[person]])
    town = int(care.county.town_of_village[village])
    day = month + timedelta(days=int(rng.integers(0, 28)))
    visited = rng.random() < care.coverage[town] and day < as_of.date()
    raised = int(rng.random() < 0.22) * int(rng.integers(1, 4)) if visited else 0
    met = int(rng.binomial(raised, 0.86)) if raised else 0
    return {
        "care_group": care.groups[int(care.group[person])],
        "village_code": care.county.villages[village][0],
        "month": f"{month:%Y-%m}",
        "visited_on": day if visited else "",
        "needs_raised": raised,
        "needs_met": met,
        "urgent_needs": int(rng.binomial(raised, 0.15)) if raised else 0,
        "姓名": care.person_names[person * 101 % len(care.person_names)],
        "证件号码": care.numbers[person],
        "联系电话": f"100{person * 5_003_777 % 10**8:08d}",
        "家庭住址": f"{care.county.villages[village][1]}{person % 9 + 1}组{person % 40 + 1}号",
    }


def _damaged_care(rows: list[dict[str, Cell]], *, year: int, rng: np.random.Generator) -> list[tuple[str, int]]:
    """Spoil three rows of each kind; gives kind and line of each."""
    spoiled = []
    for kind, key, word in (
        ("unknown_care_group", "care_group", "其他困难"),
        ("bad_month", "month", f"{year}-13"),
    ):
        for index in rng.choice(len(rows), 3, replace=False).tolist():
            rows[index][key] = word
            spoiled.append((kind, index + 2))
    return spoiled


def write_care_visits(folder: Path, order: Order) -> dict[Path, int]:
    """One workbook a year: who was due for a visit and whether it was made. Gives the rows of each file."""
    rng = np.random.default_rng([order.seed, 4])
    care = _care(order.county, clock=order.clock, rng=rng)
    written: dict[Path, int] = {}
    for year in sorted({m.year for m in order.months}):
        path = folder / f"重点人群走访_{year}.xlsx"
        rows = [
            _care_row(care, person=person, month=month, as_of=order.as_of, rng=rng)
            for month in order.months
            if month.year == year
            for person in range(CARE_PERSONS)
            if (person + month.month) % care.every[person] == 0
        ]
        for kind, line in _damaged_care(rows, year=year, rng=rng):
            order.truth.add(kind, file=path.name, line=line)
        header, table = _ordered(order.mappings["care_visits"], iter(rows))
        written[path] = write_workbook(path, sheet="走访", header=header, rows=table)
    return written
