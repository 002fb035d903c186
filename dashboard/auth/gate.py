"""May this request pass? Nothing does that is not in the table of routes, and there only for the roles named.

It decides on method, path and who is asking, never on the body, and it changes nothing of the path: what is written in
two ways is refused, so that no layer behind can read it as something else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.auth.cookies import AmbiguousError
from dashboard.auth.doors import Doors
from dashboard.auth.identity import Identity, acting
from dashboard.auth.roles import EVERYONE, with_right
from dashboard.auth.workers import Workers
from dashboard.store import StoreError
from dashboard.web.answers import nothing_here, page

log = logging.getLogger("yiping.auth")

GET = frozenset({"GET"})
POST = frozenset({"POST"})
NO_ROLE: frozenset[str] = frozenset()
LONGEST_NEXT = 2000
CROOKED = re.compile(r"%(?:2e|2f|5c|00|25)|\\|//|/\.|[\x00-\x1f\x7f]", re.IGNORECASE)
"""Encoded separators, dots, zeros and percents, backslashes, empty and dotted segments, control characters."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Who may ask for a path. In `path`, `*` stands for one segment, `**` at its end for everything below.

    `who` are role keys; a public route asks for nobody. `is_page`: a person opens it, and is sent to log in.
    `is_poll`: pages ask for it by themselves, so it does not keep a session alive. `is_of_account`: the account's own
    role decides, not the one that its person looks as.
    """

    path: str
    methods: frozenset[str] = GET
    who: frozenset[str] = NO_ROLE
    is_public: bool = False
    is_page: bool = False
    is_poll: bool = False
    is_of_account: bool = False

    def lets_in(self, identity: Identity) -> bool:
        """May this one ask for it?"""
        return (identity.account_role if self.is_of_account else identity.role) in self.who

    @property
    def pattern(self) -> re.Pattern[str]:
        """The paths it is about."""
        segments = {"*": "[^/]+", "**": ".+"}
        return re.compile("/".join(segments.get(part, re.escape(part)) for part in self.path.split("/")))


LOGIN_ROUTES = (
    Route(path="/healthz", is_public=True),
    Route(path="/login", methods=GET | POST, is_public=True),
    Route(path="/login/screen", methods=GET | POST, is_public=True),
    Route(path="/logout", methods=POST, is_public=True),
    Route(path="/assets/tokens.css", is_public=True),
    Route(path="/assets/login.css", is_public=True),
)
"""All that anybody may ask for."""
SSO_ROUTES = (Route(path="/login/sso", is_public=True), Route(path="/login/sso/back", is_public=True))
"""And where there is a single sign-on."""
ACCOUNT_ROUTES = (
    Route(path="/password", methods=GET | POST, who=EVERYONE, is_page=True),
    Route(path="/view-as", methods=GET | POST, who=with_right("view_as"), is_page=True, is_of_account=True),
)
"""What people do with their own accounts."""


class Gate:
    """The ASGI layer in front of everything: deny by default. The first route of the table that fits decides.

    404 for a path that is not there, 405 for a method, 401 (or the way to log in) for nobody, 403 for a role that may
    not, 503 where the store cannot be asked.
    """

    def __init__(self, app: ASGIApp, doors: Doors, routes: Iterable[Route]) -> None:
        self._app, self._doors, self._workers = app, doors, Workers("gate")
        self._routes = tuple((route.pattern, route) for route in routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass, with who is asking; answer the rest."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:  # a socket that nobody accepted is closed; nothing of ours speaks over one
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._found(scope)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        if found.is_public:
            await self._app(scope, receive, send)
            return
        try:
            identity = await self._workers.run(lambda: self._doors.who(scope, is_used=not found.is_poll))
        except AmbiguousError as error:
            await _refusal(found, str(error), 400)(scope, receive, send)
            return
        except StoreError:
            log.exception("who is asking cannot be found out")
            await _refusal(found, "暂时无法核对登录状态，请稍后再试", 503)(scope, receive, send)
            return
        if identity is None or not found.lets_in(identity):
            await _denial(found, scope, identity)(scope, receive, send)
            return
        with acting(identity):
            await self._app(scope, receive, send)

    def _found(self, scope: Scope) -> Route | Response:
        """The route that decides, or the answer where there is none."""
        path = scope["path"]
        written = scope.get("raw_path") or b""
        fits = [] if _is_crooked(path, written) else [r for pattern, r in self._routes if pattern.fullmatch(path)]
        if not fits:
            return nothing_here(scope)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        for route in fits:
            if method in route.methods:
                return route
        allowed = frozenset().union(*(route.methods for route in fits))
        return _json("不支持这种请求方法", 405, {"Allow": ", ".join(sorted(allowed))})


def _is_crooked(path: str, written: bytes) -> bool:
    """Is a path written so that two layers could read it differently? Both what was sent and what it decodes to."""
    return bool(CROOKED.search(path) or CROOKED.search(written.partition(b"?")[0].decode("latin-1")))


def _denial(route: Route, scope: Scope, identity: Identity | None) -> Response:
    if identity is not None:
        if route.is_page and scope["path"] == "/":  # where everybody arrives who was not on the way to somewhere
            return RedirectResponse(identity.rights.home, 302)
        return _refusal(route, "您的角色不能使用这个功能", 403)
    if route.is_page and scope["method"] in ("GET", "HEAD"):
        return RedirectResponse(f"/login?next={quote(_asked(scope), safe='')}", 302, {"Cache-Control": "no-store"})
    return _json("请先登录", 401, {"WWW-Authenticate": "Bearer"})


def _asked(scope: Scope) -> str:
    """The address to come back to."""
    query = scope["query_string"].decode("latin-1")
    whole = f"{scope['path']}?{query}" if query else str(scope["path"])
    return whole if len(whole) <= LONGEST_NEXT else str(scope["path"])


def _refusal(route: Route, text: str, status: int) -> Response:
    return page("打不开这一页", text, status) if route.is_page else _json(text, status)


def _json(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": text}, status, {"Cache-Control": "no-store", **(headers or {})})
