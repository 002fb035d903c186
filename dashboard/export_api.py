"""The screen's rows and numbers as files: CSV, XLSX, Parquet, GeoJSON, and what each file is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import BinaryIO

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dashboard.api import BadRequestError, answer, split_keys, strict_filters, with_filters
from dashboard.ask import CASE_ORDERS, Ask
from dashboard.export.about import Stamp
from dashboard.export.asked import EXPORT, FORMATS, Asked
from dashboard.export.content import StoppedError
from dashboard.export.export import MEDIA_TYPES, Export, ExportRefusedError, NotAllowedError
from dashboard.export.names import disposition
from dashboard.metrics.query import GROUPS
from dashboard.scope import may_see_cases
from dashboard.warehouse import Warehouse

AT_ONCE = 2
"""Exports being written at the same time; further ones wait their turn, and questions of pages never wait for them."""
CHUNK = 1 << 18
OWN_KEYS = ("format", "metrics", "by", "order", "view")

Clock = Callable[[], datetime]


async def _parameters(
    format: str = Query(description="、".join(FORMATS), max_length=10),
    metrics: str = Query("", description="指标键，逗号分隔；不写为事项清单", max_length=2000),
    by: str = Query("", description=f"分组，最多两个，逗号分隔：{'、'.join(GROUPS)}", max_length=100),
    order: str = Query("newest", description=f"事项的顺序：{'、'.join(CASE_ORDERS)}", max_length=20),
    view: str = Query("/", description="从哪一页导出，如 /departments；说明里的链接打开它", pattern=r"^/[a-z]{0,20}$"),
) -> None:
    """The parameters of both routes: described, and checked, before `_asked` reads them."""


_FILES = {200: {"content": {media: {} for media in MEDIA_TYPES.values()}}, 400: {"description": "不能这样导出，附原因"}}


@dataclass(frozen=True)
class Exporter:
    """What an export needs besides its question."""

    warehouse: Warehouse
    build: str
    clock: Clock | None
    gate: asyncio.Semaphore

    async def make(self, request: Request, into: Callable[[Export], Response]) -> Response:
        """The answer made of the export that a request asks for; given up when the reader has gone."""
        is_over = Event()

        def question(ask: Ask) -> Response:
            stamp = Stamp(self.build, self.clock() if self.clock else None)
            asked, sees_cases = _asked(ask, request), may_see_cases("desk")
            return into(Export(ask, asked, stamp=stamp, sees_cases=sees_cases, is_over=is_over.is_set))

        async with self.gate:
            work = asyncio.create_task(answer(self.warehouse, question))
            left = asyncio.create_task(_left(request))
            try:
                await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    is_over.set()
                return await work
            finally:
                is_over.set()
                left.cancel()


async def _left(request: Request) -> None:
    """Wait until the reader has gone. (`request.is_disconnected` never says so behind a middleware of Starlette's.)"""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def add_export(api: FastAPI, warehouse: Warehouse, *, build: str, clock: Clock | None = None) -> None:
    """Add /export and /export/about to the API. `clock` tells when a file was made, where that is to be told."""
    exporter = Exporter(warehouse, build, clock, asyncio.Semaphore(AT_ONCE))
    _errors(api)
    _add_file(api, exporter)
    _add_about(api, exporter)


def _errors(api: FastAPI) -> None:
    @api.exception_handler(ExportRefusedError)
    async def refused(_request: Request, error: ExportRefusedError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=400)

    @api.exception_handler(NotAllowedError)
    async def forbidden(_request: Request, error: NotAllowedError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=403)

    @api.exception_handler(StoppedError)
    async def stopped(_request: Request, error: StoppedError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503)


def _add_file(api: FastAPI, exporter: Exporter) -> None:
    @api.get(
        "/export",
        summary="导出事项清单或指标汇总",
        openapi_extra=with_filters(),
        dependencies=[Depends(_parameters)],
        response_class=Response,
        responses=_FILES,  # type: ignore[arg-type]
    )
    async def export(request: Request) -> Response:
        """Without `metrics` the cases accepted in the period, else the same numbers as /query.

        The file is complete before its first byte is sent. `Link` leads to its description, `Repr-Digest` is the
        file's SHA-256.
        """
        return await exporter.make(request, _file)


def _add_about(api: FastAPI, exporter: Exporter) -> None:
    @api.get(
        "/export/about",
        summary="导出文件的说明（JSON）",
        openapi_extra=with_filters(),
        dependencies=[Depends(_parameters)],
    )
    async def about(request: Request) -> Response:
        """The sidecar of a file: conditions, snapshot, columns, definitions, number of rows, checksum."""
        return await exporter.make(request, lambda export: JSONResponse(export.describe()))


def _asked(ask: Ask, request: Request) -> Asked:
    said = request.query_params
    if said["format"] not in FORMATS:
        raise BadRequestError(f"format 只能是 {'、'.join(FORMATS)}")
    if said.get("order", "newest") not in CASE_ORDERS:
        raise BadRequestError(f"order 只能是 {'、'.join(CASE_ORDERS)}")
    if "metrics" in said and "order" in said:
        raise BadRequestError("order 只用于事项清单，不与 metrics 同用")
    metrics = tuple(dict.fromkeys(split_keys(said.get("metrics", ""))))
    by = split_keys(said.get("by", ""))
    if not metrics and ("metrics" in said or by):
        raise BadRequestError("by 与 metrics 同用：请写明要导出的指标，或去掉分组以导出事项清单")
    return Asked(
        format=said["format"],
        filters=strict_filters(ask, request, own_keys=OWN_KEYS),
        metrics=metrics,
        by=by,
        order=said.get("order", "newest"),
        view=said.get("view", "/"),
    )


def _file(export: Export) -> Response:
    out: BinaryIO = tempfile.TemporaryFile(prefix="yiping-export-")  # noqa: SIM115
    try:
        export.write(out)
        size, digest = out.tell(), _digest(out)
    except BaseException:
        out.close()
        raise
    headers = {
        "Content-Disposition": disposition(export.name),
        "Content-Length": str(size),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Link": f'<{export.asked.address(f"{EXPORT}/about")}>; rel="describedby"; type="application/json"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_chunks(out), media_type=MEDIA_TYPES[export.asked.format], headers=headers)


def _digest(out: BinaryIO) -> str:
    """The SHA-256 of the whole file, in base64 as HTTP writes it; the file is at its beginning then."""
    sha = hashlib.sha256()
    out.seek(0)
    while chunk := out.read(CHUNK):
        sha.update(chunk)
    out.seek(0)
    return base64.b64encode(sha.digest()).decode()


def _chunks(out: BinaryIO) -> Iterator[bytes]:
    with out:
        while chunk := out.read(CHUNK):
            yield chunk
