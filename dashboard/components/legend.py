"""What does a colour mean? The class breaks, with how many units fall into each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from dash import html

from dashboard.figures.classes import Classes
from dashboard.metrics.values import Value


def legend(scale: Classes, values: Collection[Value], *, unit: str) -> html.Div:
    """Swatch, range and count per class; then the units with too few cases for a rate, and those without data."""
    states = Counter(value.state for value in values)
    drawn = Counter(scale.index(v.value) for v in values if v.state == "ok" and v.value is not None)
    items = [
        counted(f"seq-{scale.step_of(place) + 1}", label, drawn[place], unit)
        for place, label in enumerate(scale.labels())
        if drawn
    ]
    if states["small"]:
        items.append(counted("too-small", "样本不足", states["small"], unit))
    if states["none"]:
        items.append(counted("no-data", "无数据", states["none"], unit))
    return html.Div(items, className="legend")


def counted(swatch: str, label: str, count: int, unit: str) -> html.Span:
    """One entry: swatch, what it stands for, how many."""
    return html.Span(
        [
            html.Span(className=f"legend-swatch {swatch}"),
            html.Span(label, className="legend-label"),
            html.Span(f"{count}{unit}", className="legend-count"),
        ],
        className="legend-item",
    )
