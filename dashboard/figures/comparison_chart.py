"""How do groups compare? Bars from zero, lines with names at their ends, a heat table, stacks; always with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures.axes import dates

ROW_PX = 26
DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot")
NONE = "无数据"
HIGH_SHARE = 60
"""Percent from which on the axis of shares need not start at zero."""
FEW_DAYS = 31


@dataclass(frozen=True)
class Mark:
    """One bar or cell: name, height (none: nothing to draw), the number in brief and in full, and what it chooses."""

    name: str
    size: float | None
    text: str
    line: str
    pick: str


@dataclass(frozen=True)
class Line:
    """One line or layer: a name and a value per place on the axis (none for a gap)."""

    name: str
    values: Sequence[float | None]


def _figure(**layout: Any) -> go.Figure:
    return go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "explore", "showlegend": False, **layout})


def nothing() -> go.Figure:
    """An empty picture, where a single number or nothing is asked for."""
    return _figure(height=160, xaxis={"visible": False}, yaxis={"visible": False})


def bars(marks: Sequence[Mark], *, unit: str) -> go.Figure:
    """Horizontal bars in the order given, the first at the top, each with its number; a click chooses it."""
    names = _apart([mark.name for mark in marks])
    figure = _figure(height=max(len(marks), 4) * ROW_PX + 48, margin={"l": 8, "r": 64, "t": 8, "b": 8}, bargap=0.3)
    figure.add_bar(
        y=names,
        x=[mark.size or 0 for mark in marks],
        orientation="h",
        text=[mark.text for mark in marks],
        textposition="outside",
        cliponaxis=False,
        marker={"color": theme.colour("accent")},
        customdata=[[mark.pick, mark.line] for mark in marks],
        hovertemplate="%{y}<br>%{customdata[1]}<extra></extra>",
    )
    figure.update_xaxes(title={"text": unit}, rangemode="tozero", showgrid=True, nticks=6)
    figure.update_yaxes(
        autorange="reversed", showgrid=False, dtick=1, tickfont={"color": theme.colour("ink"), "size": 12}
    )
    return figure


def _apart(names: Sequence[str]) -> list[str]:
    """Equal names would fall on one bar: an invisible space keeps them apart."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        found.append(name + "\u200b" * seen[name])
    return found


def axis_start(series: Sequence[Line], unit: str) -> int:
    """Where a line's axis starts: at zero, or for shares that are all high, five points below the lowest."""
    values = [value for line in series for value in line.values if value is not None]
    return max(int(min(values) / 5) * 5 - 5, 0) if unit == "%" and values and min(values) >= HIGH_SHARE else 0


def lines(days: Sequence[date], series: Sequence[Line], *, unit: str, is_partial: bool = False) -> go.Figure:
    """A line per series over time, each of its own dash; a legend for more than one; an unfinished end is hollow."""
    figure = _figure(height=420, hovermode="x unified", showlegend=len(series) > 1)
    number = "%{y:,}" if unit == "件" else "%{y:,.1f}"
    for place, line in enumerate(series):
        look = {"color": theme.CATEGORIES[place % len(theme.CATEGORIES)], "dash": DASHES[place % len(DASHES)]}
        figure.add_scatter(
            x=[day.isoformat() for day in days],
            y=list(line.values),
            name=line.name,
            mode="lines+markers",
            connectgaps=False,
            line={**look, "width": 2},
            marker=_points(len(days), look["color"], is_partial=is_partial),
            hovertemplate=f"{number} {unit}<extra>{line.name}</extra>",
        )
    top = max((value for line in series for value in line.values if value is not None), default=1.0)
    figure.update_yaxes(
        title={"text": unit}, range=[axis_start(series, unit), 100.5 if unit == "%" else top * 1.08], nticks=6
    )
    bucket = "month" if all(day.day == 1 for day in days) else "day"
    figure.update_xaxes(hoverformat="%Y年%-m月%-d日", nticks=5, **dates(bucket))
    return figure


def _points(count: int, colour: str, *, is_partial: bool) -> dict[str, Any]:
    """Dots where there are few, and a hollow one at an end that is not whole."""
    size, end = (5 if count <= FEW_DAYS else 0), int(is_partial)
    return {
        "size": [size] * (count - end) + [9] * end,
        "color": [colour] * (count - end) + [theme.colour("surface")] * end,
        "line": {"color": colour, "width": [0] * (count - end) + [1.5] * end},
    }


def heat(cells: Sequence[Sequence[Mark]], *, names: tuple[Sequence[str], Sequence[str]], unit: str) -> go.Figure:
    """Rows × columns with the number in each cell, darker for more; a click chooses both."""
    rows, columns = _apart(names[0]), _apart(names[1])
    figure = _figure(height=len(rows) * ROW_PX + 110, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    figure.add_heatmap(
        z=[[cell.size for cell in row] for row in cells],
        x=columns,
        y=rows,
        text=[[cell.text if cell.size is not None else "" for cell in row] for row in cells],
        texttemplate="%{text}",
        customdata=[[[cell.pick, cell.line or NONE] for cell in row] for row in cells],
        hovertemplate="%{y} · %{x}<br>%{customdata[1]}<extra></extra>",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        colorscale=[[step / 4, colour] for step, colour in enumerate(theme.SEQUENTIAL)],
        colorbar={"title": {"text": unit}, "thickness": 10, "outlinewidth": 0, "tickfont": {"size": 12}},
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    figure.update_xaxes(side="top", showgrid=False, dtick=1, type="category")
    return figure


def stack(names: Sequence[str], layers: Sequence[Line], *, picks: Sequence[str], unit: str) -> go.Figure:
    """Horizontal stacks, one per name, a layer per part; a click chooses the name."""
    figure = _figure(height=max(len(names), 4) * ROW_PX + 96, barmode="stack", showlegend=True, bargap=0.3)
    for place, layer in enumerate(layers):
        figure.add_bar(
            y=_apart(names),
            x=[value or 0 for value in layer.values],
            name=layer.name,
            orientation="h",
            customdata=list(picks),
            marker={
                "color": theme.CATEGORIES[place % len(theme.CATEGORIES)],
                "line": {"color": theme.colour("surface"), "width": 1},
            },
            hovertemplate=f"%{{y}}<br>{layer.name} %{{x:,}} {unit}<extra></extra>",
        )
    figure.update_xaxes(title={"text": unit}, showgrid=True, nticks=6)
    figure.update_yaxes(autorange="reversed", showgrid=False, dtick=1)
    return figure
