"""Does the chain still hold? Walks it record by record and names the first that does not belong."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dashboard.audit.head import START, Head, HeadFile
from dashboard.audit.reading import reading
from dashboard.audit.record import AuditError, Record, key_mark, record_of, seal

Reason = Literal["changed", "missing", "out_of_order", "foreign_key", "head"]
REASONS: dict[Reason, str] = {
    "changed": "内容被改动",
    "missing": "缺失",
    "out_of_order": "次序被调换",
    "foreign_key": "不是用本机密钥签名的",
    "head": "起与末尾留底不符（留底缺失或被改动）",
}


@dataclass(frozen=True)
class Broken:
    """The first record that is not what was written: its number, and why."""

    seq: int
    reason: Reason

    @property
    def words(self) -> str:
        """“第 12 条内容被改动”."""
        return f"第 {self.seq:,} 条{REASONS[self.reason]}"


@dataclass(frozen=True)
class Verdict:
    """What a walk found: how many records hold, from when to when (server time), the last hash, the first fault."""

    count: int
    first_at: str
    last_at: str
    head: Head
    broken: Broken | None = None

    @property
    def words(self) -> str:
        """The verdict in one sentence."""
        if self.broken:
            return f"审计链不完整：{self.broken.words}；此前 {self.count:,} 条无误"
        if not self.count:
            return "审计链完整：还没有记录"
        return f"审计链完整：{self.count:,} 条，{_moment(self.first_at)} 至 {_moment(self.last_at)}"


def _moment(at: str) -> str:
    return at[:19].replace("T", " ")


def verify(path: Path, *, key: bytes = b"") -> Verdict:
    """Walk the whole trail in `path`. Raises `AuditError` where the file cannot be read as one at all."""
    try:
        # The end is read first: what other processes append meanwhile must not look cut off.
        said = HeadFile(path, key).read()
    except OSError as error:
        raise AuditError(f"无法读取审计记录的末尾留底（{error.strerror}）") from error
    with reading(path) as connection:
        return _Walk(connection, key, said).verdict()


class _Walk:
    """One walk; `last` is the last record that holds."""

    def __init__(self, connection: sqlite3.Connection, key: bytes, said: Head | None) -> None:
        self._connection = connection
        self._key, self._mark = key, key_mark(key)
        self._is_signed = bool(key) and self._stands_anywhere(self._mark)
        self._said = said
        self._count, self._first_at = 0, ""
        self._last: Record | None = None

    def verdict(self) -> Verdict:
        for record in self._records():
            broken = self._fault(record)
            if broken:
                return self._told(broken)
            self._count += 1
            self._first_at = self._first_at or record.at
            self._last = record
        return self._told(self._cut())

    def _told(self, broken: Broken | None) -> Verdict:
        last = self._last
        end = Head(last.seq, last.hash) if last else Head()
        return Verdict(self._count, self._first_at, last.at if last else "", end, broken)

    def _records(self) -> Iterator[Record]:
        for row in self._connection.execute("select * from record order by seq"):
            yield record_of(row)

    def _fault(self, record: Record) -> Broken | None:
        """What is wrong with a record after those that hold."""
        before = self._before(record)
        if record.seq != before.seq + 1:
            return Broken(before.seq + 1, "missing")
        if record.key != self._mark and not self._is_from_before(record):
            return Broken(record.seq, "foreign_key")
        if record.previous != before.hash and self._stands_later(record.previous, record.seq):
            return Broken(record.seq, "out_of_order")
        if record.hash != seal(record, self._key if record.key else b""):
            return Broken(record.seq, "changed")
        if record.previous != before.hash:
            # This one is as it was written: the one before was made anew, with a hash that fits itself only.
            return Broken(before.seq or record.seq, "changed")
        if self._said and record.seq == self._said.seq and record.hash != self._said.hash:
            return Broken(record.seq, "head")
        return None

    def _is_from_before(self, record: Record) -> bool:
        """Was it written before there was a key? Only at the beginning: the first signed record seals all before it."""
        return self._is_signed and not record.key and (self._last is None or not self._last.key)

    def _before(self, record: Record) -> Head:
        """What a record has to go on from: the last that holds; for the first one the start, or an anchor."""
        if self._last:
            return Head(self._last.seq, self._last.hash)
        anchors = list(self._anchors())
        if any(anchor.seq >= record.seq for anchor in anchors):
            # What is left of a beginning that may go: its removal is not finished.
            return Head(record.seq - 1, record.previous)
        return max((Head(), *anchors), key=lambda anchor: anchor.seq)

    def _anchors(self) -> Iterator[Head]:
        """Where removed beginnings ended. An anchor that was made up is found when the walk comes to it."""
        for row in self._connection.execute("select facts from record where event = 'audit_pruned'"):
            try:
                facts = json.loads(row["facts"])
                yield Head(int(facts["through"]), str(facts["head"]))
            except (ValueError, TypeError, KeyError):
                continue

    def _stands_anywhere(self, mark: str) -> bool:
        found = self._connection.execute("select 1 from record where key = ? limit 1", (mark,)).fetchone()
        return found is not None

    def _stands_later(self, previous: str, seq: int) -> bool:
        later = self._connection.execute(
            "select 1 from record where hash = ? and seq > ? limit 1", (previous, seq)
        ).fetchone()
        return previous != START and later is not None

    def _cut(self) -> Broken | None:
        """Is the tail there, as far as the end was said?"""
        last = self._last.seq if self._last else 0
        if self._said is None:
            return Broken(last, "head")
        return Broken(last + 1, "missing") if self._said.seq > last else None
