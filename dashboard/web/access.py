"""Which requests came, and how were they answered? One JSON line each, without query values or anything of a person."""

from __future__ import annotations

import json
import logging
import re
import secrets
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import faults, work

log = logging.getLogger("yiping.access")

LONGEST_PATH = 120
_TYPED = re.compile(r"[^\x20-\x7e]+|\d(?:[ -]?\d){6,}[Xx]?")
"""What may be of a person in a path that somebody typed: words, where paths of ours have none, and long numbers."""


def address(scope: Scope) -> str:
    """Where a request comes from, as the server saw it; no header is believed. Empty where it cannot tell."""
    client = scope.get("client")
    return str(client[0]) if client else ""


class AccessLog:
    """An ASGI layer that gives each request an id, told in `X-Request-ID`, and writes a line when it is answered.

    `ms` is the time to the last byte, `bytes` what went out of the body; status 0 is a request without any answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; both HTTP requests and attempts to open a WebSocket are written down."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        faults.request_id.set(secrets.token_hex(8))
        work.client.set(address(scope))
        line = _Line(scope)
        try:
            await self._app(scope, receive, line.watching(send))
        finally:
            line.write()


class _Line:
    def __init__(self, scope: Scope) -> None:
        self._began = perf_counter()
        self._id = faults.request_id.get()
        self._method = scope.get("method", "WEBSOCKET")
        self._path = _TYPED.sub("…", scope["path"][:LONGEST_PATH])
        self._status = 0
        self._bytes = 0

    def watching(self, send: Send) -> Send:
        """`send`, with the id in the answer's head and its size counted."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = self._id
            elif message["type"] == "websocket.close":
                self._status = 403
            self._bytes += len(message.get("body", b""))
            await send(message)

        return sending

    def write(self) -> None:
        said = {
            "id": self._id,
            "method": self._method,
            "path": self._path,
            "status": self._status,
            "ms": round((perf_counter() - self._began) * 1000),
            "bytes": self._bytes,
        }
        log.info(json.dumps(said))
