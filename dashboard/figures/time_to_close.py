"""How long did it take? A histogram with median and P90 marked, and curves of the share still open with their bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures.axes import whole_steps
from dashboard.figures.comparison_chart import DASHES
from dashboard.survival import Curve

MARK_DASHES = ("solid", "dot")


def spread(counts: Sequence[int], *, labels: Sequence[str], marks: Sequence[tuple[float, str]]) -> go.Figure:
    """A bar per bin; `marks` are (place on the axis in bins, word), drawn as lines."""
    figure = go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "spread", "showlegend": False})
    total = sum(counts) or 1
    figure.add_bar(
        x=[place + 0.5 for place in range(len(counts))],
        y=list(counts),
        width=0.92,
        marker={"color": theme.SEQUENTIAL[2]},
        customdata=[[label, f"{100 * count / total:.1f}"] for label, count in zip(labels, counts, strict=True)],
        hovertemplate="%{customdata[0]}<br>%{y:,} 件次（%{customdata[1]}%）<extra></extra>",
    )
    for number, (place, word) in enumerate(marks):
        _mark(figure, place, word, number)
    ticks = [place + 0.5 for place in range(len(labels))]
    figure.update_xaxes(tickvals=ticks, ticktext=list(labels), tickangle=-45, zeroline=False)
    figure.update_yaxes(title={"text": "件次"}, rangemode="tozero", **whole_steps(max(counts, default=0), most=5))
    figure.update_layout(margin={"l": 8, "r": 8, "t": 44, "b": 8}, bargap=0)
    return figure


def _mark(figure: go.Figure, place: float, word: str, number: int) -> None:
    line = {"color": theme.colour("ink"), "width": 1.5, "dash": MARK_DASHES[number % 2]}
    figure.add_shape({"type": "line", "x0": place, "x1": place, "yref": "paper", "y0": 0, "y1": 1, "line": line})
    # One above the other: median and P90 may stand close together.
    figure.add_annotation(
        x=place, y=1, yref="paper", yanchor="bottom", yshift=18 * (1 - number % 2), text=word, showarrow=False,
        font={"color": theme.colour("ink"), "size": 12},
    )  # fmt: skip


@dataclass(frozen=True)
class NamedCurve:
    """A curve and whose it is."""

    name: str
    curve: Curve


def survival(curves: Sequence[NamedCurve], *, until: float) -> go.Figure:
    """The share still open by days since acceptance, in steps, with the 95 % band; the half is a dotted line."""
    figure = go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "survival", "showlegend": len(curves) > 1})
    for place, named in enumerate(curves):
        colour = theme.CATEGORIES[place % len(theme.CATEGORIES)]
        _band(figure, named.curve, colour, until)
        days, share = _steps(named.curve, named.curve.survival.tolist(), until)
        figure.add_scatter(
            x=days, y=share, name=named.name, mode="lines",
            line={"color": colour, "width": 2, "shape": "hv", "dash": DASHES[place]},
            hovertemplate=f"{named.name}<br>受理后 %{{x:.1f}} 天，仍未办结 %{{y:.1f}}%<extra></extra>",
        )  # fmt: skip
    half = {"color": theme.colour("outline"), "width": 1, "dash": "dot"}
    figure.add_shape({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 50, "y1": 50, "line": half})
    figure.update_xaxes(title={"text": "受理后天数（扣除中止）"}, range=[0, until], nticks=8, zeroline=False)
    figure.update_yaxes(title={"text": "仍未办结 %"}, range=[0, 102], tickvals=[0, 25, 50, 75, 100])
    figure.update_layout(margin={"l": 8, "r": 16, "t": 8, "b": 8}, hovermode="closest")
    return figure


MOST_POINTS = 400


def _steps(curve: Curve, share: Sequence[float], until: float) -> tuple[list[float], list[float]]:
    """A step line in days and percent from (0, 100) to where the last case was seen, thinned to what a screen shows."""
    end = min(curve.last_seen / 24, until)
    pairs = [(0.0, 100.0), *((hours / 24, 100 * s) for hours, s in zip(curve.times.tolist(), share, strict=True))]
    pairs = [pair for pair in pairs if pair[0] <= end]
    pairs = [*pairs[:: max(1, len(pairs) // MOST_POINTS)], pairs[-1]]
    return [*(day for day, _ in pairs), end], [*(part for _, part in pairs), pairs[-1][1]]


def _band(figure: go.Figure, curve: Curve, colour: str, until: float) -> None:
    days, low = _steps(curve, curve.low.tolist(), until)
    _, high = _steps(curve, curve.high.tolist(), until)
    edge = {"width": 0, "shape": "hv", "color": colour}
    figure.add_scatter(x=days, y=high, mode="lines", line=edge, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=days,
        y=low,
        mode="lines",
        line=edge,
        fill="tonexty",
        fillcolor=_clear(colour),
        showlegend=False,
        hoverinfo="skip",
    )


def _clear(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"
