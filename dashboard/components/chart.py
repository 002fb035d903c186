"""A chart in place: made once in the frame, its figure replaced ever after."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

CONFIG: dict[str, Any] = {
    "locale": "zh-CN",
    "displaylogo": False,
    "displayModeBar": False,
    "responsive": True,
    "doubleClick": False,
    "showTips": False,
}


def chart(id: str, label: str, *, height: str = "100%") -> html.Div:
    """An empty chart with an accessible name; fill (id, "figure")."""
    graph = dcc.Graph(id=id, config=CONFIG, figure=_blank(), style={"height": "100%"}, responsive=True)
    return html.Div(graph, className="chart", style={"height": height}, role="img", **{"aria-label": label})


def _blank() -> dict[str, Any]:
    return {
        "data": [],
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": {"visible": False},
            "yaxis": {"visible": False},
        },
    }
