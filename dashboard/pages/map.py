"""网格地图: where is it? One metric on the map at one level, the place chosen beside it, and what is not on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import words
from dashboard.ask import Answer, Ask, CasePage
from dashboard.auth.identity import may
from dashboard.components import grid, grid_map, kpi, map_layers, measure, panel, places, segments
from dashboard.components.cases import Case, case_link, case_list
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.page import Page, Panel, Question, Target
from dashboard.replay import MEASURES

CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("件数", ("accepted", "closed", "open", "overdue_open")),
    (
        "时效",
        ("on_time_rate", "on_time_rate_original", "wuhua_on_time_rate", "handling_hours_median", "extension_rate"),
    ),
    ("质量", ("satisfaction_rate", "callback_rate", "reopen_rate", "repeat_rate")),
    ("早发现、一格解决", ("self_found_rate", "closed_in_grid_rate", "late_entry_rate", "uncomputable_rate")),
)
MAP_METRICS = tuple(key for _, keys in CHOICES for key in keys)
PLACE_METRICS = (
    "accepted",
    "open",
    "overdue_open",
    "on_time_rate",
    "handling_hours_median",
    "satisfaction_rate",
    "self_found_rate",
    "closed_in_grid_rate",
)
UNIT_METRICS = ("accepted", "open", "overdue_open", "on_time_rate")
POINT_LIMIT = 2000
LIST_LENGTH = 3
CASES_LENGTH = 20


# --- the map ------------------------------------------------------------------------------------------------------


def load_map(ask: Ask, filters: Filters) -> tuple[Filters, grid_map.Scene]:
    """The chosen metric by area."""
    level = grid_map.level_for(filters, ask.vocabulary)
    return filters, grid_map.load(ask, filters, level=level, metric=_metric(filters))


def _metric(filters: Filters) -> str:
    return filters.metric if filters.metric in MAP_METRICS else "accepted"


def view_map(model: tuple[Filters, grid_map.Scene]) -> Mapping[Target, Any]:
    """The map under the name of what it shows."""
    filters, scene = model
    return {**grid_map.view("big", scene), **_heading(filters, BY_KEY[scene.metric])}


def _heading(filters: Filters, metric: Metric) -> dict[Target, Any]:
    """What kind of map this is: work, a measure, risk, or a surface; never two under one name."""
    if filters.replay in MEASURES:
        title = "风险图" if filters.replay == "risk" else "工作量图"
        return {"bigmap-title": f"{title} · 回放", "bigmap-note": f"{MEASURES[filters.replay][0]}；画面不是现在"}
    if filters.heat:
        return {"bigmap-title": "工作量图 · 热力面", "bigmap-note": "受理事项的核密度，供研判人员看疏密；不是风险"}
    title = "工作量图" if metric.kind in ("flow", "stock") else "指标图"
    darker = "；颜色越深越低" if metric.better == "up" else ""
    return {"bigmap-title": title, "bigmap-note": f"{metric.name}（{metric.unit}）{darker}"}


# --- around the map -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Around:
    """The choosers as the address has them, the way to the chosen place, and the points where a place is chosen."""

    filters: Filters
    level: str
    crumbs: tuple[tuple[str, str], ...]
    points: Sequence[Case]


def load_around(ask: Ask, filters: Filters) -> Around:
    """The cases' points are shown once the map shows the grids of a chosen place."""
    level = grid_map.level_for(filters, ask.vocabulary)
    wants_points = level == "grid" and bool(filters.town or filters.village or filters.grid)
    points = ask.points(filters, limit=POINT_LIMIT) if wants_points else ()
    return Around(filters, level, places.chain(ask, filters), points)


def view_around(model: Around) -> Mapping[Target, Any]:
    """Breadcrumbs, levels, metric, layers and points."""
    filters = model.filters
    features = [
        {
            "type": "Feature",
            "properties": {k: case.get(k) or "" for k in ("case_id", "title", "status", "kind_name", "status_name")},
            "geometry": {"type": "Point", "coordinates": [case["lon"], case["lat"]]},
        }
        for case in model.points
    ]
    levels = [(level, word) for level, word in grid_map.LEVELS.items()]
    return {
        ("big-points", "data"): {"type": "FeatureCollection", "features": features},
        ("map-metric", "value"): _metric(filters),
        "map-levels": segments.segments("layer", levels, model.level, label="图层"),
        "map-crumbs": places.crumbs(model.crumbs),
        **map_layers.view("big", filters),
    }


# --- the chosen place ---------------------------------------------------------------------------------------------


