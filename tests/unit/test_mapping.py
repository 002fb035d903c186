"""Is each layout known by its own header, and a stranger refused?"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from etl.errors import LoadError, RefusedFileError
from etl.mapping import clean_header, load_mappings, recognise
from etl.reference import SOURCES
from tests import builders
from tests.unit.raw_reading import read_raw

MAPPINGS = load_mappings(SOURCES)
SHIPPED = {"cases", "case_events", "grids", "regions", "departments", "population", "care_visits", "boston311"}


def own_header(name: str) -> list[str]:
    """All headers a mapping file speaks of."""
    layout = builders.layout(name)
    return [*layout["columns"].values(), *layout.get("personal", {}), *layout.get("ignore", {}).get("columns", [])]


def test_the_layouts_of_the_issue_are_shipped() -> None:
    assert MAPPINGS.keys() >= SHIPPED


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_layout_is_recognised_by_its_own_full_header(name: str) -> None:
    assert recognise(own_header(name), list(MAPPINGS.values())).name == name


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_layout_is_recognised_by_its_columns_without_the_personal_ones(name: str) -> None:
    assert recognise(list(builders.header(name).values()), list(MAPPINGS.values())).name == name


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_header_without_a_required_column_is_another_layout(name: str) -> None:
    mapping = MAPPINGS[name]
    for column in mapping.required_headers:
        rest = [h for h in own_header(name) if clean_header(h) != column]
        try:
            found = recognise(rest, list(MAPPINGS.values()))
        except RefusedFileError:
            continue
        assert found.name != name


def test_an_unknown_header_is_refused_with_what_to_do() -> None:
    with pytest.raises(RefusedFileError, match="data/sources"):
        recognise(["案号", "立案日期"], list(MAPPINGS.values()))


def test_a_header_that_fits_two_layouts_is_refused_and_not_guessed() -> None:
    twins = [MAPPINGS["cases"], MAPPINGS["cases"].model_copy(update={"name": "copy"})]
    with pytest.raises(RefusedFileError, match="cases、copy"):
        recognise(own_header("cases"), twins)


def test_full_width_letters_blanks_and_invisible_characters_are_no_difference() -> None:
    assert clean_header(" 事件\u200b编号 （ＩＤ）\ufeff") == "事件编号(ID)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('entity = "region"', 'entity = "planet"'), "planet"),
        (("region_name =", "no_such_field ="), "no_such_field"),
        (('region_code = "区划编码"\n', ""), "region_code"),
        (("[columns]", "[columns"), "regions.toml"),
    ],
)
def test_a_wrong_mapping_file_is_named_with_its_fault(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    text = (SOURCES / "regions.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "regions.toml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(LoadError, match=re.escape(words)):
        load_mappings(tmp_path)


def test_coordinates_without_a_stated_system_are_a_fault_of_the_mapping(tmp_path: Path) -> None:
    text = (SOURCES / "grids.toml").read_text(encoding="utf-8").replace('src_crs = "WGS84"\n', "")
    (tmp_path / "grids.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LoadError, match="src_crs"):
        load_mappings(tmp_path)


# --- columns that may not come in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column", ["宗教信仰", "民族", "上访次数", "既往病史", "前科", "是否HIV", "精 神\u200b病史", "xinyang"]
)
def test_a_forbidden_column_stops_the_load(tmp_path: Path, column: str) -> None:
    rows = [["事件编号", "事项类型", "受理时间", column], ["A1", "纠纷", "2026-03-01 08:00:00", "x"]]
    with pytest.raises(LoadError, match="不得导入"):
        read_raw(builders.write_csv(tmp_path / "cases.csv", rows))


@pytest.mark.parametrize("column", ["联系人姓名", "身份证号", "手机号码", "家庭住址"])
def test_a_personal_column_nobody_declared_stops_the_load(tmp_path: Path, column: str) -> None:
    rows = [["事件编号", "事项类型", "受理时间", column], ["A1", "纠纷", "2026-03-01 08:00:00", "x"]]
    with pytest.raises(LoadError, match=r"\[personal\]"):
        read_raw(builders.write_csv(tmp_path / "cases.csv", rows))


def test_a_stopped_load_publishes_nothing(tmp_path: Path) -> None:
    rows = [["事件编号", "事项类型", "受理时间", "民族"], ["A1", "纠纷", "2026-03-01 08:00:00", "x"]]
    builders.write_csv(tmp_path / "in" / "cases.csv", rows)
    with pytest.raises(LoadError, match="民族"):
        builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    assert not list((tmp_path / "warehouse").glob("*.duckdb"))
    assert not (tmp_path / "warehouse" / "CURRENT.json").exists()


def test_a_source_can_be_forced_and_then_only_it_is_accepted(tmp_path: Path) -> None:
    builders.write_delivery(tmp_path / "in", [builders.case("A1", datetime(2026, 3, 1))])
    report = builders.load_quickly(tmp_path / "in", tmp_path / "warehouse", source="cases")
    assert {f.file: f.verdict for f in report.files} == {
        "cases.csv": "loaded",
        "departments.csv": "refused",
        "grids.csv": "refused",
        "regions.csv": "refused",
    }


def test_a_source_that_does_not_exist_stops_the_load(tmp_path: Path) -> None:
    builders.write_delivery(tmp_path / "in", [])
    with pytest.raises(LoadError, match="no_such"):
        builders.load_quickly(tmp_path / "in", tmp_path / "warehouse", source="no_such")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('src_axes = "xy"', "src_axes 不能是 'xy'，只能是 'lon_lat' 或 'lat_lon'"),
        ('src_crs = "WGS-84x"', "不认识的 src_crs“WGS-84x”"),
        ("title = 7", "title 不能是 7"),
        ('titel = "台账"', "titel 不认识这一项"),
    ],
)
def test_a_mapping_file_that_is_wrong_is_named_with_its_key_and_without_foreign_words(
    tmp_path: Path, line: str, words: str
) -> None:
    shipped = (SOURCES / "cases.toml").read_text(encoding="utf-8")
    key = line.split()[0]
    kept = re.sub(rf"(?m)^{key} = .*$", "", shipped, count=1)
    (tmp_path / "own.toml").write_text(f"{line}\n{kept}", encoding="utf-8")
    with pytest.raises(LoadError) as refused:
        load_mappings(tmp_path)
    assert words in str(refused.value) and "own.toml" in str(refused.value)
    assert "pydantic" not in str(refused.value) and "validation" not in str(refused.value)
