"""Is there anything at this path? Dash answers every unknown one with the page, as if it existed; here it is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from dash.fingerprint import check_fingerprint
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.auth.gate import ACCOUNT_ROUTES, LOGIN_ROUTES, SSO_ROUTES
from dashboard.web.answers import nothing_here, refusal

OURS = {"/readyz", "/screen", "/screen/", *(route.path for route in (*LOGIN_ROUTES, *SSO_ROUTES, *ACCOUNT_ROUTES))}
BELOW = re.compile(r"/api/v1/.*|/tiles/.*|/v/[\w-]{1,40}", re.ASCII | re.DOTALL)
"""Whoever stands behind these answers 404 by itself."""

DASH = {"_dash-layout": "GET", "_dash-dependencies": "GET", "_dash-update-component": "POST", "_favicon.ico": "GET"}
"""What of Dash's own routes pages use → the method."""

_STATIC = re.compile(r"assets/(?:[\w-][\w.-]*/)*[\w-][\w.-]*", re.ASCII)
"""Nothing that begins with a dot, and no way up."""

Registered = Mapping[str, Collection[str]]
"""Dash's `registered_paths`: package → the files of it that pages load."""


@dataclass(frozen=True)
class KnownPaths:
    """The paths of the pages, and of each Dash application: prefix → the files it hands out."""

    pages: Collection[str]
    apps: Mapping[str, Registered]

    def methods(self, path: str) -> str | None:
        """None where there is nothing; the one method of a route of Dash's; empty where what is behind decides."""
        if path in OURS or BELOW.fullmatch(path) or (path.rstrip("/") or "/") in self.pages:
            return ""
        for prefix, registered in self.apps.items():
            if path.startswith(prefix):
                found = _of_dash(path.removeprefix(prefix), registered)
                if found is not None:
                    return found
        return None


def _of_dash(name: str, registered: Registered) -> str | None:
    if name in DASH:
        return DASH[name]
    if _STATIC.fullmatch(name):
        return ""
    suite, _, rest = name.partition("/")
    package, _, file = rest.partition("/")
    if suite == "_dash-component-suites" and file and _is_registered(file, registered.get(package, ())):
        return "GET"
    return None


def _is_registered(file: str, files: Collection[str]) -> bool:
    plain: str = check_fingerprint(file)[0]
    return plain in files


class OnlyKnownPaths:
    """An ASGI layer that answers 404 where there is nothing, and 405 to a method that a route of Dash's has not."""

    def __init__(self, app: ASGIApp, methods: Callable[[str], str | None]) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is asked of a known path."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        only = self._methods(scope["path"])
        if only is None:
            await nothing_here(scope)(scope, receive, send)
        elif only and scope["method"] != only:
            await refusal("不支持这种请求方法", 405)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
