"""Until when do the data speak, when nobody says so?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from etl.build import load
from tests import builders

AT = datetime(2025, 3, 3, 10)
DAY = timedelta(days=1)


def newest(folder: Path, *odd: builders.Record) -> datetime:
    """The as-of that a load of 2,000 cases in one month and some odd ones finds."""
    usual = [builders.case(f"A{n}", AT + (n % 28) * DAY) for n in range(2000)]
    delivery = builders.write_delivery(folder / "in", [*usual, *odd], [])
    return load(delivery, folder / "warehouse", now=datetime(2026, 11, 23)).pointer.as_of


def test_it_is_the_newest_time_of_the_files(tmp_path: Path) -> None:
    assert newest(tmp_path) == AT + 27 * DAY


def test_a_late_closing_moves_it(tmp_path: Path) -> None:
    late = AT + 27 * DAY + 45 * DAY
    assert newest(tmp_path, builders.case("late", AT, close_at=late)) == late


def test_a_mistyped_year_does_not(tmp_path: Path) -> None:
    assert newest(tmp_path, builders.case("typo", AT + 365 * DAY)) == AT + 27 * DAY
