"""Which days lie under a point of a line? Told with the figure, for assets/curves.js: brushing and notes need it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import plotly.graph_objects as go


def brushable(
    figure: go.Figure, starts: Sequence[date], spans: Sequence[tuple[date, date]], *, metrics: Sequence[str]
) -> go.Figure:
    """The figure, with its points, (first day, day after the last) of every bucket and its metrics in its `meta`."""
    days = [[first.isoformat(), after.isoformat()] for first, after in spans]
    points = [start.isoformat() for start in starts]
    figure.update_layout(meta={**(figure.layout.meta or {}), "points": points, "spans": days, "metrics": list(metrics)})
    return figure
