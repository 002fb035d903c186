"""What did the reader just do, and what are the filters then? Every click and control ends here, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

from dashboard.filters import DIMENSIONS, VIEW_KEYS, Filters

ALL_TIME = Filters(metric="accepted")
"""A bare path opens with the default period, so “all time, nothing chosen” needs a query of its own."""

_BELOW = {"town": ("village", "grid"), "village": ("grid",)}
"""Choosing another place lets go of what lies inside the old one."""

MOST_FIELDS = 50


def apply(filters: Filters, intent: Mapping[str, Any]) -> Filters:
    """The filters after an intent: one of {"pick": "town:…,kind:…"}, {"drop": "town:…"},
    {"set": "town=…&village="} or {"period": ["2026-03-01", "2026-03-14"]} (both days inclusive; [] for all time).
    """
    if isinstance(intent.get("pick"), str):
        return pick(filters, _pairs(intent["pick"]))
    if isinstance(intent.get("drop"), str):
        return drop(filters, _pairs(intent["drop"]))
    if isinstance(intent.get("period"), list) and all(isinstance(day, str) for day in intent["period"]):
        return period(filters, intent["period"])
    if isinstance(intent.get("set"), str):
        return assign(filters, _fields(intent["set"]))
    return filters


def _fields(text: str) -> list[tuple[str, str]]:
    """The keys and values of a query string; none where there are more than a page sets."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return []


def _pairs(text: str) -> list[tuple[str, str]]:
    found = [part.partition(":") for part in text.split(",")]
    return [(dimension, code) for dimension, _, code in found if dimension in DIMENSIONS and code]


def _emptied(dimension: str) -> dict[str, tuple[str, ...]]:
    """The places inside a dimension, let go."""
    return dict.fromkeys(_BELOW.get(dimension, ()), ())


def pick(filters: Filters, pairs: Sequence[tuple[str, str]]) -> Filters:
    """Choose these codes; all of them chosen already lets them go."""
    if all(filters.values(dimension) == (code,) for dimension, code in pairs):
        for dimension, _ in pairs:
            filters = filters.replace(**{dimension: ()})
        return filters
    for dimension, code in pairs:
        filters = filters.replace(**{dimension: (code,)}, **_emptied(dimension))
    return filters


def drop(filters: Filters, pairs: Sequence[tuple[str, str]]) -> Filters:
    """Let single codes go."""
    for dimension, code in pairs:
        rest = tuple(chosen for chosen in filters.values(dimension) if chosen != code)
        filters = filters.replace(**{dimension: rest})
    return filters


def assign(filters: Filters, pairs: Sequence[tuple[str, str]]) -> Filters:
    """Set keys to exactly these values; an empty value clears the key."""
    wanted: dict[str, list[str]] = {}
    for key, value in pairs:
        wanted.setdefault(key, []).extend([value] if value else [])
    for key, values in wanted.items():
        if key in DIMENSIONS:
            filters = filters.replace(**{key: tuple(values)})
        elif key in VIEW_KEYS:
            filters = filters.replace(**{key: values[-1] if values else ""})
    return filters


def choose(filters: Filters, dimension: str, codes: Sequence[str] | None) -> Filters:
    """What a control says about one dimension; one that only repeats the choice lets go of nothing inside it."""
    if set(codes or ()) == set(filters.values(dimension)):
        return filters
    return filters.replace(**{dimension: tuple(codes or ())}, **_emptied(dimension))


def period(filters: Filters, days: Sequence[str | None] | None) -> Filters:
    """What the period control says; half a choice changes nothing, an empty one means all time."""
    first, last = [*(days or ()), None, None][:2]
    if not first and not last:
        return filters.shifted(since=None, until=None)
    if not first or not last:
        return filters
    try:
        since, until = date.fromisoformat(first[:10]), date.fromisoformat(last[:10]) + timedelta(days=1)
    except (ValueError, OverflowError):
        return filters
    return filters.shifted(since=since, until=until) if since < until else filters


def query(filters: Filters) -> str:
    """The query string of a state; never empty."""
    return filters.to_query() or ALL_TIME.to_query()
