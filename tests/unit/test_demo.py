"""Is the fictional county whole, lawful and honest about its own dirt?"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from etl.demo import DemoReport, text, write_demo
from etl.demo.cases import DISCOVERY_OF_CHANNEL, Cases, Drawer, Pool, draw_slots, make_plan
from etl.demo.clock import DAY, NEVER, Clock, moment, seconds
from etl.demo.county import County, build_county, grid_rates, month_starts
from etl.demo.dirt import CASE_SHARES, EVENT_SHARES
from etl.demo.flow import STEPS, Course, Flow, event_rows
from etl.demo.geography import build_geography
from etl.mapping import Mapping, load_mappings, recognise
from etl.reference import SOURCES, Reference

AS_OF = datetime(2026, 10, 31, 20, 0)
CASES = 800


@dataclass
class Export:
    """One written county with its files read back as text."""

    folder: Path
    report: DemoReport

    @cached_property
    def truth(self) -> dict:
        return json.loads(self.report.truth.read_text(encoding="utf-8"))

    @cached_property
    def tables(self) -> dict[str, list[list[str]]]:
        return {path.name: list(_read(path)) for path in self.report.files}

    def named(self, prefix: str) -> dict[str, list[list[str]]]:
        return {name: rows for name, rows in self.tables.items() if name.startswith(prefix)}

    def dirty_lines(self, file: str) -> set[int]:
        by_kind = (kind["lines"].get(file, []) for kind in self.truth["dirt"].values())
        return {line for lines in by_kind for line in lines}

    def clean(self, prefix: str) -> Iterator[dict[str, str]]:
        for name, (header, *rows) in self.named(prefix).items():
            dirty = self.dirty_lines(name)
            for line, row in enumerate(rows, start=2):
                if line not in dirty:
                    yield dict(zip(header, row, strict=True))

    def damaged(self, kind: str) -> Iterator[dict[str, str]]:
        for name, lines in self.truth["dirt"][kind]["lines"].items():
            header = self.tables[name][0]
            for line in lines:
                yield dict(zip(header, self.tables[name][line - 1], strict=False))


def _read(path: Path) -> Iterator[list[str]]:
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            yield ["" if value is None else str(value) for value in row]
        return
    encoding = "utf-8-sig" if path.name.startswith("人口") else "gb18030"
    with path.open(encoding=encoding, errors="replace", newline="") as handle:
        yield from csv.reader(handle)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("demo")
    return Export(folder, write_demo(folder, cases=CASES, months=6))


@pytest.fixture(scope="module")
def mappings() -> dict[str, Mapping]:
    return load_mappings(SOURCES)


@pytest.fixture(scope="module")
def county() -> County:
    return build_county(seed=1, months=12)


@pytest.fixture(scope="module")
def drawn(county: County) -> tuple[Cases, Course]:
    """40,000 cases of one county and their course, without files."""
    clock = Clock(Reference())
    months = month_starts(as_of=AS_OF.date(), months=12)
    rng = np.random.default_rng(5)
    plan = make_plan(clock, months=months, as_of=AS_OF, cases=40_000, rng=rng)
    drawer, pool = Drawer(county, clock), Pool()
    flow = Flow(county, clock, as_of=seconds(AS_OF))
    parts = []
    for index, month in enumerate(months):
        slots = draw_slots(plan, month=index, as_of=AS_OF, rng=rng)
        cases = drawer.draw(slots, month=month, index=index, first_number=0, pool=pool, rng=rng)
        pool.remember(cases, rng)
        parts.append((cases, flow.run(cases, rng)))
    return _joined([case for case, _ in parts]), _joined([course for _, course in parts])


def _joined(parts: list) -> Any:
    values = {}
    for field in fields(parts[0]):
        column = [getattr(part, field.name) for part in parts]
        if isinstance(column[0], dict):
            values[field.name] = {key: np.concatenate([c[key] for c in column]) for key in column[0]}
        else:
            values[field.name] = np.concatenate(column) if isinstance(column[0], np.ndarray) else column[0]
    return replace(parts[0], **values)


# The same and not the same


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Hashes of the files of a run, of the same again, of another seed, and of fewer cases."""
    folder = tmp_path_factory.mktemp("variants")
    for name, seed, cases in (("first", 1, 150), ("again", 1, 150), ("other", 2, 150), ("few", 1, 5)):
        write_demo(folder / name, cases=cases, seed=seed, months=1)
    return {path.name: _hashes(path) for path in folder.iterdir()}


def test_same_seed_same_bytes_other_seed_other_bytes(variants: dict[str, dict[str, str]]) -> None:
    first, other = variants["first"], variants["other"]
    assert first == variants["again"]
    assert [name for name in first if first[name] == other[name]] == ["部门.xlsx"]


