"""Exceptions on a county made for them: one town trebles, the other stays as it was.

Data as of 2026-03-14 08:00, the period 1–13 March against the 13 days before; every case is closed after 20 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.ask import Ask
from dashboard.cause import SPREAD, cause
from dashboard.components import findings as drawn
from dashboard.exceptions import MOST, MOST_PER_METRIC, Findings, exceptions, whole
from dashboard.filters import Filters, parse
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from tests import builders

PERIOD = Filters(since=date(2026, 3, 1), until=date(2026, 3, 14))


def months(name: str, grid: str, counts: tuple[int, int], *, step: int = 1) -> Iterator[builders.Record]:
    """So many cases in the thirteen days before March and in those of March, spread over days and hours."""
    for start, count in zip((datetime(2026, 2, 16), datetime(2026, 3, 1)), counts, strict=True):
        for n in range(count):
            at = start + timedelta(days=n % 12, hours=n % 9 + 1, minutes=step)
            yield builders.case(f"{name}{start:%m}{n}", at, "C", grid_code=grid, report_at=at)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder: Path = tmp_path_factory.mktemp("exceptions")
    one, other = list({grid[:9]: grid for grid in builders.GRIDS}.values())[:2]
    cases = [*months("A", one, (30, 90)), *months("B", other, (60, 60), step=2)]
    early = datetime(2025, 12, 1, 9)
    cases.append(builders.case("first", early, "C", grid_code=other, report_at=early))
    log = [
        step
        for name, at in [(str(c["case_id"]), c["report_at"]) for c in cases]
        for step in (
            builders.step(name, at + timedelta(hours=1), "dispatch", to_department="D01"),
            builders.step(name, at + timedelta(hours=20), "close", from_department="D01"),
        )
    ]
    delivery = builders.write_delivery(folder / "in", cases, log)
    builders.load_quickly(delivery, folder / "warehouse")
    with builders.asking(folder / "warehouse") as questions:
        yield questions


@pytest.fixture(scope="module")
def found(ask: Ask) -> Findings:
    return exceptions(ask, PERIOD)


def test_the_town_that_trebled_is_named_with_its_figures(ask: Ask, found: Findings) -> None:
    towns = [one for one in found.found if one.dimension == "town" and one.watched.name == "受理量"]
    assert [(one.now.value, one.before.value) for one in towns] == [(90, 30)]
    assert towns[0].sentence.startswith(f"{towns[0].place} 受理量 90 件，较前 13 天 +60（+200.0%），")
    assert found.tested >= found.beyond >= len(found.found) > 0


def test_the_whole_names_the_town_as_its_cause(found: Findings) -> None:
    county = next(one for one in found.found if one.place == "全县" and one.watched.name == "受理量")
    assert county.cause is not None and county.cause.dimension == "town"
    assert "30 → 90 件，占变化的 100%" in county.cause.words


def test_the_list_is_short_and_the_worst_come_first(found: Findings) -> None:
    assert len(found.found) <= MOST
    order = [{"worse": 0, "plain": 1, "better": 2}[one.verdict] for one in found.found]
    assert order == sorted(order)
    names = [one.watched.name for one in found.found]
    assert max(names.count(name) for name in names) <= MOST_PER_METRIC


def test_the_evidence_is_the_same_number_at_the_linked_address(ask: Ask, found: Findings) -> None:
    for one in found.found:
        path, _, query = one.href.partition("?")
        parsed = parse(query, ask.vocabulary)
        assert parsed.notes == () and path in ("/map", "/departments")
        key = one.watched.key
        assert ask.numbers([key], filters=parsed.filters).only(key) == one.now


def test_without_a_beginning_or_without_earlier_data_nothing_is_compared(ask: Ask) -> None:
    assert "选定起始日期" in exceptions(ask, Filters()).silence
    early = exceptions(ask, Filters(since=date(2025, 12, 1), until=date(2026, 1, 1)))
    assert early.silence == "对比期 11月1–30日 无数据，不作比较" and early.found == ()


def test_a_quiet_period_says_so_and_how_many_were_compared(ask: Ask) -> None:
    quiet = exceptions(ask, PERIOD.replace(town=_steady(ask)))
    assert quiet.found == () and quiet.tested > 0
    said = str(drawn.findings(quiet))
    assert "本期无异常项" in said and f"比较 {quiet.tested} 项" in said
    assert "偶然" in drawn.tally(quiet)
    assert "没有可比的数" in str(drawn.findings(replace(quiet, tested=0)))


def _steady(ask: Ask) -> tuple[str, ...]:
    answer = ask.numbers(["accepted"], by=("town",), filters=PERIOD)
    return tuple(row.codes[0] for row in answer.rows if row.values["accepted"].value == 60)


def test_the_whole_is_called_what_is_chosen(ask: Ask) -> None:
    town = next(iter(ask.vocabulary["town"]))
    assert whole(Filters(), ask) == "全县"
    assert whole(Filters(town=(town,)), ask) == ask.vocabulary["town"][town]
    assert whole(Filters(town=(town,), kind=("C",)), ask) == "所选范围"
    assert whole(Filters(level=("red",)), ask, leave_out=Filters(level=("red",))) == "全县"


NAMES = {("town", "A"): "甲镇", ("town", "B"): "乙镇", ("category", "1"): "物业", ("category", "2"): "土地"}


def test_of_two_ways_to_split_the_more_telling_one_is_named() -> None:
    """Both towns rise alike; of the categories 物业 alone: 10 → 40 of 100 → 130."""
    towns = {"A": (Value(65), Value(50)), "B": (Value(65), Value(50))}
    categories = {"1": (Value(40), Value(10)), "2": (Value(90), Value(90))}
    found = cause(BY_KEY["accepted"], {"town": towns, "category": categories}, NAMES, is_rise=True)
    assert found is not None and found.words == "主要来自 物业（10 → 40 件，占变化的 100%）"


def test_a_rate_that_fell_because_the_slow_ones_are_more_says_so() -> None:
    """A keeps 90 %, B keeps 50 %; B's share of the cases rises from 10 % to 50 %."""
    rows = {"A": (Value(0.9, 45, 50), Value(0.9, 81, 90)), "B": (Value(0.5, 25, 50), Value(0.5, 5, 10))}
    found = cause(BY_KEY["on_time_rate"], {"town": rows}, NAMES, is_rise=False)
    assert found is not None and found.words == "主要来自 乙镇（件数 10 → 50，构成变化，贡献 −11.2 个百分点）"


def test_a_median_names_the_group_that_moved_most_surely() -> None:
    rows = {"A": (Value(30.0, None, 80), Value(10.0, None, 80)), "B": (Value(11.0, None, 80), Value(10.0, None, 80))}
    found = cause(BY_KEY["handling_hours_median"], {"town": rows}, NAMES, is_rise=True)
    assert found is not None and found.words == "其中 甲镇 变化最明显（10.0 小时 → 30.0 小时）"
    assert cause(BY_KEY["handling_hours_median"], {"town": rows}, NAMES, is_rise=False) is None


def test_a_change_that_is_everywhere_has_no_source() -> None:
    rows = {code: (Value(20), Value(10)) for code in "ABCDE"}
    assert cause(BY_KEY["accepted"], {"town": rows}, {}, is_rise=True) is SPREAD
    assert cause(BY_KEY["accepted"], {}, {}, is_rise=True) is None
