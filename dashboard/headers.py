"""What may a page of ours load, and from where? The security headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PERMISSIONS = ", ".join(
    [
        "fullscreen=(self)",
        *(
            f"{name}=()"
            for name in ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
        ),
    ]
)
"""What of the machine a page may use: the whole screen."""

HSTS = "max-age=31536000"
"""A browser that came by TLS once comes no other way for a year; of this host name only, others may have none."""

STATIC = re.compile(r"(/screen)?/(assets|_dash-component-suites)/")
MODIFIED = re.compile(rb"m=[0-9.]{1,24}")


def content_policy(script_hashes: Sequence[str], tile_origin: str = "") -> str:
    """The Content-Security-Policy: everything from here, pictures also from the configured tile host, no eval.

    `script_hashes` are Dash's inline scripts as CSP sources. Styles stay inline because Mantine and Plotly write them.
    """
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *script_hashes],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:", *filter(None, [tile_origin])],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


class SecurityHeaders:
    """An ASGI layer that adds the headers to every HTTP answer of the application inside, a crash's included.

    `is_secure`: browsers come by TLS. Nothing is kept by a browser unless its answer says how long; files that come
    without data are asked about again.
    """

    def __init__(self, app: ASGIApp, policy: str, *, is_secure: bool = False) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": PERMISSIONS,
            **({"Strict-Transport-Security": HSTS} if is_secure else {}),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers where an HTTP answer starts."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", kept(scope, message["status"]))
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def kept(scope: Scope, status: int) -> str:
    """How long a browser may keep an answer that does not say so itself."""
    if status not in (200, 304) or not STATIC.match(scope["path"]):
        return "no-store"
    # Dash asks for our files with their time of change; others (a font named in a style) by their bare name.
    is_fingerprinted = MODIFIED.fullmatch(scope["query_string"]) is not None
    return "private, max-age=31536000, immutable" if is_fingerprinted else "no-cache"
