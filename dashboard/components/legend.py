"""What does a colour mean? The class breaks, with how many units fall into each."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html

from dashboard.figures.classes import Classes


def legend(
    scale: Classes, values: Sequence[float], *, unit: str, missing: int = 0, missing_word: str = "无数据"
) -> html.Div:
    """Swatch, range and count per class; `missing` units have no data."""
    counts = [0] * (len(scale.breaks) + 1)
    for value in values:
        counts[scale.index(value)] += 1
    items = [
        _item(f"seq-{scale.step_of(place) + 1}", label, counts[place], unit)
        for place, label in enumerate(scale.labels())
        if values
    ]
    if missing:
        items.append(_item("no-data", missing_word, missing, unit))
    return html.Div(items, className="legend")


def _item(swatch: str, label: str, count: int, unit: str) -> html.Span:
    return html.Span(
        [
            html.Span(className=f"legend-swatch {swatch}"),
            html.Span(label, className="legend-label"),
            html.Span(f"{count}{unit}", className="legend-count"),
        ],
        className="legend-item",
    )
