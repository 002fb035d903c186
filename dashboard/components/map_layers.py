"""What else can lie on a map? A replay over time and a heat surface; assets/layers.js moves them."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components.segments import segments
from dashboard.density import BANDWIDTHS
from dashboard.filters import Filters
from dashboard.page import Target
from dashboard.replay import MEASURES, PACES

DEFAULT_WIDTH = "w300"
SPEEDS = {"1": "慢", "3": "中", "8": "快"}
"""Moments a second."""


def switches(prefix: str) -> Component:
    """Where the two switches go, beside the map's other choices."""
    return html.Div(id=f"{prefix}-switches", className="switches")


def strips(prefix: str) -> list[Component]:
    """The controls of both layers, hidden until they are switched on."""
    return [
        html.Div(
            [
                html.Span("带宽", className="choice-name"),
                html.Div(id=f"{prefix}-heat-widths"),
                html.Div(id=f"{prefix}-heat-legend", className="legend strip-rest", role="status"),
            ],
            id=f"{prefix}-heat",
            className="strip",
        ),
        html.Div(
            [
                _button(prefix, "back", "‹", "上一时刻"),
                _button(prefix, "play", "播放", "播放或暂停"),
                _button(prefix, "next", "›", "下一时刻"),
                html.Div(id=f"{prefix}-replay-track", className="replay-track"),
                html.Output("", id=f"{prefix}-replay-now", className="replay-now"),
                html.Div(id=f"{prefix}-replay-choices", className="switches"),
                html.Div(id=f"{prefix}-replay-legend", className="legend strip-rest", role="status"),
            ],
            id=f"{prefix}-replay",
            className="strip replay",
            role="group",
            **{"aria-label": "回放"},
        ),
    ]


def _button(prefix: str, name: str, text: str, label: str) -> Component:
    mark = {"data-replay": f"{prefix}:{name}", "aria-label": label, "title": label}
    return html.Button(text, type="button", className="bar-button replay-button", **mark)


def fills(prefix: str) -> tuple[Target, ...]:
    """What `view` gives."""
    return (f"{prefix}-switches", f"{prefix}-heat-widths", f"{prefix}-replay-choices")


def view(prefix: str, filters: Filters) -> dict[Target, Any]:
    """Switches and choices as the address has them."""
    measures = [(key, name) for key, (name, _) in MEASURES.items()]
    widths = [(f"w{metres}", f"{metres} 米") for metres in BANDWIDTHS]
    return {
        f"{prefix}-switches": [
            _switch("回放", is_on=bool(filters.replay), on="replay=open&heat=", off="replay=&moment=&pace="),
            _switch("热力", is_on=bool(filters.heat), on=f"heat={DEFAULT_WIDTH}&replay=&moment=&pace=", off="heat="),
        ],
        f"{prefix}-heat-widths": segments("heat", widths, filters.heat or DEFAULT_WIDTH, label="带宽"),
        f"{prefix}-replay-choices": [
            segments("replay", measures, filters.replay, label="回放什么"),
            segments("pace", list(PACES.items()), filters.pace or "day", label="步长"),
            html.Div(_speeds(prefix), className="segments", role="group", **{"aria-label": "速度"}),
        ],
    }


def _switch(word: str, *, is_on: bool, on: str, off: str) -> Component:
    state = {"data-set": off if is_on else on, "aria-pressed": str(is_on).lower()}
    return html.Button(word, type="button", className="segment switch", **state)


def _speeds(prefix: str) -> list[Component]:
    return [
        html.Button(
            word,
            type="button",
            className="segment",
            **{"data-replay": f"{prefix}:speed:{speed}", "aria-pressed": "false"},
        )
        for speed, word in SPEEDS.items()
    ]
