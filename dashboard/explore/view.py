"""What does the analyst ask for? Metrics, one or two groupings, a chart and an order, read from the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.filters import DIMENSIONS, Filters
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.metrics.query import TIME_GROUPS, UnknownQuestionError, check_groups

MAIN, GROUPS = "accepted", "town"
"""What a page without a question of its own asks: 受理量 by town."""
NO_GROUPS = "none"
MOST_METRICS = 6

GROUP_NAMES: dict[str, str] = {
    "day": "日",
    "week": "周",
    "month": "月",
    **DIMENSIONS,
    "overdue_age": "超期天数",
    "elapsed_bin": "已用时限",
}
CHARTS = {"auto": "自动", "bars": "条形", "lines": "折线", "heat": "热力表", "stack": "堆叠"}


@dataclass(frozen=True, kw_only=True)
class View:
    """One question: the first metric is drawn, all are listed. `notes` say what was not understood and what stands."""

    metrics: tuple[str, ...]
    by: tuple[str, ...]
    chart: str
    sort: str
    notes: tuple[str, ...] = ()

    @property
    def main(self) -> Metric:
        """The metric that is drawn."""
        return BY_KEY[self.metrics[0]]

    @property
    def others(self) -> tuple[str, ...]:
        """The groupings that are not time."""
        return tuple(group for group in self.by if group not in TIME_GROUPS)


def read_view(filters: Filters) -> View:
    """The question of an address. What cannot be asked falls back to the default, and a note names it."""
    notes: list[str] = []
    metrics = _metrics(filters, notes)
    by = _groups(filters.groups, notes)
    chart = _chart(filters.chart, charts_for(by, BY_KEY[metrics[0]]), notes)
    sort = filters.sorted
    if sort.removeprefix("-") not in (*metrics, *by):
        if sort:
            notes.append(f"已忽略排序“{sort}”：表中没有这一列")
        sort = _natural(metrics, by)
    return View(metrics=metrics, by=by, chart=chart, sort=sort, notes=tuple(notes))


def _metrics(filters: Filters, notes: list[str]) -> tuple[str, ...]:
    asked = [filters.metric or MAIN, *filter(None, filters.also.split(","))]
    unknown = [key for key in asked if key not in BY_KEY]
    notes += [f"已忽略指标“{key}”：指标目录中没有" for key in unknown]
    if filters.metric and filters.metric not in BY_KEY:
        asked[0] = MAIN
    known = tuple(dict.fromkeys(key for key in asked if key in BY_KEY))
    if len(known) > MOST_METRICS:
        notes.append(f"一次最多列出 {MOST_METRICS} 个指标，其余未列")
    return known[:MOST_METRICS]


def _groups(text: str, notes: list[str]) -> tuple[str, ...]:
    if text == NO_GROUPS:
        return ()
    try:
        return check_groups(tuple((text or GROUPS).split(",")))
    except UnknownQuestionError:
        notes.append(f"已忽略分组“{text}”：最多两个不同的已有分组，其中时间最多一个")
        return (GROUPS,)


def charts_for(by: Sequence[str], metric: Metric) -> tuple[str, ...]:
    """The charts that fit a question, the natural one first; none without groups. Only counts can be stacked."""
    has_time = any(group in TIME_GROUPS for group in by)
    if len(by) < 2:
        return (("lines", "bars") if has_time else ("bars",)) if by else ()
    stack = () if metric.kind in ("rate", "duration") else ("stack",)
    return ("lines", "heat", *stack) if has_time else ("heat", *stack)


def _chart(wish: str, fitting: Sequence[str], notes: list[str]) -> str:
    natural = fitting[0] if fitting else ""
    if wish in ("", "auto") or wish in fitting:
        return wish if wish in fitting else natural
    notes.append(f"已忽略图形“{CHARTS.get(wish, wish)}”：不适合这样的分组")
    return natural


def _natural(metrics: Sequence[str], by: Sequence[str]) -> str:
    """Time in its order; everything else from large to small."""
    time = next((group for group in by if group in TIME_GROUPS), "")
    return time or f"-{metrics[0]}"
