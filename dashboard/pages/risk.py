"""风险热力: where does attention belong? Grids that stand out beyond chance, why, and whether the method holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask
from dashboard.components import grid, grid_map, panel, places, risk_method, risk_why, segments
from dashboard.components.cases import case_link
from dashboard.components.legend import counted
from dashboard.components.levels import LEVELS, MARKED, level_mark
from dashboard.filters import Filters
from dashboard.page import Page, Panel, Target
from dashboard.risk import TIERS, GridRisk, Parts, Run, Tested, gravity, standing

SCOPES = {"reported": "群众与部门反映", "all": "含主动发现"}
STRATA = {"none": "全县相比", "urban_rural": "城乡各自相比"}
BASES = {"population": "实有人口", "households": "户数"}
WHY_NONE = {"no_population": "无人口数，不分级", "small_expected": "期望件数不足，不分级", "flat": "差异未超出随机波动"}
LIST_LENGTH = 8


@dataclass(frozen=True)
class Here:
    """One run, its grids, and those of the place looked at; `missed` is a run that the snapshot does not have."""

    run: Run
    missed: str
    grids: Mapping[str, GridRisk]
    inside: tuple[str, ...]
    names: Mapping[str, str]
    view: grid_map.View


def load_here(ask: Ask, filters: Filters) -> Here:
    """The run of the address and the grids that the chosen town or village leaves in view."""
    run = ask.risk.run(filters.run)
    grids = ask.risk.grids(run.run_id)
    return Here(
        run=run,
        missed=filters.run if filters.run not in ("", run.key) else "",
        grids=grids,
        inside=tuple(code for code in grids if ask.is_inside(code, filters)),
        names=ask.vocabulary["grid"],
        view=grid_map.look(ask, filters, level="grid"),
    )


# --- the map ------------------------------------------------------------------------------------------------------


def load_map(ask: Ask, filters: Filters) -> tuple[Here, tuple[tuple[str, str], ...]]:
    """The risk map's grids and the way to the chosen place."""
    return load_here(ask, filters), places.chain(ask, filters)


def view_map(model: tuple[Here, tuple[tuple[str, str], ...]]) -> Mapping[Target, Any]:
    """Grids in the colours of their tiers, shapes on red and orange, clusters ringed; choosers and legend."""
    here, crumbs = model
    run = here.run
    picture = grid_map.Picture(
        title="相对风险",
        paint={code: paint(risk) for code, risk in here.grids.items()},
        texts={code: in_words(risk) for code, risk in here.grids.items()},
        marks={code: LEVELS[risk.tier].shape for code, risk in here.grids.items() if risk.tier in MARKED},
        rings={code: risk.cluster for code, risk in here.grids.items() if risk.cluster},
    )
    halves = [(run.other(half_life_days=days), f"{days} 天") for days in run.params["half_life_days"]]
    scopes = [(run.other(scope=scope), word) for scope, word in SCOPES.items()]
    strata = [(run.other(strata=way), word) for way, word in STRATA.items()]
    return {
        ("risk-scene", "data"): grid_map.scene_data("risk", here.view, picture),
        "risk-legend": _legend(here),
        "risk-tally": _tally(here),
        "risk-crumbs": places.crumbs(crumbs),
        "risk-half": segments.segments("run", halves, run.key, label="近因权重的半衰期"),
        "risk-scope": segments.segments("run", scopes, run.key, label="计入哪些事项"),
        "risk-strata": segments.segments("run", strata, run.key, label="与谁相比"),
        "riskmap-note": f"没有测算“{here.missed}”，这是默认测算"
        if here.missed
        else f"与期望之比，按把握分级；回看 {run.params['lookback_days']} 天，不随时段等筛选变化",
    }


def paint(risk: GridRisk) -> str:
    """The class of map.js that a grid is painted in."""
    if risk.tier != "none":
        return f"level-{risk.tier}"
    return "level-flat" if risk.why == "flat" else "hatch"


