"""Care visits whose every number was worked out by hand: three towns, six villages, two care groups, two months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from dashboard import words
from dashboard.ask import Ask
from dashboard.care import METRICS, span_for
from dashboard.filters import Filters
from dashboard.metrics.query import UnknownQuestionError
from tests import builders

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)

# (village, group, month, due, visited)
COUNTS = [
    ("990108100001", "C1", MARCH, 12, 9),
    ("990108100002", "C1", MARCH, 3, 2),
    ("990108101001", "C1", MARCH, 2, 0),
    ("990108101002", "C1", MARCH, 2, 1),
    ("990108200001", "C1", MARCH, 21, 21),
    ("990108200001", "C3", MARCH, 8, 4),
    ("990108100001", "C1", FEBRUARY, 13, 13),
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("care")
    builders.write_delivery(folder / "in", [builders.case("A1", datetime(2026, 3, 1, 9), "D")])
    visits = [
        {
            "care_group": group,
            "village_code": village,
            "month": month,
            "visited_on": month.replace(day=5) if person < done else None,
            "证件号码": f"{village}{group}{month}{person}",
        }
        for village, group, month, due, done in COUNTS
        for person in range(due)
    ]
    builders.write_records(folder / "in" / "visits.csv", "care_visits", visits)
    builders.load_quickly(folder / "in", folder / "warehouse")
    with builders.asking(folder / "warehouse") as found:
        yield found


def said(ask: Ask, by: tuple[str, ...] = (), months: int = 1, **places: tuple[str, ...]) -> dict[str, list[str]]:
    found = ask.care.ask(by, months=months, filters=Filters(**places))  # type: ignore[arg-type]
    lines = {",".join(r.codes): [words.shown(METRICS[k], v).line for k, v in r.values.items()] for r in found.rows}
    return {code: line for code, line in lines.items() if line[0] != "0 人次"}


def test_villages(ask: Ask) -> None:
    assert said(ask, ("village", "care_group")) == {
        "990108100001,C1": ["10 人次", "10 人次", "100.0%（10/10）"],  # 12 → 10, 9 → 10
        "990108100002,C1": ["<5 人次", "<5 人次", "不列出"],
        "990108101001,C1": ["<5 人次", "<5 人次", "不列出"],  # nobody visited, and that is not said
        "990108101002,C1": ["<5 人次", "<5 人次", "不列出"],
        "990108200001,C1": ["20 人次", "20 人次", "100.0%（20/20）"],
        "990108200001,C3": ["10 人次", "<5 人次", "不列出"],
    }


def test_towns_and_the_county(ask: Ask) -> None:
    assert said(ask, ("town", "care_group")) == {
        "990108100,C1": ["15 人次", "10 人次", "66.7%（10/15）"],  # 15, 11
        "990108101,C1": ["<5 人次", "<5 人次", "不列出"],  # 4 of 2 … 8
        "990108200,C1": ["20 人次", "20 人次", "100.0%（20/20）"],
        "990108200,C3": ["10 人次", "<5 人次", "不列出"],
    }
    assert said(ask, ("care_group",)) == {
        "C1": ["40 人次", "35 人次", "87.5%（35/40）"],  # 40, 33
        "C3": ["10 人次", "<5 人次", "不列出"],  # 8, 4
    }


def test_sums_are_of_what_is_published(ask: Ask) -> None:
    assert said(ask) == {"": ["50 人次", "35 人次", "87.5%（35/40）"]}  # 35 + a middle of 2 → 37 → 35
    assert said(ask, months=3) == {"": ["65 人次", "50 人次", "90.9%（50/55）"]}  # February: 13 → 15
    assert said(ask, ("month",), 3) == {
        "2026-01-01": ["-（无数据）", "-（无数据）", "-（无数据）"],
        "2026-02-01": ["15 人次", "15 人次", "100.0%（15/15）"],
        "2026-03-01": ["50 人次", "35 人次", "87.5%（35/40）"],
    }


def test_places_chosen(ask: Ask) -> None:
    assert said(ask, town=("990108100", "990108200")) == {"": ["45 人次", "30 人次", "85.7%（30/35）"]}
    assert said(ask, ("town",), village=("990108100001",)) == {"990108100": ["10 人次", "10 人次", "100.0%（10/10）"]}
    assert said(ask, village=("990108101001", "990108101002")) == {"": ["不列出", "不列出", "不列出"]}


def test_the_span_in_words(ask: Ask) -> None:
    def words_of(months: int) -> str:
        return ask.care.ask(months=months, filters=Filters()).span

    assert words_of(1) == "本月（2026年3月，本月未满）"
    assert words_of(3) == "近3个月（2026年1月至3月，本月未满）"
    assert words_of(12) == "近12个月（2025年4月至2026年3月，本月未满）"


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (None, None, 12),
        (None, date(2026, 3, 2), 12),
        (date(2026, 3, 1), None, 1),
        (date(2026, 2, 1), date(2026, 3, 4), 1),
        (date(2026, 2, 1), date(2026, 3, 5), 3),
        (date(2026, 1, 1), date(2026, 4, 3), 3),
        (date(2026, 1, 1), date(2026, 4, 4), 12),
        (date(2020, 1, 1), date(2020, 1, 2), 1),
    ],
)
def test_a_period_comes_to_a_fixed_span_by_its_length(since: date | None, until: date | None, months: int) -> None:
    assert span_for(Filters(since=since, until=until), builders.AS_OF) == months


@pytest.mark.parametrize(
    ("by", "months"),
    [(("grid",), 1), (("town", "village"), 1), (("month", "town", "care_group"), 1), (("town", "town"), 1), ((), 2)],
)
def test_a_question_that_there_is_not_is_refused_in_words(ask: Ask, by: tuple[str, ...], months: int) -> None:
    with pytest.raises(UnknownQuestionError, match=r"只能是|最多两个"):
        ask.care.ask(by, months=months, filters=Filters())


def test_the_last_month_is_whole_on_its_last_day(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment, is_partial in ((datetime(2026, 3, 30, 23, 59), True), (datetime(2026, 3, 31), False)):
        monkeypatch.setattr(ask.care, "_as_of", moment)
        assert ask.care.ask(months=1, filters=Filters()).is_partial is is_partial
