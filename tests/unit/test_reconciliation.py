"""Where did every row go? A dirty delivery, with the fate of each row written down beforehand."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from etl.build import LoadReport
from etl.errors import LoadError
from tests import builders

GRID = "990108100001001"

# Fields: case number, kind, level, grid, accepted, closed, result, rating, valid callback, persons → fate.
CASES = [
    ("A01", "纠纷", "红", GRID, "2026-03-01 08:00:00", "2026-03-02 08:00:00", "化解成功", "满意", "是", "3", "kept"),
    (
        "A01",
        "纠纷",
        "红",
        GRID,
        "2026-03-01 08:00:00",
        "2026-03-02 08:00:00",
        "化解成功",
        "满意",
        "是",
        "3",
        "duplicate",
    ),
    (
        " A01 ",
        "纠纷",
        "red",
        GRID,
        "２０２６/03/01 08:00",
        "2026-03-02 08:00:00",
        "化解成功",
        "满意",
        "是",
        "3",
        "duplicate",
    ),
    ("A01", "矛盾", "红", GRID, "2026-03-01 08:00:00", "", "", "", "", "", "conflicting_duplicate"),
    ("", "纠纷", "", GRID, "2026-03-01 08:00:00", "", "", "", "", "", "missing"),
    ("无", "纠纷", "", GRID, "2026-03-01 08:00:00", "", "", "", "", "", "missing"),
    ("1.10101E+17", "纠纷", "", GRID, "2026-03-01 08:00:00", "", "", "", "", "", "unreadable_key"),
    ("110101199003071000", "纠纷", "", GRID, "2026-03-01 08:00:00", "", "", "", "", "", "unreadable_key"),
    ("A05", "外星", "", GRID, "2026-03-01 08:00:00", "", "", "", "", "", "unreadable_code"),
    ("A06", "纠纷", "", GRID, "2026-02-30 08:00:00", "", "", "", "", "", "unreadable_time"),
    ("A07", "纠纷", "", GRID, "45292.5", "", "", "", "", "", "unreadable_time"),
    ("A08", "纠纷", "", GRID, "0024-01-01 08:00:00", "", "", "", "", "", "unreadable_time"),
    ("A09", "纠纷", "", GRID, "", "", "", "", "", "", "missing"),
    ("A10", "纠纷", "", GRID, "2026-03-14 08:00:01", "", "", "", "", "", "future_accept"),
    ("A11", "纠纷", "", GRID, "2026-03-01 08:00:00", "2027-03-01 08:00:00", "", "", "", "", "future_close"),
    ("A12", "纠纷", "", GRID, "2026-03-01 08:00:00", "2026-02-28 08:00:00", "", "", "", "", "close_before_accept"),
    ("合计", "", "", "", "", "", "", "", "", "12", "total_row"),
    ("A13", "纠纷", "紫", GRID, "2026年3月1日 8时5分", "", "", "", "", "", "flag unreadable_code"),
    ("A14", "纠纷", "", "990108100001999", "2026/03/01 08:00", "", "", "", "", "", "flag grid_unknown"),
    ("A15", "纠纷", "", GRID, "2026-03-01", "2026-03-02", "", "", "", "", "flag closed_without_type"),
    (
        "A16",
        "纠纷",
        "",
        GRID,
        "2026-03-01 08:00:00",
        "2026-03-02 08:00:00",
        "撤回",
        "满意",
        "否",
        "",
        "flag rating_without_callback",
    ),
    ("A17", "纠纷", "", GRID, "2026-03-01 08:00:00", "", "", "", "", "-3", "flag unreadable_integer"),
    ("A18", "问题", "", GRID, "2026-03-14 08:00:00", "", "", "", "", "", "flag no_deadline"),
    ("A19", "纠纷", "", GRID, "2026-03-01 08:00:00", "不详", "", "", "", "1,234", "kept"),
]
FIELDS = [
    "case_id",
    "kind",
    "level",
    "grid_code",
    "accept_at",
    "close_at",
    "close_type",
    "satisfaction",
    "callback_valid",
    "people_involved",
]
STEPS = [
    ("A01", "1", "2026-03-01 09:00:00", "分派", "kept"),
    ("A01", "1", "2026-03-01 09:00:00", "分派", "duplicate"),
    ("A01", "2", "2026-03-14 09:00:00", "签收", "future_step"),
    ("A05", "1", "2026-03-01 09:00:00", "分派", "step_without_case"),
    ("Z99", "1", "2026-03-01 09:00:00", "分派", "step_without_case"),
    ("A01", "3", "2026-03-01 10:00:00", "瞬移", "unreadable_code"),
    ("A01", "4", "昨天", "签收", "unreadable_time"),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LoadReport]]:
    folder = tmp_path_factory.mktemp("dirty")
    builders.write_places(folder / "in")
    columns = builders.header("cases")
    rows = [[columns[f] for f in FIELDS], *[list(row[:-1]) for row in CASES]]
    rows.insert(3, ["A99", "少列"])
    builders.write_csv(folder / "in" / "cases.csv", rows, encoding="gb18030")
    steps = builders.header("case_events")
    names = [steps[f] for f in ("case_id", "seq", "event_at", "action")]
    builders.write_csv(folder / "in" / "events.csv", [names, *[list(s[:-1]) for s in STEPS]])
    (folder / "in" / "page.csv").write_text("<html>503</html>")
    (folder / "in" / "说明.docx").write_bytes(b"not data")
    yield folder, builders.load_quickly(folder / "in", folder / "warehouse")


def findings(loaded: tuple[Path, LoadReport], file: str) -> dict[int, list[tuple[str, str]]]:
    """Line → (what was done, rule) as the quarantine file tells the unit that must correct it."""
    folder, report = loaded
    found: dict[int, list[tuple[str, str]]] = {}
    with (folder / "warehouse" / report.quarantine_file).open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["文件"] == file:
                assert row["说明"]
                found.setdefault(int(row["行号"]), []).append((row["处理"], row["规则"]))
    return found


def line_of(index: int) -> int:
    """The file's line of the index-th case: a header above, a ragged row after the second."""
    return index + 2 if index < 2 else index + 3


