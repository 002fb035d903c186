"""Who has to be told that cases are looked at? Set for the time of one request; nobody where nobody logs in."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from dashboard.filters import Filters


class Looking(Protocol):
    """Hears of cases before anybody gets to see them; what it raises keeps them from them."""

    def one(self, case_id: str) -> None:
        """A single case, with its way."""
        ...

    def some(self, filters: Filters, *, rows: int, offset: int = 0) -> None:
        """So many rows of the cases under these filters, after `offset` others."""
        ...


class _Nobody:
    """Looked at without a log-in: tests and measuring."""

    def one(self, case_id: str) -> None: ...

    def some(self, filters: Filters, *, rows: int, offset: int = 0) -> None: ...


looking: ContextVar[Looking] = ContextVar("looking", default=_Nobody())  # noqa: B039 (it holds nothing)
