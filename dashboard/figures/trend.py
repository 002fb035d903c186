"""How did counts move over time? Lines with direct labels; what is not finished yet is dashed and hollow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import plotly.graph_objects as go

from dashboard import theme


@dataclass(frozen=True)
class Series:
    """One line: a name and a value per bucket start (none for a gap)."""

    name: str
    values: tuple[float | None, ...]


DASHES = ("solid", "dot", "dash")
BUCKETS = {"day": "日", "week": "周", "month": "月"}


def trend(
    starts: Sequence[date],
    series: Sequence[Series],
    *,
    bucket: str,
    is_partial: bool = False,
    unit: str = "件",
) -> go.Figure:
    """A line per series over the bucket starts; with `is_partial` the last bucket is not full yet."""
    figure = go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "trend"})
    days = [start.isoformat() for start in starts]
    for place, line in enumerate(series):
        _add_line(figure, days, line, place=place, is_partial=is_partial and len(days) > 1, unit=unit)
    figure.update_layout(
        showlegend=False,
        hovermode="x unified",
        margin={"l": 8, "r": 44, "t": 12, "b": 8},
    )
    top = max((v for line in series for v in line.values if v is not None), default=1.0)
    figure.update_yaxes(rangemode="tozero", nticks=5, range=[0, max(top, 1) * 1.12], tickformat=",d")
    form = {"month": "%Y年%-m月"}.get(bucket, "%-m月%-d日")
    figure.update_xaxes(type="date", tickformat=form, hoverformat=_hover(bucket), nticks=6, tickangle=0)
    if is_partial and days:
        figure.add_annotation(
            x=days[-1], y=1, yref="paper", text="本期未满", showarrow=False, xanchor="right", yanchor="top",
            font={"size": 12, "color": theme.colour("ink-soft")},
        )
    return figure


def _hover(bucket: str) -> str:
    return {"month": "%Y年%-m月", "week": "%Y年%-m月%-d日起一周"}.get(bucket, "%Y年%-m月%-d日")


def _add_line(
    figure: go.Figure, days: list[str], line: Series, *, place: int, is_partial: bool, unit: str
) -> None:
    colour = theme.CATEGORIES[place % len(theme.CATEGORIES)]
    whole = len(days) - 1 if is_partial else len(days)
    hover = f"%{{y:,}} {unit}<extra>{line.name}</extra>"
    figure.add_scatter(
        x=days[:whole], y=list(line.values[:whole]), name=line.name, mode="lines", connectgaps=False,
        line={"color": colour, "width": 2, "dash": DASHES[place % len(DASHES)]}, hovertemplate=hover,
    )
    if is_partial:
        figure.add_scatter(
            x=days[-2:], y=list(line.values[-2:]), name=line.name, mode="lines+markers",
            line={"color": colour, "width": 1.5, "dash": "dash"},
            marker={"size": [0, 8], "color": theme.colour("surface"), "line": {"color": colour, "width": 1.5}},
            hovertemplate=hover, hoverinfo="skip" if whole == 0 else None,
        )
    last = next(((d, v) for d, v in zip(reversed(days), reversed(line.values), strict=True) if v is not None), None)
    if last:
        figure.add_annotation(
            x=last[0], y=last[1], text=line.name, showarrow=False, xanchor="left", xshift=8,
            font={"color": colour, "size": 12},
        )
