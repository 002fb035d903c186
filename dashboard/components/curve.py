"""What stands under a curve: notes as a list, 写批注, and 撤销 after brushing; filled by assets/curves.js."""

from __future__ import annotations

from dash import html


def below(chart_id: str) -> html.Div:
    """The strip of one chart whose figure is `brushable`."""
    return html.Div(className="curve-strip", role="group", **{"data-curve": chart_id, "aria-label": "批注"})
