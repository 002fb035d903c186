"""How does the auditor read the trail? /audit of the API; reading it is recorded as well."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import Response

from dashboard import faults
from dashboard.api import BadRequestError, in_words
from dashboard.audit.csv_file import csv_blocks
from dashboard.audit.events import EVENTS, is_line
from dashboard.audit.reading import Asked, counts, newest, piece, sentence
from dashboard.audit.record import KINDS, AuditError, Record
from dashboard.audit.recorder import Recorder
from dashboard.audit.trail import Trail
from dashboard.audit.verify import REASONS, Verdict, verify
from dashboard.clock import Clock
from dashboard.described import Day
from dashboard.export.names import download, traced
from dashboard.stamps import PURPOSE, needed_purpose
from dashboard.turns import Turns

COUNTED_DAYS = 30
LONGEST_PIECE = 500
LONGEST_FILE = 50_000


@dataclass(frozen=True)
class Auditing:
    """What the routes stand on; `names` are the words for roles and panels."""

    trail: Trail
    clock: Clock
    record: Recorder
    names: Mapping[str, str]
    turns: Turns
    """One walk at a time: it keeps a processor busy for seconds."""

    async def recorded(self, content: str, asked: Asked, *, rows: int, **file: str) -> None:
        """Record that the trail is read, before what was read goes out; of a file what it is for, number and hash."""
        await asyncio.to_thread(self.record, "audit_read", content=content, rows=rows, **_facts(asked), **file)


def add_audit(
    api: FastAPI, trail: Trail, *, clock: Clock, record: Recorder, names: Mapping[str, str] | None = None
) -> None:
    """Add /audit, /audit/verification, /audit/counts and /audit/export. Whether one may read is the gate's to say."""
    auditing = Auditing(trail, clock, record, names or {}, Turns(1))
    api.add_exception_handler(AuditError, in_words(503))
    _add_list(api, auditing)
    _add_verification(api, auditing)
    _add_counts(api, auditing)
    _add_file(api, auditing)


def _asked(
    event: Annotated[list[str], Query(description="事件，可重复，表示任一", max_length=len(EVENTS))] = [],  # noqa: B006
    name: Annotated[str, Query(description="姓名中的字", max_length=40)] = "",
    since: Annotated[Day | None, Query(description="起始日（含）")] = None,
    until: Annotated[Day | None, Query(description="截止日（不含）")] = None,
    through: Annotated[int | None, Query(description="只要此序号及以前的：各页出自同一份清单", ge=0, le=2**53)] = None,
) -> Asked:
    unknown = [one for one in event if one not in EVENTS]
    if unknown:
        raise BadRequestError(f"没有事件“{unknown[0][:20]}”")
    if name and not is_line(name):
        raise BadRequestError("姓名须为一行文字")
    return Asked(events=tuple(sorted(set(event))), name=name, since=since, until=until, through=through)


Wanted = Annotated[Asked, Depends(_asked)]


def _facts(asked: Asked) -> dict[str, Any]:
    """What was asked for, as it is recorded."""
    return {
        "events": asked.events,
        "account": asked.name,
        "since": asked.since.isoformat() if asked.since else "",
        "until": asked.until.isoformat() if asked.until else "",
    }


def _add_list(api: FastAPI, auditing: Auditing) -> None:
    @api.get("/audit", summary="审计记录，新的在前")
    async def listed(
        asked: Wanted,
        limit: int = Query(100, ge=1, le=LONGEST_PIECE),
        offset: int = Query(0, ge=0, le=100_000_000),
    ) -> dict[str, Any]:
        """A piece of the records asked for, each with its sentence, and how many they are in all."""
        found = await asyncio.to_thread(piece, auditing.trail.path, asked, limit=limit, offset=offset)
        await auditing.recorded("list", asked, rows=len(found.records))
        rows = [_row(record, auditing.names) for record in found.records]
        return {"total": found.total, "through": found.through, "rows": rows}


def _row(record: Record, names: Mapping[str, str]) -> dict[str, Any]:
    event = EVENTS.get(record.event)
    return {
        "seq": record.seq,
        "at": record.at,
        "name": record.name or KINDS.get(record.kind, record.kind),
        "role": names.get(record.role, record.role),
        "address": record.address,
        "event": record.event,
        "event_name": event.words if event else record.event,
        "sentence": sentence(record, names),
        "hash": record.hash,
    }


def _add_verification(api: FastAPI, auditing: Auditing) -> None:
    @api.get("/audit/verification", summary="核验审计链")
    async def verification() -> dict[str, Any]:
        """Walks the whole chain: does it hold, from when to when, and which record is the first that does not."""
        async with auditing.turns.turn():
            found = await asyncio.to_thread(verify, auditing.trail.path, key=auditing.trail.key)
        await auditing.recorded("verification", Asked(), rows=found.count)
        return _verdict(found)


def _verdict(found: Verdict) -> dict[str, Any]:
    broken = found.broken
    return {
        "is_whole": broken is None,
        "words": found.words,
        "count": found.count,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "head": {"seq": found.head.seq, "hash": found.head.hash},
        "broken": {"seq": broken.seq, "reason": broken.reason, "words": REASONS[broken.reason]} if broken else None,
    }


def _add_counts(api: FastAPI, auditing: Auditing) -> None:
    @api.get("/audit/counts", summary=f"近 {COUNTED_DAYS} 天各类事件的次数")
    async def counted() -> dict[str, Any]:
        """Every event of the table with its words and how often it was recorded; none of it is about anybody."""
        since = auditing.clock() - timedelta(days=COUNTED_DAYS)
        found = await asyncio.to_thread(counts, auditing.trail.path, since)
        return {
            "days": COUNTED_DAYS,
            "events": [{"event": event, "name": EVENTS[event].words, "count": found[event]} for event in EVENTS],
        }


def _add_file(api: FastAPI, auditing: Auditing) -> None:
    @api.get(
        "/audit/export",
        summary="导出审计记录（CSV）",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def export(request: Request, asked: Wanted, purpose: str = PURPOSE) -> Response:
        """The records asked for as one file. Its export is recorded before its first byte, with its hash."""
        said = needed_purpose(request)
        found = await asyncio.to_thread(piece, auditing.trail.path, asked, limit=1)
        if found.total > LONGEST_FILE:
            raise BadRequestError(f"共 {found.total:,} 条，一个文件至多 {LONGEST_FILE:,} 条；请缩小时间范围")
        async with auditing.turns.turn():
            body = await asyncio.to_thread(_file, auditing, replace(asked, through=found.through))
        sha256, trace = hashlib.sha256(body), faults.request_id.get()
        await auditing.recorded("export", asked, rows=found.total, purpose=said, sha256=sha256.hexdigest(), trace=trace)
        name = traced(f"审计记录_{auditing.clock():%Y%m%d-%H%M}.csv", trace)
        return Response(body, media_type="text/csv; charset=utf-8", headers=download(name, sha256.digest()))


def _file(auditing: Auditing, asked: Asked) -> bytes:
    with newest(auditing.trail.path, asked) as records:
        return b"".join(csv_blocks(records, auditing.names))
