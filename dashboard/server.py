"""How do API, health and pages stand on one ASGI server?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from dashboard.api import add_health, answer, build_id, create_api
from dashboard.basemap import BaseMap
from dashboard.basemap_api import add_basemap
from dashboard.care_api import add_care
from dashboard.clock import Clock
from dashboard.density_api import add_density
from dashboard.export.jobs import Jobs
from dashboard.export_api import add_export
from dashboard.export_jobs_api import add_export_jobs
from dashboard.factory import create_app, find_pages
from dashboard.filters import default_period
from dashboard.headers import SecurityHeaders, content_policy
from dashboard.map_api import add_maps
from dashboard.notes import Notes
from dashboard.notes_api import add_notes
from dashboard.reader import Readers
from dashboard.report_api import add_report
from dashboard.screens_api import add_screens
from dashboard.store import IN_MEMORY, Store, StoreError
from dashboard.views import Views
from dashboard.views_api import add_views
from dashboard.wall import settings as wall_settings
from dashboard.wall.app import add_wall
from dashboard.warehouse import open_warehouse
from dashboard.writes import OwnPagesOnly, add_refusals
from etl.contract import NoSnapshotError

ROOT = Path(__file__).resolve().parent.parent


class Server(FastAPI):
    """FastAPI inside the security headers: not even the answer to a crash goes out without them."""

    policy: str

    def build_middleware_stack(self) -> ASGIApp:
        """Called by Starlette at the first request, when the policy is known."""
        return SecurityHeaders(super().build_middleware_stack(), self.policy)


def create(
    warehouse_path: Path,
    basemap: BaseMap | None = None,
    *,
    clock: Clock | None = None,
    state: Path = IN_MEMORY,
    wall: Path = wall_settings.DEFAULT,
) -> FastAPI:
    """The ASGI application over one warehouse. Routes of ours come before Dash's, which answers every path.

    `clock` is the server's, to be told in exported files; `state` is the file for what readers write down; `wall`
    says how /screen goes round. Raises `WallConfigError` where it cannot.
    """
    turns = wall_settings.read(wall)
    warehouse = open_warehouse(warehouse_path)
    store = Store(state)
    jobs = Jobs(store, None if state == IN_MEMORY else state.with_name("exports"), clock=clock)

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()
        warehouse.close()
        store.close()

    server = Server(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    server.state.warehouse = warehouse
    server.state.store = store
    add_health(server, warehouse)
    build, pages = build_id(ROOT), find_pages()
    api = create_api(warehouse, build, clock)
    add_density(api, warehouse)
    add_maps(api, warehouse)
    readers = Readers(store)
    exporter = add_export(api, warehouse, build=build, clock=clock, pages=pages, readers=readers)
    add_export_jobs(api, exporter, jobs)
    add_care(api, warehouse, build=build, clock=clock, readers=readers)
    add_report(api, warehouse)
    if clock is not None:
        add_screens(api, warehouse, store, build=build, clock=clock)
    add_basemap(server, api, basemap)
    add_refusals(api)
    views = Views(store, clock)
    add_views(server, api, warehouse, views=views, readers=readers, pages={page.path: page.name for page in pages})
    add_notes(api, warehouse, notes=Notes(store, clock), readers=readers)
    server.mount("/api/v1", api)
    # The wall comes first: the application made last is the one that answers every path left over.
    screens = add_wall(server, warehouse, turns)
    dash = create_app(warehouse, server)
    # Only now are all of Dash's inline scripts known.
    hashes = sorted({*dash.csp_hashes(), *screens.csp_hashes()})
    server.policy = content_policy(hashes, basemap.origin if basemap else "")
    opening = {page.path: page.opens_with for page in pages}

    # Numbers as text shrink tenfold; level 3 costs a tenth of the time that the last percent would.
    server.add_middleware(OwnPagesOnly)
    server.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=3)

    @server.middleware("http")
    async def open_with_a_period(request: Request, call_next: RequestResponseEndpoint) -> Response:
        """A page asked for without any condition opens with the default period, visible in the address."""
        if request.method == "GET" and request.url.path in opening and not request.url.query:
            try:
                as_of = await answer(warehouse, lambda ask: ask.info.as_of)
            except NoSnapshotError as error:
                return Response(str(error), status_code=503, media_type="text/plain; charset=utf-8")
            home = await asyncio.to_thread(_home, request, readers, views)
            if home:
                return RedirectResponse(f"/v/{home}", status_code=302)
            period = default_period(as_of)
            asked = opening[request.url.path].shifted(since=period.since, until=period.until)
            return RedirectResponse(f"{request.url.path}?{asked.to_query()}", status_code=302)
        return await call_next(request)

    return server


def _home(request: Request, readers: Readers, views: Views) -> str:
    """The view a reader begins with at “/”; none where the store fails: then the page opens as for everybody."""
    if request.url.path != "/":
        return ""
    try:
        return views.home(readers.of(request))
    except StoreError:
        return ""
