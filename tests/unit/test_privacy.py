"""Does anything about a person get past the reader?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dashboard.reader import cleaned
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


MOBILES = [
    "13800138000", "13800 138000", "1380 013 8000", "1380-013-8000", "138 001 38000", "138  0013  8000",
    "138/0013/8000", "138.0013.8000", "138·0013·8000", "138—0013—8000", "138——0013——8000", "138 - 0013 - 8000",
    "138\u20110013\u20118000", "138\u22120013\u22128000", "(138)00138000", "（138）0013 8000", "138\u200b00138000",
    "1\u200b3\u200b8\ufeff00138000", "１３８／００１３／８０００", "1 3 8 0 0 1 3 8 0 0 0", "8613800138000",
    "+86 138 001 38000", "(+86)138 001 38000",
]  # fmt: skip
IDENTITIES = [
    "110101199003071234", "110101-19900307-1234", "110101 1990 0307 1234", "110101 1990-03-07 123X",
    "110101-2005-03-07-1234", "110101/19900307/123x", "１１０１０１ １９９００３０７ １２３Ｘ",
    "11 01 01 19 90 03 07 12 34", "110101\u200b19900307\u200b1234",
]  # fmt: skip
NUMBERS = [(number, "[电话已隐去]") for number in MOBILES] + [(number, "[证件号已隐去]") for number in IDENTITIES]
NOBODYS = [
    "EV202601-0001541", "SJ2026010100001", "EV202601-0001541 2026-03-14 08:00", "990108002011002", "990108002011",
    "99010800201100", "EV202610-0000124 990108100001001 专项", "140105200101 2026-01-03", "2026-01-03 13:45",
    "2026-03-14 08:00—09:30", "2026-01-13 13:45—2026-02-15 15:00", "2025-12-13 2025-12-25 3人",
    "2025.12.13-2026.01.05 3户", "2026-03-13 112233445", "2026年1月13日至2026年1月15日", "1,380.50 元", "13 800 138",
    "1、3、8 栋", "13、14、15、16、17、18 栋", "15-3-1802 2026-03-14", "15-3-18 2026-03-14", "13-2 2026-03-14",
    "15-3-1802 2026年", "101/1501/1502 室", "0101/0102/0103 室", "0900-1130 2026-03-14", "112.512345,37.812345",
    "新A 区 12 号", "涉1380户12345人",
]  # fmt: skip


@pytest.mark.parametrize(("number", "word"), NUMBERS)
def test_a_number_is_a_person_s_in_whatever_groups_it_is_written(number: str, word: str) -> None:
    for before, after in (("电话", "，３号楼"), ("", ""), ("①", " 来电"), ("2026-03-14 ", "/"), ("1501，", "。")):
        assert mask(f"{before}{number}{after}") == f"{before}{word}{after}"
        assert mask(f"{before}{number}{after}", has_codes=True) == f"{before}{word}{after}"
        with pytest.raises(ValueError, match="身份证号、手机号"):
            cleaned(f"{before}{number}{after}")


@pytest.mark.parametrize("text", NOBODYS)
def test_a_number_of_nobody_stays(text: str) -> None:
    assert (mask(text), mask(text, has_codes=True), cleaned(text)) == (text, text, text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("座机(0351)1234567", "座机[电话已隐去]"),
        ("座机（0351） 1234567", "座机[电话已隐去]"),
        ("座机0351-123-4567", "座机[电话已隐去]"),
        ("座机010 6512 3456", "座机[电话已隐去]"),
        ("车牌晋A 12345挡路", "车牌[车牌已隐去]挡路"),
        ("车牌晋Ａ－１２３４５挡路", "车牌[车牌已隐去]挡路"),
        ("旧证110101 900307 123", "旧证[证件号已隐去]"),
        ("1501 138 0013 8000", "1501 [电话已隐去]"),
        ("17959020540 130 8184 1887", "[电话已隐去] [电话已隐去]"),
        ("138 001 38000/139 001 38000", "[电话已隐去]/[电话已隐去]"),
        ("138 001 32071/17-3-762", "[电话已隐去]/17-3-762"),
    ],
)
def test_other_numbers_are_known_in_groups_as_well(text: str, masked: str) -> None:
    assert mask(text) == masked


GAPS = st.text("\u200b", max_size=2) | st.text(" -—·./()（）\u2011\u2212\u3000", max_size=2)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.lists(GAPS, min_size=10, max_size=10))
def test_a_mobile_number_with_any_gaps_is_masked(number: str, gaps: list[str]) -> None:
    written = "".join(digit + gap for digit, gap in zip(number, [*gaps, ""], strict=True))
    assume(not re.search(r"20\d\d[-/.]", written))  # It may read as a date.
    assert mask(f"电话{written}来电") == "电话[电话已隐去]来电"
    with pytest.raises(ValueError, match="身份证号、手机号"):
        cleaned(f"电话{written}来电")


@given(st.text("0123456789０ -—./年月日号xX京A(（", max_size=40))
def test_only_numbers_are_replaced(text: str) -> None:
    """What is left of a text stands in it, in its order."""
    left = re.split(r"\[(?:证件号|账号|电话|车牌)已隐去\]", mask(text))
    assert re.fullmatch(".+".join(map(re.escape, left)), text, re.DOTALL)


@pytest.mark.parametrize("part", ["13 ", "1 3   ", "1\u200b", "1", "1" + " " * 50, "2026-01-13 ", "86", "(138)", "京A"])
def test_a_long_text_is_read_once(part: str) -> None:
    """Read again and again, as patterns with gaps can be, it would not end today."""
    masked = mask(part * (100_000 // len(part)))
    assert mask(masked) == masked


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
