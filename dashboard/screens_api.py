"""How do walls say that they paint, and how is their list read? /screens of the API."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi import Path as InPath

from dashboard import work
from dashboard.api import in_words
from dashboard.auth.identity import known
from dashboard.clock import Clock
from dashboard.refusal import RefusedError
from dashboard.screens import ID, Beat, Screens, TooManyScreensError
from dashboard.store import Store
from dashboard.warehouse import Lender
from dashboard.writes import read, with_body

SCREEN = InPath(description="屏幕编号", json_schema_extra={"pattern": ID})


def add_screens(api: FastAPI, warehouse: Lender, store: Store, *, build: str, clock: Clock) -> None:
    """Add /screens: a wall's heartbeat, the list, and taking a wall off it."""
    screens = Screens(store)
    api.add_exception_handler(TooManyScreensError, in_words(409))

    @api.post("/screens", summary="大屏心跳（每次画完之后）", status_code=204, openapi_extra=with_body(Beat))
    async def heartbeat(request: Request) -> Response:
        """Keep what a wall of this server says of itself; its time is the server's."""
        beat, person = await read(request, Beat), known()
        await asyncio.to_thread(screens.heard, beat, clock(), owner=person.key if person else "")
        return Response(status_code=204)

    @api.get("/screens", summary="各大屏是否在线、画面是否最新")
    async def listed() -> dict[str, Any]:
        """Every wall, when it last painted, and what is current on the server."""

        def listing() -> dict[str, Any]:
            with warehouse.lease() as ask:
                snapshot = ask.info.snapshot
            rows = screens.listed(now=clock(), build=build, snapshot=snapshot)
            return {"build": build, "snapshot": snapshot, "screens": rows}

        return await work.ask(listing)

    @api.delete("/screens/{screen}", summary="从清单中移除一块大屏", status_code=204)
    async def forget(screen: str = SCREEN) -> Response:
        """Take a wall off the list; one that still paints comes back with its next heartbeat."""
        if not await asyncio.to_thread(screens.forget, screen):
            raise RefusedError("清单中没有这块屏幕", 404)
        return Response(status_code=204)
