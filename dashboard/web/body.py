"""How much may a request bring, and how long may it take? The body is complete before anything behind here sees it."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.refusal import RefusedError
from dashboard.web.answers import cut_off

LARGEST = 1_000_000
PROGRESS_SECONDS = 10.0
WHOLE_SECONDS = 15.0


class _GoneError(Exception):
    """The client went away before its request was complete."""


class BodyLimit:
    """An ASGI layer that reads a body to its end and hands it on: 413 when it is too large, 408 when it is too slow.

    Dash swallows what is raised while it reads a body: so the answer is given here, before Dash begins.
    """

    def __init__(
        self, app: ASGIApp, *, largest: int = LARGEST, progress: float = PROGRESS_SECONDS, whole: float = WHOLE_SECONDS
    ) -> None:
        self._app = app
        self._largest, self._progress, self._whole = largest, progress, whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the complete request."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        try:
            self._refuse_announced(Headers(scope=scope))
            body = await self._read(receive)
        except RefusedError as error:
            await cut_off(str(error), error.status)(scope, receive, send)
        except _GoneError:
            return
        else:
            await self._app(scope, replayed(body, receive), send)

    def _refuse_announced(self, headers: Headers) -> None:
        announced = headers.get("content-length", "0")
        if not (announced.isascii() and announced.isdigit()):
            raise RefusedError("Content-Length 不是一个数", 400)
        # A number of a hundred digits is too large by its length alone.
        if len(announced) > 12 or int(announced) > self._largest:
            raise self._too_large()

    def _too_large(self) -> RefusedError:
        return RefusedError(f"内容过长，至多 {self._largest // 1000} KB", 413)

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._whole):
                while True:
                    message = await asyncio.wait_for(receive(), self._progress)
                    if message["type"] == "http.disconnect":
                        raise _GoneError
                    body += message.get("body", b"")
                    if len(body) > self._largest:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise RefusedError("内容迟迟没有传完，已停止接收", 408) from None


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then what still comes."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def media_type(headers: Headers) -> str:
    """What a body says that it is, without parameters; empty where it says nothing."""
    return headers.get("content-type", "").split(";")[0].strip().lower()


async def limited(request: Request, largest: int) -> bytes:
    """The body of a request that may be no larger. Raises `RefusedError` (413) as soon as it is."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise RefusedError(f"内容过长，至多 {largest // 1024} KB", 413)
    return bytes(body)


async def whole(receive: Receive) -> bytes:
    """The body of a request; behind `BodyLimit` it is there at once."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
