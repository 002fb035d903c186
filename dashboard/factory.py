"""How do pages become an application? The only module that knows Dash's wiring."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, no_update
from dash.exceptions import PreventUpdate

from dashboard import callback_values as values
from dashboard import faults, intent, pages, shell, theme, words, work
from dashboard.ask import Ask
from dashboard.auth.identity import NobodyError, known, may
from dashboard.components import filter_bar, measure
from dashboard.explore.arrange import BadRowsRequestError
from dashboard.filters import Filters, parse
from dashboard.page import Page, Panel, Rows, prop
from dashboard.refusal import RefusedError
from dashboard.warehouse import Lender
from dashboard.web import callbacks
from etl.contract import NoSnapshotError

CONTROLS = tuple(filter_bar.CONTROLS)


def create_app(warehouse: Lender, server: Any = True) -> Dash:
    """The Dash application over a warehouse, on a FastAPI server that may already have routes of its own."""
    app = Dash(
        __name__,
        server=server,
        use_pages=False,
        suppress_callback_exceptions=True,
        assets_folder=str(theme.ASSETS),
        assets_ignore=theme.WALL_ASSETS,
        title="态势一屏尽观",
        update_title=None,
        add_log_handler=False,
        index_string=shell.INDEX,
        on_error=callbacks.failed,
    )
    # Dash would open a socket from every page, to push over it: nothing here does.
    app.backend.websocket_capability = False
    found = find_pages()

    def layout() -> Any:
        try:
            with warehouse.lease() as ask:
                return shell.shell(found, ask.info, ask.vocabulary, known())
        except (NoSnapshotError, NobodyError) as error:  # nobody is Dash itself, which tries a layout as it is set
            return shell.without_data(str(error))

    app.layout = layout
    _wire_state(app, warehouse)
    _wire_address(app, found)
    _wire_frame(app, found)
    _wire_life(app)
    _wire_sentence(app, warehouse)
    for page in found:
        _wire_page(app, page, warehouse)
        _wire_picks(app, page)
        _wire_windows(app, page, warehouse)
        _wire_choosers(app, page)
    # On FastAPI, Dash collects assets in a hook that only "/" and "/_dash-…" run: a server whose first visitor opens
    # /map would hand out a page without our scripts and styles (dash 4.4.1). So it is done before the first visitor.
    app._setup_server()
    return app


def refuse_others(right: str) -> None:
    """Raises `RefusedError` (403) where the one who asks lacks a right."""
    if not may(right):
        raise RefusedError("您的角色不能使用这个功能", 403)


def find_pages() -> tuple[Page, ...]:
    """Every `PAGE` in dashboard/pages, in order."""
    names = [module.name for module in pkgutil.iter_modules(pages.__path__)]
    found = [importlib.import_module(f"{pages.__name__}.{name}").PAGE for name in names]
    return tuple(sorted(found, key=lambda page: page.order))


# --- the state: what the address, a click or a control comes to -------------------------------------------------


def _wire_state(app: Dash, warehouse: Lender) -> None:
    controls = [filter_bar.control_id(dimension) for dimension in CONTROLS]

    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        [
            Output("filters", "data"),
            Output("origin", "data"),
            Output("notes", "children"),
            Output("chips", "children"),
            Output("filter-period", "value"),
            *(Output(control, "value") for control in controls),
            *(Output(control, "placeholder") for control in controls),
        ],
        [
            Input("url", "href"),
            Input("intent", "data"),
            Input("filter-period", "value"),
            *(Input(control, "value") for control in controls),
        ],
        [State("filters", "data")],
    )
    async def change_state(*said: Any) -> Any:
        trigger = ctx.triggered_id
        return await work.ask(_next_state, warehouse, trigger, said)


def _next_state(warehouse: Lender, trigger: Any, said: tuple[Any, ...]) -> Any:
    address, intended, period, *codes, query = said
    href, wish, now = values.text(address), values.mapping(intended), values.text(query)
    days, chosen = values.days(period), [values.texts(items) for items in codes]
    if href is None:
        raise PreventUpdate
    with warehouse.lease() as ask:
        vocabulary, as_of, towns = ask.vocabulary, ask.info.as_of, ask.towns
    asked = _address(trigger, href, wish, now)
    if asked is not None:
        parsed = parse(asked, vocabulary)
        filters, notes = parsed.filters, parsed.notes
    else:
        before = parse(now or "", vocabulary).filters
        # Read again as an address is: a click or a control can ask for no more than an address can.
        filters, notes = parse(_moved(before, trigger, wish, days, chosen).to_query(), vocabulary).filters, ()
        if filters == before:
            raise PreventUpdate
    query = intent.query(filters)
    return (
        no_update if query == now else query,
        {"read": None if asked is None else asked.removeprefix("?")},
        "；".join([*filter_bar.missing(towns, vocabulary), *notes]),
        filter_bar.chips(filters, vocabulary),
        _fresh(filter_bar.period_value(filters, as_of), days),
        *(_fresh(list(filters.values(d)), shown or []) for d, shown in zip(CONTROLS, chosen, strict=True)),
        *(_placeholders(filters, trigger, chosen)),
    )


def _fresh(value: Any, shown: Any) -> Any:
    """A control's value, if it is not what the control shows: drawing ten controls again costs 50 ms of every click."""
    return no_update if value == shown else value


