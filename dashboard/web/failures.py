"""What does the reader see when something fails? A sentence and a number to ask about; never what was being done."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import faults
from dashboard.refusal import RefusedError
from dashboard.store import StoreError
from dashboard.warehouse import SlowQueryError
from dashboard.web.answers import refusal
from etl.contract import NoSnapshotError

KNOWN: Mapping[type[Exception], int] = {SlowQueryError: 503, NoSnapshotError: 503, StoreError: 503}
"""Errors whose text is written for people → status."""


class SilentFailureError(Exception):
    """Something inside answered 500 and told nobody why."""


class Failures:
    """An ASGI layer that lets no 500 out as it came: refusals become their own answer, everything else is noted.

    Nothing is raised further: the ASGI server would write the exception's text, which may be a person's data.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; an answer that begins with 500 is held back until it is known why."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = _Answer(send)
        try:
            await self._app(scope, receive, said.sending)
        except Exception as error:
            await said.instead(_answer_to(error), scope, receive)
        else:
            if said.is_held:
                await said.instead(_answer_to(SilentFailureError()), scope, receive)


class _Answer:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_begun = False
        self.is_held = False

    async def sending(self, message: Message) -> None:
        """Pass a message on, unless it belongs to a 500."""
        if message["type"] == "http.response.start":
            self.is_held = message["status"] == 500
            self._has_begun = not self.is_held
        if not self.is_held:
            await self._send(message)

    async def instead(self, answer: Response, scope: Scope, receive: Receive) -> None:
        """Answer in place of what failed. One that failed half-way can only end: what went out cannot be taken back."""
        if not self._has_begun:
            await answer(scope, receive, self._send)


def _answer_to(error: Exception) -> Response:
    if isinstance(error, RefusedError):
        return refusal(str(error), error.status, retry_after=error.retry_after)
    for kind, status in KNOWN.items():
        if isinstance(error, kind):
            return refusal(str(error), status)
    number = faults.note(error, "request failed", number=faults.request_id.get())
    return refusal(f"系统内部出错，已记录（错误号 {number}）", 500)
