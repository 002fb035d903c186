"""How do API, health and pages stand on one ASGI server?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from dashboard.api import build_id, create_api, refused
from dashboard.audit.api import add_audit
from dashboard.audit.of_server import load_seen
from dashboard.audit.recorder import Recorder
from dashboard.audit.trail import Trail, open_trail, trail_path
from dashboard.auth.roles import NAMES
from dashboard.basemap import BaseMap
from dashboard.basemap_api import add_basemap
from dashboard.care_api import add_care
from dashboard.clock import Clock
from dashboard.density_api import add_density
from dashboard.export.jobs import Jobs
from dashboard.export_api import add_export
from dashboard.export_jobs_api import add_export_jobs
from dashboard.factory import create_app, find_pages
from dashboard.headers import content_policy
from dashboard.health import Standing, add_health
from dashboard.map_api import add_maps
from dashboard.notes import Notes
from dashboard.notes_api import add_notes
from dashboard.opening import Openings
from dashboard.page import Page
from dashboard.pictures_api import add_pictures
from dashboard.reader import Readers
from dashboard.report_api import add_report
from dashboard.scoped import ScopedWarehouse
from dashboard.screens_api import add_screens
from dashboard.security import Security, open_security
from dashboard.stamps import Stamps
from dashboard.store import IN_MEMORY, Store
from dashboard.views import Views
from dashboard.views_api import add_views
from dashboard.wall import settings as wall_settings
from dashboard.wall.app import PREFIX, add_wall
from dashboard.warehouse import Lender, open_warehouse
from dashboard.web.hosts import LOOPBACK
from dashboard.web.lag import LoopLag
from dashboard.web.paths import KnownPaths
from dashboard.web.stack import Layer, Rules, secured
from dashboard.writes import add_refusals
from etl.contract import NoSnapshotError

ROOT = Path(__file__).resolve().parent.parent


class Server(FastAPI):
    """FastAPI inside the layers of `dashboard/web/stack.py`: not even the answer to a crash goes out past them."""

    rules: Rules

    def build_middleware_stack(self) -> ASGIApp:
        """Called by Starlette at the first request, when the rules are known."""
        return secured(super().build_middleware_stack(), self.rules)


def create(
    warehouse_path: Path,
    basemap: BaseMap | None = None,
    *,
    clock: Clock | None = None,
    state: Path = IN_MEMORY,
    wall: Path = wall_settings.DEFAULT,
    hosts: Collection[str] = LOOPBACK,
    is_gated: bool = False,
    is_secure: bool = False,
) -> Server:
    """The ASGI application over one warehouse. Routes of ours come before Dash's, which answers every path.

    `clock` is the server's, to be told in exported files; `state` is the file for what readers write down; `wall`
    says how /screen goes round; `hosts` are the names it answers to; `is_secure`: browsers come by TLS. Where it is not
    `is_gated` it is open to whoever reaches it: for tests and measuring only, `app.py` always gates it. Raises
    `WallConfigError` where it cannot.
    """
    turns = wall_settings.read(wall)
    store = Store(state)
    now = clock or datetime.now
    trail = Trail(IN_MEMORY, clock=now) if state == IN_MEMORY else open_trail(trail_path(state), clock=now)
    record = Recorder(trail)
    whole = open_warehouse(warehouse_path, partial(load_seen, trail))
    # Behind the gate nobody gets more of it than they may see, whatever they ask.
    warehouse: Lender = ScopedWarehouse(whole) if is_gated else whole
    security = open_security(store, trail, clock=now, is_secure=is_secure) if is_gated else None
    lag = LoopLag()
    jobs = Jobs(store, None if state == IN_MEMORY else state.with_name("exports"), clock=clock)

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        async with lag.watched():
            yield
        jobs.close()
        whole.close()
        trail.close()
        store.close()

    server = Server(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    server.add_exception_handler(HTTPException, refused)  # type: ignore[arg-type]
    server.state.warehouse = whole
    server.state.store = store
    server.state.trail = trail
    server.state.lag = lag
    server.state.security = security
    if security:
        security.add(server, lambda: _towns(whole))
    folders = (warehouse_path, trail.path.parent)
    add_health(server, Standing(warehouse, lambda: whole.refused, store, trail, folders, lag))
    build, pages = build_id(ROOT), find_pages()
    server.state.build = build
    api = create_api(warehouse, build, clock)
    add_density(api, warehouse)
    add_maps(api, warehouse)
    readers = Readers(store)
    stamps = Stamps(build, clock, readers)
    exporter = add_export(api, warehouse, stamps=stamps, pages=pages, record=record)
    add_export_jobs(api, exporter, jobs)
    add_care(api, warehouse, stamps=stamps, record=record)
    add_report(api, warehouse, stamps=stamps, record=record)
    add_pictures(api, warehouse, stamps=stamps, record=record)
    if clock is not None:
        add_screens(api, warehouse, store, build=build, clock=clock)
    add_basemap(server, api, basemap)
    add_refusals(api)
    add_audit(
        api,
        trail,
        clock=now,
        record=record,
        names=NAMES | _panels(pages),
    )
    views = Views(store, clock)
    add_views(server, api, warehouse, views=views, readers=readers, pages={page.path: page.name for page in pages})
    add_notes(api, warehouse, notes=Notes(store, clock), readers=readers)
    server.mount("/api/v1", api)
    # The wall comes first: the application made last is the one that answers every path left over.
    screens = add_wall(server, warehouse, turns)
    dash = create_app(warehouse, server)
    # Only now are all of Dash's inline scripts and files known.
    hashes = sorted({*dash.csp_hashes(), *screens.csp_hashes()})
    apps = {"/": dash, PREFIX: screens}
    opens_with = {page.path: page.opens_with for page in pages}
    server.rules = Rules(
        policy=content_policy(hashes, basemap.origin if basemap else ""),
        is_secure=is_secure,
        hosts=hosts,
        paths=KnownPaths(pages=set(opens_with), apps={prefix: app.registered_paths for prefix, app in apps.items()}),
        opening=Openings(warehouse, opens_with, readers=readers, views=views),
        callbacks={f"{prefix}_dash-update-component": app.callback_map for prefix, app in apps.items()},
        gate=_gate(security, [(page.path, page.right) for page in pages]),
    )
    return server


def _panels(pages: Sequence[Page]) -> dict[str, str]:
    """The titles of panels by the ids of their frames."""
    return {f"{panel.id}-panel": panel.title for page in pages for panel in page.panels}


def _towns(warehouse: Lender) -> Mapping[str, str]:
    """The names of the county's towns by code; none before the first batch."""
    try:
        with warehouse.lease() as ask:
            return ask.vocabulary["town"]
    except NoSnapshotError:
        return {}


def _gate(security: Security | None, pages: list[tuple[str, str]]) -> Layer:
    """The layer that lets in only who may; without security one that lets in everybody."""
    return (lambda app: app) if security is None else (lambda app: security.around(app, pages))
