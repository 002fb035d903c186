"""With what does a page open that is asked for without any condition? With its period, visible in the address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api import answer
from dashboard.ask import Ask
from dashboard.filters import Filters, default_period
from dashboard.reader import Readers
from dashboard.store import StoreError
from dashboard.views import NoSuchViewError, Views
from dashboard.warehouse import Lender
from etl.contract import NoSnapshotError


class Openings:
    """Answers a bare page's address with the address to read on: the reader's home view, or the default period."""

    def __init__(self, warehouse: Lender, opens_with: Mapping[str, Filters], *, readers: Readers, views: Views) -> None:
        self._warehouse = warehouse
        self._opens_with = opens_with
        self._readers, self._views = readers, views

    def around(self, app: ASGIApp) -> ASGIApp:
        """The ASGI layer: passes on what is no page, or says what it wants to see."""

        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and self._is_bare(scope):
                await (await self._answer(Request(scope)))(scope, receive, send)
            else:
                await app(scope, receive, send)

        return layer

    def _is_bare(self, scope: Scope) -> bool:
        return scope["method"] == "GET" and scope["path"] in self._opens_with and not scope["query_string"]

    async def _answer(self, request: Request) -> Response:
        def address(ask: Ask) -> str:
            return self._home(request, ask) or self._address(request.url.path, ask.info.as_of)

        try:
            return RedirectResponse(await answer(self._warehouse, address), status_code=302)
        except NoSnapshotError as error:
            return PlainTextResponse(str(error), status_code=503)

    def _address(self, path: str, as_of: datetime) -> str:
        period = default_period(as_of)
        return f"{path}?{self._opens_with[path].shifted(since=period.since, until=period.until).to_query()}"

    def _home(self, request: Request, ask: Ask) -> str:
        """The address of the view a reader begins with at “/”, if it is one that they may open as who they are now.

        None where the store fails: then the page opens as for everybody.
        """
        if request.url.path != "/":
            return ""
        try:
            reader = self._readers.of(request)
            home = self._views.home(reader)
            return f"/v/{home}" if home and self._views.find(reader, home).is_for(reader, ask) else ""
        except (NoSuchViewError, StoreError):
            return ""
