"""Is it on record? What must be on record before it happens is not done where the record cannot be written."""

from __future__ import annotations

import logging
from typing import Protocol

log = logging.getLogger("yiping.audit")


class Audit(Protocol):
    """Writes one event with its facts, on disk when it returns; raises whatever it likes where it cannot."""

    def __call__(self, event: str, /, **facts: str) -> None:
        """Write the event."""
        ...


class UnrecordedError(Exception):
    """The event could not be recorded, and what it tells of was not done."""


def strict(audit: Audit) -> Audit:
    """The same audit, whose every failure is an `UnrecordedError`."""

    def record(event: str, /, **facts: str) -> None:
        try:
            audit(event, **facts)
        except Exception as error:
            log.exception("event %s could not be recorded", event)
            raise UnrecordedError("审计记录写不进去，操作未执行：请联系管理员检查磁盘") from error

    return record