def in_words(risk: GridRisk) -> str:
    """A grid's risk in a line: “2.31 倍（◆ 橙 · 关注） 高发聚集”."""
    if risk.tier == "none" or risk.rr is None:
        return WHY_NONE.get(risk.why, "不分级")
    level = LEVELS[risk.tier]
    cluster = {"hot": " · 高发聚集", "cold": " · 低发聚集"}.get(risk.cluster, "")
    return f"{risk.rr:.2f} 倍（{level.shape} {level.word}{cluster}）"


def _legend(here: Here) -> Any:
    if not here.view.key:
        return html.Div("当前数据没有可画的网格，地图不可用；列表不受影响", className="panel-fault")
    if not here.grids:
        return html.Div(here.run.sentence, className="panel-fault")
    risks = [here.grids[code] for code in here.inside]
    items = [
        counted(f"level-{tier}", f"{level.shape} {level.word}", sum(r.tier == tier for r in risks), "格")
        for tier, level in LEVELS.items()
        if tier != "none"
    ]
    flat, unknown = (sum(paint(r) == name for r in risks) for name in ("level-flat", "hatch"))
    if flat:
        items = [counted("level-flat", "差异未超出随机波动", flat, "格")]
    if unknown:
        items.append(counted("hatch", "不分级", unknown, "格"))
    hot, cold = (sum(r.cluster == way for r in risks) for way in ("hot", "cold"))
    items += [counted("ring-hot", "高发聚集", hot, "格")] if hot else []
    items += [counted("ring-cold", "低发聚集", cold, "格")] if cold else []
    return html.Div(items, className="legend")


def _tally(here: Here) -> str:
    run = here.run
    if not here.grids:
        return ""
    counted = sum(risk.cases for risk in here.grids.values())
    found = sum(risk.self_found for risk in here.grids.values())
    apart = (
        f"；主动发现 {words.full(found)} 件另列，不计入"
        if run.scope == "reported"
        else f"；其中主动发现 {words.full(found)} 件"
    )
    return f"{run.since_at:%Y-%m-%d} 之后受理、网格已知的 {words.full(counted)} 件{apart}"


# --- what it comes to ---------------------------------------------------------------------------------------------


def view_say(model: Here) -> Mapping[Target, Any]:
    """The sentence that a duty officer reads first, how many grids per tier, and what the figures stand on."""
    run = model.run
    tiers = [
        html.Div(
            [
                level_mark(tier),
                html.Span(words.full(sum(model.grids[c].tier == tier for c in model.inside)), className="tier-count"),
                html.Span("格", className="measure-unit"),
            ],
            className="tier",
        )
        for tier in TIERS
    ]
    basis = f"以{BASES[run.basis]}为基数；" if run.basis else ""
    ground = (
        f"{basis}严重程度 {_weights(run)}，每过 {run.half_life_days} 天权重减半。"
        "分级与权重口径为本项目默认值。风险只评事项和网格，不评任何人。"
    )
    return {
        "say-body": [
            html.P(run.sentence, className="say-sentence"),
            html.P("其中在所选范围内：", className="panel-caption") if len(model.inside) < len(model.grids) else None,
            html.Div(tiers, className="tiers") if run.state == "ok" else None,
            html.P(ground, className="say-ground"),
        ],
    }


def _weights(run: Run) -> str:
    weights: Mapping[str, float] = run.params["severity"]
    return " ".join(f"{LEVELS[level].name}{weight:g}" for level, weight in weights.items())


# --- the grids that stand out -------------------------------------------------------------------------------------


def view_list(model: Here) -> Mapping[Target, Any]:
    """Grids of the three upper tiers, gravest first."""
    risks = standing(model.grids[code] for code in model.inside)
    rows = [
        {
            "pick": f"grid:{risk.grid}",
            "name": model.names.get(risk.grid, risk.grid),
            "level": f"{LEVELS[risk.tier].shape} {LEVELS[risk.tier].name}",
            "rr": f"{risk.rr:.2f}",
            "recent": f"{risk.recent} {_arrow(risk.z_previous)}",
            "is_chosen": risk.grid in model.view.chosen,
        }
        for risk in risks
    ]
    return {("standing-grid", "rowData"): rows, "standing-note": f"{len(rows)} 格 · 点一行看原因"}


