"""What may be said of counts of people? The single exit for protected counts: nobody is singled out by what is shown.

Method, after the OpenSAFELY rules (hide 1–4, round the rest to 5, rates from rounded parts) and SmallCountRounding
(decide once, and answer everything from that; Langsrud and Heldal 2018):

1. One calendar month and care group at a time, villages within towns within the county: counts lie in bands. 0 is said,
   1–4 is “<5”, 5–7 is 5, 8–12 is 10 and so on. How many were visited is only said where “due” is a number.
2. A total's band is merged with its neighbour until, whatever the band says, no count of 1–4 under it (due, visited or
   not visited) has a single possible value: this is the secondary suppression. Which bands merge follows from what is
   published below, never from the total itself, so the merging tells nothing.
3. Everything else (several groups, places or months) is added up from these published cells. So neither filters nor
   date ranges hold anything that the cells do not, and a cell is the same in every view. There is no noise.

What a reader can deduce is exact, not estimated. Visited, not visited and their sum within bounds are a generalised
polymatroid: sums of such add their bounds, and whole numbers attain those left after one pass down the tree (Frank
1984). `possible` is that deduction; tests/security/test_disclosure.py holds it against a solver, and against every
table there is of a small county. Not covered: what a reader knows from elsewhere, or assumes of a person over months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.metrics.values import NO_DATA, Value

Band = tuple[int, int]
"""Least and most of what a published number may stand for."""

Bounds = NDArray[np.int64]
"""(…, 2, 3): least and most of (visited, not visited, due)."""

DONE, MISSED, DUE = range(3)


@dataclass(frozen=True)
class Rules:
    """Counts from 1 to `threshold` − 1 are hidden, larger ones rounded to `base`, the same for every reader."""

    threshold: int
    base: int

    def bands(self, least: int, most: int) -> list[Band]:
        """The bands that lie in least … most, cut to it."""
        found: list[Band] = []
        start = least
        while start <= most:
            end = min(self._end(start), most)
            found.append((start, end))
            start = end + 1
        return found

    def _end(self, count: int) -> int:
        if count == 0:
            return 0
        if count < self.threshold:
            return self.threshold - 1
        return self.rounded(count) + (self.base - 1) // 2

    def rounded(self, count: float) -> int:
        """The nearest multiple of `base`, halves upwards."""
        return int((count + self.base / 2) // self.base) * self.base

    def said(self, band: Band) -> Value:
        """What is published of a count in this band: a number, or hidden and under what."""
        least, most = band
        if most == 0:
            return Value(0)
        if 0 < most < self.threshold or most - least >= self.base + self.base // 2:
            return Value(None, state="hidden", below=most + 1)
        return Value(max(self.rounded((least + most) / 2), self.base))


@dataclass(frozen=True)
class Pair:
    """What is said of a cell: persons due for a visit, and of them visited."""

    due: Value
    done: Value


@dataclass
class Node:
    """A village, a town or the county in one month and group: its true counts, and what is published of it.

    `parts` are its children's bounds, once these are published.
    """

    due: int
    done: int
    children: list[Node] = field(default_factory=list)
    bounds: Bounds = field(default_factory=lambda: np.zeros((2, 3), dtype=np.int64))
    said: Pair = Pair(NO_DATA, NO_DATA)
    parts: Bounds = field(default_factory=lambda: np.zeros((0, 2, 3), dtype=np.int64))


# --- what can be deduced ------------------------------------------------------------------------------------------


def tightened(bounds: Bounds) -> Bounds:
    """The same bounds after visited + not visited = due is taken into account."""
    least, most = bounds[..., 0, :], bounds[..., 1, :]
    found = bounds.copy()
    found[..., 0, DUE] = np.maximum(least[..., DUE], least[..., DONE] + least[..., MISSED])
    found[..., 1, DUE] = np.minimum(most[..., DUE], most[..., DONE] + most[..., MISSED])
    for one, other in ((DONE, MISSED), (MISSED, DONE)):
        found[..., 0, one] = np.maximum(least[..., one], least[..., DUE] - most[..., other])
        found[..., 1, one] = np.minimum(most[..., one], most[..., DUE] - least[..., other])
    return found


def possible(children: Bounds, total: Bounds) -> Bounds:
    """The bounds of the parts of a total, given those of the total: a part is the total less the others."""
    others = children.sum(axis=0) - children
    found = children.copy()
    found[:, 0] = np.maximum(children[:, 0], total[0] - others[:, 1])
    found[:, 1] = np.minimum(children[:, 1], total[1] - others[:, 0])
    return tightened(found)


def is_safe(node: Node, bounds: Bounds, *, threshold: int) -> bool:
    """Does no count of 1 … threshold − 1 at or under the node have one possible value, if these are its bounds?"""
    if _pins(bounds, threshold):
        return False
    if not node.children or _leaves_free(node.parts, bounds):
        return True
    after = possible(node.parts, bounds)
    moved = (after != node.parts).any(axis=(1, 2))
    return all(
        is_safe(child, narrowed, threshold=threshold)
        for child, narrowed, has_moved in zip(node.children, after, moved, strict=True)
        if has_moved
    )


def _leaves_free(parts: Bounds, total: Bounds) -> bool:
    """Does the total say nothing of any part, being far enough from the least and the most they can come to?"""
    widest = (parts[:, 1] - parts[:, 0]).max(axis=0)
    least, most = parts.sum(axis=0)
    return bool(((total[1] >= least + widest) & (total[0] <= most - widest)).all())


def _pins(bounds: Bounds, threshold: int) -> bool:
    least, most = bounds[0], bounds[1]
    return bool(((least == most) & (least > 0) & (least < threshold)).any())


# --- what is published --------------------------------------------------------------------------------------------


def merged(bands: Sequence[Band], allows: Callable[[Band], bool]) -> list[Band]:
    """The bands, each that is not allowed put together with a neighbour, until all are or one is left."""
    found = list(bands)
    place = 0
    while place < len(found) and len(found) > 1:
        if allows(found[place]):
            place += 1
            continue
        place = max(place - 1, 0)
        found[place : place + 2] = [(found[place][0], found[place + 1][1])]
    return found


def publish(node: Node, rules: Rules) -> None:
    """Say what may be said of a node and all under it, from the villages upwards."""
    if not node.children:
        node.bounds, node.said = _alone(node.due, node.done, rules)
        return
    for child in node.children:
        publish(child, rules)
    node.parts = np.stack([child.bounds for child in node.children])
    node.bounds, node.said = _published(node, np.asarray(node.parts.sum(axis=0), dtype=np.int64), rules)


@lru_cache(maxsize=4096)
def _alone(due: int, done: int, rules: Rules) -> tuple[Bounds, Pair]:
    """A village: what is said of it follows from its own counts."""
    # Bands beyond the next one say nothing about this one.
    most = due + rules.threshold + 2 * rules.base
    return _published(Node(due, done), np.array([[0, 0, 0], [most] * 3], dtype=np.int64), rules)


def _published(node: Node, bounds: Bounds, rules: Rules) -> tuple[Bounds, Pair]:
    """What a reader knows after it is said, and what is said; `bounds` are what was known before."""
    bounds = _with(bounds, DUE, _place(node, bounds, DUE, node.due, rules))
    due = rules.said((int(bounds[0, DUE]), int(bounds[1, DUE])))
    if due.value is None:
        return bounds, Pair(due, due)
    bounds = _with(bounds, DONE, _place(node, bounds, DONE, node.done, rules))
    done = rules.said((int(bounds[0, DONE]), int(bounds[1, DONE])))
    return bounds, Pair(due, _capped(done, due.value))


def _capped(done: Value, due: float) -> Value:
    return done if done.value is None else Value(min(done.value, due))


def _place(node: Node, bounds: Bounds, number: int, count: int, rules: Rules) -> Band:
    """The band, merged where it must be, that the count lies in."""

    def allows(band: Band) -> bool:
        return is_safe(node, _with(bounds, number, band), threshold=rules.threshold)

    bands = merged(rules.bands(int(bounds[0, number]), int(bounds[1, number])), allows)
    return next(band for band in bands if band[0] <= count <= band[1])


def _with(bounds: Bounds, number: int, band: Band) -> Bounds:
    found = bounds.copy()
    found[:, number] = band
    return tightened(found)


# --- answers ------------------------------------------------------------------------------------------------------

NOBODY = Pair(Value(0), Value(0))


class Cube:
    """The published cells of one snapshot: (place, group, month) → what is said. `months` are those with data."""

    def __init__(self, cells: Mapping[tuple[str, str, date], Pair], rules: Rules) -> None:
        self._cells = dict(cells)
        self._rules = rules
        self.months = tuple(sorted({month for _, _, month in self._cells}))

    def parts(self, places: Iterable[str], groups: Sequence[str], months: Sequence[date]) -> list[Pair]:
        """The cells of these places, groups and months; none for a month without data."""
        known = [month for month in months if month in self.months]
        return [self._cells.get((p, g, m), NOBODY) for p in places for g in groups for m in known]

    def total(self, parts: Sequence[Pair]) -> Pair:
        """Cells added up; one cell is itself."""
        return Pair(self._sum([part.due for part in parts]), self._sum([part.done for part in parts]))

    def _sum(self, values: Sequence[Value]) -> Value:
        """The sum of published numbers; a hidden one counts as the middle of what it may be.

        Hidden where what is hidden could be more than what is listed.
        """
        if not values:
            return NO_DATA
        said = [value for value in values if value.value != 0] or [Value(0)]
        if len(said) == 1:
            return said[0]
        listed = [value.value for value in said if value.value is not None]
        most = [value.below - 1 for value in said if value.value is None]
        if most and sum(listed) < sum(most):
            return Value(None, state="hidden")
        return Value(self._rules.rounded(sum(listed) + sum(most) / 2))

    def coverage(self, parts: Sequence[Pair], *, min_n: int) -> Value:
        """Visited of due, over the cells that list both; hidden where these are less than half of all."""
        both = [(p.done.value, p.due.value) for p in parts if p.done.value is not None and p.due.value is not None]
        n, total = sum(done for done, _ in both), sum(due for _, due in both)
        due = self.total(parts).due
        if due.state == "none" or due.value == 0:
            return NO_DATA
        if due.value is None or 2 * total < due.value:
            return Value(None, state="hidden")
        return Value(n / total, n, int(total), "ok" if total >= min_n else "small")


Count = tuple[str, str, str, date, int, int]
"""Town, village, group, month, due, visited."""


def protect(counts: Iterable[Count], rules: Rules, *, county: str = "") -> Cube:
    """The published cells of true counts: villages, their towns, and the whole under the code `county`."""
    cells: dict[tuple[str, str, date], Pair] = {}
    order = sorted(counts, key=_block)
    for (group, month), rows in groupby(order, key=lambda row: (row[2], row[3])):
        places = dict(_tree(list(rows), county))
        publish(places[county], rules)
        cells |= {(code, group, month): node.said for code, node in places.items()}
    return Cube(cells, rules)


def _block(row: Count) -> tuple[Any, ...]:
    town, village, group, month, *_ = row
    return month, group, town, village


def _tree(rows: Sequence[Count], county: str) -> Iterator[tuple[str, Node]]:
    """The county, its towns and their villages, by code."""
    towns = []
    for town, inside in groupby(rows, key=lambda row: row[0]):
        villages = [(village, Node(due, done)) for _, village, _, _, due, done in inside]
        yield from villages
        towns.append((town, _over([node for _, node in villages])))
    yield from towns
    yield county, _over([node for _, node in towns])


def _over(children: list[Node]) -> Node:
    return Node(sum(child.due for child in children), sum(child.done for child in children), children)