def load_place(ask: Ask, filters: Filters) -> tuple[str, Answer]:
    """The name of the chosen place and its numbers."""
    names = places.chain(ask, filters)
    return names[-1][0], ask.numbers(PLACE_METRICS, filters=filters)


def view_place(model: tuple[str, Answer]) -> Mapping[Target, Any]:
    """The place's numbers, one per line."""
    name, answer = model
    return {
        "place-note": name,
        "place-list": [kpi.stat(BY_KEY[key].name, key, answer.only(key)) for key in PLACE_METRICS],
    }


# --- the units as a table -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Units:
    """The same areas as on the map, as rows."""

    level: str
    answer: Answer
    chosen: tuple[str, ...]


def load_units(ask: Ask, filters: Filters) -> Units:
    """Numbers per area of the map's level; the level's own choice is left out."""
    level = grid_map.level_for(filters, ask.vocabulary)
    others = grid_map.without_choice(filters, level)
    return Units(level, ask.numbers(UNIT_METRICS, by=(level,), filters=others), filters.values(level))


def view_units(model: Units) -> Mapping[Target, Any]:
    """Rows for the grid, most accepted first."""
    known = [row for row in model.answer.rows if row.codes[0]]
    known.sort(key=lambda row: -(row.values["accepted"].value or 0))
    rows = [
        {
            "pick": f"{model.level}:{row.codes[0]}",
            "name": row.labels[0],
            "is_chosen": row.codes[0] in model.chosen,
            **measure.cells(row.values, (model.level, row.codes[0])),
        }
        for row in known
    ]
    return {("units-grid", "rowData"): rows, "units-note": f"{len(rows)} {grid_map.UNITS[model.level]}"}


# --- not on the map -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unlocated:
    """How many cases have a point, how many have none and why (whatever reason is chosen), and some of those."""

    filters: Filters
    states: Mapping[str, int]
    names: Mapping[str, str]
    chosen: tuple[str, ...]
    cases: Sequence[Case]


def load_unlocated(ask: Ask, filters: Filters) -> Unlocated:
    """Counts by reason, and some of the cases without a usable point, those without a grid first."""
    states = ask.place_states(filters.replace(place=()))
    cases = ask.unlocated(filters, limit=LIST_LENGTH)
    return Unlocated(filters, states, ask.vocabulary["place"], filters.place, cases)


def view_unlocated(model: Unlocated) -> Mapping[Target, Any]:
    """Counts by reason that add up to 受理, and a short list."""
    total = sum(model.states.values())
    missing = total - model.states.get("point", 0)
    share = f"（{words.percent(missing / total)}%）" if total else ""
    reasons = [
        html.Button(
            [html.Span(word), html.Span(f"{words.full(model.states.get(state, 0))} 件")],
            type="button",
            className="reason",
            **{"data-pick": f"place:{state}", "aria-pressed": str(state in model.chosen).lower()},
        )
        for state, word in model.names.items()
    ]
    rows = [
        html.Li(
            [
                case_link(str(case.get("case_id")), model.filters, str(case.get("case_id"))),
                html.Span(str(case.get("town_name") or "乡镇未匹配")),
                html.Span(model.names.get(str(case.get("place")), ""), className="lost-why"),
            ],
            className="lost-row",
        )
        for case in model.cases
    ]
    return {
        "unlocated-note": f"无点位 {words.full(missing)} 件{share}",
        "unlocated-list": [html.Div(reasons, className="reasons"), html.Ul(rows)],
    }


# --- the cases there ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """The cases of the chosen village or grid, the most urgent first; none where no such place is chosen."""

    filters: Filters
    page: CasePage | None
    as_of: datetime


def load_inside(ask: Ask, filters: Filters) -> Inside:
    """The last step of the way down: from a grid to its cases."""
    is_narrow = bool(filters.village or filters.grid) and may("see_cases")
    page = ask.cases(filters, order="urgent", limit=CASES_LENGTH) if is_narrow else None
    return Inside(filters, page, ask.info.as_of)


def view_inside(model: Inside) -> Mapping[Target, Any]:
    """The list, or a closed panel."""
    if model.page is None:
        return {("inside-panel", "className"): "panel is-closed", "inside-list": []}
    listed = case_list(model.page.rows, total=model.page.total, as_of=model.as_of, filters=model.filters)
    return {
        ("inside-panel", "className"): "panel",
        "inside-list": listed,
        "inside-note": "在办的先到期在前，办结的在后；点开看办理过程",
    }


