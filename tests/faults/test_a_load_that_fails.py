"""When a load stops anywhere, is the old snapshot still there and nothing half-done beside it?"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from etl import build, publish
from etl.contract import read_pointer
from etl.errors import LoadError
from etl.reference import Reference
from tests import builders

AT = datetime(2026, 3, 2, 10)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One snapshot of one case, which every test leaves as it is; a second delivery waits in `next`."""
    tmp_path = tmp_path_factory.mktemp("fails")
    builders.write_delivery(tmp_path / "in", [builders.case("A", AT)])
    builders.write_delivery(tmp_path / "next", [builders.case("A", AT), builders.case("B", AT)])
    builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    return tmp_path / "warehouse"


@pytest.mark.parametrize("stage", ["read", "make_mart", "write", "write_quarantine"])
def test_a_load_that_breaks_leaves_everything_as_it_was(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in warehouse.iterdir() if p.name != ".lock"}

    def break_down(*_arguments: object, **_options: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(build.Build, stage, break_down)
    with pytest.raises(OSError, match="no space"):
        builders.load_quickly(warehouse.parent / "next", warehouse)
    assert {p.name: p.stat().st_mtime_ns for p in warehouse.iterdir() if p.name != ".lock"} == before


def test_a_check_that_finds_something_stops_the_load_with_its_sentence(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checks = tmp_path / "etl" / "checks"
    checks.mkdir(parents=True)
    (tmp_path / "etl" / "mart").symlink_to(build.HERE / "mart")
    (checks / "two_cases_are_too_many.sql").write_text(
        "-- Grain: one row.\nselect 1 from fact_case having count(*) > 1"
    )
    monkeypatch.setattr(build, "HERE", tmp_path / "etl")
    before = read_pointer(warehouse)
    with pytest.raises(LoadError, match="two cases are too many"):
        builders.load_quickly(warehouse.parent / "next", warehouse)
    assert read_pointer(warehouse) == before


def test_a_build_that_cannot_be_read_back_is_not_published(warehouse: Path, tmp_path: Path) -> None:
    broken = warehouse / ".build-x.duckdb"
    broken.write_bytes(b"this is no database" * 1000)
    before = read_pointer(warehouse)
    with pytest.raises(LoadError, match="读取校验失败"):
        publish.publish(warehouse, broken, as_of=AT, built_at=AT, counts={})
    broken.unlink()
    assert read_pointer(warehouse) == before


def test_a_build_with_a_wal_beside_it_is_not_published(tmp_path: Path) -> None:
    build_path = tmp_path / ".build-x.duckdb"
    build_path.write_bytes(b"x")
    build_path.with_name(build_path.name + ".wal").write_bytes(b"x")
    with pytest.raises(LoadError, match="wal"):
        publish.publish(tmp_path, build_path, as_of=AT, built_at=AT, counts={})


def test_what_a_killed_loader_left_is_gone_before_the_next_begins(tmp_path: Path) -> None:
    (tmp_path / ".build-dead").mkdir()
    (tmp_path / ".build-dead" / "scratch.duckdb").write_bytes(b"half")
    (tmp_path / ".build-dead.duckdb").write_bytes(b"half")
    with publish.exclusive(tmp_path):
        assert not list(tmp_path.glob(".build-*"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("point = 10, ", "", "precision_m 须给且只给 point"),
        ("point = 10, ", 'point = "ten", ', "precision_m"),
        ("[map] ", "[card] ", "不认识的节：card"),
        ("[clock]", "[clock", "无法读取"),
        ("自然时", "\udcff", "UTF-8"),
        (
            "report_cutoff_hour = 0 ",
            "report_cutoff_hour = 24 ",
            "[clock] report_cutoff_hour 为 24，应是 0 到 23 之间的整数",
        ),
        ("sign_limit_hours = 2", "sign_limit_hours = 2.5", "sign_limit_hours 为 2.5"),
        ("reopen_days = 30", "reopen_day = 30", "[clock] 缺少参数：reopen_days"),
        ("short_share = 0.2", "short_share = 20", "[warning] short_share 为 20，应是 0 到 1 之间的数"),
        ("threshold = 5", "threshold = true", "[disclosure] threshold 为 True"),
        ("base = 5 ", "base = 1 ", "[disclosure] base 为 1"),
        ("max_bad_share = 0.05", "max_bad_share = 0.05\nmax_bad = 1", "[load] 有不认识的参数：max_bad"),
        ("keep_snapshots = 7", "keep_snapshots = 0", "keep_snapshots 为 0"),
    ],
)
def test_rules_that_cannot_be_used_stop_the_load_with_a_sentence(
    warehouse: Path, tmp_path: Path, old: str, new: str, words: str
) -> None:
    shutil.copytree(builders.REFERENCE, tmp_path / "reference")
    rules = tmp_path / "reference" / "rules.toml"
    text = rules.read_text(encoding="utf-8")
    assert old in text
    rules.write_text(text.replace(old, new, 1), encoding="utf-8", errors="surrogateescape")
    before = read_pointer(warehouse)
    with pytest.raises(LoadError, match=r"rules\.toml") as refused:
        builders.load_quickly(warehouse.parent / "next", warehouse, reference=Reference(tmp_path / "reference"))
    assert words in str(refused.value)
    assert read_pointer(warehouse) == before


def test_places_alone_never_take_the_place_of_cases(warehouse: Path, tmp_path: Path) -> None:
    """The case file's head was changed by whoever exported it; places and departments are as ever."""
    delivery = tmp_path / "in"
    builders.write_delivery(delivery, [builders.case("A", AT)])
    file = delivery / "cases.csv"
    _, *rows = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"x,y,z\r\n" + b"".join(rows))
    before = read_pointer(warehouse)
    with pytest.raises(LoadError, match=r"没有一件事项可以读取.*cases\.csv"):
        builders.load_quickly(delivery, warehouse)
    assert read_pointer(warehouse) == before
