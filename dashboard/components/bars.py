"""How much of each? Short horizontal bars from zero, largest first, each a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html

from dashboard.components.measure import measure
from dashboard.components.panel import empty
from dashboard.metrics.values import Value


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar of a count."""

    dimension: str
    code: str
    name: str
    value: Value
    is_chosen: bool = False


def bars(rows: Sequence[Bar], *, key: str, most: int = 8) -> html.Div:
    """The largest bars, with how many are left out."""
    ordered = sorted((row for row in rows if row.value.value), key=lambda row: -(row.value.value or 0))
    if not ordered:
        return html.Div(empty("没有事项"), className="bars")
    top = ordered[0].value.value or 1
    drawn: list[html.Button | html.Div] = [_bar(row, key=key, top=top) for row in ordered[:most]]
    if len(ordered) > most:
        drawn.append(html.Div(f"另 {len(ordered) - most} 类", className="cases-more"))
    return html.Div(drawn, className="bars")


def _bar(row: Bar, *, key: str, top: float) -> html.Button:
    share = 100 * (row.value.value or 0) / top
    return html.Button(
        [
            html.Span(row.name, className="bar-name"),
            html.Span(html.Span(className="bar-fill", style={"width": f"{share:.1f}%"}), className="bar-track"),
            measure(key, row.value, group=(row.dimension, row.code)),
        ],
        type="button",
        className="bar-row" + (" is-chosen" if row.is_chosen else ""),
        **{"data-pick": f"{row.dimension}:{row.code}", "aria-pressed": str(row.is_chosen).lower()},
    )