def _arrow(z: float | None) -> str:
    """How the last weeks compare with those before, within chance or beyond."""
    if z is None:
        return ""
    return "▲" if z > 1 else "▼" if z < -1 else "▬"


# --- why ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Why:
    """The grid that is explained, in its run."""

    run: Run
    risk: GridRisk | None
    name: str
    is_chosen: bool
    parts: Parts | None
    filters: Filters
    categories: Mapping[str, str]


def load_why(ask: Ask, filters: Filters) -> Why:
    """What made the score of the chosen grid, or of the gravest in view where none is chosen."""
    here = load_here(ask, filters)
    chosen = filters.grid[0] if len(filters.grid) == 1 else ""
    ranked = sorted(here.inside, key=lambda code: gravity(here.grids[code]))
    code = chosen or (ranked[0] if ranked else "")
    risk = here.grids.get(code)
    return Why(
        run=here.run,
        risk=risk,
        name=here.names.get(code, code),
        is_chosen=bool(chosen),
        parts=ask.risk.parts(here.run, code) if risk else None,
        filters=filters,
        categories=ask.vocabulary["category"],
    )


def view_why(model: Why) -> Mapping[Target, Any]:
    """The explanation, or what to do where there is nothing to explain."""
    if model.risk is None or model.parts is None:
        return {"why-body": panel.empty("没有可说明的网格"), "why-note": ""}
    return {
        "why-body": risk_why.explanation(
            model.run, model.risk, model.parts, categories=model.categories, filters=model.filters
        ),
        "why-note": model.name + ("" if model.is_chosen else f"（未选网格，{_first(model.risk)}）"),
    }


def _first(risk: GridRisk) -> str:
    """Why this grid is shown before any is chosen."""
    return "先看最突出的一个" if risk.tier in TIERS else "没有突出的，先看相对风险最高的一个"


# --- near repeats, and whether the method holds -------------------------------------------------------------------


def load_near(
    ask: Ask, filters: Filters
) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]] | None, Filters, Run]:
    """Near repeats of the place in view, the Knox test, and the question to keep in links."""
    rows = ask.risk.near_repeats()
    inside = [row for row in rows if ask.is_inside(row["grid"], filters)]
    return inside, ask.risk.knox, filters, ask.risk.run(filters.run)


def view_near(
    model: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]] | None, Filters, Run],
) -> Mapping[Target, Any]:
    """Cases with others of their category close by, most company first, and what chance alone would give."""
    rows, knox, filters, run = model
    near = f"{run.params['near_metres']:g} 米、{run.params['near_days']:g} 天内"
    items = [_near_row(row, filters) for row in rows[:LIST_LENGTH]]
    more = len(rows) - len(items)
    return {
        "near-list": [
            html.Ul(items) if items else panel.empty("近期没有近重复的事项"),
            html.Div(f"另 {more} 件", className="cases-more") if more > 0 else None,
            html.P(risk_method.knox_sentence(knox, has_list=bool(items)), className="panel-caption"),
        ],
        "near-note": f"近 {run.params['recent_days']} 天受理、{near}另有同类的 {len(rows)} 件；限定位到点或楼栋的事项",
    }


def _near_row(row: Mapping[str, Any], filters: Filters) -> html.Li:
    title = str(row["title"] or row.get("category_name") or row["case_id"])
    about = (
        f"{row.get('category_name', '类别未知')} · {row.get('grid_name', '网格未匹配')} · {row['accept_at']:%m-%d} 受理"
    )
    near = f"附近同类 {row['others']} 件，最近 {row['metres']:.0f} 米、相隔 {row['days']:.1f} 天"
    return html.Li(
        [
            html.Div(
                [
                    html.Div(case_link(str(row["case_id"]), filters, title), className="case-title"),
                    html.Div(about, className="case-about"),
                ],
                className="case-what",
            ),
            html.Div(near, className="case-when case-about"),
        ],
        className="case",
    )


