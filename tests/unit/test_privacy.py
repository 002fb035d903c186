"""Does anything about a person get past the reader?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from etl.build import LoadReport
from etl.privacy import mask, pseudonym, read_salt
from tests import builders

# Ten invented persons; the certificate numbers fail their check digit.
PERSONS = [
    (f"诸葛测{word}", f"99010819{80 + n}0101{n}00{n}", f"1390000{n:04d}", f"云溪镇虚构路{n}号{n}单元")
    for n, word in enumerate("甲乙丙丁戊己庚辛壬癸")
]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("王某99010819800101001x来电", "王某[证件号已隐去]来电"),
        ("电话13900001234，再说", "电话[电话已隐去]，再说"),
        ("座机0123-4567890", "座机[电话已隐去]"),
        ("卡号6222020000000000017", "卡号[账号已隐去]"),
        ("车牌京A12345挡路", "车牌[车牌已隐去]挡路"),
        ("3号楼2单元漏水", "3号楼2单元漏水"),
        ("编号20260301有误", "编号20260301有误"),
        ("于2026-03-14 08:00:00受理", "于2026-03-14 08:00:00受理"),
        ("2026年03月14日，涉1380户12345人", "2026年03月14日，涉1380户12345人"),
        ("+8613900001234来电", "[电话已隐去]来电"),
        ("电话139 0000 1234或139-0000-1234", "电话[电话已隐去]或[电话已隐去]"),
        ("电话１３９００００１２３４", "电话[电话已隐去]"),
        ("证件990108 19800101 001X", "证件[证件号已隐去]"),
        ("证件９９０１０８１９８００１０１００１ｘ", "证件[证件号已隐去]"),
        ("旧证990108800101001", "旧证[证件号已隐去]"),
        ("卡号6222 0200 0000 0000 017", "卡号[账号已隐去]"),
        ("车牌京A·12345挡路", "车牌[车牌已隐去]挡路"),
    ],
)
def test_numbers_of_persons_in_free_text_become_words(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_pseudonym_is_the_same_for_the_same_person_however_it_is_written() -> None:
    salt = b"one warehouse"
    assert pseudonym(salt, " 99010819800101001x ") == pseudonym(salt, "99010819800101001X")
    assert pseudonym(salt, "99010819800101001X") != pseudonym(b"another", "99010819800101001X")
    assert pseudonym(salt, "  ") == ""


def test_the_key_of_a_warehouse_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    first = read_salt(tmp_path)
    assert (read_salt(tmp_path), len(first)) == (first, 32)
    assert (tmp_path / "pseudonym.key").stat().st_mode & 0o077 == 0


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LoadReport]]:
    """A county whose every personal column, title, and bad row carries a canary."""
    folder = tmp_path_factory.mktemp("privacy")
    cases, visits = [], []
    for n, (name, number, phone, home) in enumerate(PERSONS):
        person = {"当事人姓名": name, "当事人证件号码": number, "当事人联系电话": phone}
        title = f"{number}与{phone}反映噪声"
        cases.append(builders.case(f"A{n}", datetime(2026, 3, 1, n), "D", category="02", title=title, **person))
        cases.append(builders.case(f"B{n}", datetime(2026, 3, 2, n), "D", category="02", title=title, **person))
        visits.append(_visit(n, name, number, phone, home))
    cases.append(builders.case("", datetime(2026, 3, 3), "D", title=PERSONS[0][1], 当事人姓名=PERSONS[0][0]))
    cases.append(builders.case("C1", "昨天", "D", title=PERSONS[1][2], 当事人姓名=PERSONS[1][0]))
    visits += [visits[0], {**visits[1], "month": "很久以前"}]
    builders.write_delivery(folder / "in", cases)
    builders.write_records(folder / "in" / "visits.csv", "care_visits", visits)
    yield folder / "warehouse", builders.load_quickly(folder / "in", folder / "warehouse")


def _visit(n: int, name: str, number: str, phone: str, home: str) -> builders.Record:
    return {
        "care_group": "C3" if n < 7 else "C1",
        "village_code": "990108100001",
        "month": date(2026, 2, 1),
        "visited_on": date(2026, 2, 10) if n % 2 else None,
        "needs_raised": 1,
        "needs_met": n % 2,
        "姓名": name,
        "证件号码": number,
        "联系电话": phone,
        "家庭住址": home,
    }


def test_no_canary_is_in_any_byte_that_a_load_leaves_behind(loaded: tuple[Path, LoadReport]) -> None:
    warehouse, _ = loaded
    left = [p for p in warehouse.rglob("*") if p.is_file()]
    assert any(p.suffix == ".duckdb" for p in left)
    for path in left:
        content = path.read_bytes()
        for person in PERSONS:
            for value in person:
                assert value.encode() not in content, f"{value} is in {path.name}"


def test_no_canary_is_in_any_text_column_of_the_snapshot(loaded: tuple[Path, LoadReport]) -> None:
    with builders.asking(loaded[0]) as ask:
        tables = ask._db.rows("select distinct table_name from duckdb_columns() where database_name = 'mart'")
        for (table,) in tables:
            text = repr(ask._db.rows(f"select * from mart.{table}"))
            assert not [value for person in PERSONS for value in person if value in text], table


def test_the_quarantine_file_says_the_row_and_not_the_person(loaded: tuple[Path, LoadReport]) -> None:
    warehouse, report = loaded
    text = (warehouse / report.quarantine_file).read_text(encoding="utf-8-sig")
    assert "cases.csv" in text
    assert not [value for person in PERSONS for value in person if value in text]


def test_visits_are_counted_and_no_row_of_them_is_kept(loaded: tuple[Path, LoadReport]) -> None:
    warehouse, report = loaded
    file = next(f for f in report.files if f.source == "care_visits")
    assert (file.rows_in, file.loaded, file.aggregated, file.quarantined, file.duplicates) == (12, 0, 10, 1, 1)
    with builders.asking(warehouse) as ask:
        rows = ask._db.records("select * from mart.fact_visit_stat order by care_group")
    shown = [(r["care_group"], r["visits_due"], r["visits_done"], r["needs_raised"], r["needs_met"]) for r in rows]
    assert shown == [("C1", 3, 2, 3, 2), ("C3", 7, 3, 7, 3)]


def test_repeats_are_found_though_the_person_is_not_kept(loaded: tuple[Path, LoadReport]) -> None:
    with builders.asking(loaded[0]) as ask:
        columns = {
            row[0] for row in ask._db.rows("select column_name from duckdb_columns() where table_name = 'fact_case'")
        }
        assert "party" not in columns
        assert ask._db.rows("select count(*) from mart.fact_case where is_repeat") == [(10,)]


def test_files_of_the_warehouse_are_not_for_other_users(loaded: tuple[Path, LoadReport]) -> None:
    warehouse, report = loaded
    assert warehouse.stat().st_mode & 0o077 == 0
    assert (warehouse / report.quarantine_file).stat().st_mode & 0o077 == 0
