"""What is a page of the wall? Panels as on a desk, in a frame that stays; and the period that all of them look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dash.development.base_component import Component

from dashboard.filters import Filters
from dashboard.page import Panel


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One page of the wall; `maps` are the prefixes of its county maps, drawn by assets/map.js."""

    key: str
    frame: Callable[[], Component]
    panels: tuple[Panel, ...]
    maps: tuple[str, ...] = ()


def today(filters: Filters) -> Filters:
    """The last day of a rolling period: the day of the data."""
    if filters.until is None:
        raise ValueError("a rolling period has an end")
    return filters.shifted(since=filters.until - timedelta(days=1), until=filters.until)


def days(filters: Filters) -> int:
    """How many days a rolling period has."""
    if filters.since is None or filters.until is None:
        raise ValueError("a rolling period has a beginning and an end")
    return (filters.until - filters.since).days
