"""Is the event loop held up? Somebody who blocks it holds up every request of the worker: looked for all the time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

log = logging.getLogger("yiping.lag")

LOOK_EVERY = 0.5
LONGEST = 0.25
"""A loop that comes back so many seconds late is told of."""


class LoopLag:
    """How often the loop of this worker was held up since it started, and the longest time, in seconds."""

    def __init__(self) -> None:
        self.times, self.longest = 0, 0.0

    def facts(self) -> dict[str, int]:
        """As /readyz tells it."""
        return {"times": self.times, "longest_ms": round(self.longest * 1000)}

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at the running loop until the end."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _watch(self) -> None:
        while True:
            due = monotonic() + LOOK_EVERY
            await asyncio.sleep(LOOK_EVERY)
            self.note(monotonic() - due)

    def note(self, late: float) -> None:
        """The loop came back so many seconds late; one line where that is long."""
        if late <= LONGEST:
            return
        self.times += 1
        self.longest = max(self.longest, late)
        log.warning("event loop held up for %d ms", round(late * 1000))
