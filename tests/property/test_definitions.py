"""Where product and written definition once parted ways: one smallest case each, so that they never do again.

All cases stand in one delivery, each in a grid of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.ask import Answer, Ask
from dashboard.filters import Filters
from etl.reference import Reference
from tests import builders

AT = datetime(2026, 3, 2, 10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = ("early", "changed", "paused", "contact", "session", "became", "renewed", "limit", "half", "twice", "shut")
PLACE = dict(zip(NAMES, builders.GRIDS, strict=False))

LIMITS = """P,general,dispatch_at,1,workday,2026-03-03,测试：三日起一个工作日
H,*,accept_at,0.5,day,2026-03-05,测试：五日起半日
"""


def cases() -> list[builders.Record]:
    found = [
        builders.case("early", AT, "P", dispatch_at=AT - 60 * DAY, close_at=AT + HOUR),
        builders.case("changed", datetime(2025, 10, 12), "D", prior_kind="C", kind_changed_at=datetime(2025, 10, 14)),
        builders.case("paused", AT - 60 * DAY),
        builders.case("contact", AT, "C", first_contact_at=builders.AS_OF + DAY),
        builders.case("session", AT, "D", session_planned_at=AT, session_held_at=builders.AS_OF + DAY),
        builders.case(
            "became",
            AT,
            "R",
            prior_kind="H",
            kind_changed_at=AT + 5 * DAY,
            report_at=AT,
            first_response_at=AT + 121 * HOUR,
        ),
        builders.case("renewed", AT),
        builders.case("limit", AT, "P", dispatch_at=AT + 2 * DAY),
        builders.case("half", AT + 4 * DAY, "H"),
        builders.case("twice", AT - 60 * DAY),
        builders.case("shut", AT - 60 * DAY),
    ]
    return [case | {"grid_code": PLACE[case["case_id"]]} for case in found]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("disagreements")
    log = [
        builders.step("paused", AT - 59 * DAY, "suspend", seq=1),
        builders.step("paused", AT - 58 * DAY, "close", seq=2),
    ]
    twice = ["suspend", "close", "reopen", "suspend", "resume", "close"]
    log += [builders.step("twice", AT - (59 - n) * DAY, action, seq=n) for n, action in enumerate(twice)]
    log += [builders.step("shut", AT - (59 - n) * DAY, action, seq=n) for n, action in enumerate(["close", "suspend"])]
    delivery = builders.write_delivery(folder / "in", cases(), log)
    grids = [{"grid_code": g, "village_code": v} for g, v in builders.GRIDS.items() if g != PLACE["renewed"]]
    versions = [(None, date(2026, 3, 10)), (date(2026, 3, 11), None)]
    grids += [
        {"grid_code": PLACE["renewed"], "village_code": PLACE["renewed"][:12], "valid_from": first, "valid_to": last}
        for first, last in versions
    ]
    builders.write_records(delivery / "grids.csv", "grids", grids)
    builders.load_quickly(delivery, folder / "warehouse", reference=_reference(folder / "reference"))
    with builders.asking(folder / "warehouse") as questions:
        yield questions


def _reference(folder: Path) -> Reference:
    """The shipped reference with two newer limits."""
    folder.mkdir()
    for path in builders.REFERENCE.iterdir():
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(
            text.rstrip("\n") + "\n" + (LIMITS if path.name == "limits.csv" else ""), "utf-8"
        )
    return Reference(folder)


def numbers(ask: Ask, name: str, *metrics: str, **filters: object) -> Answer:
    return ask.numbers(metrics, filters=Filters(grid=(PLACE[name],)).replace(**filters))


def due(ask: Ask, name: str) -> object:
    return ask._db.rows("select due_at from mart.fact_case where case_id = $name", {"name": name})[0][0]


def test_a_deadline_that_passed_before_the_case_was_accepted_was_not_kept(ask: Ask) -> None:
    """Dispatched 60 days before acceptance, closed an hour after it: closed > due, so a miss (K03)."""
    rate = numbers(ask, "early", "on_time_rate").only("on_time_rate")
    assert (rate.n, rate.N) == (0, 1)


def test_an_uncomputable_clock_belongs_to_the_period_of_acceptance(ask: Ask) -> None:
    """Accepted on 12 October, a dispute without an agreed session since the 14th."""
    day = {"since": date(2025, 10, 12), "until": date(2025, 10, 13)}
    assert numbers(ask, "changed", "wuhua_uncomputable", **day).only("wuhua_uncomputable").value == 1


def test_a_pause_ends_with_the_closing(ask: Ask) -> None:
    """Suspended on day 1, closed on day 2, never resumed: due on day 8 and kept; the deadline must not run on."""
    rate = numbers(ask, "paused", "on_time_rate").only("on_time_rate")
    assert (rate.n, rate.N) == (1, 1)


@pytest.mark.parametrize("name", ["contact", "session"])
def test_what_is_to_happen_tomorrow_has_not_stopped_a_clock_today(ask: Ask, name: str) -> None:
    """The limit passed on 3 March, the answer is written down for the day after the data: 超期未办, not 超期已办."""
    found = numbers(ask, name, "wuhua_missed", "wuhua_late")
    assert (found.only("wuhua_missed").value, found.only("wuhua_late").value) == (1, 0)


def test_each_kind_is_timed_for_the_interval_it_held(ask: Ask) -> None:
    """A hazard for five days, then a risk, answered within an hour of becoming one: met (domain.md section 3)."""
    assert numbers(ask, "became", "wuhua_met", kind=("R",)).only("wuhua_met").value == 1


def test_a_case_finds_its_grid_as_it_was_when_the_case_was_accepted(ask: Ask) -> None:
    """Accepted on 2 March; the grid's first version ended on the 10th."""
    assert ask._db.rows("select grid from mart.fact_case where case_id = 'renewed'") == [(PLACE["renewed"],)]


def test_a_new_limit_holds_for_clocks_that_start_from_its_day(ask: Ask) -> None:
    """Accepted on the 2nd, dispatched on the 4th; from the 3rd problems have one working day."""
    assert due(ask, "limit") == datetime(2026, 3, 5, 23, 59, 59)


def test_half_a_day_is_twelve_hours(ask: Ask) -> None:
    assert due(ask, "half") == AT + 4 * DAY + 12 * HOUR


def test_a_case_suspended_again_after_its_reopening_is_paused_again(ask: Ask) -> None:
    """Suspended on day 1, closed on 2, reopened on 3, suspended from 4 to 5: two days of pause, due on day 9."""
    assert due(ask, "twice") == AT - 51 * DAY


def test_a_closed_case_cannot_be_suspended(ask: Ask) -> None:
    """Closed on day 1, suspended on day 2 by mistake: due on day 7 and kept."""
    rate = numbers(ask, "shut", "on_time_rate").only("on_time_rate")
    assert (rate.n, rate.N) == (1, 1)