def test_the_county_does_not_depend_on_the_number_of_cases(variants: dict[str, dict[str, str]]) -> None:
    for name in ("网格.csv", "行政区划.xlsx", "人口统计.csv"):
        assert variants["few"][name] == variants["first"][name]


def test_senseless_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        write_demo(tmp_path, cases=0)


# The county


def test_grids_tile_and_regions_hold_together() -> None:
    geography = build_geography(np.random.default_rng(23))
    whole = shapely.union_all(geography.grids)
    assert shapely.coverage_is_valid(geography.grids)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    town_of_grid = geography.town_of_village[geography.village_of_grid]
    for group, count in ((geography.village_of_grid, 130), (town_of_grid, 13)):
        shapes = [shapely.union_all(geography.grids[group == g]) for g in range(count)]
        assert {shape.geom_type for shape in shapes} == {"Polygon"}


def test_written_borders_still_tile(export: Export) -> None:
    rows = [row for row in export.clean("网格") if row["网格边界"]]
    shapes = np.array(shapely.from_wkt([row["网格边界"] for row in rows]))
    assert len(shapes) == 900
    assert shapely.coverage_is_valid(shapes)
    assert shapely.union_all(shapes).area == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)


def test_codes_are_nested_and_unique(export: Export) -> None:
    regions = {row["区划编码"]: row for row in export.clean("行政区划")}
    sizes = Counter(map(len, regions))
    assert sizes == {6: 1, 9: 13, 12: 130}
    for code, row in regions.items():
        assert row["上级编码"] == code[: {6: 0, 9: 6, 12: 9}[len(code)]]
    grids = [row["网格编码"] for row in export.clean("网格")]
    assert len(grids) == len(set(grids))
    for row in export.clean("网格"):
        assert re.fullmatch(r"\d{15}", row["网格编码"])
        assert row["网格编码"][:12] == row["所属村社区编码"]
        assert row["所属村社区编码"] in regions
    names = [row["区划名称"] for row in regions.values()]
    assert len(names) == len(set(names))


def test_every_header_of_the_mappings_is_written(export: Export, mappings: dict[str, Mapping]) -> None:
    expected = {
        "事件台账": "cases",
        "流转记录": "case_events",
        "网格": "grids",
        "行政区划": "regions",
        "部门": "departments",
        "人口统计": "population",
        "重点人群走访": "care_visits",
    }
    seen = set()
    for name, rows in export.tables.items():
        mapping = mappings[expected[re.split(r"[_.]", name)[0]]]
        wanted = {*mapping.columns.values(), *mapping.personal, *mapping.ignore.columns}
        assert set(rows[0]) == wanted
        assert recognise(rows[0], list(mappings.values())).name == mapping.name
        seen.add(mapping.name)
    assert seen == set(expected.values())


# Nobody is real


def _is_valid_citizen_number(number: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], weights, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def test_the_check_itself_knows_the_sample_of_the_standard() -> None:
    assert _is_valid_citizen_number("11010519491231002X")


def test_no_valid_citizen_number_and_no_real_phone_anywhere(export: Export) -> None:
    numbers, phones = set(), set()
    for rows in export.tables.values():
        for row in rows:
            line = "\n".join(row)
            numbers |= set(re.findall(r"(?<!\d)\d{17}[\dXx](?!\d)", line))
            phones |= set(re.findall(r"(?<![\d.])1\d{10}(?!\d)", line))
    assert len(numbers) > 300
    assert not [n for n in numbers if _is_valid_citizen_number(n)]
    assert {n[:6] for n in numbers} == {"000000", "990108"}
    assert phones
    assert all(phone.startswith("100") for phone in phones)


@given(st.lists(st.integers(0, 17_999_999), min_size=1, max_size=50, unique=True))
def test_citizen_numbers_are_distinct_and_invalid(parties: list[int]) -> None:
    numbers = [n.decode() for n in text.citizen_numbers(np.array(parties)).to_pylist()]
    assert len(set(numbers)) == len(parties)
    assert not any(map(_is_valid_citizen_number, numbers))


# Rows, steps and truth say the same


def test_rows_and_truth_reconcile(export: Export) -> None:
    dirt = {kind: entry["count"] for kind, entry in export.truth["dirt"].items()}
    assert {name: len(rows) - 1 for name, rows in export.tables.items()} == export.report.rows
    cases = sum(len(rows) - 1 for rows in export.named("事件台账").values())
    assert export.report.cases == export.truth["cases"] == CASES
    assert cases == CASES + dirt["exact_duplicate"] + dirt["changed_duplicate"] + dirt["total_row"]
    events = sum(len(rows) - 1 for rows in export.named("流转记录").values())
    assert events == export.report.events + dirt["unknown_case"] + dirt["event_duplicate"]
    expected = {*CASE_SHARES, *EVENT_SHARES, "invalid_byte", "total_row", "unknown_care_group", "bad_month"}
    assert expected <= dirt.keys()
    assert dirt["total_row"] == 2
    assert dirt["invalid_byte"] == 1


