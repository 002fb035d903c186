"""How do walls say that they paint, and how is their list read? /screens of the API."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from dashboard.pulse import Clock
from dashboard.screens import Beat, Screens, TooManyScreensError
from dashboard.store import Store, StoreError
from dashboard.warehouse import Warehouse

MOST_BYTES = 2048


class RefusedError(Exception):
    """A request that changes the list is not as it must be."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def add_screens(api: FastAPI, warehouse: Warehouse, store: Store, *, build: str, clock: Clock) -> None:
    """Add /screens: a wall's heartbeat, the list, and taking a wall off it."""
    screens = Screens(store)
    _errors(api)

    @api.post("/screens", summary="大屏心跳（每次画完之后）", status_code=204, openapi_extra=_body())
    async def heartbeat(request: Request) -> Response:
        """Keep what a wall of this server says of itself; its time is the server's."""
        beat = await _beat(request)
        await asyncio.to_thread(screens.heard, beat, clock())
        return Response(status_code=204)

    @api.get("/screens", summary="各大屏是否在线、画面是否最新")
    async def listed() -> dict[str, Any]:
        """Every wall, when it last painted, and what is current on the server."""

        def work() -> dict[str, Any]:
            with warehouse.lease() as ask:
                snapshot = ask.info.snapshot
            rows = screens.listed(now=clock(), build=build, snapshot=snapshot)
            return {"build": build, "snapshot": snapshot, "screens": rows}

        return await asyncio.to_thread(work)

    @api.delete("/screens/{screen}", summary="从清单中移除一块大屏", status_code=204)
    async def forget(request: Request, screen: str) -> Response:
        """Take a wall off the list; one that still paints comes back with its next heartbeat."""
        _refuse_foreign(request)
        if not await asyncio.to_thread(screens.forget, screen):
            raise RefusedError(404, "清单中没有这块屏幕")
        return Response(status_code=204)


def _body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": Beat.model_json_schema()}}}}


def _refuse_foreign(request: Request) -> None:
    """Only pages of this server may change anything: a browser always says where a request that changes comes from."""
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != request.headers.get("host"):
        raise RefusedError(403, "只接受本系统页面发出的请求")


async def _beat(request: Request) -> Beat:
    _refuse_foreign(request)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RefusedError(415, "心跳应为 JSON")
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise RefusedError(411, "心跳应注明长度")
    if int(length) > MOST_BYTES:
        raise RefusedError(413, f"心跳不应超过 {MOST_BYTES} 字节")
    try:
        return Beat.model_validate_json(await request.body())
    except ValidationError as error:
        wrong = "、".join(str(e["loc"][0]) if e["loc"] else "全文" for e in error.errors()[:3])
        raise RefusedError(422, f"心跳内容有误（{wrong}）") from error


def _errors(api: FastAPI) -> None:
    @api.exception_handler(RefusedError)
    async def refused(_request: Request, error: RefusedError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=error.status)

    @api.exception_handler(TooManyScreensError)
    async def full(_request: Request, error: TooManyScreensError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=409)

    @api.exception_handler(StoreError)
    async def not_kept(_request: Request, error: StoreError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503)
