"""What does the server itself put on record? That it was started, and with which data it goes on."""

from __future__ import annotations

from dashboard import faults
from dashboard.audit.record import SERVER, AuditError
from dashboard.audit.trail import Trail
from etl.contract import Pointer


def started(trail: Trail, build: str) -> None:
    """A process begins to serve. Raises `AuditError`: a server that can record nothing is of no use."""
    trail.append("started", {"build": build}, who=SERVER)


def load_seen(trail: Trail, pointer: Pointer) -> None:
    """A snapshot is served from now on; the first worker that sees it tells. A full disk stops no reading."""
    try:
        facts = {"snapshot": pointer.snapshot, "rows": pointer.counts.get("fact_case", 0)}
        trail.append_change("load_seen", facts, who=SERVER)
    except AuditError as error:
        faults.note(error, "a new snapshot is not on record")
