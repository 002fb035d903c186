"""How did counts move over time? Lines with direct labels; what is not finished yet is dashed and hollow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

import plotly.graph_objects as go

from dashboard import theme, words
from dashboard.figures import told
from dashboard.figures.axes import dates, whole_steps


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
    is_cut_at_start: bool = False,
    unit: str = "件",
    none: str = told.NONE,
) -> go.Figure:
    """A line per series over the bucket starts; a first or last bucket that is not whole is dashed and hollow.

    `none` says why there is no value where there is none.
    """
    figure = go.Figure(layout={"template": theme.TEMPLATE, "uirevision": "trend"})
    days = [start.isoformat() for start in starts]
    top = max((v for line in series for v in line.values if v is not None), default=1.0)
    span = Span(days, int(is_cut_at_start and len(days) > 2), int(is_partial and len(days) > 1))
    for place, line in enumerate(series):
        look = (theme.CATEGORIES[place % len(theme.CATEGORIES)], DASHES[place % len(DASHES)])
        _add_line(figure, span, line, look, unit)
    _add_names(figure, days, series, top)
    figure.update_layout(showlegend=False, hovermode="x unified", margin={"l": 8, "r": 44, "t": 20, "b": 8})
    figure.update_yaxes(range=[0, max(top, 1) * 1.12], **whole_steps(top, most=5))
    figure.update_xaxes(hoverformat=hover_date(bucket), nticks=6, **dates(bucket))
    if is_partial and days:
        mark_partial(figure)
    for gap in _gaps(series):
        _say_none(figure, days[gap.start : gap.stop], top, none)
    _tell(figure, starts, series, bucket=bucket, is_partial=is_partial, unit=unit, none=none)
    return figure


def _tell(
    figure: go.Figure,
    starts: Sequence[date],
    series: Sequence[Series],
    *,
    bucket: str,
    is_partial: bool,
    unit: str,
    none: str,
) -> None:
    labels = [bucket_words(start, bucket) for start in starts]
    found = [
        told.course_finding(line.name, labels, line.values, is_partial=is_partial, unit=unit, none=none)
        for line in series
    ]
    marked = [*labels[:-1], f"{labels[-1]}（未满）"] if labels and is_partial else labels
    rows = [[label, *(told.written(line.values[place], none) for line in series)] for place, label in enumerate(marked)]
    heads = [BUCKETS[bucket], *(line.name for line in series)]
    told.tell(figure, finding="；".join(found), heads=heads, rows=rows)


def bucket_words(start: date, bucket: str) -> str:
    """A bucket in words: “2026年3月”, “2026年3月2日起一周”, “2026年3月2日”."""
    if bucket == "month":
        return f"{start.year}年{start.month}月"
    return f"{start.year}年{words.day(start)}" + ("起一周" if bucket == "week" else "")


WIDE = 0.1
"""From this share of the width on, a gap says what it is."""


def _gaps(series: Sequence[Series]) -> Iterator[range]:
    """Runs of buckets in which no line has a value, where they are wide enough for words."""
    missing = [all(value is None for value in at) for at in zip(*(line.values for line in series), strict=True)]
    for is_gap, places in groupby(range(len(missing)), key=lambda place: missing[place]):
        run = list(places)
        if is_gap and len(run) >= WIDE * len(missing):
            yield range(run[0], run[-1] + 1)


def _say_none(figure: go.Figure, days: Sequence[str], top: float, none: str) -> None:
    figure.add_annotation(
        x=days[len(days) // 2],
        y=max(top, 1) / 2,
        text=none,
        showarrow=False,
        font={"color": theme.colour("ink-soft")},
    )


@dataclass(frozen=True)
class Span:
    """The bucket starts, and how many at the head and at the tail are not whole."""

    days: list[str]
    head: int
    tail: int


def hover_date(bucket: str) -> str:
    """How a bucket's start is written when the pointer is on it."""
    return {"month": "%Y年%-m月", "week": "%Y年%-m月%-d日起一周"}.get(bucket, "%Y年%-m月%-d日")


def mark_partial(figure: go.Figure) -> None:
    """“本期未满” over the right end."""
    figure.add_annotation(
        x=1,
        xref="paper",
        y=1,
        yref="paper",
        text="本期未满",
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        font={"size": 12, "color": theme.colour("ink-soft")},
    )


def _add_line(figure: go.Figure, span: Span, line: Series, look: tuple[str, str], unit: str) -> None:
    count, (colour, dash) = len(span.days), look
    hover = f"%{{y:,}} {unit}<extra>{line.name}</extra>"
    whole = slice(span.head, count - span.tail)
    figure.add_scatter(
        x=span.days[whole],
        y=list(line.values[whole]),
        name=line.name,
        # A line through a single bucket would be nothing at all.
        mode="lines" if count > 1 else "markers",
        connectgaps=False,
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate=hover,
    )
    ends = [slice(0, 2)] * span.head + [slice(count - 2, count)] * span.tail
    for place, end in enumerate(ends):
        is_head = place < span.head
        figure.add_scatter(
            x=span.days[end],
            y=list(line.values[end]),
            name=line.name,
            mode="lines+markers",
            hoverinfo="skip",
            line={"color": colour, "width": 1.5, "dash": "dash"},
            marker={
                "size": [8, 0] if is_head else [0, 8],
                "color": theme.colour("surface"),
                "line": {"color": colour, "width": 1.5},
            },
        )
        figure.add_scatter(
            x=[span.days[0 if is_head else -1]],
            y=[line.values[0 if is_head else -1]],
            name=line.name,
            mode="markers",
            marker={"size": 1, "opacity": 0, "color": colour},
            hovertemplate=hover,
        )


NEAR = 0.09
"""Two line ends closer than this share of the height would print their names over each other."""


def _add_names(figure: go.Figure, days: Sequence[str], series: Sequence[Series], top: float) -> None:
    """Each line's name at its end, pushed apart where two ends meet."""
    ends = [(line.values[-1], place) for place, line in enumerate(series) if days and line.values[-1] is not None]
    shifts = dict.fromkeys(range(len(series)), 0.0)
    ends.sort(key=lambda end: (end[0] or 0.0, -end[1]))
    for (low, one), (high, other) in pairwise(ends):
        if (high or 0.0) - (low or 0.0) < NEAR * top:
            shifts[one] -= 8
            shifts[other] += 8
    for value, place in ends:
        figure.add_annotation(
            x=days[-1],
            y=value,
            text=series[place].name,
            showarrow=False,
            xanchor="left",
            xshift=8,
            yshift=shifts[place],
            font={"color": theme.CATEGORIES[place % len(theme.CATEGORIES)], "size": 12},
        )
