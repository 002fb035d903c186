"""Does one odd row cost itself, never the whole delivery? Each is one a county has exported; all in one load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from dashboard.ask import Ask
from dashboard.filters import Filters
from etl.build import LoadReport
from tests import builders

AT = datetime(2026, 3, 2, 10)
HOUR = timedelta(hours=1)
TITLES = [
    "'; DROP TABLE fact_case;--", '=HYPERLINK("http://x")', "<img src=x onerror=1>", "{{7*7}}", "\u202e倒", "%s%n",
    "${jndi:ldap://x/a}",
]  # fmt: skip
CLICK = ["accept", "dispatch", "sign", "feedback", "close", "callback", "archive"]
WILD = ["close", "close", "reopen", "reopen", "resume", "suspend"]

CASES = [
    *(builders.case(name, AT) for name in ("minute", "two", "same", "numbered", "wild", "days")),
    *(builders.case(name, AT, "P", dispatch_at=AT) for name in ("workdays", "half")),
    *(builders.case(f"year{year}", AT, "P", dispatch_at=datetime(year, 1, 1)) for year in (1975, 2050)),
    *(builders.case(f"title{n}", AT, title=title) for n, title in enumerate(TITLES)),
]
LOG = [
    # Exports to the minute (a shipped time format) make a closing and a reopening at the same time common.
    builders.step("minute", AT + HOUR, "close", seq=1),
    builders.step("minute", AT + HOUR, "reopen", seq=2),
    builders.step("two", AT + HOUR, "dispatch", to_department="D01", role="lead"),
    builders.step("two", AT + HOUR, "dispatch", to_department="D02", role="assist"),
    *(builders.step("same", AT, a, to_department="D01") for a in CLICK),
    *(builders.step("numbered", AT, a, to_department="D01", seq=n) for n, a in enumerate(CLICK)),
    *(builders.step("wild", AT + n * HOUR, a) for n, a in enumerate(WILD, start=-2)),
    builders.step("days", AT + HOUR, "extension", extension_amount=9e12),
    builders.step("workdays", AT + HOUR, "extension", extension_amount=99_999),
    # Due on Wednesday 11 March, paused for four days to Sunday the 15th; extended by half a working day.
    builders.step("half", datetime(2026, 3, 3, 12), "suspend", seq=1),
    builders.step("half", datetime(2026, 3, 7, 12), "resume", seq=2),
    builders.step("half", datetime(2026, 3, 7, 13), "extension", seq=3, extension_amount=0.5),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ask, LoadReport]]:
    folder = tmp_path_factory.mktemp("odd")
    delivery = builders.write_delivery(folder / "in", CASES, LOG)
    named = [{"department": f"D0{n}", "department_name": title} for n, title in enumerate(TITLES, start=1)]
    builders.write_records(delivery / "departments.csv", "departments", named)
    report = builders.load_quickly(delivery, folder / "warehouse")
    with builders.asking(folder / "warehouse") as ask:
        yield ask, report


def state(loaded: tuple[Ask, LoadReport], name: str) -> dict[str, object]:
    found = loaded[0]._db.records("select * from mart.fact_case where case_id = $name", {"name": name})
    assert len(found) == 1
    return found[0]


def test_not_one_of_them_costs_a_row(loaded: tuple[Ask, LoadReport]) -> None:
    ask, report = loaded
    assert sum(f.quarantined for f in report.files) == 0
    assert ask.numbers(["accepted"], filters=Filters()).only("accepted").value == len(CASES)


def test_a_case_closed_and_reopened_within_the_same_minute_is_open(loaded: tuple[Ask, LoadReport]) -> None:
    assert (state(loaded, "minute")["close_at"], state(loaded, "minute")["reopen_cnt"]) == (None, 1)


@pytest.mark.parametrize("year", [1975, 2050])
def test_a_mistyped_year_of_dispatch_is_no_dispatch_and_is_said_so(loaded: tuple[Ask, LoadReport], year: int) -> None:
    assert (state(loaded, f"year{year}")["dispatch_at"], state(loaded, f"year{year}")["due_at"]) == (None, None)
    assert {"unreadable_time"} <= {q["rule"] for q in loaded[1].quality}


@pytest.mark.parametrize("name", ["days", "workdays"])
def test_a_mistyped_extension_moves_nothing_and_is_said_so(loaded: tuple[Ask, LoadReport], name: str) -> None:
    found = state(loaded, name)
    assert (found["extend_cnt"], found["due_at"]) == (0, found["due0_at"])
    assert "unreadable_number" in {q["rule"] for q in loaded[1].quality}


def test_lead_and_assist_dispatched_at_the_same_second_are_two_dispatches(loaded: tuple[Ask, LoadReport]) -> None:
    roles = loaded[0]._db.rows(
        "select d.department, d.role from mart.fact_case_dept as d join mart.fact_case as f using (case_key)"
        " where case_id = 'two' order by 1"
    )
    assert roles == [("D01", "lead"), ("D02", "assist")]


def test_an_extension_never_brings_a_deadline_forward(loaded: tuple[Ask, LoadReport]) -> None:
    """Half a working day after Sunday 15 March is Monday the 16th, never Friday the 13th."""
    assert state(loaded, "half")["due_at"] == datetime(2026, 3, 16, 23, 59, 59)


def test_everything_in_one_second_is_accepted_and_closed(loaded: tuple[Ask, LoadReport]) -> None:
    assert [state(loaded, name)["close_at"] for name in ("same", "numbered")] == [AT, AT]


def test_closings_and_pauses_without_a_partner_leave_the_case_readable(loaded: tuple[Ask, LoadReport]) -> None:
    """Both closings lie before the acceptance, so they and the reopenings after them count for nothing."""
    assert (state(loaded, "wild")["close_at"], state(loaded, "wild")["reopen_cnt"]) == (None, 0)


def test_e67_a_title_and_a_name_are_only_texts(loaded: tuple[Ask, LoadReport]) -> None:
    assert [state(loaded, f"title{n}")["title"] for n in range(len(TITLES))] == TITLES
    names = "select department_name from mart.dim_department order by department"
    assert [name for (name,) in loaded[0]._db.rows(names)] == TITLES