def test_the_truth_points_at_the_damage(export: Export) -> None:
    titles = {kind: [r["事件名称"] for r in export.damaged(kind)] for kind in export.truth["dirt"] if "title" in kind}
    assert all("<" in title for title in titles["markup_title"])
    assert all(title[0] in "=+@-" for title in titles["formula_title"])
    assert all(r["所属网格"] == "9.90108E+14" for r in export.damaged("scientific_grid_code"))
    assert all(r["所属网格"].endswith("000") for r in export.damaged("truncated_grid_code"))
    assert all(not r["分派时间"] and r["事项类型"] == "问题" for r in export.damaged("missing_dispatch"))
    assert all(r["办结时间"] < r["受理时间"] for r in export.damaged("close_before_accept"))
    assert all(float(r["经度"]) < float(r["纬度"]) for r in export.damaged("swapped_point"))
    assert all(r["序号"] == "合计" for r in export.damaged("total_row"))
    assert all("\ufffd" in r["事件名称"] for r in export.damaged("invalid_byte"))
    grids = {row["网格编码"] for row in export.clean("网格") if not row["停用日期"]}
    assert all(r["所属网格"] not in grids for r in export.damaged("unknown_grid"))
    known = {row["事件编号"] for row in export.clean("事件台账")}
    assert all(r["事件编号"] not in known for r in export.damaged("unknown_case"))


def test_words_are_labels_or_aliases(export: Export, mappings: dict[str, Mapping]) -> None:
    codes = Reference().codes
    mapping = mappings["cases"]
    sets = {"prior_kind": "kind", "callback_valid": "yes_no"}
    coded = [f for f in mapping.columns if sets.get(f, f) in codes]
    assert len(coded) >= 15
    for row in export.clean("事件台账"):
        for field in coded:
            word = row[mapping.columns[field]]
            assert not word or word in codes[sets.get(field, field)] or word in mapping.codes.get(field, {})


def _when(value: str) -> datetime:
    return datetime.strptime(value.replace("/", "-"), "%Y-%m-%d %H:%M:%S")


def _steps(export: Export) -> dict[str, list[dict[str, str]]]:
    steps = defaultdict(list)
    for row in export.clean("流转记录"):
        steps[row["事件编号"]].append(row)
    return steps


def test_the_event_log_tells_the_same_story_as_the_case_row(export: Export) -> None:
    first = {
        "上报时间": "上报",
        "受理时间": "受理",
        "定级时间": "定级",
        "分派时间": "分派",
        "首次接触时间": "接触",
        "实际调解时间": "调解",
    }
    steps, compared = _steps(export), 0
    damaged = {row["事件编号"] for kind in EVENT_SHARES for row in export.damaged(kind)}
    for case in export.clean("事件台账"):
        log = steps[case["事件编号"]]
        if case["事件编号"] in damaged:
            continue
        assert [row["步骤序号"] for row in log] == [str(n) for n in range(1, len(log) + 1)]
        assert sorted(_when(row["操作时间"]) for row in log) == [_when(row["操作时间"]) for row in log]
        by_action = defaultdict(list)
        for row in log:
            by_action[row["操作"]].append(row["操作时间"])
        for column, action in first.items():
            assert case[column] == (by_action[action][0] if by_action[action] else "")
        closed = len(by_action["办结"]) > len(by_action["重开"])
        assert case["办结时间"] == (by_action["办结"][-1] if closed else "")
        assert case["归档时间"] == (by_action["归档"] or [""])[-1]
        leads = [row["目标单位"] for row in log if row["操作"] == "分派" and row["承办角色"] == "主办"]
        assert case["主办部门"] == (leads or [""])[-1]
        compared += 1
    assert compared > 0.9 * CASES


def test_nothing_but_appointments_lies_after_the_data(export: Export) -> None:
    limit = AS_OF
    for row in export.clean("流转记录"):
        assert _when(row["操作时间"]) <= limit
    for row in export.clean("事件台账"):
        for column in ("采集时间", "上报时间", "受理时间", "办结时间", "回访时间", "归档时间"):
            assert not row[column] or _when(row[column]) <= limit


def test_points_lie_in_the_claimed_grid(export: Export) -> None:
    borders = {r["网格编码"]: shapely.from_wkt(r["网格边界"]) for r in export.clean("网格") if r["网格边界"]}
    rows = [r for r in export.clean("事件台账") if r["经度"] not in ("", "NULL", "无", "-")]
    assert 0.6 < len(rows) / CASES < 0.8
    for row in rows:
        assert shapely.contains_xy(borders[row["所属网格"]], float(row["经度"]), float(row["纬度"]))


