"""The audit trail as CSV: every field, and the sentence that the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from dashboard.audit.events import EVENTS
from dashboard.audit.reading import sentence
from dashboard.audit.record import KINDS, Record
from dashboard.export.content import BOM, csv_bytes, guarded

HEADS = ("序号", "时间", "姓名", "角色", "身份", "地址", "事件", "说明", "事实", "密钥", "前一散列", "散列")
BLOCK = 500


def csv_blocks(records: Iterable[Record], names: Mapping[str, str]) -> Iterator[bytes]:
    """The file in pieces, heads first; what looks like a formula is guarded. `names`: words for roles and panels."""
    yield BOM + csv_bytes([HEADS])
    left = iter(records)
    while block := list(islice(left, BLOCK)):
        yield csv_bytes([list(map(guarded, _cells(record, names))) for record in block])


def _cells(record: Record, names: Mapping[str, str]) -> tuple[str, ...]:
    event = EVENTS.get(record.event)
    return (
        str(record.seq),
        record.at,
        record.name,
        names.get(record.role, record.role),
        KINDS.get(record.kind, record.kind),
        record.address,
        event.words if event else record.event,
        sentence(record, names),
        record.facts,
        record.key,
        record.previous,
        record.hash,
    )
