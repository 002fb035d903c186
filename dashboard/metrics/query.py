"""How does a question become SQL? One bound SELECT per time rule (span, stock, now), all values as parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from dashboard.filters import DIMENSIONS, Filters, Window, window
from dashboard.metrics.catalog import BY_KEY, Metric

Scope = Literal["span", "stock", "now"]

TIME_GROUPS = ("day", "week", "month")
QUANTILES = {"median": 0.5, "p90": 0.9}

DERIVED_GROUPS = {
    # Age of an overdue case at the end of the period, in full or begun days.
    "overdue_age": "case when age <= 3 then '1-3' when age <= 7 then '4-7' when age <= 15 then '8-15'"
    " when age <= 30 then '16-30' else '30+' end",
    # Tenths of the limit, closed on the right: exactly at the deadline (1.0) is still in the last bin on time.
    "elapsed_bin": "case when elapsed is null then '' when elapsed > 2 then '2.0+'"
    " else printf('%.1f', greatest(ceil(round(elapsed * 10, 6)) - 1, 0) / 10) end",
}

GROUPS: tuple[str, ...] = (*TIME_GROUPS, *DIMENSIONS, *DERIVED_GROUPS)


class UnknownQuestionError(ValueError):
    """The question names a metric or a grouping that does not exist; the text says which."""


@dataclass(frozen=True)
class Compiled:
    """One SELECT: group columns first, then the parts. `places` says which parts (counted from 0) each metric reads."""

    sql: str
    parameters: dict[str, Any]
    places: dict[str, tuple[int, ...]]
    scope: Scope


def scope_of(metric: Metric) -> Scope:
    """Which time rule a metric follows."""
    return {"stock": "stock", "current": "now"}.get(metric.kind, "span")  # type: ignore[return-value]


def look_up(keys: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of these keys. Raises `UnknownQuestionError`."""
    unknown = [key for key in keys if key not in BY_KEY]
    if unknown or not keys:
        raise UnknownQuestionError(f"没有这个指标：{'、'.join(unknown) or '（空）'}")
    return tuple(BY_KEY[key] for key in dict.fromkeys(keys))


def check_groups(by: Sequence[str]) -> tuple[str, ...]:
    """The groupings, checked: at most two, at most one of them time. Raises `UnknownQuestionError`."""
    unknown = [group for group in by if group not in GROUPS]
    if unknown:
        raise UnknownQuestionError(f"不能按“{'、'.join(unknown)}”分组；可用：{'、'.join(GROUPS)}")
    if len(set(by)) != len(by) or len(by) > 2 or sum(group in TIME_GROUPS for group in by) > 1:
        raise UnknownQuestionError("最多按两个不同的维度分组，其中时间最多一个")
    return tuple(by)


def compile_query(
    metrics: Sequence[Metric], *, by: Sequence[str], filters: Filters, as_of: datetime, cutoff_hour: int = 0
) -> Compiled:
    """The SELECT for metrics of one scope. `as_of` closes an open-ended period."""
    scope = scope_of(metrics[0])
    span = window(filters, cutoff_hour)
    # Event names are the catalogue's own words; as literals DuckDB skips the row groups of other events.
    events = ", ".join(f"'{event}'" for event in sorted({e for m in metrics for e in m.events}))
    parameters: dict[str, Any] = {}
    conditions = [f"event in ({events})", *_time_conditions(scope, span, parameters)]
    for dimension in DIMENSIONS:
        codes = filters.values(dimension)
        if codes:
            conditions.append(f"list_contains(${dimension}, {dimension})")
            parameters[dimension] = list(codes)
    groups = [f"{_group(g, cutoff_hour)} as group_{g}" for g in by]
    if "overdue_age" in by:
        parameters["moment"] = min(span.end or as_of, as_of)
    parts = list(dict.fromkeys(part for metric in metrics for part in _parts(metric)))
    places = {metric.key: tuple(parts.index(part) for part in _parts(metric)) for metric in metrics}
    sql = f"select {', '.join([*groups, *parts])} from mart.ledger where {' and '.join(conditions)}" + (
        " group by all" if by else ""
    )
    return Compiled(sql, parameters, places, scope)


def _time_conditions(scope: Scope, span: Window, parameters: dict[str, Any]) -> list[str]:
    conditions = []
    if scope == "span" and span.start is not None:
        conditions.append("event_at >= $start_at")
        parameters["start_at"] = span.start
    if scope != "now" and span.end is not None:
        conditions.append("event_at < $end_at")
        parameters["end_at"] = span.end
    return conditions


def _group(group: str, cutoff_hour: int) -> str:
    if group in TIME_GROUPS:
        return f"date_trunc('{group}', event_at - interval {cutoff_hour} hour)::date"
    if group == "overdue_age":
        age = "ceil(epoch($moment::timestamp - since_at) / 86400)"
        return DERIVED_GROUPS[group].replace("age", age)
    return DERIVED_GROUPS.get(group, group)


def _parts(metric: Metric) -> tuple[str, ...]:
    """The aggregates of one metric: rates (numerator, denominator), durations (value or quantiles, rows), counts."""
    rows = f"filter (where {metric.of})"
    if metric.kind == "rate":
        top = f"sum({metric.weight}) {rows}" if metric.weight else f"count(*) {rows}"
        return top, f"count(*) filter (where {metric.among})"
    if metric.kind == "duration":
        # Both quantiles in one expression: metrics that share a part share its cost.
        whole = "avg(hours)" if metric.statistic == "mean" else f"quantile_cont(hours, {list(QUANTILES.values())})"
        return f"{whole} {rows}", f"count(*) {rows}"
    if metric.kind == "stock":
        return (f"coalesce(sum(delta) {rows}, 0)",)
    return (f"count(*) {rows}",)
