"""How long may a query run? One thread looks at all that run, and stops those whose time is up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Protocol

LOOK_EVERY = 0.5
"""Seconds: an interrupt that is sent while the query is between two steps is lost, so it is sent again."""


class Stoppable(Protocol):
    """A DuckDB cursor, as far as it matters here."""

    def interrupt(self) -> None:
        """Stop what runs, from another thread."""
        ...


class TimeLimits:
    """Queries that run now, and until when each may. Only one thread, since starting one for each query is dear:
    beside threads that compute, every start waits for its turn twice."""

    def __init__(self) -> None:
        self._until: dict[Stoppable, float] = {}
        self._lock = threading.Lock()
        self._watch: threading.Thread | None = None

    @contextmanager
    def within(self, seconds: float, query: Stoppable) -> Iterator[None]:
        """Interrupt the query again and again once so many seconds are over, until it ends."""
        with self._lock:
            self._until[query] = monotonic() + seconds
            if self._watch is None or not self._watch.is_alive():
                self._watch = threading.Thread(target=self._look, name="time limits", daemon=True)
                self._watch.start()
        try:
            yield
        finally:
            with self._lock:
                del self._until[query]

    def _look(self) -> None:
        while True:
            sleep(LOOK_EVERY)
            with self._lock:  # so that nothing is interrupted that has just ended
                for query in [query for query, until in self._until.items() if until <= monotonic()]:
                    query.interrupt()


LIMITS = TimeLimits()
"""Those of this process."""
