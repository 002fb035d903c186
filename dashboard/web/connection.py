"""How long may a client take to say what it wants? uvicorn waits for ever for the head of a request, of any length."""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
LARGEST_HEAD = 65_536
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HurriedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which ends a connection whose request line and headers are too long or too long in coming.

    What comes after the head has its own limits (`dashboard/web/body.py`).
    """

    _hurry: TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client is there and has `HEAD_SECONDS` to say something."""
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Something came; outside of a request it belongs to the head of the next one."""
        if self._hurry is None and (self.cycle is None or self.cycle.response_complete):
            self._begin()
        if self._hurry is not None:
            self._head += len(data)
        super().data_received(data)
        if self._hurry is not None and self._head > LARGEST_HEAD:
            self.transport.write(TOO_LARGE)
            self._give_up()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._end()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        self._head = 0
        self._hurry = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _end(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def _give_up(self) -> None:
        self._end()
        if not self.transport.is_closing():
            self.transport.close()


def options() -> dict[str, Any]:
    """How uvicorn is to be started, whatever the address."""
    return {
        "http": HurriedProtocol,
        "ws": "none",
        "log_level": "warning",
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": 30,
        "timeout_keep_alive": 15,
    }