# --- what 导出 hands over -----------------------------------------------------------------------------------------


def exports(ask: Ask, filters: Filters) -> tuple[Question, ...]:
    """The areas on the map with its metric and those of the table beside it, and the chosen place."""
    level = grid_map.level_for(filters, ask.vocabulary)
    areas = tuple(dict.fromkeys((_metric(filters), *UNIT_METRICS)))
    others = grid_map.without_choice(filters, level)
    return (
        Question(label=f"各{grid_map.LEVELS[level]}", metrics=areas, by=(level,), filters=others, grid="units-grid"),
        Question(label="所选范围", metrics=PLACE_METRICS, by=(), filters=filters),
    )


# --- the frame ----------------------------------------------------------------------------------------------------


def _toolbar() -> html.Div:
    options = [
        {"group": group, "items": [{"value": key, "label": BY_KEY[key].name} for key in keys]}
        for group, keys in CHOICES
    ]
    return html.Div(
        [
            html.Div(id="around-fault", className="panel-fault", role="status"),
            html.Span(id="around-asof", className="hidden"),
            html.Nav(id="map-crumbs", className="crumbs", **{"aria-label": "所在位置"}),
            html.Span(className="panel-space"),
            map_layers.switches("big"),
            html.Div(id="map-levels"),
            dmc.Select(
                id="map-metric",
                data=options,
                allowDeselect=False,
                size="xs",
                maxDropdownHeight=420,
                className="map-metric",
                **{"aria-label": "地图指标"},
            ),
        ],
        className="toolbar",
    )


def frame() -> html.Div:
    """The page without data."""
    columns = [
        grid.text_column("name", "单位", flex=150, minWidth=116),
        grid.number_column("accepted", "受理", flex=64, minWidth=52),
        grid.number_column("open", "在办", flex=58, minWidth=46),
        grid.number_column("overdue_open", "超期", flex=58, minWidth=46),
        grid.number_column("on_time_rate", "按时率", flex=76, minWidth=62),
    ]
    return html.Div(
        [
            html.H1("网格地图", className="hidden"),
            panel.panel(
                "bigmap",
                "网格地图",
                [
                    _toolbar(),
                    grid_map.grid_map(
                        "big",
                        label="分区地图；右侧列表有同样的数字",
                        has_points=True,
                        strips=map_layers.strips("big"),
                    ),
                ],
                metrics=("accepted", "on_time_rate", "self_found_rate", "closed_in_grid_rate"),
                area="map",
            ),
            panel.panel(
                "place",
                "所选范围",
                html.Div(id="place-list", className="stats"),
                metrics=PLACE_METRICS,
                area="place",
            ),
            panel.panel(
                "units",
                "各单位",
                html.Div(grid.grid("units-grid", columns, is_long=True), className="grid-box"),
                metrics=UNIT_METRICS,
                area="units",
            ),
            panel.panel("inside", "所选范围的事项", html.Div(id="inside-list"), area="cases"),
            panel.panel("unlocated", "未上图", html.Div(id="unlocated-list", className="unlocated"), area="lost"),
        ],
        className="layout-map",
    )


PAGE = Page(
    path="/map",
    name="网格地图",
    order=2,
    frame=frame,
    panels=(
        Panel(
            id="bigmap",
            title="网格地图",
            load=load_map,
            view=view_map,
            fills=(*grid_map.fills("big"), "bigmap-title", "bigmap-note"),
            comes_first=True,
        ),
        Panel(
            id="around",
            title="地图选项",
            load=load_around,
            view=view_around,
            fills=(
                ("big-points", "data"),
                ("map-metric", "value"),
                "map-levels",
                "map-crumbs",
                *map_layers.fills("big"),
            ),
        ),
        Panel(id="place", title="所选范围", load=load_place, view=view_place, fills=("place-note", "place-list")),
        Panel(
            id="units",
            title="各单位",
            load=load_units,
            view=view_units,
            fills=(("units-grid", "rowData"), "units-note"),
        ),
        Panel(
            id="inside",
            title="所选范围的事项",
            load=load_inside,
            view=view_inside,
            fills=(("inside-panel", "className"), "inside-list", "inside-note"),
        ),
        Panel(
            id="unlocated",
            title="未上图",
            load=load_unlocated,
            view=view_unlocated,
            fills=("unlocated-list", "unlocated-note"),
        ),
    ),
    picks=(("units-grid", "cellClicked"),),
    maps=("big",),
    metric_choosers=("map-metric",),
    exports=exports,
)
