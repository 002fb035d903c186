"""Is what a wall lists about open cases right, in order, and nothing more than it may say?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboard.ask import Ask
from dashboard.filters import Filters
from dashboard.watch import Matter
from tests import builders

NOW = builders.AS_OF
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
GRIDS = list(builders.GRIDS)

CASES = [
    # Conflicts have seven days: due 2, 1, 24 hours from now, a second beyond, and an hour ago.
    builders.case("two", NOW + 2 * HOUR - WEEK, grid_code=GRIDS[0], category="01", lead_department="D01"),
    builders.case("one", NOW + HOUR - WEEK, grid_code=GRIDS[1], level="red"),
    builders.case("day", NOW + DAY - WEEK, grid_code=GRIDS[4]),
    builders.case("beyond", NOW + DAY + timedelta(seconds=1) - WEEK, grid_code=GRIDS[0], level="red"),
    builders.case("past", NOW - HOUR - WEEK, level="red"),
    builders.case("closed", NOW + HOUR - WEEK, level="red", close_at=NOW - HOUR),
    builders.case("undated", NOW - 2 * WEEK, "P", level="red"),
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with builders.asking_about(tmp_path_factory.mktemp("watch"), CASES) as questions:
        yield questions


def test_what_is_due_within_a_day_is_listed_nearest_first(ask: Ask) -> None:
    found = ask.watch.due_within(24, filters=Filters())
    assert [matter.left for matter in found.rows] == [1, 2, 24]
    assert (found.total, found.rest) == (3, 0)


def test_what_does_not_fit_is_counted(ask: Ask) -> None:
    found = ask.watch.due_within(24, filters=Filters(), limit=1)
    assert ([matter.left for matter in found.rows], found.total, found.rest) == ([1], 3, 2)


def test_red_ones_are_listed_oldest_first_whether_or_not_they_have_a_deadline(ask: Ask) -> None:
    found = ask.watch.red(filters=Filters())
    assert [(matter.age, matter.left) for matter in found.rows] == [
        (14 * 24, None),
        (7 * 24 + 1, -1),
        (7 * 24 - 1, 1),
        (6 * 24 - 1 / 3600, 24 + 1 / 3600),
    ]


def test_the_filters_hold_and_nothing_is_nothing(ask: Ask) -> None:
    town = Filters(town=(GRIDS[4][:9],))
    assert [matter.left for matter in ask.watch.due_within(24, filters=town).rows] == [24]
    nothing = ask.watch.red(filters=town)
    assert (nothing.rows, nothing.total, nothing.rest) == ((), 0, 0)


def test_a_matter_is_told_in_words_and_what_is_unknown_is_empty(ask: Ask) -> None:
    two = ask.watch.due_within(24, filters=Filters()).rows[1]
    assert (two.kind_name, two.category_name, two.town_name, two.department_name) == (
        "矛盾",
        "婚姻家庭",
        "云溪镇",
        "县司法局",
    )
    assert (ask.watch.red(filters=Filters()).rows[0].town_name, two.level, two.level_name) == ("", "", "")


def test_a_matter_cannot_say_who_or_where_exactly() -> None:
    names = {field.name for field in dataclasses.fields(Matter)}
    assert names.isdisjoint({"case_id", "case_key", "title", "lon", "lat", "address", "people_involved", "amount_yuan"})
