"""Care visits in plain Python: what the page may say, from the published cells alone, and what is true, from the facts.

Written from the words of the spec, not from the program: no numpy, no bands, one loop per number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.metrics.values import Value


@dataclass(frozen=True)
class Fact:
    """One row of the mart."""

    town: str
    village: str
    group: str
    month: date
    due: int
    done: int


def truth(facts: Iterable[Fact], **chosen: set[object]) -> tuple[int, int]:
    """Due and visited of the facts whose named fields are among the chosen ones."""
    due = done = 0
    for fact in facts:
        if all(getattr(fact, name) in values for name, values in chosen.items()):
            due, done = due + fact.due, done + fact.done
    return due, done


def added(cells: Sequence[Value]) -> Value:
    """Published cells added up as the page says: hidden ones by their middle, unless they are too much of it."""
    if not cells:
        return Value(None, state="none")
    kept = [cell for cell in cells if cell.value != 0]
    if len(kept) < 2:
        return kept[0] if kept else Value(0)
    listed = hidden = 0
    for cell in kept:
        if cell.value is None:
            hidden += cell.below - 1
        else:
            listed += int(cell.value)
    if hidden > listed:
        return Value(None, state="hidden")
    return Value(5 * int((listed + hidden / 2 + 2.5) // 5))


def rate(due: Sequence[Value], done: Sequence[Value], least: int = 10) -> Value:
    """Coverage over the cells that list both, which must be at least half of what is due."""
    n = total = 0
    for one, other in zip(due, done, strict=True):
        if one.value is not None and other.value is not None:
            n, total = n + int(other.value), total + int(one.value)
    whole = added(due)
    if whole.state == "none" or whole.value == 0:
        return Value(None, state="none")
    if whole.value is None or 2 * total < whole.value:
        return Value(None, state="hidden")
    return Value(n / total, n, total, "ok" if total >= least else "small")


Cells = Mapping[tuple[str, str, date], tuple[Value, Value]]


def answer(cells: Cells, places: Sequence[str], groups: Sequence[str], months: Sequence[date]) -> tuple[Value, ...]:
    """Due, visited and coverage of these places, groups and months."""
    known = [month for month in months if any(key[2] == month for key in cells)]
    nobody = (Value(0), Value(0))
    parts = [cells.get((p, g, m), nobody) for p in places for g in groups for m in known]
    due, done = [part[0] for part in parts], [part[1] for part in parts]
    return added(due), added(done), rate(due, done)