# The numbers are those of a real centre


def test_deadlines_follow_the_working_calendar() -> None:
    clock = Clock(Reference())
    start = np.array([seconds(datetime(2026, 9, 30, 9, 30)), seconds(datetime(2026, 10, 9, 23, 0))])
    due = clock.due(start, kind=np.array([4, 4]), amount=np.array([1, 1]))
    # National Day: nothing counts until 8 October; Saturday 10 October is worked.
    assert [moment(d) for d in due] == [datetime(2026, 10, 8, 23, 59, 59), datetime(2026, 10, 10, 23, 59, 59)]
    natural = clock.due(start, kind=np.array([0, 0]), amount=np.array([3, 3]))
    assert (natural - start == 3 * DAY).all()


def test_rates_land_where_real_centres_publish_them(drawn: tuple[Cases, Course]) -> None:
    cases, course = drawn
    t, now = course.times, seconds(AS_OF)
    accepted, closed = t["accept"] != NEVER, t["last_close"] != NEVER
    due = accepted & (course.due < now)
    on_time = closed & (t["last_close"] <= course.due)
    by_department = [on_time[due & (course.lead == d)].mean() for d in range(25)]
    discovery = DISCOVERY_OF_CHANNEL[cases.channel]
    level = course.close_level[closed]
    rates = {
        "on time": (on_time[due].mean(), 0.93, 0.97),
        "slowest department": (min(by_department), 0.82, 0.90),
        "best department": (max(by_department), 0.97, 1.0),
        "closed": (closed[accepted & (t["accept"] < now - 90 * DAY)].mean(), 0.96, 0.998),
        "open": ((accepted & ~closed).mean(), 0.01, 0.045),
        "signed": ((t["sign"] - t["dispatch"] <= 7200)[t["sign"] != NEVER].mean(), 0.97, 0.995),
        "callback": ((course.callback_valid == 1).sum() / closed.sum(), 0.65, 0.75),
        "satisfied": (_satisfied(course), 0.92, 0.96),
        "resolved": (_resolved(course), 0.88, 0.92),
        "reopened": ((t["reopen"] != NEVER).sum() / closed.sum(), 0.015, 0.03),
        "returned": (course.returned.mean(), 0.03, 0.055),
        "extended": ((t["extension"] != NEVER).mean(), 0.04, 0.065),
        "suspended": ((t["suspend"] != NEVER).mean(), 0.01, 0.02),
        "supervised": ((course.supervision > 0).mean(), 0.02, 0.04),
        "self-found": ((discovery == 0).sum() / (discovery < 2).sum(), 0.42, 0.49),
        "late entry": ((t["entry"] - t["occur"] > 72 * 3600).mean(), 0.012, 0.035),
        "closed in the grid": ((level == 0).mean(), 0.2, 0.32),
    }
    assert not {name: rate for name, (rate, low, high) in rates.items() if not low <= rate <= high}


def _satisfied(course: Course) -> float:
    valid = course.callback_valid == 1
    return float(((course.satisfaction == 0) + 0.9 * (course.satisfaction == 1)).sum() / valid.sum())


def _resolved(course: Course) -> float:
    resolved, failed = (course.close_type == 0).sum(), (course.close_type == 1).sum()
    return float(resolved / (resolved + failed))


def test_steps_are_in_order_and_numbered(drawn: tuple[Cases, Course]) -> None:
    cases, course = drawn
    rows = event_rows(course, cases)
    assert 9 <= len(rows.case) / len(cases) <= 11
    same = rows.case[1:] == rows.case[:-1]
    assert (rows.at[1:][same] >= rows.at[:-1][same]).all()
    assert (rows.sequence[1:][same] == rows.sequence[:-1][same] + 1).all()
    closing = [i for i, s in enumerate(STEPS) if s.action == "close"]
    reopening = [i for i, s in enumerate(STEPS) if s.action == "reopen"]
    closes = np.bincount(rows.case[np.isin(rows.step, closing)], minlength=len(cases))
    reopens = np.bincount(rows.case[np.isin(rows.step, reopening)], minlength=len(cases))
    assert ((closes - reopens == 1) == (course.times["last_close"] != NEVER)).all()


def test_hot_spots_show_in_the_cases(drawn: tuple[Cases, Course], county: County) -> None:
    cases, _ = drawn
    share = grid_rates(county, month=6, category=-1) * county.population
    base = county.base_rate * county.population
    counts = np.bincount(cases.grid, minlength=900)
    always = [s for s in county.hot_spots if s.category < 0 and s.first_month == 0]
    assert len(always) == 5
    for spot in always:
        expected = len(cases) * base[spot.grid] / share.sum()
        assert counts[spot.grid] > 2 * expected
