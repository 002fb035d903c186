"""How much of the limit was used up? Shares of elapsed ÷ limit per 化, with the deadline at 1.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures import told

BINS = tuple(str(step) for step in range(21))
DEADLINE_BIN = 10


@dataclass(frozen=True)
class Elapsed:
    """One 化: how many cases ended in each bin of elapsed ÷ limit (the order of BINS)."""

    name: str
    counts: tuple[int, ...]


GAP = 0.05
"""Share of the height between two histograms."""


def distribution(kinds: Sequence[Elapsed]) -> go.Figure:
    """One small histogram per 化 on a shared axis; what lies right of the line was late."""
    # Axes are laid out by hand: make_subplots with add_vline takes 150 ms for the same picture.
    figure = go.Figure(data=[_histogram(kind, place) for place, kind in enumerate(kinds)])
    bands = [_band(place, len(kinds)) for place in range(len(kinds))]
    axes = {
        f"yaxis{place + 1 if place else ''}": {
            "domain": band,
            "anchor": "x",
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
        }
        for place, band in enumerate(bands)
    }
    names = [
        {
            "text": kind.name,
            "x": 1,
            "xref": "paper",
            "xanchor": "right",
            "y": band[1],
            "yref": "paper",
            "yanchor": "top",
            "showarrow": False,
            "font": {"size": 12, "color": theme.colour("ink")},
        }
        for kind, band in zip(kinds, bands, strict=True)
    ]
    deadline = {
        "type": "line",
        "xref": "x",
        "x0": DEADLINE_BIN,
        "x1": DEADLINE_BIN,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": theme.colour("ink"), "width": 1.2, "dash": "dot"},
    }
    figure.update_layout(
        {
            "template": theme.TEMPLATE,
            "uirevision": "distribution",
            "showlegend": False,
            "bargap": 0.08,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "annotations": names,
            "shapes": [deadline],
            **axes,
            "xaxis": {
                "range": [0, len(BINS)],
                "tickvals": [0, 5, 10, 15, 20],
                "zeroline": False,
                "ticktext": ["0", "0.5", "1.0 到期", "1.5", "2.0+"],
                "anchor": f"y{len(kinds)}" if len(kinds) > 1 else "y",
            },
        }
    )
    _tell(figure, kinds)
    return figure


def _tell(figure: go.Figure, kinds: Sequence[Elapsed]) -> None:
    found = [told.late_finding(kind.name, sum(kind.counts[DEADLINE_BIN:]), sum(kind.counts)) for kind in kinds]
    rows = [[span, *(told.written(kind.counts[step]) for kind in kinds)] for step, span in enumerate(_spans())]
    told.tell(figure, finding="；".join(found), heads=["用时 ÷ 时限", *(kind.name for kind in kinds)], rows=rows)


def _band(place: int, count: int) -> list[float]:
    """Bottom and top of one histogram, the first at the top."""
    height = (1 - GAP * (count - 1)) / count
    top = 1 - place * (height + GAP)
    return [max(top - height, 0.0), top]


def _histogram(kind: Elapsed, place: int) -> go.Bar:
    total = sum(kind.counts) or 1
    late = len(BINS) - DEADLINE_BIN
    return go.Bar(
        x=[step + 0.5 for step in range(len(BINS))],
        y=[count / total for count in kind.counts],
        yaxis=f"y{place + 1}" if place else "y",
        marker={"color": [theme.colour("accent")] * DEADLINE_BIN + [theme.DIVERGING[1]] * late},
        customdata=[[span, count] for span, count in zip(_spans(), kind.counts, strict=True)],
        hovertemplate=f"{kind.name}<br>已用 %{{customdata[0]}} 的期限：%{{customdata[1]:,}} 件<extra></extra>",
    )


def _spans() -> list[str]:
    return [f"{step / 10:.1f}–{(step + 1) / 10:.1f}" for step in range(len(BINS) - 1)] + ["2.0 倍以上"]
