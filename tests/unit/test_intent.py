"""What a click or a control does to the filters."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from dashboard import intent
from dashboard.components import filter_bar
from dashboard.filters import Filters, parse

NOW = Filters(since=date(2026, 1, 1), until=date(2026, 2, 1))


def test_a_click_chooses_and_a_second_click_lets_go() -> None:
    once = intent.apply(NOW, {"pick": "department:D02"})
    assert once.department == ("D02",)
    assert intent.apply(once, {"pick": "department:D02"}) == NOW


def test_a_click_on_two_dimensions_chooses_both_and_lets_both_go() -> None:
    once = intent.apply(NOW, {"pick": "town:990108100,kind:R"})
    assert (once.town, once.kind) == (("990108100",), ("R",))
    assert intent.apply(once, {"pick": "town:990108100,kind:R"}) == NOW


def test_another_town_lets_go_of_the_village_inside_the_old_one() -> None:
    inside = NOW.replace(town=("990108100",), village=("990108100001",), grid=("990108100001001",))
    assert intent.apply(inside, {"pick": "town:990108200"}) == NOW.replace(town=("990108200",))
    assert intent.choose(inside, "town", ["990108200"]) == NOW.replace(town=("990108200",))


def test_a_control_that_repeats_the_choice_lets_go_of_nothing() -> None:
    inside = NOW.replace(town=("990108100",), village=("990108100001",))
    assert intent.choose(inside, "town", ["990108100"]) == inside
    assert intent.choose(NOW, "town", None) == NOW


def test_a_control_does_not_speak_before_it_is_asked() -> None:
    """A MultiSelect without a value sends one as soon as it is there, and wipes out the place in the address."""
    controls = [part for part in filter_bar.bar({}, datetime(2026, 3, 14))._traverse() if hasattr(part, "searchable")]
    assert len(controls) == len(filter_bar.CONTROLS)
    assert all(control.value == [] for control in controls)


def test_a_chip_lets_go_of_one_code_only() -> None:
    two = NOW.replace(kind=("R", "H"))
    assert intent.apply(two, {"drop": "kind:R"}).kind == ("H",)


def test_set_assigns_and_clears() -> None:
    found = intent.apply(
        NOW.replace(town=("1",), layer="grid"), {"set": "town=&layer=&severity=general&severity=major"}
    )
    assert found == NOW.replace(severity=("general", "major"))


@pytest.mark.parametrize("wish", [{}, {"pick": "nothing:1"}, {"set": "password=1"}, {"pick": 3}, {"drop": "town:"}])
def test_what_is_not_understood_changes_nothing(wish: dict[str, object]) -> None:
    assert intent.apply(NOW, wish) == NOW


def test_the_period_control_counts_its_last_day_in() -> None:
    assert intent.period(NOW, ["2026-03-01", "2026-03-14"]) == Filters(since=date(2026, 3, 1), until=date(2026, 3, 15))
    assert intent.period(NOW, ["2026-03-01", None]) == NOW
    assert intent.period(NOW, ["2026-03-14", "2026-03-01"]) == NOW
    assert intent.period(NOW, ["yesterday", "today"]) == NOW
    assert intent.period(NOW, [None, None]) == Filters()
    assert intent.period(NOW, None) == Filters()


def test_a_state_never_has_an_empty_address() -> None:
    assert intent.query(Filters()) == "metric=accepted"
    assert parse(intent.query(NOW)).filters == NOW
