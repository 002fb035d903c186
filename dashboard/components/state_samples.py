"""数字的几种样子: every state a number can be in, as a tile, in a table, as a bar, on a line and on a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.components.measure import cell, written
from dashboard.components.state import denied, shape
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import NO_DATA, Value, disclosed


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One state: its name, when it is, an example, and how it is drawn and exported."""

    state: str
    name: str
    meaning: str
    key: str = "on_time_rate"
    value: Value = NO_DATA
    said: str = ""
    area: str
    line: tuple[str, ...]
    exported: str


SAMPLES = (
    Sample(
        state="ok",
        name="有数",
        meaning="正常的数字，率附分子与分母",
        value=Value(0.958, 182, 190),
        area="seq-3",
        line=("run-whole",),
        exported="数值",
    ),
    Sample(
        state="zero",
        name="0",
        meaning="确实是零：数过了，一件也没有",
        value=Value(0.0, 0, 35),
        area="seq-1",
        line=("run-low", "point-base"),
        exported="0",
    ),
    Sample(
        state="none",
        name="无数据",
        meaning="没有可数的事项：分母为零或来源未给，不是零",
        area="no-data",
        line=("run-left", "run-right"),
        exported="空，状态“无数据”",
    ),
    Sample(
        state="small",
        name="样本不足",
        meaning="分母小于最小样本数，只列件数，不出率、不排名",
        value=Value(3 / 7, 3, 7, "small"),
        area="too-small",
        line=("run-left", "point-hollow", "run-right"),
        exported="件数，状态“样本不足”",
    ),
    Sample(
        state="hidden",
        name="<5",
        meaning="人数过少，为保护个人信息不列出；零照列",
        key="accepted",
        value=disclosed(Value(3), below=5),
        area="too-small",
        line=("run-left", "run-right"),
        exported="“<5”",
    ),
    Sample(
        state="stale",
        name="来源中断",
        meaning="来源晚到或连不上：保留最后一次的数，标明截至何时",
        value=Value(0.958, 182, 190),
        said="来源中断 · 截至 10:32",
        area="seq-3 is-stale",
        line=("run-left", "band"),
        exported="数值，状态“来源中断”与截至",
    ),
    Sample(
        state="denied",
        name="无权限",
        meaning="这块屏幕或这位读者不能看：不给数，也不透露大小",
        said="无权限",
        area="no-right",
        line=(),
        exported="不含该列，说明中写明",
    ),
    Sample(
        state="unknown",
        name="不可计算",
        meaning="缺必要时间，算不出；件数另列，不混入分母",
        said="不可计算 12 件",
        area="no-data",
        line=("run-left", "run-right"),
        exported="空，状态“不可计算”",
    ),
    Sample(
        state="partial",
        name="本期未满",
        meaning="本期还没过完，与上期同样天数比较",
        value=Value(0.958, 182, 190),
        said="截至14日",
        area="seq-3",
        line=("run-left", "run-dashed", "point-end"),
        exported="数值，另列“本期未满”",
    ),
)
HEADS = ("状态", "卡片", "表格", "条形", "曲线", "地图", "导出文件", "含义")


def samples() -> html.Div:
    """All states side by side as a table."""
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in HEADS]))
    body = html.Tbody([_row(sample) for sample in SAMPLES])
    return html.Div(html.Table([head, body], className="table samples"), className="table-box", tabIndex="0")


def _row(sample: Sample) -> html.Tr:
    cells: Sequence[Any] = (
        _tile(sample),
        _cell(sample),
        _bar(sample),
        _line(sample),
        html.Span(className=f"sample-area legend-swatch {sample.area}"),
        sample.exported,
        sample.meaning,
    )
    return html.Tr(
        [html.Th([shape(sample.state), sample.name], scope="row"), *(html.Td(cell) for cell in cells)],
        **{"data-sample": sample.state},
    )


def _tile(sample: Sample) -> html.Div:
    inside = [denied(sample.said)] if sample.state == "denied" else [*_number(sample), *_said(sample)]
    return html.Div(inside, className="sample-tile", **{"data-state": _state(sample)})


def _state(sample: Sample) -> str:
    """What the page says of such a number: 0 is a number like any other."""
    return "ok" if sample.state == "zero" else sample.state


def _number(sample: Sample) -> list[Any]:
    if sample.state == "unknown":
        return [html.Span("-", className="measure-number")]
    # No data-metric: an example is not a number of this county.
    shown = words.shown(BY_KEY[sample.key], sample.value)
    return [html.Span(written(shown), className=f"measure is-{shown.state}", **{"data-state": shown.state})]


def _said(sample: Sample) -> list[Any]:
    return [html.Span([shape(sample.state), sample.said], className="sample-said")] if sample.said else []


def _cell(sample: Sample) -> html.Span:
    if sample.said and sample.value is NO_DATA:
        return html.Span([shape(sample.state), sample.name], className="sample-said", **{"data-state": sample.state})
    shown = cell(sample.key, sample.value)
    mark = [shape(sample.state)] if sample.said else []
    return html.Span([*mark, shown["text"]], className="measure", **{"data-state": _state(sample)})


def _bar(sample: Sample) -> html.Span:
    share = {"ok": 96, "stale": 96, "partial": 96}.get(sample.state, 0)
    fill = html.Span(className="bar-fill", style={"width": f"{share}%"})
    inside = {"zero": [fill], "none": ["无数据"], "hidden": ["<5"], "small": ["3/7"], "unknown": ["不可计算"]}
    return html.Span(
        inside.get(sample.state, [fill] if share else [shape(sample.state)]),
        className="bar-track",
        **{"data-state": _state(sample)},
    )


def _line(sample: Sample) -> html.Span:
    drawn = [html.Span(className=part) for part in sample.line] or [shape(sample.state)]
    said = {"none": "无数据", "hidden": "<5"}.get(sample.state, "")
    return html.Span([*drawn, html.Span(said, className="said")], className="sample-line")
