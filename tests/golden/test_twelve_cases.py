"""A county of twelve cases whose numbers a person can check with a pencil.

Data as of Saturday 14 March 2026, 08:00; the period is 1–13 March (since 2026-03-01, until 2026-03-14).

no  kind  accepted      limit             due             closed          kept     what else
01  C     1 Mar 08:00   7 d               8 Mar 08:00     5 Mar 08:00     yes      contact after 3 h: met; satisfied
02  C     1 Mar 08:00   7 d               8 Mar 08:00     8 Mar 08:00     yes      at due; no contact: late; mostly
03  C     1 Mar 08:00   7 d               8 Mar 08:00     8 Mar 08:00:01  no       contact after 24 h: met
04  C     2 Mar 08:00   7 d               9 Mar 08:00     -               no       five days overdue; missed
05  D     20 Feb 08:00  20 d + 2 d pause  14 Mar 08:00    13 Mar 08:00    not due  due = the data's time; met
06  D     20 Feb 08:00  20 d + 1 d more   13 Mar 08:00    12 Mar 20:00    yes      first due 12 Mar missed; met
07  D     21 Feb 08:00  20 d              13 Mar 08:00    1 Mar 08:00     no       reopened at its due; late
08  P     4 Mar 10:00   1 workday         5 Mar 23:59:59  5 Mar 23:59:59  yes      signed after 2 h
09  P     6 Mar 17:00   1 workday         9 Mar 23:59:59  10 Mar 00:00    no       D01 returned it, then D02
10  P     7 Mar 10:00   -                 -               -               -        not dispatched: uncomputable
11  R     10 Mar 22:00  3 d               13 Mar 22:00    -               no       red, 30 min from 21:50: met
12  H     13 Mar 12:00  7 d               20 Mar 12:00    -               not due  24 h from 11:00: due soon

The last column says how the case's 化 stands: met, late or missed.

Round the loop: 01, 02, 04, 08 and 09 were dispatched (09 came back once), all but 04 are closed, 01 and 02 called back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from dashboard.ask import Ask
from dashboard.filters import Filters
from tests import builders, oracle
from tests.property import compare

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
PERIOD = {"since": date(2026, 3, 1), "until": date(2026, 3, 14)}
GRIDS = list(builders.GRIDS)


def march(day: int, hour: int = 8, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second)


def february(day: int) -> datetime:
    return datetime(2026, 2, day, 8)


GOOD = {"close_type": "resolved", "callback_valid": True, "close_level": "grid"}
CASES = [
    builders.case(
        "01", march(1), "C", first_contact_at=march(1, 11), close_at=march(5), satisfaction="satisfied", **GOOD
    ),
    builders.case("02", march(1), "C", close_at=march(8), satisfaction="mostly", **GOOD),
    builders.case("03", march(1), "C", first_contact_at=march(2), close_at=march(8) + SECOND, close_type="unresolved"),
    builders.case("04", march(2), "C", supervision="1"),
    builders.case("05", february(20), "D", session_planned_at=march(2), session_held_at=march(3, 23, 59, 59)),
    builders.case("06", february(20), "D", session_planned_at=march(6), session_held_at=march(9)),
    builders.case("07", february(21), "D", session_planned_at=february(28), session_held_at=february(28)),
    builders.case("08", march(4, 10), "P", complexity="simple", dispatch_at=march(4, 10), close_type="withdrawn"),
    builders.case("09", march(6, 17), "P", complexity="simple", dispatch_at=march(6, 17), close_type="resolved"),
    builders.case("10", march(7, 10), "P", discovery="complaint"),
    builders.case(
        "11", march(10, 22), "R", level="red", report_at=march(10, 21, 50), first_response_at=march(10, 22, 20)
    ),
    builders.case("12", march(13, 12), "H", report_at=march(13, 11), discovery="self"),
]
LOOP = {
    "01": {"channel": "01", "report_at": march(1, 7), "dispatch_at": march(1, 10), "callback_at": march(6)},
    "02": {"channel": "01", "dispatch_at": march(1, 9)},
    "03": {"channel": "04"},
    "04": {"dispatch_at": march(2, 9)},
    "08": {"report_at": march(4, 9)},
}
CASES = [case | {"grid_code": grid} | LOOP.get(case["case_id"], {}) for case, grid in zip(CASES, GRIDS, strict=True)]
LOG = [
    builders.step("02", march(8, 9), "callback"),
    builders.step("05", march(10), "suspend"),
    builders.step("05", march(12), "resume"),
    builders.step("05", march(13), "close"),
    builders.step("06", march(12), "extension", extension_amount=1),  # exactly at the first deadline: in time
    builders.step("06", march(12, 20), "close"),
    builders.step("07", march(1), "close"),
    builders.step("07", march(13), "reopen"),  # exactly at the deadline: open at its deadline
    builders.step("08", march(4, 10), "dispatch", to_department="D01"),
    builders.step("08", march(4, 11), "dispatch", to_department="D03", role="assist"),
    builders.step("08", march(4, 12), "sign", from_department="D01"),
    builders.step("08", march(5, 23, 59, 59), "close"),
    builders.step("09", march(6, 17), "dispatch", to_department="D01"),
    builders.step("09", march(6, 18), "return", from_department="D01"),
    builders.step("09", march(6, 19), "dispatch", to_department="D02"),
    builders.step("09", march(6, 21, 0, 1), "sign", from_department="D02"),
    builders.step("09", march(10, 0), "close"),
]

COUNTS = {
    "accepted": 9,  # 01–04, 08–12
    "closed": 8,  # 01, 02, 03, 05, 06, 07 (first closing), 08, 09
    "open": 5,  # 04, 07, 10, 11, 12
    "overdue_open": 3,  # 04, 07, 11
    "wuhua_met": 6,  # 01, 03, 05, 06, 08, 11 ─ 08 closed at its due
    "wuhua_late": 3,  # 02 (stopped by its closing), 07 (reopened within 30 days), 09
    "wuhua_missed": 1,  # 04
    "wuhua_due_soon": 1,  # 12: due 11:00 today, and a fifth of 24 h before that has begun
    "wuhua_not_due": 0,
    "wuhua_uncomputable": 1,  # 10
}
RATES = {
    "closure_rate": (5, 9),  # 01, 02, 03, 08, 09
    "on_time_rate": (4, 9),  # due in period: 01–04, 06, 07, 08, 09, 11; kept: 01, 02, 06, 08
    "on_time_rate_original": (3, 10),  # 05 (12 March) counts here; 06 not closed by 12 March
    "overdue_rate": (5, 9),
    "sign_on_time_rate": (1, 3),  # 08 at exactly 2 h; 09 returned unsigned; 09 again one second late
    "return_rate": (1, 3),
    "extension_rate": (1, 9),
    "resolution_rate": (3, 4),  # 01, 02, 09 of 01, 02, 03, 09
    "callback_rate": (2, 8),
    "satisfaction_rate": (1.9, 2),
    "reopen_rate": (1, 8),
    "closed_in_grid_rate": (2, 8),
    "supervised_rate": (1, 9),
    "self_found_rate": (1, 2),
    "uncomputable_rate": (1, 9),
    "repeat_rate": (0, 9),
    "late_entry_rate": (0, 0),
    "wuhua_on_time_rate": (6, 10),
    "loop_self_reported_rate": (2, 9),
    "loop_dispatched_rate": (5, 9),
    "loop_right_first_rate": (4, 5),
    "loop_handled_rate": (4, 5),
    "loop_assisted_rate": (1, 5),
    "loop_late_rate": (1, 5),
    "loop_traced_rate": (2, 4),
    "loop_complete_rate": (1, 4),  # 08 alone has a report and a sign-on
    "loop_whole_rate": (2, 9),
}
LOOP_HOURS = {
    "loop_accept_hours": 1,  # 11 in ten minutes; 01, 08, 12 in an hour
    "loop_dispatch_hours": 1,  # 08, 09 at once; 02, 04 in an hour; 01 in two
    "loop_handle_hours": (79 + 94) / 2,  # 08 a second short of 38, 09 79, 01 94, 02 167
    "loop_callback_hours": (1 + 24) / 2,
}
# Open hours of the eight closings in order; the fourth is 21 days less 2 days paused, the fifth 20.5 days.
HOURS = sorted([96, 168, 168 + 1 / 3600, 456, 492, 192, 38 - 1 / 3600, 79])


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("twelve")
    delivery = builders.write_delivery(folder / "in", CASES, LOG)
    builders.load_quickly(delivery, folder / "warehouse")
    with builders.asking(folder / "warehouse") as questions:
        yield questions


@pytest.mark.parametrize("key", COUNTS)
def test_a_count_is_what_the_fingers_say(ask: Ask, key: str) -> None:
    assert ask.numbers([key], filters=Filters(**PERIOD)).only(key).value == COUNTS[key]


@pytest.mark.parametrize("key", RATES)
def test_a_rate_is_what_the_fingers_say(ask: Ask, key: str) -> None:
    got = ask.numbers([key], filters=Filters(**PERIOD)).only(key)
    assert (got.n, got.N) == RATES[key]


def test_handling_hours_leave_out_pauses(ask: Ask) -> None:
    got = ask.numbers([f"handling_hours_{s}" for s in ("median", "p90", "mean")], filters=Filters(**PERIOD))
    assert got.only("handling_hours_median").value == pytest.approx((HOURS[3] + HOURS[4]) / 2)
    assert got.only("handling_hours_p90").value == pytest.approx(HOURS[6] + 0.3 * (HOURS[7] - HOURS[6]))
    assert got.only("handling_hours_mean").value == pytest.approx(sum(HOURS) / 8)


@pytest.mark.parametrize("key", LOOP_HOURS)
def test_a_step_of_the_loop_takes_the_middle_case_s_time(ask: Ask, key: str) -> None:
    assert ask.numbers([key], filters=Filters(**PERIOD)).only(key).value == pytest.approx(LOOP_HOURS[key])


def test_the_stock_of_a_past_moment_is_the_stock_of_that_moment(ask: Ask) -> None:
    """Open at the end of 1 March: 01–03, 05 and 06; at the end of 8 March: 04–06, 09 and 10, none of them overdue.

    A day later it is the same five, with 04 and, for the day's last second, 09 overdue.
    """
    for until, open_, overdue in ((date(2026, 3, 2), 5, 0), (date(2026, 3, 9), 5, 0), (date(2026, 3, 10), 5, 2)):
        got = ask.numbers(["open", "overdue_open"], filters=Filters(until=until))
        assert (got.only("open").value, got.only("overdue_open").value) == (open_, overdue), until


def test_a_matter_five_days_late_is_counted_among_four_to_seven(ask: Ask) -> None:
    """On 14 March, 08:00: case 04 five days late, 07 one day, 11 ten hours."""
    rows = ask.numbers(["overdue_open"], by=("overdue_age",), filters=Filters()).rows
    assert {r.codes[0]: r.values["overdue_open"].value for r in rows if r.values["overdue_open"].value} == {
        "1-3": 2,
        "4-7": 1,
    }


def test_a_clock_stopped_at_its_limit_is_in_the_last_bin_on_time(ask: Ask) -> None:
    """Case 03: contacted after exactly 24 of 24 hours."""
    rows = ask.numbers(["wuhua_met"], by=("elapsed_bin",), filters=Filters(grid=(GRIDS[2],))).rows
    assert [r.labels[0] for r in rows if r.values["wuhua_met"].value] == ["0.9–1.0"]


def test_dispatches_belong_to_the_department_they_went_to(ask: Ask) -> None:
    rows = ask.numbers(["return_rate"], by=("department",), filters=Filters(**PERIOD)).rows
    found = {r.codes[0]: (r.values["return_rate"].n, r.values["return_rate"].N) for r in rows}
    assert (found["D01"], found["D02"]) == ((1, 2), (0, 1))


def test_the_oracle_agrees_with_the_pencil() -> None:
    county = oracle.County(grids=builders.GRIDS, villages=builders.VILLAGES)
    answers = oracle.Oracle(oracle.lives(CASES, LOG, county=county, as_of=builders.AS_OF))
    span = compare.span_of(PERIOD["since"], PERIOD["until"])
    assert {key: answers.number(key, span=span).value for key in COUNTS} == COUNTS
    assert {k: (answers.number(k, span=span).n, answers.number(k, span=span).N) for k in RATES} == RATES
    assert {k: answers.number(k, span=span).value for k in LOOP_HOURS} == pytest.approx(LOOP_HOURS)
