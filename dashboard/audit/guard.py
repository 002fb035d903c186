"""How is something recorded before its answer leaves? Off the event loop; what cannot be recorded is refused."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException

from dashboard.audit.events import Facts
from dashboard.audit.record import AuditError, Record, Who
from dashboard.audit.trail import Trail


async def recorded(trail: Trail, event: str, facts: Facts, *, who: Who, address: str = "") -> Record:
    """The record of an event, on disk. Await it before the answer, of a stream before its first byte, is handed over.

    Raises `HTTPException` 503 with a sentence where it cannot be written: then there is no answer.
    """
    try:
        return await asyncio.to_thread(trail.append, event, facts, who=who, address=address)
    except AuditError as error:
        raise HTTPException(503, str(error)) from error
