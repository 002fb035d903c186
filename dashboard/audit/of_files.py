"""What is put on record of every file that goes out? Whatever it is called, the same facts, out of its own 说明."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.audit.recorder import Recorder


def put_file(
    record: Recorder | None, event: str, said: Mapping[str, Any], *, format: str, sha256: str = "", content: str = ""
) -> None:
    """Before a file's first byte: its filters, rows, purpose, number and snapshot, as `said` in it, and its checksum.

    `sha256` is of all its bytes, hexadecimal; '' where the browser makes them. Nothing is recorded without a `record`.
    Raises `AuditError`.
    """
    if record is None:
        return
    record(
        event,
        content=content,
        format=format,
        rows=said.get("rows"),
        filters=said["filters"],
        metrics=tuple(metric["key"] for metric in said.get("metrics", ())),
        by=tuple(said.get("by", ())),
        purpose=said.get("purpose"),
        trace=said.get("trace"),
        sha256=sha256,
        snapshot=said["snapshot"],
    )
