"""Which day is the same day of 春节 a year before? The festival is day 0; only its date is used."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "data" / "reference" / "spring_festival.csv"

REACH = 30
"""Days before and after 春节 within which days are aligned by it."""


class FestivalFileError(Exception):
    """The file of festival days cannot be used; the text says why, for a person."""


@cache
def days(path: Path = FILE) -> dict[int, date]:
    """Year → 春节. Raises `FestivalFileError` for a file that is missing, odd, or names a year twice."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            found = [date.fromisoformat(row["day"]) for row in csv.DictReader(handle)]
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise FestivalFileError(f"春节日期表 {path} 无法读取（{error}）：应有一列 day，写作 2026-02-17") from error
    years = {day.year: day for day in found}
    if len(years) != len(found):
        raise FestivalFileError(f"春节日期表 {path} 中有年份出现两次")
    return years


def offset(since: date, until: date) -> tuple[date, date] | None:
    """The 春节 that the days since ≤ day < until lie around, and the one before; none where a day lies too far away."""
    known = days()
    for festival in known.values():
        before = known.get(festival.year - 1)
        reach = timedelta(days=REACH)
        if before and festival - reach <= since and until - timedelta(days=1) <= festival + reach:
            return festival, before
    return None


def latest(today: date) -> date | None:
    """The last 春节 whose alignment has begun by today: its T−30 is not in the future."""
    begun = [day for day in days().values() if day - timedelta(days=REACH) <= today]
    return max(begun, default=None)
