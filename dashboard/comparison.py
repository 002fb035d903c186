"""What is a period compared with, and did anything really change?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Literal

from dashboard import words
from dashboard.filters import Filters
from dashboard.metrics.catalog import Metric
from dashboard.metrics.values import Value

Direction = Literal["up", "down", "flat"]
Verdict = Literal["better", "worse", "plain"]

SAME_POINTS = 0.0005
"""Two shares closer than this print the same one decimal: 持平."""


@dataclass(frozen=True)
class Span:
    """Whole days: since ≤ day < until."""

    since: date
    until: date

    def named(self, than: Span | None = None) -> str:
        """Both ends inclusive, in words; with the year where it differs from another span's."""
        text = words.day_span(self.since, self.until - timedelta(days=1))
        is_other_year = than is not None and self.since.year != than.since.year
        return f"{self.since.year}年{text}" if is_other_year and "年" not in text else text


@dataclass(frozen=True)
class Spans:
    """A period up to the data, and the two it is compared with, equally long."""

    now: Span
    previous: Span
    last_year: Span
    is_running: bool


@dataclass(frozen=True)
class Change:
    """A difference put into words, a direction and a verdict."""

    direction: Direction
    verdict: Verdict
    text: str


def spans(filters: Filters, as_of: datetime) -> Spans | None:
    """The spans to compare; none for an open-ended question. A running period is cut at the day of the data."""
    if filters.since is None:
        return None
    data_end = as_of.date() + timedelta(days=1)
    until = min(filters.until or data_end, data_end)
    if until <= filters.since:
        return None
    now = Span(filters.since, until)
    running = filters.until is None or filters.until >= data_end
    return Spans(now, _previous(now, filters.until), _year_before(now), running)


def _previous(now: Span, asked_until: date | None) -> Span:
    days = now.until - now.since
    month_end = _first_of_next_month(now.since)
    if now.since.day == 1 and asked_until == month_end:
        first = (now.since - timedelta(days=1)).replace(day=1)
        last = now.since if now.until == month_end else min(first + days, now.since)
        return Span(first, last)
    return Span(now.since - days, now.since)


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _year_before(now: Span) -> Span:
    return Span(_a_year_earlier(now.since), _a_year_earlier(now.until))


def _a_year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


def change(metric: Metric, now: Value, before: Value) -> Change | None:
    """How a value moved; none where either side has no number to compare."""
    if now.state != "ok" or before.state != "ok" or now.value is None or before.value is None:
        return None
    direction = _direction(metric, now.value, before.value)
    return Change(direction, _verdict(metric, direction), _text(metric, now.value, before.value))


def _direction(metric: Metric, now: float, before: float) -> Direction:
    if metric.kind == "rate":
        moved = now - before
        return "flat" if abs(moved) < SAME_POINTS else "up" if moved > 0 else "down"
    if metric.kind == "duration":
        moved = now - before
        return "flat" if abs(moved) < 0.01 * max(before, 1.0) else "up" if moved > 0 else "down"
    # Counts: the Poisson score 2(√now − √before); within ±1 it is chance.
    score = 2 * (sqrt(max(now, 0.0)) - sqrt(max(before, 0.0)))
    return "up" if score > 1 else "down" if score < -1 else "flat"


def _verdict(metric: Metric, direction: Direction) -> Verdict:
    if direction == "flat" or metric.better == "neither":
        return "plain"
    return "better" if metric.better == direction else "worse"


def _text(metric: Metric, now: float, before: float) -> str:
    if metric.kind == "rate":
        return words.points_change(now, before)
    if metric.kind == "duration":
        return words.duration_change(now, before)
    return words.count_change(now, before)
