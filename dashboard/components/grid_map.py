"""The county on a page: areas in classes, the choice outlined, what is not on the map counted below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dash_leaflet as dl
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import words
from dashboard.ask import Ask
from dashboard.components.legend import legend
from dashboard.figures.classes import Classes, classes
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.page import Target

LEVELS = {"town": "乡镇街道", "village": "村社区", "grid": "网格"}
UNITS = {"town": "个乡镇", "village": "个村社", "grid": "格"}
_INSIDE: dict[str, tuple[str, ...]] = {"town": (), "village": ("town",), "grid": ("town", "village")}
BASES = {
    "centroid": "没有边界文件，按中心点画圆，圆的大小没有含义",
    "cell": "没有网格，按事项坐标所在的六边形单元（H3）统计",
}
"""What is said where areas are not the county's own borders."""
EMPTY: dict[str, Any] = {"type": "FeatureCollection", "features": []}


@dataclass(frozen=True, kw_only=True)
class View:
    """Where a map looks: the level, what is chosen, what it keeps to, and which geometry it needs ('' for none).

    `basis` says what the areas are made of, see the column of dim_geometry.
    """

    level: str
    chosen: tuple[str, ...]
    within: Mapping[str, tuple[str, ...]]
    place: str
    key: str
    basis: str = "boundary"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a map shows there: per area a class of map.js and words; shapes and rings where attention belongs."""

    title: str
    paint: Mapping[str, str]
    texts: Mapping[str, str]
    marks: Mapping[str, str] = field(default_factory=dict)
    rings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One metric on a map, and how many cases are on it: those it counts; of a rate or a duration those accepted."""

    view: View
    metric: str
    values: Mapping[str, Value]
    counted: str
    located: float
    unlocated: float


def _function(name: str) -> dict[str, str]:
    return {"variable": f"yiping.map.{name}"}


def grid_map(prefix: str, *, label: str, has_points: bool = False, strips: Sequence[Component] = ()) -> html.Div:
    """An empty map with its legend and reconciliation line; fill the targets of `fills(prefix)`.

    `strips` stand between map and legend: the controls of what else lies on it.
    """
    layers: list[Any] = [
        dl.GeoJSON(
            id=f"{prefix}-areas",
            data=EMPTY,
            style=_function("areaStyle"),
            hoverStyle=_function("hoverStyle"),
            onEachFeature=_function("areaFeature"),
        ),
        dl.Pane(
            dl.GeoJSON(id=f"{prefix}-outline", data=EMPTY, style=_function("outlineStyle"), interactive=False),
            name=f"{prefix}-lines",
            style={"zIndex": 450, "pointerEvents": "none"},
        ),
        dl.GeoJSON(id=f"{prefix}-names", data=EMPTY, pointToLayer=_function("nameMarker"), interactive=False),
    ]
    if has_points:
        layers.append(
            dl.Pane(
                dl.GeoJSON(
                    id=f"{prefix}-points",
                    data=EMPTY,
                    cluster=True,
                    pointToLayer=_function("casePoint"),
                    clusterToLayer=_function("caseCluster"),
                    superClusterOptions={"radius": 46, "maxZoom": 15},
                ),
                name=f"{prefix}-cases",
                style={"zIndex": 470},
            )
        )
    canvas = dl.Map(
        layers,
        id=f"{prefix}-map",
        center=[0, 0],
        zoom=9,
        zoomSnap=0.25,
        minZoom=6,
        maxZoom=17,
        preferCanvas=True,
        attributionControl=False,
        trackViewport=False,
        scrollWheelZoom=has_points,
        style={"height": "100%", "width": "100%"},
    )
    return html.Div(
        [
            html.Div(canvas, className="map-canvas", role="group", **{"aria-label": label}),
            html.Div(id=f"{prefix}-trouble", className="panel-fault"),
            *strips,
            html.Div(id=f"{prefix}-legend", className="map-legend"),
            html.Div(id=f"{prefix}-tally", className="map-tally"),
            dcc.Store(id=f"{prefix}-scene"),
        ],
        className="map",
    )


def fills(prefix: str) -> tuple[Target, ...]:
    """What `view` gives for a map."""
    return ((f"{prefix}-scene", "data"), f"{prefix}-legend", f"{prefix}-tally")


