"""How do wall pages become an application of their own? A second Dash app: not the desk's routes, not its scripts."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from dashboard import callback_values as values
from dashboard import theme, work
from dashboard.factory import fill_panel, stage_targets
from dashboard.filters import default_period
from dashboard.page import Panel
from dashboard.wall import frame
from dashboard.wall.preset import PresetError, read
from dashboard.wall.screen import Screen
from dashboard.wall.settings import WallSettings
from dashboard.warehouse import Lender
from dashboard.web import callbacks

PREFIX = "/screen/"
SHARED_ASSETS = r"tokens\.css|levels\.css|states\.css|map\.js|life\.js|patience\.js|session\.js"
"""What the wall has in common with the desk; of assets/ it loads nothing else but its own."""
_NOT_OURS = rf"^(?!({SHARED_ASSETS})$)(?!{theme.WALL_ASSETS.removeprefix('^')})"


def add_wall(server: FastAPI, warehouse: Lender, settings: WallSettings) -> Dash:
    """Put the wall on a server at /screen, before the desk, whose application answers every other path."""

    @server.get(PREFIX, include_in_schema=False)
    async def with_slash(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{PREFIX.rstrip('/')}{query}", status_code=302)

    @server.get(PREFIX.rstrip("/"), include_in_schema=False)
    async def screen(request: Request) -> Response:
        try:
            preset = read(request.url.query)
        except PresetError as error:
            return PlainTextResponse(str(error), status_code=400)
        return HTMLResponse(frame.index(app.index(), settings, preset))

    app = create_wall(server, warehouse, settings)
    return app


def create_wall(server: FastAPI, warehouse: Lender, settings: WallSettings) -> Dash:
    """The Dash application of the wall."""
    app = Dash(
        "dashboard.wall",
        server=server,
        url_base_pathname=PREFIX,
        use_pages=False,
        suppress_callback_exceptions=True,
        assets_folder=str(theme.ASSETS),
        assets_ignore=_NOT_OURS,
        title="态势一屏尽观 · 大屏",
        update_title=None,
        add_log_handler=False,
        index_string=frame.INDEX,
        on_error=callbacks.failed,
    )
    # Dash opens a socket from every page that it could push to, and gives up on it after an outage: the wall polls.
    app.backend.websocket_capability = False
    screens = find_screens(settings)
    app.layout = frame.frame(screens, settings)
    _wire_screens(app, screens, warehouse, settings.days)
    for prefix in (prefix for screen in screens for prefix in screen.maps):
        _wire_map(app, prefix)
    app.clientside_callback(ClientsideFunction("yiping", "painted"), Input("painted", "data"))
    app._setup_server()  # see dashboard/factory.py: before the first visitor
    return app


def find_screens(settings: WallSettings) -> tuple[Screen, ...]:
    """The `SCREEN` of each page of the tour, in its order."""
    names = [f"dashboard.wall.{turn.key}" for turn in settings.turns]
    return tuple(importlib.import_module(name).SCREEN for name in names)


def _wire_screens(app: Dash, screens: Sequence[Screen], warehouse: Lender, days: int) -> None:
    """One callback per page, one after the other, so that a new snapshot is no rush; the last says what is painted."""
    cues = ["pulse", *frame.cues(screens), "painted"]
    for number, screen in enumerate(screens):
        panels = (frame.PANEL, *screen.panels) if number == 0 else screen.panels
        _wire_screen(app, panels, warehouse, cue=cues[number], answer=cues[number + 1], days=days)


def _wire_screen(app: Dash, panels: Sequence[Panel], warehouse: Lender, *, cue: str, answer: str, days: int) -> None:
    targets = stage_targets(panels)

    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        [*(Output(element, name) for element, name in targets), Output(answer, "data")], Input(cue, "data")
    )
    async def fill_screen(said: Any) -> Any:
        if not values.mapping(said):
            raise PreventUpdate
        drawn, shown = await work.ask(fill, panels, warehouse, days)
        # Where a snapshot came between two pages, the oldest picture on the wall counts.
        return [*drawn, shown if cue == "pulse" else said]


def fill(panels: Sequence[Panel], warehouse: Lender, days: int) -> tuple[list[Any], dict[str, str]]:
    """What the panels show of the current snapshot's last days, in the order of `stage_targets`, and which it is."""
    drawn: dict[tuple[str, str], Any] = {}
    with warehouse.lease() as ask:
        filters = default_period(ask.info.as_of, days)
        for panel in panels:
            drawn |= fill_panel(panel, ask, filters)
        shown = {"snapshot": ask.info.snapshot, "as_of": ask.info.as_of.isoformat()}
    return [drawn.get(target, no_update) for target in stage_targets(panels)], shown


def _wire_map(app: Dash, prefix: str) -> None:
    app.clientside_callback(
        ClientsideFunction("yiping", "scene"),
        Output(f"{prefix}-areas", "data"),
        Output(f"{prefix}-outline", "data"),
        Output(f"{prefix}-names", "data"),
        Input(f"{prefix}-scene", "data"),
        State(f"{prefix}-areas", "data"),
    )
