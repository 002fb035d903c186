"""Is every file read as the text it holds, and every broken one named?"""

from __future__ import annotations

import codecs
import io
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.errors import LoadError
from tests.unit.raw_reading import Raw, read_raw

HEADER = "事件编号,事件名称,事项类型,受理时间"
ONE = "A1,邻里纠纷,纠纷,2026-03-01 08:00:00"
TWO = "A2,䶮家与𠮷家宅基地,纠纷,2026-03-02 08:00:00"


@pytest.fixture
def file(tmp_path: Path):
    """Write bytes as a file; gives its path."""

    def write(content: bytes | str, name: str = "cases.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def table(*lines: str, end: str = "\n") -> str:
    return end.join((HEADER, *lines)) + end


@pytest.mark.parametrize(
    ("encoding", "bom", "said"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
        ("gb18030", b"", "gb18030"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
    ],
)
def test_four_byte_characters_survive_every_encoding(file, encoding: str, bom: bytes, said: str) -> None:
    raw = read_raw(file(bom + table(ONE, TWO).encode(encoding)))
    assert (raw.source.encoding, raw.source.refused) == (said, "")
    assert raw.rows[1]["title"] == "䶮家与𠮷家宅基地"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_one_invalid_byte_costs_one_row_and_no_other(file, encoding: str) -> None:
    lines = [line.encode(encoding) for line in (HEADER, *[f"A{n},名称,纠纷,2026-03-01 08:00:00" for n in range(9)])]
    lines[4] = b"A3,\xff\xff,x,2026-03-01 08:00:00"
    raw = read_raw(file(b"\n".join(lines)))
    assert raw.rejected == [(5, "unreadable")]
    assert raw.source.rows_in == 9
    assert raw.column == [f"A{n}" for n in range(9) if n != 3]


def test_a_file_cut_inside_a_quote_loses_only_its_last_row(file) -> None:
    raw = read_raw(file(table(ONE) + 'A2,"半截'))
    assert (raw.column, raw.rejected) == (["A1"], [(3, "unreadable")])


def test_a_file_cut_inside_a_character_loses_only_its_last_row(file) -> None:
    raw = read_raw(file(table(ONE, TWO).encode()[:-30]))
    assert raw.column == ["A1"]
    assert len(raw.rejected) == 1


def test_ragged_rows_are_named_and_not_shifted(file) -> None:
    raw = read_raw(
        file(table(ONE, "A2,缺列,纠纷", "A3,地址,含,逗号,2026-03-01 08:00:00", "A4,好,纠纷,2026-03-02 08:00:00"))
    )
    assert (raw.column, raw.rejected) == (["A1", "A4"], [(3, "ragged"), (4, "ragged")])


def test_a_nul_byte_costs_its_row(file) -> None:
    raw = read_raw(file(table(ONE, "A2,空\x00字节,纠纷,2026-03-01 08:00:00")))
    assert (raw.column, raw.rejected) == (["A1"], [(3, "unreadable")])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_a_line_end(file, end: str) -> None:
    assert read_raw(file(table(ONE, TWO, end=end))).column == ["A1", "A2"]


def test_mixed_line_ends_are_read(file) -> None:
    assert read_raw(file(f"{HEADER}\r\n{ONE}\n{TWO}\r\n")).column == ["A1", "A2"]


def test_a_line_break_inside_quotes_stays_inside_its_cell(file) -> None:
    raw = read_raw(file(table('A1,"上楼\n下楼",纠纷,2026-03-01 08:00:00', TWO)))
    assert raw.rows[0]["title"] == "上楼\n下楼"
    assert [row["line_no"] for row in raw.rows] == [2, 4]


@pytest.mark.parametrize("separator", ["\t", ";", "，", "|"])
def test_other_separators_are_recognised(file, separator: str) -> None:
    assert read_raw(file(table(ONE, TWO).replace(",", separator))).column == ["A1", "A2"]


def test_a_title_row_above_the_header_is_skipped(file) -> None:
    raw = read_raw(file(f"二〇二六年三月台账,,,\n{table(ONE, TWO)}"))
    assert (raw.column, raw.source.rows_in) == (["A1", "A2"], 2)


def test_a_total_row_is_no_case(file) -> None:
    raw = read_raw(file(table(ONE, TWO, "合计,2,,", " 小 计 ,,,", "总计,2")))
    assert (raw.column, raw.rejected) == (["A1", "A2"], [(4, "total_row"), (5, "total_row"), (6, "total_row")])


def test_blank_lines_are_not_rows(file) -> None:
    raw = read_raw(file(table(ONE, "", TWO, "", "")))
    assert (raw.source.rows_in, raw.rejected) == (2, [])


def test_rows_of_separators_only_are_not_taken_for_cases(file) -> None:
    raw = read_raw(file(table(ONE, ",,,")))
    assert raw.source.rows_in == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空"),
        (codecs.BOM_UTF8, "空"),
        (b" \r\n\t\n", "空"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "网页"),
        (b"\xef\xbb\xbf  <HTML><table></table>", "网页"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "旧版 .xls"),
        (table(ONE).encode("utf-16-be"), "UTF-16"),
        (b"PK\x03\x04 half a workbook", "损坏"),
        (b"PAR1 half a parquet file", "Parquet"),
        (b"{not json}\n{nor this}\n", "JSON"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), ""),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_words(file, content: bytes, words: str) -> None:
    raw = read_raw(file(content))
    assert raw.source.refused
    assert words in raw.source.refused
    assert (raw.rows, raw.source.rows_in) == ([], 0)


def test_a_header_without_rows_is_read_and_has_none(file) -> None:
    raw = read_raw(file(table()))
    assert (raw.source.refused, raw.source.rows_in) == ("", 0)


def test_a_repeated_header_is_refused_because_nothing_says_which_column_is_meant(file) -> None:
    raw = read_raw(file(f"{HEADER},事件名称\n{ONE},另一个\n"))
    assert "重名列：事件名称" in raw.source.refused


def test_an_extra_column_is_left_out_and_named(file) -> None:
    raw = read_raw(file(f"{HEADER},天气\n{ONE},晴\n"))
    assert raw.column == ["A1"]
    assert any("天气" in remark for remark in raw.source.remarks)


def test_columns_may_stand_in_any_order_with_blanks_and_invisible_characters(file) -> None:
    raw = read_raw(file("受理 时间,\u200b事项类型,事件编号\ufeff\n2026-03-01 08:00:00,纠纷,A1\n"))
    assert (raw.column, raw.rows[0]["accept_at"]) == (["A1"], "2026-03-01 08:00:00")


def test_a_huge_cell_costs_its_row_and_no_other(file) -> None:
    raw = read_raw(file(table(ONE, f"A2,{'字' * 1_700_000},纠纷,2026-03-01 08:00:00", TWO.replace("A2", "A3"))))
    assert (raw.column, [rule for _, rule in raw.rejected]) == (["A1", "A3"], ["unreadable"])


def test_a_link_is_not_followed(file, tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(file(table(ONE), "target.csv"))
    assert "不是普通文件" in read_raw(link).source.refused


# --- other containers ---------------------------------------------------------------------------------------------


def workbook(path: Path, *, name: str = "cases.xlsx") -> Path:
    book = openpyxl.Workbook()
    hidden = book.active
    hidden.title = "旧"
    hidden.append(["别的"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("三月")
    sheet.append(HEADER.split(","))
    sheet.append(["A1", "=1+1", "纠纷", datetime(2026, 3, 1, 8, 30)])
    sheet.append([202600000000001, "名称", "纠纷", "2026-03-02 08:00:00"])
    book.create_sheet("附注").append(["说明"])
    book.save(path / name)
    return path / name


def test_a_workbook_is_read_from_its_first_visible_sheet_as_text(tmp_path: Path) -> None:
    raw = read_raw(workbook(tmp_path))
    assert raw.column == ["A1", "202600000000001"]
    assert raw.rows[0]["accept_at"] == "2026-03-01 08:30:00"
    assert raw.rows[0]["title"] in ("", None), "a formula without a stored value is empty, never its text"
    assert any("只读取第一张可见的工作表" in remark and "三月" not in remark for remark in raw.source.remarks)


def test_a_workbook_named_csv_is_still_a_workbook(tmp_path: Path) -> None:
    raw = read_raw(workbook(tmp_path).rename(tmp_path / "cases.csv"))
    assert (raw.source.encoding, len(raw.rows)) == ("xlsx", 2)


def test_a_csv_named_xlsx_is_still_a_csv(file) -> None:
    assert read_raw(file(table(ONE), "cases.xlsx")).column == ["A1"]


def test_a_workbook_that_unpacks_to_far_more_than_it_weighs_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet1.xml", "w") as sheet:
        for _ in range(40):
            sheet.write(bytes(1 << 20))
    assert "解压后过大" in read_raw(path).source.refused


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    path = tmp_path / "cases.xlsx"
    path.write_bytes(buffer.getvalue())
    assert read_raw(path).source.refused


def test_json_lines_are_read_by_key_and_a_broken_line_is_named(file) -> None:
    good = '{"事件编号":"A1","事项类型":"纠纷","受理时间":"2026-03-01 08:00:00","事件名称":"一"}'
    other = '{"受理时间":"2026-03-02 08:00:00","事件编号":"A2","事项类型":"纠纷"}'
    raw = read_raw(file("\n".join([good, "{broken", other, '{"新字段":1}', "[1]", ""]), "cases.jsonl"))
    assert raw.column == ["A1", "A2"]
    assert raw.rejected == [(2, "unreadable"), (4, "unreadable"), (5, "unreadable")]


def test_json_numbers_keep_their_digits(file) -> None:
    raw = read_raw(
        file('{"事件编号":202600000000000017,"事项类型":"纠纷","受理时间":"2026-03-01 08:00:00"}', "cases.jsonl")
    )
    assert raw.column == ["202600000000000017"]


def test_parquet_columns_become_text(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    columns = {
        "事件编号": ["A1", "A2"],
        "事项类型": ["纠纷", None],
        "受理时间": pa.array([datetime(2026, 3, 1, 8), None], pa.timestamp("us")),
        "涉及人数": pa.array([3, None], pa.int32()),
    }
    pq.write_table(pa.table(columns), path)
    raw = read_raw(path)
    assert (raw.column, raw.rows[0]["accept_at"], raw.rows[0]["people_involved"]) == (
        ["A1", "A2"],
        "2026-03-01 08:00:00",
        "3",
    )
    assert raw.rows[1]["kind"] == ""


def test_every_row_in_is_kept_or_rejected(file) -> None:
    dirty = table(ONE, "A2", "合计,,,", 'A3,"半" 截,纠纷,2026-03-01 08:00:00', TWO, ",,,", 'A9,"cut')
    raw: Raw = read_raw(file(dirty))
    assert raw.source.rows_in == len(raw.rows) + len(raw.rejected)


def test_a_forbidden_column_stops_the_load_even_below_a_title_row(file) -> None:
    with pytest.raises(LoadError, match="宗教"):
        read_raw(file(f"台账,,,,\n{HEADER},宗教\u200b信仰\n{ONE},无\n"))
