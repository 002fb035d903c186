"""风险热力: where does attention belong? The desk's risk map, and the gravest grids beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard.components import grid_map
from dashboard.components.levels import level_mark
from dashboard.page import Panel, Target
from dashboard.pages import risk
from dashboard.risk import TIERS, standing
from dashboard.wall import parts
from dashboard.wall.screen import Screen

MAP = "risk"
ROWS = 8


def view_map(model: Any) -> Mapping[Target, Any]:
    """What the desk's map shows, without its controls."""
    drawn = risk.view_map(model)
    return {target: drawn[target] for target in grid_map.fills(MAP)}


def view_gravest(model: risk.Here) -> Mapping[Target, Any]:
    """How many grids per tier, then the gravest by name."""
    grids = [model.grids[code] for code in model.inside]
    tiers = [
        html.Div(
            [level_mark(tier), html.Span(str(sum(one.tier == tier for one in grids)), className="tier-count"), "格"],
            className="tier",
        )
        for tier in TIERS
    ]
    gravest = standing(grids)
    rows = [
        html.Div(
            [
                level_mark(one.tier),
                html.Span(model.names.get(one.grid, one.grid), className="gravest-name"),
                html.Span(f"{one.rr or 0:.2f} 倍", className="gravest-times"),
            ],
            className="gravest-row",
        )
        for one in gravest[:ROWS]
    ]
    rest = len(gravest) - len(rows)
    return {
        "gravest-tiers": tiers,
        "gravest-rows": rows or parts.nothing(model.run.sentence),
        "gravest-note": f"共 {len(gravest)} 格" + (f" · 另 {rest} 格" if rest > 0 else ""),
        "gravest-say": f"与期望之比；回看 {model.run.params['lookback_days']} 天。风险只评事项和网格，不评任何人",
    }


def frame() -> html.Div:
    """The page without data."""
    riskmap = parts.panel(
        "riskmap", "网格风险", grid_map.grid_map(MAP, label="风险图"), area="map", note="相对风险，已校正偶然波动"
    )
    body = [
        html.Div(id="gravest-tiers", className="tiers"),
        html.Div(id="gravest-rows", className="gravest"),
        html.Div(id="gravest-say", className="wall-say"),
    ]
    return html.Div([riskmap, parts.panel("gravest", "突出的网格", body, area="list")], className="wall-grid wall-two")


SCREEN = Screen(
    key="risk",
    frame=frame,
    panels=(
        Panel(id="riskmap", title="网格风险", load=risk.load_map, view=view_map, fills=grid_map.fills(MAP)),
        Panel(
            id="gravest",
            title="突出的网格",
            load=risk.load_here,
            view=view_gravest,
            fills=("gravest-tiers", "gravest-rows", "gravest-note", "gravest-say"),
        ),
    ),
    maps=(MAP,),
)
