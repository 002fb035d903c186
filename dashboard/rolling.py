"""Which days is “近90天” on another day? Rules that follow 数据截至, and how a chosen period can be read as one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from dashboard.filters import EARLIEST, LATEST

Period = tuple[date, date]
"""From the first day to the day after the last."""

FURTHEST = 20_000
DAYS = re.compile(r"days:(-?\d{1,5}):(-?\d{1,5})", re.ASCII)


class UnknownRuleError(ValueError):
    """The text is not one of the rules; it says so, for a person."""


def _month(today: date) -> Period:
    return today.replace(day=1), today + timedelta(days=1)


def _last_month(today: date) -> Period:
    after = today.replace(day=1)
    return (after - timedelta(days=1)).replace(day=1), after


def _year(today: date) -> Period:
    return today.replace(month=1, day=1), today + timedelta(days=1)


def _january_and_february(today: date) -> Period:
    return today.replace(month=1, day=1), min(today + timedelta(days=1), today.replace(month=3, day=1))


NAMED: dict[str, tuple[str, Callable[[date], Period]]] = {
    "month_to_date": ("本月至今", _month),
    "last_month": ("上月", _last_month),
    "year_to_date": ("今年至今", _year),
    "january_and_february": ("1–2月合并", _january_and_february),
}
"""Rule → its words and what it comes to on the day of the data."""


def days(first: int, after: int) -> str:
    """The rule for the days from `first` up to, not including, `after`; both counted from the day of the data."""
    return f"days:{first}:{after}"


def period(rule: str, today: date) -> Period:
    """The days that a rule comes to on the day of the data. Raises `UnknownRuleError`."""
    if rule in NAMED:
        return NAMED[rule][1](today)
    first, after = _offsets(rule)
    return _moved(today, first), _moved(today, after)


def _offsets(rule: str) -> tuple[int, int]:
    found = DAYS.fullmatch(rule)
    first, after = (int(found[1]), int(found[2])) if found else (0, 0)
    if not -FURTHEST <= first < after <= FURTHEST:
        raise UnknownRuleError(f"不认识的相对日期“{rule[:30]}”")
    return first, after


def _moved(today: date, by: int) -> date:
    """A day so many days on, within the calendar that the address can hold."""
    return min(max(today + timedelta(days=by), EARLIEST), LATEST)


def words(rule: str) -> str:
    """“近90天”, “上月”, “截至日前 30 天至前 1 天”. Raises `UnknownRuleError`."""
    if rule in NAMED:
        return NAMED[rule][0]
    first, after = _offsets(rule)
    return f"近{1 - first}天" if after == 1 and first <= 0 else f"{_day(first)}至{_day(after - 1)}"


def _day(offset: int) -> str:
    if offset == 0:
        return "截至日"
    return f"截至日{'前' if offset < 0 else '后'} {abs(offset)} 天"


def readings(since: date | None, until: date | None, today: date) -> tuple[str, ...]:
    """Every rule that comes to this period on the day of the data; none for a period open at an end."""
    if since is None or until is None:
        return ()
    found = [rule for rule, (_, make) in NAMED.items() if make(today) == (since, until)]
    first, after = (since - today).days, (until - today).days
    return (*found, days(first, after)) if max(abs(first), abs(after)) <= FURTHEST and first < after else tuple(found)
