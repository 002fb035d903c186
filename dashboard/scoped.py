"""What may the person who asks now ask about? Every lease is narrowed to the towns of the one who takes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.ask import Ask
from dashboard.auth.identity import current
from dashboard.warehouse import Lender


class ScopedWarehouse:
    """A warehouse for routes and pages behind the gate: nobody gets more of it than the gate knows them to see."""

    def __init__(self, inner: Lender) -> None:
        self._inner = inner

    @contextmanager
    def lease(self) -> Iterator[Ask]:
        """Questions to the current snapshot about the asker's towns.

        Raises `NobodyError` where nobody is known to ask, and what the inner warehouse raises.
        """
        towns = current().towns
        with self._inner.lease() as ask:
            yield ask.within(towns)
