"""How did one number go, against its target and against the year before? One line, one dashed line, one level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures import told
from dashboard.figures.axes import dates, whole_steps
from dashboard.figures.trend import BUCKETS, bucket_words, hover_date, mark_partial


@dataclass(frozen=True, kw_only=True)
class Line:
    """A number per bucket start (none for a gap), the same of the spans it is compared with, and its target.

    `scale` turns a number into what the axis counts (100 for percent), `suffix` is the axis' unit.
    """

    name: str
    starts: Sequence[date]
    values: Sequence[float | None]
    earlier: Sequence[float | None] = ()
    earlier_name: str = ""
    target: float | None = None
    target_words: str = ""
    scale: float = 1.0
    suffix: str = ""
    decimals: int = 0
    is_rate: bool = False
    is_partial: bool = False
    is_cut_at_start: bool = False

    @property
    def ends(self) -> tuple[slice, ...]:
        """The first and the last two buckets, where the outer one is not whole."""
        count = len(self.starts)
        head, tail = self.is_cut_at_start and count > 2, self.is_partial and count > 1
        return (*([slice(0, 2)] if head else []), *([slice(count - 2, count)] if tail else []))


def against(line: Line, *, bucket: str) -> go.Figure:
    """The figure: the axis starts at 0 for counts and times, for rates where the numbers are."""
    figure = go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "against"})
    days = [start.isoformat() for start in line.starts]
    form = f",.{line.decimals}f"
    if line.earlier:
        _add(figure, days, line.earlier, line, name=line.earlier_name, is_earlier=True, form=form)
    _add(figure, days, line.values, line, name=line.name, is_earlier=False, form=form)
    if line.target is not None:
        _level(figure, line)
    low, high = _reach(line)
    figure.update_layout(showlegend=False, hovermode="x unified", margin={"l": 8, "r": 12, "t": 22, "b": 8})
    figure.update_yaxes(range=[low, high], ticksuffix=line.suffix, **whole_steps(high - low, most=5))
    figure.update_xaxes(hoverformat=hover_date(bucket), nticks=6, **dates(bucket))
    if line.is_partial and days:
        mark_partial(figure)
    _tell(figure, line, bucket=bucket)
    return figure


def _tell(figure: go.Figure, line: Line, *, bucket: str) -> None:
    """The last number beside the target in a sentence, all of them in a table."""
    labels = [bucket_words(start, bucket) for start in line.starts]
    columns = [line.values, *([line.earlier] if line.earlier else [])]
    rows = [
        [label, *(_written(line, column[place] if place < len(column) else None) for column in columns)]
        for place, label in enumerate(labels)
    ]
    known = [(label, value) for label, value in zip(labels, line.values, strict=False) if value is not None]
    last = f"{line.name}最近 {_written(line, known[-1][1])}（{known[-1][0]}）" if known else f"{line.name}{told.NONE}"
    heads = [BUCKETS[bucket], line.name, *([line.earlier_name] if line.earlier else [])]
    told.tell(figure, finding="，".join(filter(None, [last, line.target_words])), heads=heads, rows=rows)


def _written(line: Line, value: float | None) -> str:
    return told.NONE if value is None else f"{value * line.scale:,.{line.decimals}f}{line.suffix}"


def _add(
    figure: go.Figure,
    days: list[str],
    values: Sequence[float | None],
    line: Line,
    *,
    name: str,
    is_earlier: bool,
    form: str,
) -> None:
    """One line; a first or last bucket that is not whole is dashed and hollow. The earlier one is grey and dotted."""
    scaled = [None if v is None else v * line.scale for v in values][: len(days)]
    colour = theme.colour("outline") if is_earlier else theme.CATEGORIES[0]
    hover = f"%{{y:{form}}}{line.suffix}<extra>{name}</extra>"
    ends = () if is_earlier else line.ends
    head = any(end.start == 0 for end in ends)
    whole = slice(int(head), len(scaled) - len(ends) + int(head))
    pen = {"color": colour, "width": 1.5 if is_earlier else 2.5, "dash": "dot" if is_earlier else "solid"}
    figure.add_scatter(
        x=days[whole], y=scaled[whole], name=name, mode="lines", line=pen, connectgaps=False, hovertemplate=hover
    )
    for end in ends:
        figure.add_scatter(
            x=days[end],
            y=scaled[end],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 1.5, "dash": "dash"},
            marker={
                "size": [8, 0] if end.start == 0 else [0, 8],
                "color": theme.colour("surface"),
                "line": {"color": colour, "width": 1.5},
            },
            hovertemplate=hover,
        )


def _level(figure: go.Figure, line: Line) -> None:
    """The target as a level line with its words at the left end."""
    level = (line.target or 0.0) * line.scale
    figure.add_hline(y=level, line={"color": theme.colour("worse"), "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=0,
        xref="paper",
        y=level,
        text=line.target_words,
        showarrow=False,
        xanchor="left",
        xshift=4,
        yanchor="bottom",
        bgcolor=theme.colour("surface"),
        borderpad=1,
        font={"color": theme.colour("worse"), "size": 12},
    )


def _reach(line: Line) -> tuple[float, float]:
    """The axis: 0 to a little above the highest; for rates from a little below the lowest, within 0 to 100."""
    levels = [] if line.target is None else [line.target]
    known = [v * line.scale for v in (*line.values, *line.earlier, *levels) if v is not None]
    top, low = max(known, default=1.0), min(known, default=0.0)
    if not line.is_rate:
        return 0.0, max(top, 1.0) * 1.12
    gap = max(top - low, 4.0) * 0.25
    low = max(0.0, 5 * ((low - gap) // 5))
    return low, min(top + gap, 102.0)


def axis_words(line: Line) -> str:
    """“纵轴自 85% 起” where the axis of a rate does not start at 0."""
    low = _reach(line)[0]
    return f"纵轴自 {low:.0f}% 起" if line.is_rate and low else ""
