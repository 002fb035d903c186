"""How much of the limit was used up? Shares of elapsed ÷ limit per 化, with the deadline at 1.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard import theme

BINS = tuple(str(step) for step in range(21))
DEADLINE_BIN = 10


@dataclass(frozen=True)
class Elapsed:
    """One 化: how many cases ended in each bin of elapsed ÷ limit (the order of BINS)."""

    name: str
    counts: tuple[int, ...]


def distribution(kinds: Sequence[Elapsed]) -> go.Figure:
    """One small histogram per 化 on a shared axis; what lies right of the line was late."""
    figure = make_subplots(rows=max(len(kinds), 1), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    figure.update_layout(template=theme.TEMPLATE, uirevision="distribution", showlegend=False, bargap=0.08)
    late = [theme.colour("accent")] * DEADLINE_BIN + [theme.DIVERGING[1]] * (len(BINS) - DEADLINE_BIN)
    for row, kind in enumerate(kinds, start=1):
        total = sum(kind.counts) or 1
        figure.add_bar(
            x=[step + 0.5 for step in range(len(BINS))],
            y=[count / total for count in kind.counts],
            marker={"color": late},
            customdata=[[span, count] for span, count in zip(_spans(), kind.counts, strict=True)],
            hovertemplate=f"{kind.name}<br>已用 %{{customdata[0]}} 的期限：%{{customdata[1]:,}} 件<extra></extra>",
            row=row,
            col=1,
        )
        figure.add_annotation(
            text=kind.name,
            x=1,
            y=0.98,
            xref="x domain",
            yref="y domain",
            showarrow=False,
            xanchor="right",
            yanchor="top",
            font={"size": 12, "color": theme.colour("ink")},
            row=row,
            col=1,
        )
    figure.add_vline(x=DEADLINE_BIN, line={"color": theme.colour("ink"), "width": 1.2, "dash": "dot"})
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False)
    figure.update_xaxes(
        range=[0, len(BINS)],
        tickvals=[0, 5, 10, 15, 20],
        ticktext=["0", "0.5", "1.0 到期", "1.5", "2.0+"],
        zeroline=False,
    )
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8})
    return figure


def _spans() -> list[str]:
    return [f"{step / 10:.1f}–{(step + 1) / 10:.1f}" for step in range(len(BINS) - 1)] + ["2.0 倍以上"]
