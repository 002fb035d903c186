"""One case whose way a person can follow with a finger.

A matter (C: 7 days, contact within 24 h) of Sunday 1 March 2026, 08:00; data as of Saturday 14 March, 08:00.

1 Mar 08:00 accepted                          nobody has it
1 Mar 10:00 D01 gets it, signs at 11:00       2 h unowned
1 Mar 20:00 contacted                         12 of 24 h: met
2 Mar 10:00 D01 sends it back                 24 h at D01
3 Mar 10:00 D02 gets it, signs at 10:30       24 h unowned
3 Mar 12:00 D03 assists
5–6 Mar     suspended from 08:00 to 08:00     due 8 Mar 08:00 → 9 Mar 08:00
8 Mar 10:00 closed                            120 h at D02; closed at its deadline: met
10 Mar 10:00 reopened                         again with D02, past its deadline: overdue
11 Mar 10:00 D02 sends it back                24 h at D02; since then 70 h unowned
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from dashboard.ask import Ask
from dashboard.case_file import CaseFile
from tests import builders


def march(day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute)


CASE = builders.case("W1", march(1), "C", first_contact_at=march(1, 20), grid_code=next(iter(builders.GRIDS)))
LOG = [
    builders.step("W1", march(1), "accept"),
    builders.step("W1", march(1, 10), "dispatch", to_department="D01"),
    builders.step("W1", march(1, 11), "sign", from_department="D01"),
    builders.step("W1", march(1, 20), "contact", from_department="D01"),
    builders.step("W1", march(2, 10), "return", from_department="D01"),
    builders.step("W1", march(3, 10), "dispatch", to_department="D02"),
    builders.step("W1", march(3, 10, 30), "sign", from_department="D02"),
    builders.step("W1", march(3, 12), "dispatch", to_department="D03", role="assist"),
    builders.step("W1", march(5), "suspend", from_department="D02"),
    builders.step("W1", march(6), "resume", from_department="D02"),
    builders.step("W1", march(8, 10), "close", from_department="D02"),
    builders.step("W1", march(10, 10), "reopen"),
    builders.step("W1", march(11, 10), "return", from_department="D02"),
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("one_case")
    delivery = builders.write_delivery(folder / "in", [CASE], LOG)
    builders.load_quickly(delivery, folder / "warehouse")
    with builders.asking(folder / "warehouse") as questions:
        yield questions


@pytest.fixture(scope="module")
def file(ask: Ask) -> CaseFile:
    return ask.case("W1")


def test_who_had_it_and_how_long(file: CaseFile) -> None:
    assert [(h.department or "nobody", h.hours, h.end) for h in file.holdings] == [
        ("nobody", 2, "dispatched"),
        ("D01", 24, "returned"),
        ("nobody", 24, "dispatched"),
        ("D02", 120, "closed"),
        ("D02", 24, "returned"),
        ("nobody", 70, "open"),
    ]
    assert file.unowned_hours == 96
    assert [(a["department"], a["assigned_at"]) for a in file.assists] == [("D03", march(3, 12))]


def test_what_was_done_and_how_long_after_the_step_before(file: CaseFile) -> None:
    said = [(s["action_name"], s["from_department_name"], s["to_department_name"], s["gap_hours"]) for s in file.steps]
    assert said[0] == ("受理", "", "", None)
    assert said[5] == ("分派", "", "县住建局", 24)
    assert said[-1] == ("退回", "县住建局", "", 24)
    assert len(said) == len(LOG)


def test_which_clocks_ran(file: CaseFile) -> None:
    own, contact = file.clocks
    assert (own["clock"], own["start_at"], own["deadline_at"], own["stop_at"]) == ("due", march(1), march(9), None)
    assert (own["verdict"], own["limit_hours"]) == ("met", 168)
    assert own["elapsed"] == pytest.approx(1 + 5 / 7)
    assert (contact["name"], contact["verdict"], contact["elapsed"]) == ("矛盾及时化", "met", 0.5)
    assert (contact["deadline_at"], contact["stop_at"]) == (march(2), march(1, 20))
    assert [(p["from_at"], p["to_at"]) for p in file.pauses] == [(march(5), march(6))]


def test_what_the_case_is_now(file: CaseFile) -> None:
    assert (file.case["status_name"], file.case["reopen_cnt"], file.case["due0_at"]) == ("在办超期", 1, march(8))
    assert [(s.since, s.until, s.is_closed) for s in file.spells] == [
        (march(1), march(8, 10), True),
        (march(10, 10), march(14), False),
    ]
