"""How do tests send a request as it is, byte for byte? Straight to the ASGI application: no client tidies it up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote

from starlette.types import ASGIApp

Head = Sequence[tuple[str, str]]
T = TypeVar("T")


def carried_out(work: Coroutine[Any, Any, T]) -> T:
    """What the work comes to, on a thread of its own: browser tests leave an event loop running on the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass
class Said:
    """An answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def send(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    head: Head = (),
    chunks: Sequence[bytes] = (b"",),
    hangs: bool = False,
    leaves: asyncio.Event | None = None,
    address: str = "127.0.0.1",
) -> Said:
    """The answer to a request of these headers and body; one that `hangs` never sends its last part.

    One that `leaves` hangs up at that event.
    """
    raw, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in head],
        "client": (address, 40000),
        "server": ("127.0.0.1", 80),
    }
    said, left = Said(), list(chunks)

    async def receive() -> dict[str, Any]:
        if not left:
            if leaves is not None:
                await leaves.wait()
            elif hangs or said.status == 0:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or hangs}

    async def hear(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.status = message["status"]
            said.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        else:
            said.body += message.get("body", b"")

    await app(scope, receive, hear)
    return said
