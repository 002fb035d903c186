"""What does the trail say? Pieces of it, counts per event, and each record as a sentence. Reading never writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dashboard.audit.events import EVENTS, KINDS, WORDS, Facts
from dashboard.audit.record import KINDS as VISITORS
from dashboard.audit.record import AuditError, Record, record_of
from dashboard.filters import DIMENSIONS
from dashboard.metrics.catalog import METRICS

BUSY_SECONDS = 5.0

_ASKED = """
    from record
    where (:events = '' or instr(',' || :events || ',', ',' || event || ',') > 0)
      and (:name = '' or instr(name, :name) > 0)
      and at >= :since and at < :until and seq <= :through
"""
_AFTER_ALL = "9999"
_COUNT = f"select count(*) {_ASKED}"
_NEWEST = f"select * {_ASKED} order by seq desc limit :limit offset :offset"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which records are meant: any of the events, a part of a name, days (`until` not included), no later number."""

    events: tuple[str, ...] = ()
    name: str = ""
    since: date | None = None
    until: date | None = None
    through: int | None = None

    @property
    def bound(self) -> Mapping[str, Any]:
        """The values of the conditions."""
        return {
            "events": ",".join(self.events),
            "name": self.name,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else _AFTER_ALL,
            "through": 2**62 if self.through is None else self.through,
        }


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads and sees the trail as it is now. Raises `AuditError` where it cannot be read."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(
            sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("begin")
            yield connection
    except sqlite3.Error as error:
        raise AuditError(f"无法读取审计记录（{error}）：请检查文件与目录权限") from error


@dataclass(frozen=True)
class Piece:
    """Some records, newest first, of `total` that are meant; `through` is the last number there was."""

    records: tuple[Record, ...]
    total: int
    through: int


def piece(path: Path, asked: Asked, *, limit: int, offset: int = 0) -> Piece:
    """A piece of what is asked for. Raises `AuditError`."""
    with reading(path) as connection:
        last = connection.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        total = connection.execute(_COUNT, asked.bound).fetchone()[0]
        rows = connection.execute(_NEWEST, {**asked.bound, "limit": limit, "offset": offset}).fetchall()
    return Piece(tuple(map(record_of, rows)), total, last if asked.through is None else asked.through)


@contextmanager
def newest(path: Path, asked: Asked) -> Iterator[Iterator[Record]]:
    """All that is asked for, newest first, read while it is used. Raises `AuditError`."""
    with reading(path) as connection:
        yield map(record_of, connection.execute(_NEWEST, {**asked.bound, "limit": -1, "offset": 0}))


def counts(path: Path, since: datetime) -> dict[str, int]:
    """How often each event of the table was recorded since a moment. Raises `AuditError`."""
    with reading(path) as connection:
        rows = connection.execute(
            "select event, count(*) as times from record where at >= ? group by event", (since.isoformat(),)
        ).fetchall()
    found = {row["event"]: row["times"] for row in rows}
    return {event: found.get(event, 0) for event in EVENTS}


def sentence(record: Record, names: Mapping[str, str]) -> str:
    """“王敏（分析员，10.1.2.3）导出：内容 cases；格式 csv；行数 1,200”; `names` are the words for roles and panels."""
    known = EVENTS.get(record.event)
    about = "，".join(filter(None, [names.get(record.role, record.role), record.address]))
    who = (record.name or VISITORS.get(record.kind, record.kind)) + (f"（{about}）" if about else "")
    said = "；".join(f"{_name(fact)} {_told(fact, value, names)}" for fact, value in _facts(record).items())
    return f"{who}{'' if about else ' '}{known.words if known else record.event}" + (f"：{said}" if said else "")


def _facts(record: Record) -> Facts:
    """The facts in the order of the table; what somebody has changed into something else is shown as it stands."""
    try:
        facts = json.loads(record.facts)
    except ValueError:
        return {"": record.facts}
    if not isinstance(facts, dict):
        return {"": record.facts}
    known = EVENTS.get(record.event)
    order = (*known.needs, *known.may) if known else ()
    return {name: facts[name] for name in (*order, *sorted(set(facts) - set(order))) if name in facts}


def _name(fact: str) -> str:
    return KINDS[fact].name if fact in KINDS else fact


def _told(fact: str, value: Any, names: Mapping[str, str]) -> str:
    if fact in ("by", "metrics") and isinstance(value, list):
        return "、".join(str(_KEYS.get(key, key)) for key in value)
    text = _said(value)
    if fact in ("format", "method"):
        return text.upper()
    if fact == "ends_at":
        return text[:16].replace("T", " ")
    if fact in ("role", "role_before", "as_role"):
        return names.get(text, text)
    if fact not in ("action", "content", "reason"):
        return text
    return WORDS.get(text) or names.get(text, text)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "、".join(f"{_FILTERS.get(key, key)}={_said(chosen)}" for key, chosen in value.items()) or "无"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


_KEYS = {"day": "日", "week": "周", "month": "月", **DIMENSIONS, **{metric.key: metric.name for metric in METRICS}}
_FILTERS = {"since": "自", "until": "至（不含）", **DIMENSIONS}
