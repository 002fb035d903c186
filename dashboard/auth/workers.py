"""Where is waited, if not on the event loop? On a few threads of one's own: whoever is slow elsewhere takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Workers:
    """At most `at_once` pieces of work at a time; the rest wait their turn. They end with the process."""

    def __init__(self, name: str, *, at_once: int = 2) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Do it on a thread, and give what comes back or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
