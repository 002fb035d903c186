"""One headline number: what it is, how much, out of what, and whether it really moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dash import html

from dashboard.comparison.change import FLAT, TOO_SMALL, VERDICTS, Change
from dashboard.components.lamp import lamp
from dashboard.components.measure import measure
from dashboard.metrics.values import Value
from dashboard.targets import Goal

SHAPES = {"up": "▲", "down": "▼", "flat": "▬"}
SPIKES = {"up": "突增", "down": "突降"}


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A headline metric, an optional second one under it, its changes and its course.

    `windows` are the usual spans side by side: name, value in words (empty where it is the card's own), and change.
    """

    title: str
    key: str
    value: Value
    changes: tuple[tuple[str, Change | None], ...] = ()
    second: tuple[str, str, Value] | None = None
    spark: str = ""
    is_alarm: bool = False
    target: Goal | None = None
    windows: tuple[tuple[str, str, Change | None], ...] = ()


def card(kpi: Kpi) -> html.Div:
    """The KPI card."""
    main = measure(kpi.key, kpi.value)
    head: list[Any] = [html.Span(kpi.title, className="kpi-title")]
    if kpi.spark:
        head.append(html.Img(src=kpi.spark, className="kpi-spark", alt=""))
    lines: list[Any] = [html.Div(head, className="kpi-head"), html.Div(main, className="kpi-main")]
    lines.append(html.Div(_second(kpi), className="kpi-second"))
    lines += [html.Div(change_line(name, change), className="kpi-change") for name, change in kpi.changes]
    if kpi.target:
        lines.append(html.Div(lamp(kpi.target, kpi.value), className="kpi-target"))
    if kpi.windows:
        lines.append(html.Div([window_line(*window) for window in kpi.windows], className="kpi-windows"))
    alarm = " is-alarm" if kpi.is_alarm and kpi.value.value else ""
    return html.Div(lines, className="kpi" + alarm)


def _second(kpi: Kpi) -> list[Any]:
    if kpi.second is None:
        return []
    title, key, value = kpi.second
    return [html.Span(title, className="kpi-second-title"), measure(key, value)]


def window_line(name: str, text: str, change: Change | None) -> html.Div:
    """One window: “7 天  1,234  ▲ +12 变差”; percentage points are “点” here, in full on hover."""
    if change is not None:
        change = replace(change, text=change.text.replace(" 个百分点", " 点"))
    label, *moved = change_line(name, change)
    return html.Div([label, html.Span(text, className="window-value"), *moved], className="kpi-window")


def change_line(name: str, change: Change | None) -> list[Any]:
    """“环比 ▲ +8.1% 变差”, 持平 within chance, 样本不足 or 无数据 where there is nothing to compare."""
    label = html.Span(name, className="change-name")
    if change is None or change.direction == "none":
        return [label, html.Span(f"○ {change.text}" if change else TOO_SMALL, className="change-none")]
    shape = html.Span(SHAPES[change.direction], className="change-shape", **{"aria-hidden": "true"})
    text, _, extra = change.text.partition("（")
    if change.direction == "flat":
        text, extra = FLAT, ""
    verdict = VERDICTS[change.verdict] or (SPIKES.get(change.direction, "") if change.is_spike else "")
    parts = [shape, html.Span(text, title=f"{change.text}；对比期 {change.before}")]
    if extra:
        parts.append(html.Span(f"（{extra}", className="change-extra"))
    if verdict:
        parts.append(html.Span(verdict, className="change-verdict"))
    return [label, html.Span(parts, className=f"change is-{change.verdict}")]


def stat(title: str, key: str, value: Value) -> html.Div:
    """A small number in a list: title left, value right."""
    return html.Div([html.Span(title, className="stat-title"), measure(key, value)], className="stat")
