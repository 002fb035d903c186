"""五化时效: five large rates, and where each of them is slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard.ask import Ask
from dashboard.filters import Filters
from dashboard.page import Panel, Target
from dashboard.pages import wuhua
from dashboard.wall import five, parts
from dashboard.wall.screen import Screen


def load_heat(ask: Ask, filters: Filters) -> tuple[Filters, wuhua.Heat]:
    """按时率 by town and kind of 一般 cases."""
    own = filters.replace(severity=("general",))
    return own, wuhua.load_heat(ask, own)


def view_heat(model: tuple[Filters, wuhua.Heat]) -> Mapping[Target, Any]:
    """The desk's table, with what it was asked."""
    own, heat = model
    drawn = wuhua.view_heat(heat)
    return {"heat-table": html.Div(drawn["heat-table"], **parts.asked(own)), "heat-legend": drawn["heat-legend"]}


def frame() -> html.Div:
    """The page without data."""
    body = [html.Div(id="heat-table", className="heat-box"), html.Div(id="heat-legend")]
    table = parts.panel("heat", "乡镇 × 五化", body, area="heat", note="一般事项 · 按时率 · 越亮越低")
    return html.Div([five.frame_cards(), table], className="wall-grid wall-wuhua")


SCREEN = Screen(
    key="wuhua",
    frame=frame,
    panels=(
        five.CARDS,
        Panel(id="heat", title="乡镇 × 五化", load=load_heat, view=view_heat, fills=("heat-table", "heat-legend")),
    ),
)
