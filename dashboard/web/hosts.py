"""By which names is this server spoken to? A request for any other name is a trick: its Origin would prove nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.web.answers import refusal

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names of this machine to itself."""

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?")


def host_names(text: str) -> frozenset[str]:
    """The names of a comma-separated list. Raises `ValueError` for one that is no host's name."""
    names = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    for name in names:
        found = _HOST.fullmatch(name)
        if found is None or found[2]:
            raise ValueError(name)
    return names


class TrustedHosts:
    """An ASGI layer that answers 400 unless the one Host header names this server, by whatever port."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what asks for one of our names; X-Forwarded-Host is never looked at."""
        if scope["type"] == "lifespan" or self._knows(Headers(scope=scope).getlist("host")):
            await self._app(scope, receive, send)
            return
        await refusal("不是本系统的地址（Host 不在允许的名单中）", 400)(scope, receive, send)

    def _knows(self, said: list[str]) -> bool:
        found = _HOST.fullmatch(said[0].lower()) if len(said) == 1 else None
        return found is not None and found[1] in self._names