def load_test(ask: Ask, filters: Filters) -> tuple[Run, tuple[Tested, ...] | None]:
    """The run and its test against later months."""
    return ask.risk.run(filters.run), ask.risk.tested


def view_test(model: tuple[Run, tuple[Tested, ...] | None]) -> Mapping[Target, Any]:
    """Did the map's choice beat a plain count? The table and the answer in words; then method and parameters."""
    run, tested = model
    return {
        "test-body": risk_method.back_test(tested),
        "test-note": f"默认测算；各方法各选 {run.params['top_share']:.0%} 的网格，看次月事项落入多少",
        "method-body": risk_method.method(run),
    }


# --- the frame ----------------------------------------------------------------------------------------------------


def _toolbar() -> html.Div:
    def choice(name: str, id: str) -> html.Div:
        return html.Div([html.Span(name, className="choice-name"), html.Div(id=id)], className="choice")

    return html.Div(
        [
            html.Nav(id="risk-crumbs", className="crumbs", **{"aria-label": "所在位置"}),
            html.Span(className="panel-space"),
            choice("半衰期", "risk-half"),
            html.Div(id="risk-scope"),
            html.Div(id="risk-strata"),
        ],
        className="toolbar",
    )


def frame() -> html.Div:
    """The page without data."""
    columns = [
        grid.text_column("name", "网格", flex=150, minWidth=110),
        grid.text_column("level", "级别", flex=62, minWidth=54),
        grid.text_column("rr", "相对风险", flex=78, minWidth=66, type="rightAligned"),
        grid.text_column("recent", "近28天", flex=78, minWidth=70, type="rightAligned"),
    ]
    return html.Div(
        [
            html.H1("风险热力", className="hidden"),
            panel.panel(
                "riskmap",
                "风险图",
                [_toolbar(), grid_map.grid_map("risk", label="风险图；右侧列表有同样的网格")],
                area="map",
            ),
            panel.panel("say", "研判结论", html.Div(id="say-body"), area="say"),
            panel.panel(
                "standing",
                "突出的网格",
                html.Div(grid.grid("standing-grid", columns, is_long=True), className="grid-box"),
                area="list",
            ),
            panel.panel("why", "为什么", html.Div(id="why-body"), area="why"),
            panel.panel("near", "苗头：近重复", html.Div(id="near-list"), area="near"),
            panel.panel("test", "回测：比数件数好吗", html.Div(id="test-body"), area="test"),
            html.Section(
                [html.H2("方法与参数", className="panel-title"), html.Div(id="method-body")],
                className="panel",
                style={"gridArea": "method"},
            ),
        ],
        className="layout-risk",
    )


MAP_FILLS: tuple[Target, ...] = (
    *grid_map.fills("risk"),
    "risk-crumbs",
    "risk-half",
    "risk-scope",
    "risk-strata",
    "riskmap-note",
)

PAGE = Page(
    path="/risk",
    name="风险热力",
    order=3,
    frame=frame,
    panels=(
        Panel(id="riskmap", title="风险图", load=load_map, view=view_map, fills=MAP_FILLS, comes_first=True),
        Panel(id="say", title="研判结论", load=load_here, view=view_say, fills=("say-body",)),
        Panel(
            id="standing",
            title="突出的网格",
            load=load_here,
            view=view_list,
            fills=(("standing-grid", "rowData"), "standing-note"),
        ),
        Panel(id="why", title="为什么", load=load_why, view=view_why, fills=("why-body", "why-note")),
        Panel(id="near", title="苗头：近重复", load=load_near, view=view_near, fills=("near-list", "near-note")),
        Panel(
            id="test",
            title="回测",
            load=load_test,
            view=view_test,
            fills=("test-body", "test-note", "method-body"),
        ),
    ),
    picks=(("standing-grid", "cellClicked"),),
    maps=("risk",),
)