def level_for(filters: Filters, vocabulary: Mapping[str, Mapping[str, str]]) -> str:
    """The level asked for, or the one below the chosen place, where the county has it; risk is played by grid."""
    if filters.replay == "risk":
        return "grid"
    if filters.layer in LEVELS:
        return filters.layer
    start = 2 if filters.village or filters.grid else 1 if filters.town else 0
    # Cases known by their points alone have cells for grids, and neither towns nor villages.
    return next((level for level in list(LEVELS)[start:] if vocabulary.get(level)), "grid")


def without_choice(filters: Filters, level: str) -> Filters:
    """The filters without the places chosen at this level or below it."""
    return filters.replace(**{place: () for place in LEVELS if place not in _INSIDE[level]})


def look(ask: Ask, filters: Filters, *, level: str) -> View:
    """Where a map of this level looks under these filters."""
    return View(
        level=level,
        chosen=filters.values(level),
        within={dimension: filters.values(dimension) for dimension in _INSIDE[level] if filters.values(dimension)},
        place=_place(filters),
        key=ask.info.geometry_key if ask.info.has_geometry else "",
        basis=ask.info.geometry_basis.get(level, ""),
    )


def load(ask: Ask, filters: Filters, *, level: str, metric: str) -> Scene:
    """Ask for a map. The level's own choice is left out of the question, so that its neighbours keep their colours."""
    counted = metric if BY_KEY[metric].is_count else "accepted"
    answer = ask.numbers(sorted({metric, counted}), by=(level,), filters=without_choice(filters, level))
    values = {row.codes[0]: row.values[metric] for row in answer.rows if row.codes[0]}
    return Scene(
        view=look(ask, filters, level=level),
        metric=metric,
        values=values,
        counted=counted,
        located=sum(row.values[counted].value or 0 for row in answer.rows if row.codes[0]),
        unlocated=sum(row.values[counted].value or 0 for row in answer.rows if not row.codes[0]),
    )


def _place(filters: Filters) -> str:
    """The innermost single choice, which the map moves to: “town:990108001”."""
    for dimension in ("grid", "village", "town"):
        codes = filters.values(dimension)
        if len(codes) == 1:
            return f"{dimension}:{codes[0]}"
    return ""


def scene_data(prefix: str, view: View, picture: Picture) -> dict[str, Any]:
    """What map.js paints: a view and a picture as one message."""
    return {"id": prefix, "picks": True, **vars(view), **vars(picture)}


def view(prefix: str, scene: Scene) -> dict[Target, Any]:
    """A scene on the map: class and words per area, legend, and 上图/未上图."""
    metric = BY_KEY[scene.metric]
    known = {code: v.value for code, v in scene.values.items() if v.state == "ok" and v.value is not None}
    scale = classes(list(known.values()), is_rate=metric.kind == "rate", darker_is_lower=metric.better == "up")
    small = {code: "small" for code, value in scene.values.items() if value.state == "small"}
    picture = Picture(
        title=metric.name,
        paint=small | {code: f"seq-{scale.step(value) + 1}" for code, value in known.items()},
        texts={code: words.shown(metric, value).line for code, value in scene.values.items()},
    )
    return {
        (f"{prefix}-scene", "data"): scene_data(prefix, scene.view, picture),
        f"{prefix}-legend": _legend(scene, scale),
        f"{prefix}-tally": tally(scene),
    }


def _legend(scene: Scene, scale: Classes) -> Any:
    if not scene.view.key:
        return html.Div("当前数据没有网格边界，地图不可用；列表不受影响", className="panel-fault")
    return legend(scale, scene.values.values(), unit=UNITS[scene.view.level])


def tally(scene: Scene) -> str:
    """“受理 1,200 件：上图 1,163 / 网格未匹配 37（3.1%）”, and what stands in for missing borders."""
    total = scene.located + scene.unlocated
    share = f"（{words.percent(scene.unlocated / total)}%）" if total else ""
    basis = BASES.get(scene.view.basis, "")
    return (
        f"{BY_KEY[scene.counted].name.removesuffix('量')} {words.full(total)} 件：上图 {words.full(scene.located)} / "
        f"{LEVELS[scene.view.level]}未匹配 {words.full(scene.unlocated)}{share}" + (f"；{basis}" if basis else "")
    )
