"""Is the process that began something still there? Its number may be another's by now; with its beginning it is not."""

from __future__ import annotations

import os
from pathlib import Path


def own_mark() -> str:
    """What tells this process from all others since the machine was started."""
    return _mark(str(os.getpid()))


def is_there(mark: str) -> bool:
    """Does the process of a mark still run?"""
    return bool(mark) and _mark(mark.partition("-")[0]) == mark


def _mark(pid: str) -> str:
    """A process's number and the tick it began at (field 22 of its stat); empty where there is none."""
    try:
        stat = Path("/proc", pid, "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return f"{pid}-{stat.rpartition(')')[2].split()[19]}"
