"""The analyst's question: read from an address, cut, arranged on the server, added up, drawn."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.ask import Answer, Row
from dashboard.components.explore_cases import case_rows
from dashboard.explore import arrange, picture
from dashboard.explore.arrange import (
    BadRowsRequestError,
    Limit,
    arranged,
    limits_of,
    model_of,
    read_model,
    read_request,
)
from dashboard.explore.cut import Cut, cut, finding, reconciled
from dashboard.explore.view import View, read_view
from dashboard.factory import piece
from dashboard.filters import Filters, parse
from dashboard.metrics.values import Value
from dashboard.page import prop
from dashboard.pages import explore
from dashboard.warehouse import open_warehouse
from tests import builders

RATE = "on_time_rate"
ROWS = (
    Row(("A",), ("甲镇",), {"accepted": Value(30), RATE: Value(0.5, 10, 20)}),
    Row(("B",), ("乙镇",), {"accepted": Value(5), RATE: Value(0.9, 18, 20)}),
    Row(("C",), ("丙乡",), {"accepted": Value(12), RATE: Value(None, 0, 0, "none")}),
    Row(("",), ("未匹配",), {"accepted": Value(3), RATE: Value(0.5, 2, 4, "small")}),
)
ANSWER = Answer(("accepted", RATE), ("town",), ROWS, "snap", datetime(2026, 3, 14))
REQUEST: dict[str, Any] = {"startRow": 0, "endRow": 100, "sortModel": [], "filterModel": {}}


def codes(rows: tuple[Row, ...]) -> list[str]:
    return [row.codes[0] for row in rows]


# --- the address --------------------------------------------------------------------------------------------------


def test_a_bare_address_asks_for_the_accepted_by_town_the_most_first() -> None:
    view = read_view(Filters())
    assert (view.metrics, view.by, view.chart, view.sort) == (("accepted",), ("town",), "bars", "-accepted")
    assert view.notes == ()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("metric=planet", "指标“planet”"),
        ("also=closed,planet", "指标“planet”"),
        ("groups=day,week", "分组“day,week”"),
        ("groups=planet", "分组“planet”"),
        ("chart=lines", "图形“折线”"),
        ("chart=pie", "图形“pie”"),
        ("metric=on_time_rate&groups=town,kind&chart=stack", "图形“堆叠”"),
        ("sorted=-closed", "排序“-closed”"),
    ],
)
def test_what_cannot_be_asked_falls_back_and_is_named(query: str, said: str) -> None:
    view = read_view(parse(query).filters)
    assert said in "；".join(view.notes)
    assert view.metrics and view.by and view.chart


def test_a_view_survives_its_address() -> None:
    query = "metric=open&also=closed,on_time_rate&groups=month,town&chart=heat&sorted=-closed&limits=closed>=3&match=镇"
    parsed = parse(query)
    assert parsed.notes == ()
    assert parse(parsed.filters.to_query()).filters == parsed.filters
    view = read_view(parsed.filters)
    assert view == View(
        metrics=("open", "closed", "on_time_rate"), by=("month", "town"), chart="heat", sort="-closed", notes=()
    )


# --- arranging ----------------------------------------------------------------------------------------------------


def test_what_has_no_number_stands_last_whichever_way_it_is_sorted() -> None:
    assert codes(arranged(ANSWER, sort=f"-{RATE}")) == ["B", "A", "C", ""]
    assert codes(arranged(ANSWER, sort=RATE)) == ["A", "B", "C", ""]
    assert codes(arranged(ANSWER, sort="accepted")) == ["", "B", "C", "A"]


def test_names_and_codes_are_found_and_rates_are_compared_in_percent() -> None:
    assert codes(arranged(ANSWER, sort="", match="镇")) == ["A", "B"]
    assert codes(arranged(ANSWER, sort="", match="c")) == ["C"]
    assert codes(arranged(ANSWER, sort="", limits=[Limit(RATE, "<", "90")])) == ["A"]
    assert codes(arranged(ANSWER, sort="", limits=[Limit(RATE, ">=", "90")])) == ["B"]
    assert codes(arranged(ANSWER, sort="", limits=[Limit("town", "~", "乡"), Limit("accepted", ">", "3")])) == ["C"]


def test_an_address_of_limits_and_the_grids_model_say_the_same() -> None:
    limits, notes = limits_of("accepted>=10;town~镇;nonsense;on_time_rate>much")
    assert [str(limit) for limit in limits] == ["accepted>=10", "town~镇"]
    assert len(notes) == 2 and "nonsense" in notes[0]
    again = read_model(model_of(limits))
    assert arranged(ANSWER, sort="", limits=again) == arranged(ANSWER, sort="", limits=limits)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"startRow": -1, "endRow": 5},
        {"startRow": 5, "endRow": 5},
        {"startRow": 0, "endRow": arrange.MOST_ROWS + 1},
        {"startRow": "0", "endRow": 5},
        {"startRow": True, "endRow": 5},
        REQUEST | {"sortModel": "town"},
        REQUEST | {"sortModel": [{"colId": 3, "sort": "asc"}]},
        REQUEST | {"sortModel": [{"colId": "town", "sort": "up"}]},
        REQUEST | {"filterModel": []} | {"filterModel": [1]},
        REQUEST | {"filterModel": {"accepted": {"type": "greaterThan", "filter": "9"}}},
        REQUEST | {"filterModel": {"accepted": {"type": "inRange", "filter": 9}}},
        REQUEST | {"filterModel": {"accepted": 9}},
        REQUEST | {"filterModel": {"accepted": {"type": ["equals"], "filter": 9}}},
        REQUEST | {"filterModel": {"accepted": {"type": {}, "filter": 9}}},
        {"startRow": 10**30, "endRow": 10**30 + 5},
    ],
)
def test_a_request_that_no_grid_makes_is_refused_with_a_sentence(wrong: Any) -> None:
    with pytest.raises(BadRowsRequestError, match=r"请求|条件"):
        read_request(wrong)


# --- over a snapshot ----------------------------------------------------------------------------------------------


def test_the_rows_of_the_grid_are_the_answer_and_its_faults_are_sentences(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        filters = Filters(groups="kind")
        found = explore.table_rows(ask, filters, REQUEST)
        limited = explore.table_rows(ask, filters.replace(limits="accepted>=2"), REQUEST)
        assert limited["rowCount"] == sum(float(row["accepted"]["value"]) >= 2 for row in found["rowData"])
        assert found["rowCount"] == len(found["rowData"]) == len(ask.vocabulary["kind"])
        assert {row["accepted"]["text"] for row in found["rowData"]} == {"2", "0"}
        with pytest.raises(BadRowsRequestError, match="没有“planet”这一列"):
            explore.table_rows(ask, filters, REQUEST | {"sortModel": [{"colId": "planet", "sort": "asc"}]})
        cases = case_rows(ask, filters, REQUEST | {"sortModel": [{"colId": "accept_at", "sort": "asc"}]})
        assert (cases["rowCount"], cases["rowData"][0]["case_id"]) == (8, "A0")
        with pytest.raises(BadRowsRequestError, match="只能按"):
            case_rows(ask, filters, REQUEST | {"sortModel": [{"colId": "title", "sort": "asc"}]})


@pytest.mark.parametrize("rows", [case_rows, explore.table_rows])
@pytest.mark.parametrize(
    "odd", [{"filterModel": {"accepted": {"type": ["equals"], "filter": 9}}}, {"startRow": 2**63, "endRow": 2**63 + 5}]
)
def test_an_odd_body_is_a_sentence_and_no_fault(small_county: Path, rows: Any, odd: Any) -> None:
    door = open_warehouse(small_county)
    found, said = piece(rows, door, REQUEST | odd, "")
    door.close()
    assert found == {"rowData": [], "rowCount": 0}
    assert said and "错误号" not in said


def test_a_piece_is_always_answered() -> None:
    class Broken:
        def lease(self) -> Any:
            raise RuntimeError("secret")

    said = piece(explore.table_rows, Broken(), REQUEST, "groups=kind")
    assert said[0] == {"rowData": [], "rowCount": 0}
    assert said[1].startswith("表格未更新") and "secret" not in said[1]
    assert piece(explore.table_rows, Broken(), REQUEST, None) == ({"rowData": [], "rowCount": 0}, "")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "groups=none",
        "groups=day",
        "groups=month,town&metric=open",
        "groups=town,kind&chart=stack",
        "groups=kind,week&metric=on_time_rate",
        "groups=village,grid&metric=handling_hours_median&curve=kind",
        "metric=overdue_open&groups=department,overdue_age&case=A1",
        "town=990108100&match=none&case=nothing",
    ],
)
def test_every_panel_is_drawn_with_no_more_than_it_promises(small_county: Path, query: str) -> None:
    with builders.asking(small_county) as ask:
        filters = parse(query, ask.vocabulary).filters
        for panel in explore.PAGE.panels:
            drawn = panel.view(panel.load(ask, filters))
            assert {prop(target) for target in drawn} <= set(panel.targets), panel.id


def test_the_parts_and_the_whole_are_reconciled_in_words(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        assert reconciled(cut(ask, Filters(groups="kind"))) == "全部 5 行之和 = 合计 8"
        assert "率与时长不能相加" in reconciled(cut(ask, Filters(groups="kind", metric=RATE)))
        assert "存量不能相加" in reconciled(cut(ask, Filters(groups="day", metric="open")))
        assert reconciled(cut(ask, Filters(groups="kind", metric="open"))) == "全部 5 行之和 = 合计 4"


def made(rows: tuple[Row, ...] = ROWS, query: str = "") -> Cut:
    view = read_view(parse(query).filters)
    whole = Row((), (), {"accepted": Value(50), RATE: Value(30 / 44, 30, 44)})
    return Cut(view=view, filters=Filters(), answer=ANSWER, rows=rows, whole=whole, notes=())


def test_the_finding_is_a_sentence_with_its_numbers() -> None:
    assert finding(made()) == "受理量最高：甲镇 30 件，占合计的 60.0%"
    said = finding(made(query=f"metric={RATE}"))
    assert said == "按时办结率最高：乙镇 90.0%（18/20）；最低：甲镇 50.0%（10/20）"


def test_bars_stand_in_the_order_of_the_table_and_what_is_left_out_is_counted() -> None:
    many = tuple(Row((f"{n:02}",), (f"第{n}镇",), {"accepted": Value(n)}) for n in range(23))
    figure, note = picture.picture(made(many))
    assert list(figure.data[0].y) == [f"第{n}镇" for n in range(20)]
    assert note == "图中为前 20 项，其余 3 项见表"
    assert figure.data[0].customdata[1][0] == "town:01"


def test_lines_beyond_six_become_one_of_the_rest() -> None:
    days = ("2026-03-01", "2026-03-02")
    rows = tuple(Row((day, f"T{n}"), (day, f"镇{n}"), {"accepted": Value(10 - n)}) for day in days for n in range(8))
    figure, note = picture.picture(made(rows, "groups=day,town"))
    assert [line.name for line in figure.data] == ["镇0", "镇1", "镇2", "镇3", "镇4", "其他"]
    assert list(figure.data[5].y) == [5 + 4 + 3, 5 + 4 + 3]
    assert note == "“其他”合并 3 项"


def test_an_unfinished_month_ends_in_a_hollow_point() -> None:
    rows = tuple(Row((f"2026-0{n}-01",), (f"2026年{n}月",), {"accepted": Value(n)}) for n in (1, 2, 3))
    figure, note = picture.picture(made(rows, "groups=month"))
    assert note == "末点空心：该时间段本期未满"
    assert [size > 5 for size in figure.data[0].marker.size] == [False, False, True]
    assert picture.picture(made(rows[:2], "groups=month"))[1] == ""
