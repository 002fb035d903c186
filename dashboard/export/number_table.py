"""How does an answer of `Ask.numbers` become a table? A column per number, and beside each rate what it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from dashboard.ask import Answer, Row
from dashboard.comparison.change import in_a_word
from dashboard.comparison.earlier import Beside
from dashboard.export.table import Cell, Cells, Field, Table, plain
from dashboard.filters import DIMENSIONS
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.metrics.query import TIME_GROUPS
from dashboard.metrics.values import Value

GROUP_NAMES = {
    "day": "日",
    "week": "周（周一）",
    "month": "月（首日）",
    **DIMENSIONS,
    "overdue_age": "超期天数",
    "elapsed_bin": "用时占期限",
}
STATES = {"ok": "正常", "small": "样本不足", "none": "无数据", "hidden": "人数过少，不列出"}
STATE_MEANING = "正常；样本不足：分母少于最小样本数，数值仅供核对，不宜比较；无数据：没有分母"


def number_table(answer: Answer, beside: Beside | None = None) -> Table:
    """One row per group, in the answer's order; numbers, n, N and state are those of the API.

    Where the table is compared, each number is followed by what it was in the other span, and how it moved.
    """
    fields = [field for group in answer.by for field in group_fields(group, GROUP_NAMES[group])]
    for key in answer.metrics:
        fields += _metric_fields(BY_KEY[key])
        fields += _before_fields(BY_KEY[key], beside) if beside else ()
    rows = [_cells(answer, row, beside) for row in answer.rows]
    return Table(fields=tuple(fields), total=len(rows), batches=iter([rows]))


def group_fields(group: str, name: str) -> Iterator[Field]:
    """The columns of a grouping: a time's first day, or a code and its word."""
    if group in TIME_GROUPS:
        yield Field(key=group, header=name, kind="day", meaning="分组：时间段的首日")
        return
    yield Field(key=group, header=f"{name}代码", kind="text", meaning=f"分组：{name}（代码）")
    yield Field(key=f"{group}_name", header=name, kind="text", meaning=f"分组：{name}")


def _metric_fields(metric: Metric) -> Iterator[Field]:
    key, name, meaning = metric.key, metric.name, metric.meaning
    if metric.kind not in ("rate", "duration"):
        yield Field(key=key, header=name, kind="whole", meaning=meaning, unit=metric.unit)
        return
    is_rate = metric.kind == "rate"
    unit = "0–1 的比值" if is_rate else metric.unit
    yield Field(key=key, header=name, kind="share" if is_rate else "number", meaning=meaning, unit=unit)
    if is_rate:
        kind = "number" if metric.weight else "whole"
        yield Field(key=f"{key}_n", header=f"{name}·分子 n", kind=kind, meaning=f"{name}的分子", unit="件")  # type: ignore[arg-type]
    bottom = "分母 N" if is_rate else "件数 N"
    yield Field(key=f"{key}_N", header=f"{name}·{bottom}", kind="whole", meaning=f"{name}的{bottom[:2]}", unit="件")
    yield Field(key=f"{key}_state", header=f"{name}·状态", kind="text", meaning=STATE_MEANING)


def _before_fields(metric: Metric, beside: Beside) -> Iterator[Field]:
    """The same columns of the other span (`key_before…`), and one that says whether the number moved beyond chance."""
    span = f"{beside.word}对比期" + (f" {beside.span.named()}" if beside.span else "（没有起始日期，无从对比）")
    for field in _metric_fields(metric):
        key = field.key.replace(metric.key, f"{metric.key}_before", 1)
        header = field.header.replace(metric.name, f"{metric.name}·{beside.word}对比期", 1)
        yield replace(field, key=key, header=header, meaning=f"{span}：{field.meaning}")
    meaning = "与对比期相比：上升或下降超出偶然波动，否则持平；好转或变差按指标方向"
    yield Field(key=f"{metric.key}_moved", header=f"{metric.name}·{beside.word}变化", kind="text", meaning=meaning)


def group_cells(by: Sequence[str], codes: Sequence[str], labels: Sequence[str]) -> list[Cell]:
    """What stands in the columns of the groupings."""
    cells: list[Cell] = []
    for group, code, label in zip(by, codes, labels, strict=True):
        cells += [date.fromisoformat(code)] if group in TIME_GROUPS else [code, label]
    return cells


def _cells(answer: Answer, row: Row, beside: Beside | None) -> Cells:
    cells = group_cells(answer.by, row.codes, row.labels)
    for key in answer.metrics:
        cells += _value_cells(BY_KEY[key], row.values[key])
        if beside:
            cells += _value_cells(BY_KEY[key], beside.before(key, row.codes))
            cells.append(in_a_word(beside.change(key, row.values[key], row.codes)))
    return tuple(cells)


def _value_cells(metric: Metric, value: Value) -> Iterator[Cell]:
    yield plain(value.value)
    if metric.kind in ("rate", "duration"):
        if metric.kind == "rate":
            yield plain(value.n)
        yield value.N
        yield STATES[value.state]
