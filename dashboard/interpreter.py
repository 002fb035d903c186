"""How does CPython serve many people in one process? It computes in one thread at a time, and looks for garbage."""

from __future__ import annotations

import atexit
import gc
import sys

SWITCH_SECONDS = 0.0001
"""So soon a thread that computes lets another have its turn. A page asks many short queries and waits for its turn
after each: at CPython's own 5 ms that takes longer than the queries, as soon as somebody else computes."""
COLLECT_AFTER = (10_000, 20, 20)
"""So many new objects before the collector looks at the young ones, and so many looks before it looks further: an
answer makes thousands of objects and hardly any garbage, and all threads wait meanwhile."""


def tune() -> None:
    """Set the interpreter up for a server that has just been built.

    What stands then lives as long as the server: the collector need not look at it again.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # DuckDB reports what the collector has not taken away at the end, in many lines
    gc.set_threshold(*COLLECT_AFTER)
