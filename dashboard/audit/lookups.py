"""Does somebody look through more single cases than their work asks for? Counted from the trail of all workers."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock

from dashboard.audit.reading import reading
from dashboard.audit.record import Who
from dashboard.audit.recorder import Recorder, who_of
from dashboard.audit.trail import Trail
from dashboard.auth.identity import known
from dashboard.clock import Clock
from dashboard.filters import Filters
from dashboard.refusal import RefusedError

MOST = 50
SPAN = timedelta(hours=1)
"""Different cases that one person may open in a span (口径为本项目默认值)."""

_CASES = """
    select distinct json_extract(facts, '$.case') as number from record
    where event = 'case_viewed' and at > :since and name = :name and kind = :kind
"""


class Lookups:
    """Puts on record which cases are looked at: one by one, where one too many is refused, or as rows of a list."""

    def __init__(self, trail: Trail, record: Recorder, clock: Clock) -> None:
        self._trail, self._record, self._clock = trail, record, clock
        self._counting = Lock()

    def one(self, case_id: str) -> None:
        """A case is about to be shown. Raises `RefusedError` (429) where it is one too many, `AuditError`."""
        with self._counting:  # between counting and recording nobody else counts; each worker counts for itself
            opened = self._opened(who_of(known()))
            if case_id not in opened and len(opened) >= MOST:
                self._record("refused", action="case_viewed", reason="limit")
                said = f"一小时内已查看 {MOST} 件事项（口径为本项目默认值），请稍后再看；成批研判请用清单或导出"
                raise RefusedError(said, 429, retry_after=int(SPAN.total_seconds()) // 12)
            self._record("case_viewed", case=case_id)

    def some(self, filters: Filters, *, rows: int, offset: int = 0) -> None:
        """Rows of a list are about to be shown, if there are any. Raises `AuditError`."""
        if rows:
            self._record("cases_listed", rows=rows, filters=filters.conditions(), offset=offset)

    def _opened(self, who: Who) -> set[str]:
        since = (self._clock() - SPAN).isoformat()
        with reading(self._trail.path) as connection:
            rows = connection.execute(_CASES, {"since": since, "name": who.name, "kind": who.kind}).fetchall()
        return {row["number"] for row in rows}
