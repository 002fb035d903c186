"""How does a question become SQL? One bound SELECT per time rule (span, stock, now), all values as parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from dashboard.filters import DIMENSIONS, Window, window
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.scope import Scoped

Scope = Literal["span", "stock", "now"]

TIME_GROUPS = ("day", "week", "month")
QUANTILES = {"median": 0.5, "p90": 0.9}

DERIVED_GROUPS = {
    # Age of an overdue case at the end of the period, in full or begun days.
    "overdue_age": "case when age <= 3 then '1-3' when age <= 7 then '4-7' when age <= 15 then '8-15'"
    " when age <= 30 then '16-30' else '30+' end",
    # Tenths of the limit, closed on the right: exactly at the deadline (1.0) is still in bin 9, the last one on time.
    "elapsed_bin": "case when elapsed is not null"
    " then least(greatest(ceil(round(elapsed * 10, 6)) - 1, 0), 20)::integer end",
}

GROUPS: tuple[str, ...] = (*TIME_GROUPS, *DIMENSIONS, *DERIVED_GROUPS)


class UnknownQuestionError(ValueError):
    """The question names a metric or a grouping that does not exist; the text says which."""


@dataclass(frozen=True)
class Source:
    """Where a question is read from: the ledger, or a cube of it (SQL of a part → column that holds its daily sums)."""

    table: str
    columns: dict[str, str] | None = None


LEDGER = Source("mart.ledger")


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


def alike(metrics: Sequence[Metric]) -> list[list[Metric]]:
    """The metrics in groups that one SELECT can answer: same time rule, same ledger events.

    One scan per event kind reads only that kind's row groups; one scan for all of them tests every predicate on
    every row, and took three times as long on a million cases.
    """
    groups: dict[tuple[Scope, tuple[str, ...]], list[Metric]] = {}
    for metric in metrics:
        groups.setdefault((scope_of(metric), metric.events), []).append(metric)
    return list(groups.values())


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


def event_list(events: Sequence[str]) -> str:
    """Event names for an IN list. They are the catalogue's own words; as literals DuckDB skips other events' rows."""
    return ", ".join(f"'{event}'" for event in sorted(set(events)))


def day_of(cutoff_hour: int) -> str:
    """The SQL of the statistical day an event belongs to."""
    return f"(event_at - interval {cutoff_hour} hour)::date" if cutoff_hour else "event_at::date"


def compile_query(
    metrics: Sequence[Metric],
    *,
    by: Sequence[str],
    filters: Scoped,
    as_of: datetime,
    cutoff_hour: int = 0,
    source: Source = LEDGER,
    at: datetime | None = None,
    scope: Scope | None = None,
) -> Compiled:
    """The SELECT for metrics that `alike` put together.

    `as_of` closes an open-ended period, `at` cuts one short; `scope` “span” asks what a span adds to a stock.
    """
    scope = scope or scope_of(metrics[0])
    span = window(filters, cutoff_hour)
    if at is not None:
        span = Window(span.start, min(span.end or at, at))
    parameters: dict[str, Any] = {}
    if source.columns is None:
        conditions = [f"event in ({event_list([e for m in metrics for e in m.events])})"]
        conditions += _time_conditions("event_at", scope, span, parameters)
        day = day_of(cutoff_hour)
    else:
        conditions = ["true", *_time_conditions("day", scope, window(filters), parameters)]
        day = "day"
    chosen, codes = dimension_conditions(filters)
    conditions += chosen
    parameters |= codes
    groups = [f"{_group(g, day)} as group_{g}" for g in by]
    if "overdue_age" in by:
        parameters["moment"] = min(span.end or as_of, as_of)
    parts = list(dict.fromkeys(part for metric in metrics for part in parts_of(metric)))
    places = {metric.key: tuple(parts.index(part) for part in parts_of(metric)) for metric in metrics}
    shown = parts if source.columns is None else [f"sum({source.columns[part]})" for part in parts]
    sql = f"select {', '.join([*groups, *shown])} from {source.table} where {' and '.join(conditions)}"
    sql += " group by all" if by else ""
    return Compiled(sql, parameters, places, scope)


def dimension_conditions(filters: Scoped, prefix: str = "") -> tuple[list[str], dict[str, Any]]:
    """The conditions of a WHERE for the dimensions of the filters, and their bound codes."""
    chosen = {d: list(filters.values(d)) for d in DIMENSIONS if filters.values(d)}
    return [f"list_contains(${d}, {prefix}{d})" for d in chosen], dict(chosen)


def span_conditions(column: str, span: Window, parameters: dict[str, Any]) -> list[str]:
    """The conditions of a WHERE for a column of times within a span; what they bind is added to `parameters`."""
    conditions = []
    for name, sign, moment in (("start_at", ">=", span.start), ("end_at", "<", span.end)):
        if moment is not None:
            conditions.append(f"{column} {sign} ${name}")
            parameters[name] = moment
    return conditions


def _time_conditions(column: str, scope: Scope, span: Window, parameters: dict[str, Any]) -> list[str]:
    """A stock has no beginning, what is so now no end either."""
    kept = Window(span.start if scope == "span" else None, None if scope == "now" else span.end)
    return span_conditions(column, kept, parameters)


def _group(group: str, day: str) -> str:
    if group in TIME_GROUPS:
        return day if group == "day" else f"date_trunc('{group}', {day})::date"
    if group == "overdue_age":
        age = "ceil(epoch($moment::timestamp - since_at) / 86400)"
        return DERIVED_GROUPS[group].replace("age", age)
    return DERIVED_GROUPS.get(group, group)


def parts_of(metric: Metric) -> tuple[str, ...]:
    """The aggregates of one metric: rates (numerator, denominator), durations (value or quantiles, rows), counts."""
    rows = f"filter (where {metric.of})"
    if metric.kind == "rate":
        top = f"sum({metric.weight}) {rows}" if metric.weight else f"count(*) {rows}"
        return top, f"count(*) filter (where {metric.among})"
    if metric.kind == "duration":
        # Both quantiles in one expression: metrics that share a part share its cost.
        hours, both = metric.hours, list(QUANTILES.values())
        whole = f"avg({hours})" if metric.statistic == "mean" else f"quantile_cont({hours}, {both})"
        return f"{whole} {rows}", f"count(*) {rows}"
    if metric.kind == "stock":
        return (f"coalesce(sum(delta) {rows}, 0)",)
    return (f"count(*) {rows}",)


def summed(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]], *, keys: int) -> list[tuple[Any, ...]]:
    """The rows of two questions about different days as one: parts of equal groups (the first `keys` columns) added."""
    found = {row[:keys]: row[keys:] for row in one}
    for row in other:
        known = found.get(row[:keys])
        parts = row[keys:]
        found[row[:keys]] = (
            parts if known is None else tuple((a or 0) + (b or 0) for a, b in zip(known, parts, strict=True))
        )
    return [(*key, *parts) for key, parts in found.items()]
