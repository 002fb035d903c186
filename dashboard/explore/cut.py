"""How is the whole cut? The answer to a view's question beside the whole, and whether the parts add up to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard import words
from dashboard.ask import UNMATCHED, Answer, Ask, Row
from dashboard.comparison.earlier import Beside, beside, is_by_time
from dashboard.explore.arrange import Limit, arranged, known_limits
from dashboard.explore.view import GROUP_NAMES, View, read_view
from dashboard.filters import Filters
from dashboard.metrics.catalog import Metric
from dashboard.metrics.query import TIME_GROUPS, UnknownQuestionError

ADDITIVE = ("flow", "current")
"""Kinds whose parts add up over any grouping; a stock's only over groupings that are not time."""

BY_TIME = "按时间分组的表不作环比、同比：各行就是先后的时段"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A view, its answer, the rows in the reader's order under his limits, and the whole asked again (never summed)."""

    view: View
    filters: Filters
    answer: Answer
    rows: tuple[Row, ...]
    limits: tuple[Limit, ...] = ()
    whole: Row
    notes: tuple[str, ...]
    beside: Beside | None = None
    whole_beside: Beside | None = None

    @property
    def is_narrowed(self) -> bool:
        """Are there fewer rows than the answer has?"""
        return len(self.rows) < len(self.answer.rows)


def cut(ask: Ask, filters: Filters) -> Cut:
    """The question of an address, answered; one that is too fine is asked by its first grouping alone, with a note."""
    view, notes = read_view(filters), []
    try:
        answer = ask.numbers(view.metrics, by=view.by, filters=filters)
    except UnknownQuestionError as error:
        notes.append(f"{error}；先只按{GROUP_NAMES[view.by[0]]}分组")
        view = read_view(filters.replace(groups=view.by[0], chart=""))
        answer = ask.numbers(view.metrics, by=view.by, filters=filters)
    answer = named(answer)
    limits, odd = known_limits(filters.limits, answer)
    if filters.against in ("previous", "year") and is_by_time(view.by):
        notes.append(BY_TIME)
    return Cut(
        view=view,
        filters=filters,
        answer=answer,
        rows=arranged(answer, sort=view.sort, match=filters.match, limits=limits),
        limits=limits,
        whole=ask.numbers(view.metrics, filters=filters).rows[0],
        notes=(*view.notes, *notes, *odd),
        beside=beside(ask, view.metrics, filters, by=view.by, usual="none"),
        whole_beside=None if is_by_time(view.by) else beside(ask, view.metrics, filters, usual="none"),
    )


def named(answer: Answer) -> Answer:
    """The answer with its time buckets in words."""
    if not any(group in TIME_GROUPS for group in answer.by):
        return answer
    return replace(answer, rows=tuple(replace(row, labels=_labels(answer, row)) for row in answer.rows))


def _labels(answer: Answer, row: Row) -> tuple[str, ...]:
    return tuple(
        _bucket(group, code) if group in TIME_GROUPS and code else label
        for group, code, label in zip(answer.by, row.codes, row.labels, strict=True)
    )


def _bucket(group: str, code: str) -> str:
    if group == "month":
        return f"{code[:4]}年{int(code[5:7])}月"
    return f"{code} 起一周" if group == "week" else code


def adds_up(metric: Metric, by: tuple[str, ...]) -> bool:
    """Is the sum of the parts the whole, by what the metric means?"""
    return metric.kind in ADDITIVE or (metric.kind == "stock" and not any(group in TIME_GROUPS for group in by))


def reconciled(model: Cut) -> str:
    """One sentence: do the parts add up to the whole, and if not, why."""
    metric, by = model.view.main, model.view.by
    if not by:
        return ""
    if not adds_up(metric, by):
        why = "各期末的存量不能相加" if metric.kind == "stock" else "率与时长不能相加"
        return f"合计行按全部事项重新计算，不是各行之和：{why}"
    total, whole = sum(_count(row, metric) for row in model.answer.rows), _count(model.whole, metric)
    unmatched = sum(_count(row, metric) for row in model.answer.rows if "" in row.codes)
    lost = f"，其中{UNMATCHED} {words.full(unmatched)} 件" if unmatched else ""
    if total == whole:
        return f"全部 {len(model.answer.rows):,} 行之和 = 合计 {words.full(whole)}{lost}"
    gap = words.full(whole - total)
    return f"全部各行之和 {words.full(total)} ≠ 合计 {words.full(whole)}，差 {gap} 件没有所选分组的取值"


def _count(row: Row, metric: Metric) -> float:
    return row.values[metric.key].value or 0


def finding(model: Cut) -> str:
    """The title of the picture: what it shows, in one sentence with numbers."""
    metric = model.view.main
    sure = [row for row in model.rows if "" not in row.codes and row.values[metric.key].state == "ok"]
    if not model.view.by:
        return f"{metric.name} {words.shown(metric, model.whole.values[metric.key]).line}"
    if not sure:
        return f"{metric.name}：没有可比较的数"
    sure.sort(key=lambda row: row.values[metric.key].value or 0)
    low, high = sure[0], sure[-1]
    text = f"{metric.name}最高：{_told(metric, high)}{_share(model, high)}"
    return text + (f"；最低：{_told(metric, low)}" if len(sure) > 1 and metric.kind in ("rate", "duration") else "")


def _told(metric: Metric, row: Row) -> str:
    return f"{' · '.join(row.labels)} {words.shown(metric, row.values[metric.key]).line}"


def _share(model: Cut, row: Row) -> str:
    metric, whole = model.view.main, _count(model.whole, model.view.main)
    if not adds_up(metric, model.view.by) or whole <= 0:
        return ""
    return f"，占合计的 {words.percent(_count(row, metric) / whole)}%"