def _placeholders(filters: Filters, trigger: Any, shown: Sequence[Any]) -> list[Any]:
    """The words on the controls whose number of choices changed."""
    return [
        filter_bar.placeholder(d, filters)
        if trigger == filter_bar.control_id(d) or len(filters.values(d)) != len(codes or [])
        else no_update
        for d, codes in zip(CONTROLS, shown, strict=True)
    ]


def _address(trigger: Any, href: str, wish: Mapping[str, Any] | None, now: str | None) -> str | None:
    """The query string to read the state from; None where a click or a control moves the state instead."""
    if trigger == "intent" and isinstance((wish or {}).get("went"), str):
        return str((wish or {})["went"])
    return href.partition("#")[0].partition("?")[2] if now is None or trigger in (None, "url") else None


def _moved(before: Filters, trigger: Any, wish: Mapping[str, Any] | None, days: Any, chosen: Sequence[Any]) -> Filters:
    if trigger == "intent":
        return intent.apply(before, wish or {})
    if trigger == "filter-period":
        return intent.period(before, days)
    # All controls, not only the one that was touched last: of two quick choices Dash drops the first one's answer.
    for dimension, codes in zip(CONTROLS, chosen, strict=True):
        before = intent.choose(before, dimension, codes)
    return before


# --- the address and the frame ------------------------------------------------------------------------------------


def _wire_address(app: Dash, found: Sequence[Page]) -> None:
    app.clientside_callback(
        ClientsideFunction("yiping", "writeAddress"),
        Output("address", "data"),
        Input("filters", "data"),
        State("origin", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("yiping", "navigate"),
        [Output(shell.nav_id(page), "href") for page in found if page.in_nav],
        Input("filters", "data"),
        Input("url", "pathname"),
    )


def _wire_life(app: Dash) -> None:
    """assets/life.js compares what is shown with what is current."""
    app.clientside_callback(ClientsideFunction("yiping", "painted"), Input("snapshot", "data"))


def _wire_frame(app: Dash, found: Sequence[Page]) -> None:
    by_path = {page.path: page for page in found}

    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        Output("page", "children"),
        Output("page-key", "data"),
        Input("url", "pathname"),
        State("page-key", "data"),
    )
    async def show_page(path: str | None, shown: str | None) -> Any:
        page = by_path.get((values.text(path) or "/").rstrip("/") or "/")
        if page is None:
            return shell.lost(), None
        refuse_others(page.right)
        if page.key == shown:
            raise PreventUpdate
        return [page.frame(), *(dcc.Store(id=cue) for cue in page.cues)], page.key


def _sentence(ask: Ask, query: str) -> list[Any]:
    filters = ask.scoped(parse(query, ask.vocabulary).filters)
    return ["受理 ", measure.measure("accepted", ask.numbers(["accepted"], filters=filters).only("accepted"))]


def _wire_sentence(app: Dash, warehouse: Lender) -> None:
    def load(query: str, shown: str | None) -> Any:
        with warehouse.lease() as ask:
            sentence = _sentence(ask, query) if may("see_numbers") else ""
            if ask.info.snapshot == shown:
                return sentence, no_update, no_update, no_update
            return sentence, shell.facts(ask.info), shell.footnote(ask.info), ask.info.snapshot

    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        Output("sentence", "children"),
        Output("head-facts", "children"),
        Output("foot", "children"),
        Output("snapshot", "data"),
        Input("filters", "data"),
        State("snapshot", "data"),
    )
    async def say(query: str | None, shown: str | None) -> Any:
        if query is None:
            raise PreventUpdate
        return await work.ask(load, values.text(query), values.text(shown))


# --- a page's data ------------------------------------------------------------------------------------------------


def _wire_page(app: Dash, page: Page, warehouse: Lender) -> None:
    cues = ["filters", *page.cues]
    for stage, cue, next_cue in zip(page.stages, cues, [*page.cues, None], strict=True):
        _wire_stage(app, stage, warehouse, right=page.right, cue=cue, next_cue=next_cue)


def _wire_stage(
    app: Dash, stage: Sequence[Panel], warehouse: Lender, *, right: str, cue: str, next_cue: str | None
) -> None:
    """One callback for a stage's panels, begun by its cue; its answer is the cue of the next stage."""
    targets = [*stage_targets(stage), *([(next_cue, "data")] if next_cue else [])]

    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        [Output(element, name) for element, name in targets], Input(cue, "data")
    )
    async def fill_stage(query: str | None) -> Any:
        refuse_others(right)
        if query is None:
            raise PreventUpdate
        drawn = await work.ask(fill, stage, warehouse, values.text(query))
        return [*drawn, query] if next_cue else drawn


