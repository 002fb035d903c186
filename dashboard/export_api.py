"""The screen's rows and numbers as files: CSV, XLSX, Parquet, GeoJSON, and what each file is."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, BinaryIO
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dashboard.api import COMPARED, answer, in_words, with_filters
from dashboard.ask import Ask
from dashboard.audit.events import Facts
from dashboard.audit.of_files import put_file
from dashboard.audit.recorder import Recorder
from dashboard.auth.identity import may
from dashboard.export.asked import EXPORT, ExportRefusedError, NotAllowedError
from dashboard.export.content import StoppedError
from dashboard.export.export import MEDIA_TYPES, Export
from dashboard.export.names import download
from dashboard.export.offers import offers
from dashboard.export_request import asked_of, parameters
from dashboard.page import Page
from dashboard.stamps import Stamps
from dashboard.turns import Turns
from dashboard.warehouse import Lender

AT_ONCE = 2
"""Exports being written at the same time; further ones wait their turn, and questions of pages never wait for them."""
CHUNK = 1 << 18

_FILES = {200: {"content": {media: {} for media in MEDIA_TYPES.values()}}, 400: {"description": "不能这样导出，附原因"}}


@dataclass(frozen=True)
class Exporter:
    """What an export needs besides its question; `pages` are those with numbers to hand over, by path."""

    warehouse: Lender
    stamps: Stamps
    turns: Turns
    pages: Mapping[str, Page]
    record: Recorder | None = None

    def export(self, ask: Ask, request: Request, is_over: Callable[[], bool] = lambda: False) -> Export:
        """The export that a request asks for. Raises what `Stamps.of`, `asked_of` and `Export` raise."""
        stamp, asked = self.stamps.of(request), asked_of(ask, request)
        return Export(ask, asked, stamp=stamp, sees_cases=may("see_cases"), is_over=is_over)

    def description(self, ask: Ask, request: Request, trace: str, is_over: Callable[[], bool]) -> dict[str, Any]:
        """What a file says of itself: the one handed over under this number, or one that would be made now.

        Raises the same, and 404 where the trail has no such file of who asks.
        """
        handed = self.record.handed(trace) if self.record and trace else None
        if self.record and trace and handed is None:
            raise _no_such_file()
        stamp, asked = self.stamps.told(request, trace=trace, handed=handed), asked_of(ask, request, also=("trace",))
        said = Export(ask, asked, stamp=stamp, sees_cases=may("see_cases"), is_over=is_over).describe()
        if handed and not _is_of(said, asked.format, handed.facts):
            raise _no_such_file()
        return said

    def put_on_record(self, said: Mapping[str, Any], *, format: str, sha256: str) -> None:
        """Before the file leaves: what it says of itself, and its checksum (hexadecimal). Raises `AuditError`."""
        content = "numbers" if "metrics" in said else "cases"
        put_file(self.record, "exported", said, content=content, format=format, sha256=sha256)

    async def make(self, work: Callable[[Ask, Callable[[], bool]], Response], request: Request) -> Response:
        """What `work` answers, one of few at a time; it is told to give up when the reader has gone."""
        is_over = Event()

        async with self.turns.turn():
            making = asyncio.create_task(answer(self.warehouse, lambda ask: work(ask, is_over.is_set)))
            left = asyncio.create_task(_left(request))
            try:
                await asyncio.wait({making, left}, return_when=asyncio.FIRST_COMPLETED)
                if not making.done():
                    is_over.set()
                return await making
            finally:
                is_over.set()
                left.cancel()

    def offers(self, ask: Ask, request: Request) -> dict[str, Any]:
        """What can be exported of the page that a request names. Raises what `asked_of` raises."""
        asked = asked_of(ask, request)
        page = self.pages.get(asked.view)
        questions = page.exports(ask, asked.filters) if page else ()
        return offers(ask, asked, questions, sees_cases=may("see_cases"))


async def _left(request: Request) -> None:
    """Wait until the reader has gone. (`request.is_disconnected` never says so behind a middleware of Starlette's.)"""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def add_export(
    api: FastAPI,
    warehouse: Lender,
    *,
    stamps: Stamps,
    pages: Sequence[Page] = (),
    record: Recorder | None = None,
) -> Exporter:
    """Add /export, /export/about and /export/offers to the API. `pages` are those whose numbers are offered."""
    exporter = Exporter(warehouse, stamps, Turns(AT_ONCE), {page.path: page for page in pages}, record)
    _errors(api)
    _add_file(api, exporter)
    _add_about(api, exporter)
    _add_offers(api, exporter)
    return exporter


