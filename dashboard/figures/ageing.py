"""How old is what is overdue? One stacked bar per department, oldest darkest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures import told
from dashboard.figures.axes import whole_steps

AGES = (("1-3", "1–3天"), ("4-7", "4–7天"), ("8-15", "8–15天"), ("16-30", "16–30天"), ("30+", "30天以上"))
ROW_PX = 24


@dataclass(frozen=True)
class Bar:
    """One department's overdue open cases by age class, in the order of AGES; `pick` is what a click chooses."""

    name: str
    pick: str
    counts: tuple[int, ...]
    is_chosen: bool = False

    @property
    def total(self) -> int:
        """All ages together."""
        return sum(self.counts)


def ageing(bars: Sequence[Bar]) -> go.Figure:
    """Horizontal stacks, most overdue at the top, with totals at the end; unchosen bars fade when one is chosen."""
    figure = go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "ageing", "barmode": "stack"})
    ordered = sorted(bars, key=lambda bar: (bar.total, bar.counts[-1], bar.name))
    names = [("▸ " if bar.is_chosen else "") + bar.name for bar in ordered]
    any_chosen = any(bar.is_chosen for bar in ordered)
    for place, (_, label) in enumerate(AGES):
        figure.add_bar(
            y=names,
            x=[bar.counts[place] for bar in ordered],
            name=label,
            orientation="h",
            customdata=[bar.pick for bar in ordered],
            marker={
                "color": theme.AGES[place],
                "opacity": [1.0 if bar.is_chosen or not any_chosen else 0.4 for bar in ordered],
            },
            hovertemplate=f"%{{y}}<br>{label} %{{x:,}} 件<extra></extra>",
        )
    top = max((bar.total for bar in ordered), default=1)
    figure.add_scatter(
        y=names,
        x=[bar.total for bar in ordered],
        mode="text",
        text=[f"  {bar.total:,}" for bar in ordered],
        textposition="middle right",
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
        customdata=[bar.pick for bar in ordered],
    )
    figure.update_layout(
        height=max(len(ordered), 3) * ROW_PX + 56,
        bargap=0.3,
        margin={"l": 8, "r": 36, "t": 34, "b": 8},
        legend={"traceorder": "normal"},
    )
    figure.update_xaxes(range=[0, max(top, 1) * 1.05], showgrid=True, **whole_steps(top, most=6))
    figure.update_yaxes(showgrid=False, dtick=1, tickfont={"color": theme.colour("ink"), "size": 13})
    _tell(figure, list(reversed(ordered)))
    return figure


def _tell(figure: go.Figure, bars: Sequence[Bar]) -> None:
    finding = told.stock_finding("在办超期", [(bar.name, bar.total) for bar in bars])
    rows = [[bar.name, *(told.written(count) for count in (*bar.counts, bar.total))] for bar in bars]
    told.tell(figure, finding=finding, heads=["部门", *(label for _, label in AGES), "合计"], rows=rows)
