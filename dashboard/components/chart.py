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
    """An empty chart with an accessible name; fill (id, "figure").

    A figure that tells its finding (figures/told.py) is named by it; 看数据 opens its numbers as a table.
    """
    graph = dcc.Graph(id=id, config=CONFIG, figure=_blank(), style={"height": "100%"}, responsive=True)
    picture = html.Div(graph, className="chart-picture", role="img", **{"aria-label": label, "data-label": label})
    button = html.Button(
        "看数据", type="button", className="chart-data", **{"data-chart": id, "aria-label": f"{label}：看数据"}
    )
    return html.Div([picture, button], className="chart", style={"height": height})


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
