"""When is a case due? Known answers, read off a calendar by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from etl.deadlines import Adjustment, WorkCalendar, adjust
from etl.reference import Reference
from tests import builders, oracle
from tests.conftest import Load

REFERENCE = Reference()
CALENDAR = WorkCalendar([day for day, works, *_ in REFERENCE.calendar if works])
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = (23, 59, 59)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        # Tuesday 30 September 2025, then 国庆 to Wednesday 8 October; 9 and 10 October work, so does Saturday the 11th.
        (datetime(2025, 9, 30, 17), 1, date(2025, 10, 9)),
        (datetime(2025, 9, 30, 17), 3, date(2025, 10, 11)),
        (datetime(2025, 9, 30, 17), 4, date(2025, 10, 13)),
        # Sunday 28 September 2025 was a working day: the first one after Friday the 26th.
        (datetime(2025, 9, 26, 9), 1, date(2025, 9, 28)),
        (datetime(2025, 9, 26, 9), 7, date(2025, 10, 13)),
        # Begun on a day off: the next working day is the first.
        (datetime(2025, 10, 4, 12), 1, date(2025, 10, 9)),
        # 春节 2026: 15–23 February off, Saturday 14 and Saturday 28 February worked.
        (datetime(2026, 2, 13, 18), 1, date(2026, 2, 14)),
        (datetime(2026, 2, 14, 18), 5, date(2026, 2, 28)),
        # An ordinary week: Friday to Monday; twenty working days are four weeks.
        (datetime(2026, 3, 6, 0), 1, date(2026, 3, 9)),
        (datetime(2026, 3, 6, 23, 59, 59), 20, date(2026, 4, 3)),
    ],
)
def test_working_days_are_counted_from_the_day_after_and_end_with_the_day(
    start: datetime, days: int, due: date
) -> None:
    assert CALENDAR.add(start, days) == datetime.combine(due, datetime.min.time().replace(*END))


def test_the_oracle_counts_working_days_the_same_for_two_years() -> None:
    rules = oracle.Rules()
    for n in range(730):
        start = datetime(2025, 1, 1, 12) + n * DAY
        for days in (1, 7, 20):
            assert CALENDAR.add(start, days) == rules.after_workdays(start, days)


DUE = datetime(2026, 3, 10, 10)


def moved(*changes: Adjustment, unit: str = "day", due: datetime = DUE) -> tuple[datetime, int]:
    return adjust(due, unit=unit, adjustments=changes, calendar=CALENDAR)


def test_nothing_happened_and_nothing_moved() -> None:
    assert moved() == (DUE, 0)


def test_a_pause_moves_the_deadline_by_its_own_length() -> None:
    assert moved(Adjustment(DUE - DAY, DUE + 3 * DAY)) == (DUE + 4 * DAY, 0)


@pytest.mark.parametrize(("offset", "counts"), [(-timedelta(seconds=1), True), (timedelta(0), False)])
def test_a_pause_that_begins_at_the_deadline_comes_too_late(offset: timedelta, counts: bool) -> None:
    assert moved(Adjustment(DUE + offset, DUE + offset + DAY)) == (DUE + DAY if counts else DUE, 0)


@pytest.mark.parametrize(("offset", "counts"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_an_extension_approved_exactly_at_the_deadline_still_counts(offset: timedelta, counts: bool) -> None:
    assert moved(Adjustment(DUE + offset, days=3)) == ((DUE + 3 * DAY, 1) if counts else (DUE, 0))


def test_an_extension_in_time_only_because_of_a_pause_counts() -> None:
    pause, extension = Adjustment(DUE - HOUR, DUE + DAY), Adjustment(DUE + HOUR, days=2)
    assert moved(extension, pause) == (DUE + 25 * HOUR + 2 * DAY, 1)


def test_an_extension_of_no_days_is_none() -> None:
    assert moved(Adjustment(DUE - DAY, days=0)) == (DUE, 0)


def test_an_extension_of_a_working_day_limit_is_in_working_days() -> None:
    due = datetime(2025, 9, 30, *END)
    assert moved(Adjustment(due, days=2), unit="workday", due=due) == (datetime(2025, 10, 10, *END), 1)


def test_every_kind_gets_the_deadline_of_its_limit(load_county: Load) -> None:
    """Accepted Tuesday 30 September 2025, 17:00; problems dispatched at once."""
    at = datetime(2025, 9, 30, 17)
    cases = [builders.case(kind, at, kind, dispatch_at=at) for kind in "RHC"]
    cases += [
        builders.case(f"{k}-{c}", at, k, complexity=c, dispatch_at=at)
        for k in "DP"
        for c in ("simple", "general", "complex")
    ]
    cases.append(builders.case("P-none", at, "P"))
    warehouse, _ = load_county(cases)
    with builders.asking(warehouse) as ask:
        due = dict(ask._db.rows("select case_id, due_at from mart.fact_case"))
    assert due == {
        "R": at + 3 * DAY,
        "H": at + 7 * DAY,
        "C": at + 7 * DAY,
        "D-simple": at + 7 * DAY,
        "D-general": at + 20 * DAY,
        "D-complex": at + 30 * DAY,
        "P-simple": datetime(2025, 10, 9, *END),
        "P-general": datetime(2025, 10, 16, *END),
        "P-complex": datetime(2025, 11, 4, *END),
        "P-none": None,
    }


def test_the_calendar_says_where_the_schedule_is_not_announced() -> None:
    announced = {day.year: known for day, *_, known in REFERENCE.calendar}
    assert announced[2026]
    assert not announced[2030]
