"""What frames a panel? A heading, its scope, 口径 on the number, 数据截至, and a place to say that it failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.targets import configured


def panel(
    id: str,
    title: str,
    body: Component | Sequence[Component],
    *,
    note: str = "",
    metrics: Sequence[str] = (),
    area: str = "",
    caption: str = "",
) -> html.Section:
    """A framed panel; its `{id}-note`, `{id}-asof` and `{id}-fault` are filled by the page's callback."""
    heading = html.Header(
        [
            html.H2(title, className="panel-title", id=f"{id}-title"),
            html.Span(note, id=f"{id}-note", className="panel-note"),
            html.Span(className="panel-space"),
            html.Span(id=f"{id}-asof", className="panel-asof"),
            definitions(metrics),
        ],
        className="panel-head",
    )
    fault = html.Div(id=f"{id}-fault", className="panel-fault", role="status")
    inside = [body] if isinstance(body, Component) else list(body)
    below = [html.Div(caption, className="panel-caption")] if caption else []
    return html.Section(
        [heading, fault, *inside, *below],
        id=f"{id}-panel",
        className="panel",
        style={"gridArea": area} if area else None,
        **{"aria-labelledby": f"{id}-title"},
    )


def definitions(metrics: Sequence[str]) -> Component:
    """The 口径 button: hover or focus opens what the metrics mean, how they are computed and on which clock."""
    if not metrics:
        return html.Span()
    card = html.Div([definition(BY_KEY[key]) for key in metrics], className="hint-card", role="tooltip")
    button = html.Button("口径", type="button", className="hint-button", **{"aria-label": "本面板指标口径"})
    return html.Div([button, card], className="hint")


def definition(metric: Metric) -> Component:
    """One metric of the catalogue in a few lines."""
    lines: list[Any] = [
        html.Div([html.B(metric.name), html.Span(metric.code, className="hint-code")]),
        html.Div(metric.meaning),
        html.Div(["算法：", metric.formula], className="hint-soft"),
    ]
    about_clock = f"计时：{metric.clock}"
    if metric.kind == "rate":
        about_clock += f"；分母不足 {metric.min_n} 只列件数"
    lines.append(html.Div(about_clock, className="hint-soft"))
    for goal in configured():
        if goal.metric == metric.key:
            text = f"{goal.words}（{goal.source}，自 {goal.valid_from.isoformat()} 起）"
            lines.append(html.Div(text, className="hint-soft"))
    return html.Div(lines, className="hint-item")


def empty(text: str) -> html.Div:
    """Where there is nothing to show: a hollow circle and words."""
    return html.Div([html.Span("○", **{"aria-hidden": "true"}), html.Span(text)], className="empty")
