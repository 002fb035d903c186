"""Who has to be told that a single case is looked at? Set for the time of one request; nobody where nobody logs in."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


def _nobody(_case_id: str) -> None:
    """Looked at without a log-in: tests and measuring."""


tell: ContextVar[Callable[[str], None]] = ContextVar("tell", default=_nobody)
"""Called with the case's number before anybody gets to see it; what it raises keeps the case from them."""