@pytest.mark.parametrize("index", range(len(CASES)), ids=[f"{row[0] or 'empty'}-{row[-1]}" for row in CASES])
def test_each_row_has_the_fate_that_was_foreseen(loaded: tuple[Path, LoadReport], index: int) -> None:
    fate = CASES[index][-1]
    found = findings(loaded, "cases.csv").get(line_of(index), [])
    kept_out = {rule for done, rule in found if done == "隔离"}
    flagged = {rule for done, rule in found if done != "隔离"}
    if fate in ("kept", "duplicate"):
        assert not kept_out
    elif fate.startswith("flag "):
        assert (kept_out, fate[5:] in flagged) == (set(), True)
    else:
        assert fate in kept_out


def test_each_step_has_the_fate_that_was_foreseen(loaded: tuple[Path, LoadReport]) -> None:
    found = findings(loaded, "events.csv")
    for line, step in enumerate(STEPS, start=2):
        rules = {rule for done, rule in found.get(line, []) if done == "隔离"}
        assert rules == (set() if step[-1] in ("kept", "duplicate") else {step[-1]}), (line, step)


def test_rows_in_are_loaded_aggregated_quarantined_or_duplicates(loaded: tuple[Path, LoadReport]) -> None:
    _, report = loaded
    for file in report.files:
        assert file.rows_in == file.loaded + file.aggregated + file.quarantined + file.duplicates
    by_name = {f.file: f for f in report.files}
    cases, steps = by_name["cases.csv"], by_name["events.csv"]
    kept = sum(row[-1] == "kept" or row[-1].startswith("flag") for row in CASES)
    assert (cases.rows_in, cases.loaded, cases.duplicates) == (len(CASES) + 1, kept, 2)
    assert (steps.rows_in, steps.loaded, steps.duplicates, steps.quarantined) == (7, 1, 1, 5)
    assert cases.encoding == "gb18030"


def test_loaded_rows_are_the_rows_of_the_mart(loaded: tuple[Path, LoadReport]) -> None:
    folder, report = loaded
    files = {f.file: f for f in report.files}
    with builders.asking(folder / "warehouse") as ask:
        for table, file in (("fact_case", "cases.csv"), ("fact_case_event", "events.csv"), ("dim_grid", "grids.csv")):
            assert ask._db.rows(f"select count(*) from mart.{table}") == [(files[file].loaded,)]
        stored = ask.loads()
    assert [(f["file_name"], f["rows_in"], f["loaded"], f["quarantined"], f["duplicates"]) for f in stored] == [
        (f.file, f.rows_in, f.loaded, f.quarantined, f.duplicates) for f in report.files
    ]


def test_a_refused_file_is_named_with_its_reason_and_the_others_go_on(loaded: tuple[Path, LoadReport]) -> None:
    _, report = loaded
    refused = {f.file: f.remark for f in report.files if f.verdict == "refused"}
    assert refused.keys() == {"page.csv"}
    assert "网页" in refused["page.csv"]
    assert report.passed_over == ("说明.docx",)


def test_quality_findings_count_the_same_rows(loaded: tuple[Path, LoadReport]) -> None:
    found = findings(loaded, "cases.csv")
    _, report = loaded
    stated = {q["rule"]: q["rows"] for q in report.quality}
    for rule in ("future_accept", "close_before_accept", "grid_unknown", "total_row", "ragged"):
        assert stated[rule] == sum(rule == r for rules in found.values() for _, r in rules)


def test_a_source_that_is_mostly_bad_stops_the_load(tmp_path: Path) -> None:
    good = [builders.case(f"A{n}", datetime(2026, 3, 1)) for n in range(940)]
    bad = [builders.case(f"B{n}", datetime(2027, 3, 1)) for n in range(60)]
    builders.write_delivery(tmp_path / "in", [*good, *bad])
    with pytest.raises(LoadError, match="60/1000"):
        builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    assert not (tmp_path / "warehouse" / "CURRENT.json").exists()


def test_a_folder_without_data_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="找不到文件夹"):
        builders.load_quickly(tmp_path / "nowhere", tmp_path / "warehouse")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LoadError, match="没有数据文件"):
        builders.load_quickly(tmp_path / "empty", tmp_path / "warehouse")
