"""The brief as a file: a week's, a month's or exactly what the page shows, as PDF, Word or slides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import get_args

from fastapi import FastAPI, Request
from fastapi.responses import Response

from dashboard.api import BadRequestError, answer, strict_filters, with_filters
from dashboard.ask import Ask
from dashboard.audit.of_files import put_file
from dashboard.audit.recorder import Recorder
from dashboard.described import one_of
from dashboard.export.names import download
from dashboard.report.docx_file import docx
from dashboard.report.pdf_file import pdf
from dashboard.report.period import NAMES, Kind
from dashboard.report.pptx_file import pptx
from dashboard.report.report import Report, make
from dashboard.stamps import PURPOSE, Stamps
from dashboard.turns import Turns
from dashboard.warehouse import Lender

OWN_KEYS = ("format", "report", "purpose")
AT_ONCE = 2
"""Briefs being made at the same time; further ones wait their turn."""
OFFICE = "application/vnd.openxmlformats-officedocument"

WRITERS: Mapping[str, tuple[Callable[[Report], bytes], str]] = {
    "pdf": (pdf, "application/pdf"),
    "docx": (docx, f"{OFFICE}.wordprocessingml.document"),
    "pptx": (pptx, f"{OFFICE}.presentationml.presentation"),
}


def add_report(api: FastAPI, warehouse: Lender, *, stamps: Stamps, record: Recorder | None = None) -> None:
    """Add /brief to the API; each that is made is put on record."""
    turns = Turns(AT_ONCE)

    @api.get(
        "/brief",
        summary="简报：周报、月报、专报",
        openapi_extra=with_filters(),
        response_class=Response,
        responses={200: {"content": {media: {} for _, media in WRITERS.values()}}},
    )
    async def brief(
        request: Request,
        format: str = one_of(WRITERS, max_length=10),
        kind: str = one_of(get_args(Kind), "special", alias="report", max_length=10),
        purpose: str = PURPOSE,
    ) -> Response:
        """The week or month asked for, else the data's last whole one; special: the period asked for, whatever it is.

        The file is complete before its first byte is sent. (`kind` is already the name of a filter.)
        """

        def question(ask: Ask) -> Response:
            stamp = stamps.of(request)
            report = replace(_asked(ask, request, format=format, kind=kind), mark=stamp.mark, purpose=stamp.purpose)
            body = WRITERS[format][0](report)
            sha256 = hashlib.sha256(body)
            filters = strict_filters(ask, request, own_keys=OWN_KEYS).conditions()
            said = {"filters": filters, "snapshot": report.snapshot, **stamp.said}
            put_file(record, "brief_made", said, format=format, sha256=sha256.hexdigest())
            return _file(report, body, format, sha256.digest())

        async with turns.turn():
            return await answer(warehouse, question)


def _asked(ask: Ask, request: Request, *, format: str, kind: str) -> Report:
    if format not in WRITERS:
        raise BadRequestError(f"format 只能是 {'、'.join(WRITERS)}")
    found = next((one for one in NAMES if one == kind), None)
    if found is None:
        raise BadRequestError(f"report 只能是 {'、'.join(NAMES)}")
    filters = strict_filters(ask, request, own_keys=OWN_KEYS)
    return make(ask, filters, found)


def _file(report: Report, body: bytes, format: str, sha256: bytes) -> Response:
    return Response(body, media_type=WRITERS[format][1], headers=download(file_name(report, format), sha256))


def file_name(report: Report, format: str) -> str:
    """“青禾县社会治理周报_2026-03-02至2026-03-08_截至0314-0800.docx”."""
    period = report.period.replace(" ", "")
    return f"{report.title}_{period}_截至{report.as_of:%m%d-%H%M}.{format}"