def _errors(api: FastAPI) -> None:
    api.add_exception_handler(ExportRefusedError, in_words(400))
    api.add_exception_handler(NotAllowedError, in_words(403))
    api.add_exception_handler(StoppedError, in_words(503))


def _add_file(api: FastAPI, exporter: Exporter) -> None:
    @api.get(
        "/export",
        summary="导出事项清单或指标汇总",
        openapi_extra=with_filters(COMPARED),
        dependencies=[Depends(parameters)],
        response_class=Response,
        responses=_FILES,  # type: ignore[arg-type]
    )
    async def export(request: Request) -> Response:
        """Without `metrics` the cases accepted in the period, else the same numbers as /query.

        The file is complete before its first byte is sent. `Link` leads to its description, `Repr-Digest` is the
        file's SHA-256.
        """
        return await exporter.make(
            lambda ask, is_over: _file(exporter, exporter.export(ask, request, is_over)), request
        )


def _add_about(api: FastAPI, exporter: Exporter) -> None:
    @api.get(
        "/export/about",
        summary="导出文件的说明（JSON）",
        openapi_extra=with_filters(),
        dependencies=[Depends(parameters)],
        responses={404: {"description": "没有您的这个追溯号、这些条件的文件"}},
    )
    async def about(
        request: Request, trace: str = Query("", description="所说明的文件的追溯号", pattern="^([0-9a-f]{16})?$")
    ) -> Response:
        """The sidecar of a file: conditions, snapshot, columns, definitions, number of rows, checksum."""
        return await exporter.make(
            lambda ask, is_over: JSONResponse(exporter.description(ask, request, trace, is_over)), request
        )


def _no_such_file() -> HTTPException:
    return HTTPException(404, "没有您的这个追溯号、这些条件的文件；数据换了批次之后，以文件自带的说明为准")


def _is_of(said: Mapping[str, Any], format: str, facts: Facts) -> bool:
    """Is a file of these facts the one that this description describes?"""
    told = {
        "format": format,
        "by": list(said["by"]),
        "metrics": [metric["key"] for metric in said.get("metrics", ())],
        **{name: said[name] for name in ("snapshot", "rows", "filters")},
    }
    return told == {"by": [], "metrics": [], **{name: facts[name] for name in told if name in facts}}


def _add_offers(api: FastAPI, exporter: Exporter) -> None:
    @api.get(
        "/export/offers",
        summary="一页能导出什么、各有多少行",
        openapi_extra=with_filters(),
        dependencies=[Depends(parameters)],
    )
    async def what(request: Request) -> dict[str, Any]:
        """Before anything runs: rows and limits of the cases and of every table of the page named by `view`."""
        return await answer(exporter.warehouse, lambda ask: exporter.offers(ask, request))


def _file(exporter: Exporter, export: Export) -> Response:
    out: BinaryIO = tempfile.TemporaryFile(prefix="yiping-export-")  # noqa: SIM115
    try:
        export.write(out)
        size, sha256 = out.tell(), checksum(out)
        exporter.put_on_record(export.about(), format=export.asked.format, sha256=sha256.hex())
    except BaseException:
        out.close()
        raise
    headers = {
        **download(export.name, sha256),
        "Content-Length": str(size),
        "Link": f'<{_description(export)}>; rel="describedby"; type="application/json"',
    }
    return StreamingResponse(_chunks(out), media_type=MEDIA_TYPES[export.asked.format], headers=headers)


def _description(export: Export) -> str:
    """The address of the file's sidecar, which is to say what this very file would."""
    told = {key: export.stamp.said[key] for key in ("purpose", "trace") if export.stamp.said[key]}
    return "&".join(filter(None, (export.asked.address(f"{EXPORT}/about"), urlencode(told))))


def checksum(out: BinaryIO) -> bytes:
    """The SHA-256 of the whole file, which is at its beginning then."""
    sha = hashlib.sha256()
    out.seek(0)
    while chunk := out.read(CHUNK):
        sha.update(chunk)
    out.seek(0)
    return sha.digest()


def _chunks(out: BinaryIO) -> Iterator[bytes]:
    with out:
        while chunk := out.read(CHUNK):
            yield chunk