def stage_targets(stage: Sequence[Panel]) -> tuple[tuple[str, str], ...]:
    """Every (element id, property) that a stage fills, in order."""
    return tuple(target for panel in stage for target in panel.targets)


def fill(stage: Sequence[Panel], warehouse: Lender, query: str) -> list[Any]:
    """Everything a stage's panels show for a query string, in the order of `stage_targets`."""
    drawn: dict[tuple[str, str], Any] = {}
    with warehouse.lease() as ask:
        filters = ask.scoped(parse(query, ask.vocabulary).filters)
        for panel in stage:
            drawn |= fill_panel(panel, ask, filters)
    return [drawn.get(target, no_update) for target in stage_targets(stage)]


def fill_panel(panel: Panel, ask: Ask, filters: Filters) -> dict[tuple[str, str], Any]:
    """One panel's elements. A failure stays in the panel: its last good picture, a sentence, a number to ask about."""
    try:
        drawn = {prop(target): value for target, value in panel.view(panel.load(ask, filters)).items()}
    except Exception as error:
        fault = faults.note(error, f"panel {panel.id}")
        return {(f"{panel.id}-fault", "children"): f"{panel.title}未更新，其余正常（错误号 {fault}）"}
    drawn[(f"{panel.id}-fault", "children")] = ""
    drawn[(f"{panel.id}-asof", "children")] = f"截至 {words.short_moment(ask.info.as_of)}"
    return drawn


def _wire_picks(app: Dash, page: Page) -> None:
    reader: dict[str, str] = {"clickData": "pickFromChart", "cellClicked": "pickFromGrid"}
    for element, name in page.picks:
        app.clientside_callback(
            ClientsideFunction("yiping", reader[name]),
            Output("intent", "data", allow_duplicate=True),
            Input(element, name),
            prevent_initial_call=True,
        )
    for prefix in page.maps:
        app.clientside_callback(
            ClientsideFunction("yiping", "scene"),
            Output(f"{prefix}-areas", "data"),
            Output(f"{prefix}-outline", "data"),
            Output(f"{prefix}-names", "data"),
            Input(f"{prefix}-scene", "data"),
            State(f"{prefix}-areas", "data"),
            State("filters", "data"),
        )
    for element in page.metric_choosers:
        app.clientside_callback(
            ClientsideFunction("yiping", "setMetric"),
            Output("intent", "data", allow_duplicate=True),
            Input(element, "value"),
            State("filters", "data"),
            prevent_initial_call=True,
        )


# --- grids that ask for their rows in pieces, and controls of a view ----------------------------------------------


def _wire_windows(app: Dash, page: Page, warehouse: Lender) -> None:
    for grid, rows in page.windows:
        _wire_window(app, grid, rows, warehouse, right=page.right)
        app.clientside_callback(
            ClientsideFunction("yiping", "askAgain"),
            Input(f"{grid}-question", "data"),
            State(grid, "id"),
        )


def _wire_window(app: Dash, grid: str, rows: Rows, warehouse: Lender, *, right: str) -> None:
    @app.callback(  # type: ignore[untyped-decorator, unused-ignore]
        Output(grid, "getRowsResponse"),
        Output(f"{grid}-said", "children"),
        Input(grid, "getRowsRequest"),
        State("filters", "data"),
    )
    async def hand_over(request: Any, query: str | None) -> Any:
        refuse_others(right)
        if request is None:
            raise PreventUpdate
        return await work.ask(piece, rows, warehouse, request, values.text(query))


def piece(rows: Rows, warehouse: Lender, request: Any, query: str | None) -> tuple[Mapping[str, Any], str]:
    """The rows that a grid asked for, and what to say; it is always answered, or it would wait for ever."""
    nothing = {"rowData": [], "rowCount": 0}
    if query is None:
        return nothing, ""
    try:
        with warehouse.lease() as ask:
            return rows(ask, ask.scoped(parse(query, ask.vocabulary).filters), request), ""
    except BadRowsRequestError as error:
        return nothing, str(error)
    except Exception as error:
        fault = faults.note(error, "rows of a table")
        return nothing, f"表格未更新，其余正常（错误号 {fault}）"


def _wire_choosers(app: Dash, page: Page) -> None:
    view = f"{page.key}-view"
    for element in page.shows:
        # No output: a control that a slow answer writes to would keep what the reader chooses meanwhile waiting, and
        # then lose it.
        app.clientside_callback(
            ClientsideFunction("yiping", "showChoice"),
            Input(view, "data"),
            State(element, "value"),
            State(element, "id"),
        )
    for element in page.choosers:
        app.clientside_callback(
            ClientsideFunction("yiping", "choose"),
            Output("intent", "data", allow_duplicate=True),
            Input(element, "value"),
            State(view, "data"),
            State(element, "id"),
            prevent_initial_call=True,
        )
