"""For whom is this file, when, and what for? Said in the file, and under its number in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Query, Request

from dashboard import faults
from dashboard.api import BadRequestError
from dashboard.audit.recorder import Handed
from dashboard.auth.identity import known
from dashboard.clock import Clock
from dashboard.export.about import NOBODY, Stamp
from dashboard.reader import Readers

LEAST, MOST = 2, 100
"""Characters of a purpose (this project's default)."""
ASKED = f"请写明用途（参数 purpose，{LEAST}–{MOST} 字，一行文字），例如“会议材料”；用途记入审计和文件说明"
PURPOSE = Query(
    "",
    description=f"用途，{LEAST}–{MOST} 字；登录后导出必填，记入审计和文件说明",
    json_schema_extra={"minLength": LEAST, "maxLength": MOST},
)


@dataclass(frozen=True)
class Stamps:
    """Makes the stamp of a file; `clock` tells when it was made, where that is to be told, `readers` for whom."""

    build: str
    clock: Clock | None = None
    readers: Readers | None = None

    def of(self, request: Request) -> Stamp:
        """Of the file that a request is answered with. Raises `BadRequestError` where it lacks a purpose."""
        return self._stamp(request, needed_purpose(request), faults.request_id.get())

    def told(self, request: Request, *, trace: str, handed: Handed | None) -> Stamp:
        """Of a file that was handed over, as the trail has it; where there is none, of what a file would be.

        Raises `BadRequestError` for a purpose that is none.
        """
        purpose = purpose_of(request)
        if handed is None:
            return self._stamp(request, purpose, trace)
        return Stamp(self.build, handed.at, self._reader(request), str(handed.facts.get("purpose", "")), trace)

    def _stamp(self, request: Request, purpose: str, trace: str) -> Stamp:
        at = self.clock() if self.clock else None
        return Stamp(self.build, at, self._reader(request), purpose, trace)

    def _reader(self, request: Request) -> str:
        person = known()
        if person is not None:
            return person.signature
        return (self.readers.of(request).name if self.readers else "") or NOBODY


def needed_purpose(request: Request) -> str:
    """What the file of a request is for. Raises `BadRequestError` where it says nothing, or what is no line of words.

    Only who is known must say it: without log-in the trail could not say whose file it was.
    """
    purpose = purpose_of(request)
    if not purpose and known():
        raise BadRequestError(ASKED)
    return purpose


def purpose_of(request: Request) -> str:
    """What a request says that it is for, '' for nothing. Raises `BadRequestError` for what is no line of words."""
    said = request.query_params.get("purpose")
    if said is None:
        return ""
    # The space of Chinese input methods counts as no printable character.
    purpose = said.replace("\u3000", " ").strip()
    if not (LEAST <= len(purpose) <= MOST and purpose.isprintable()):
        raise BadRequestError(ASKED)
    return purpose
