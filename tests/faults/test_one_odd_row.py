"""Does one odd row cost itself, and never the whole delivery? Each is one a county's export has held."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dashboard.filters import Filters
from tests import builders
from tests.conftest import Load

AT = datetime(2026, 3, 2, 10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOUND = builders.case("B", AT)


def loads(load_county: Load, case: builders.Record, *log: builders.Record) -> bool:
    """The sound case is there, whatever became of the odd one."""
    warehouse, _ = load_county([SOUND, case], log)
    with builders.asking(warehouse) as ask:
        return bool((ask.numbers(["accepted"], filters=Filters()).only("accepted").value or 0) >= 1)


def test_a_case_closed_and_reopened_within_the_same_minute_loads(load_county: Load) -> None:
    """Exports to the minute (a shipped time format) make this common."""
    log = [builders.step("A", AT + HOUR, "close", seq=1), builders.step("A", AT + HOUR, "reopen", seq=2)]
    assert loads(load_county, builders.case("A", AT), *log)


def test_a_mistyped_year_of_dispatch_costs_no_more_than_its_row(load_county: Load) -> None:
    """The same for 1975 as for 2050."""
    assert loads(load_county, builders.case("A", AT, "P", dispatch_at=datetime(2050, 1, 1)))


@pytest.mark.parametrize(("kind", "days"), [("P", 99_999), ("C", 9e12)])
def test_a_mistyped_extension_costs_no_more_than_its_row(load_county: Load, kind: str, days: float) -> None:
    log = builders.step("A", AT + HOUR, "extension", extension_amount=days)
    assert loads(load_county, builders.case("A", AT, kind, dispatch_at=AT), log)


def test_lead_and_assist_dispatched_at_the_same_second_are_two_steps(load_county: Load) -> None:
    log = [
        builders.step("B", AT + HOUR, "dispatch", to_department="D01", role="lead"),
        builders.step("B", AT + HOUR, "dispatch", to_department="D02", role="assist"),
    ]
    _, report = load_county([SOUND], log)
    assert not [f for f in report.files if f.quarantined]


def test_an_extension_never_brings_a_deadline_forward(load_county: Load) -> None:
    """Due on Saturday 7 March, 23:59:59, after a pause; half a working day more must not mean Friday."""
    log = [
        builders.step("A", datetime(2026, 3, 3, 12), "suspend", seq=1),
        builders.step("A", datetime(2026, 3, 7, 12), "resume", seq=2),
        builders.step("A", datetime(2026, 3, 7, 13), "extension", seq=3, extension_amount=0.5),
    ]
    warehouse, _ = load_county([builders.case("A", AT, "P", complexity="simple", dispatch_at=AT)], log)
    with builders.asking(warehouse) as ask:
        assert ask._db.rows("select due_at >= timestamp '2026-03-07 23:59:59' from mart.fact_case") == [(True,)]


def test_cases_whose_log_makes_no_sense_load_with_the_others(load_county: Load) -> None:
    """All in one second; with and without step numbers; before acceptance; closings and pauses without a partner."""
    click = ["accept", "dispatch", "sign", "feedback", "close", "callback", "archive"]
    log = [builders.step("same", AT, a, to_department="D01") for a in click]
    log += [builders.step("numbered", AT, a, to_department="D01", seq=n) for n, a in enumerate(click)]
    wild = ["close", "close", "reopen", "reopen", "resume", "suspend"]
    log += [builders.step("wild", AT + n * HOUR, a) for n, a in enumerate(wild, start=-2)]
    cases = [builders.case(name, AT) for name in ("same", "numbered", "wild")]
    warehouse, report = load_county(cases, log)
    assert sum(f.quarantined for f in report.files) == 0
    with builders.asking(warehouse) as ask:
        found = ask.numbers(["accepted", "closed", "open"], filters=Filters())
    assert [found.only(key).value for key in found.metrics] == [3, 2, 1]


def test_a_title_is_only_a_text(load_county: Load) -> None:
    titles = ["'; DROP TABLE fact_case;--", "=HYPERLINK(1)", "<img src=x onerror=1>", "{{7*7}}", "\u202e倒", "%s%n"]
    warehouse, _ = load_county([builders.case(f"A{n}", AT, title=title) for n, title in enumerate(titles)])
    with builders.asking(warehouse) as ask:
        assert [row["title"] for row in ask.cases(Filters(), order="oldest").rows] == titles
