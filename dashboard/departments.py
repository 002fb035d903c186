"""How do answers by department read on any page? Who is named, in which order, and how old is what each has left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.ask import Row

UNSENT = "未派部门"


def name_of(row: Row) -> str:
    """The department of a row by it."""
    return row.labels[0] if row.codes[0] else UNSENT


def by_volume(rows: Iterable[Row]) -> list[Row]:
    """Departments by 受理, most first; what was sent to nobody last, and only where there is any."""
    found = [row for row in rows if row.codes[0] or row.values["accepted"].value]
    return sorted(found, key=lambda row: (not row.codes[0], -(row.values["accepted"].value or 0)))


@dataclass(frozen=True)
class Overdue:
    """What one department has overdue: how many cases by age class."""

    code: str
    name: str
    ages: Mapping[str, int]

    @property
    def total(self) -> int:
        """All ages together."""
        return sum(self.ages.values())


def overdue(rows: Iterable[Row]) -> tuple[Overdue, ...]:
    """在办超期 of every department, from an answer by department and overdue_age."""
    names: dict[str, str] = {}
    ages: dict[str, dict[str, int]] = {}
    for row in rows:
        names.setdefault(row.codes[0], name_of(row))
        ages.setdefault(row.codes[0], {})[row.codes[1]] = int(row.values["overdue_open"].value or 0)
    return tuple(Overdue(code, name, ages[code]) for code, name in names.items())


def cleared(found: Iterable[Overdue]) -> int:
    """How many departments have nothing overdue."""
    return sum(1 for one in found if one.code and not one.total)
