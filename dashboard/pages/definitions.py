"""口径: what does each number mean, how is it computed, from what, and where did the rows of this batch go?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import words
from dashboard.ask import Ask, SnapshotInfo
from dashboard.components import explore_times, panel
from dashboard.components.state_samples import samples
from dashboard.filters import Filters
from dashboard.metrics.catalog import METRICS, Metric
from dashboard.page import Page, Panel, Target

KINDS = {"flow": "件数", "stock": "存量", "rate": "比率", "duration": "时长", "current": "当前件数"}
BETTER = {"up": "越高越好", "down": "越低越好", "neither": "不分好坏"}
UNITS = {"minute": "分钟", "hour": "小时", "day": "天", "workday": "个工作日", "case_due": "按事项期限"}
COMPLEXITY = {"*": "全部", "simple": "简单", "general": "一般", "complex": "复杂"}
LEVELS = {"*": "全部", "red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
FIELDS = {
    "report_at": "上报时间",
    "accept_at": "受理时间",
    "dispatch_at": "分派时间",
    "close_at": "办结时间",
    "first_response_at": "首次响应时间",
    "rectify_at": "整改启动或销号时间",
    "first_contact_at": "首次接触双方时间",
    "session_planned_at": "约定调解时间",
    "session_held_at": "实际调解时间",
}
VERDICTS = {"loaded": "已加载", "refused": "已拒绝"}
CHECKS = {"ok": "相符", "suspect": "存疑", "unknown": "未知"}
SEVERITIES = {"quarantined": "已隔离", "flagged": "已加载并标记"}

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Definitions:
    """The configuration and the provenance of one snapshot."""

    info: SnapshotInfo
    wuhua: Sequence[Record]
    limits: Sequence[Record]
    kinds: Mapping[str, str]
    loads: Sequence[Record]
    coordinates: Sequence[Record]
    quality: Sequence[Record]


def load(ask: Ask, _: Filters) -> Definitions:
    """Rules, limits, files and findings of the current snapshot."""
    return Definitions(
        ask.info,
        ask.reference("wuhua"),
        ask.reference("limits"),
        ask.vocabulary.get("kind", {}),
        ask.loads(),
        ask.coordinate_checks(),
        ask.quality(),
    )


def view_rules(model: Definitions) -> Mapping[Target, Any]:
    """The 五化 rules and the limits as tables."""
    wuhua = [
        (row["name"], LEVELS.get(row["level"], row["level"]), row["meaning"], _limit(row), row["source"])
        for row in model.wuhua
    ]
    limits = [
        (
            model.kinds.get(row["kind"], row["kind"]),
            COMPLEXITY.get(row["complexity"], row["complexity"]),
            FIELDS.get(row["clock_start"], row["clock_start"]),
            _limit(row),
            row["source"],
        )
        for row in model.limits
    ]
    return {
        "wuhua-rules": table(("五化", "等级", "起点 → 终点与规则", "时限", "来源"), wuhua),
        "limit-rules": table(("事项类型", "繁简", "起算", "办理期限", "来源"), limits),
    }


def _limit(row: Record) -> str:
    unit = str(row["unit"])
    if unit == "case_due":
        return UNITS[unit]
    return f"{float(row['amount']):g} {UNITS.get(unit, unit)}"


LOAD_KEYS = ("rows_in", "loaded", "aggregated", "quarantined", "duplicates")
LOAD_HEADS = ("读入行", "加载", "汇总", "隔离", "重复", "对账")


def view_loads(model: Definitions) -> Mapping[Target, Any]:
    """Where every row of every file went, per source and per file, and what was found wrong."""
    by_title: dict[str, list[Record]] = {}
    for row in model.loads:
        by_title.setdefault(str(row["title"] or row["file_name"]), []).append(row)
    sources = [(title, f"{len(files)} 个", *_sums(files)) for title, files in by_title.items()]
    listed = [row for row in model.loads if row["rows_in"] is not None]
    sources.append(("合计（列出的）", f"{len(listed)} 个", *_sums(listed)))
    files = [(row["file_name"], *_sums([row]), _verdict(row)) for row in model.loads]
    findings = [
        (row["sentence"], SEVERITIES.get(row["severity"], row["severity"]), _said(row["rows"])) for row in model.quality
    ]
    checks = [
        (row["declared"], CHECKS.get(row["verdict"], row["verdict"]), row["sentence"] or words.UNSAID)
        for row in model.coordinates
    ]
    return {
        "load-table": [
            table(("内容", "文件", *LOAD_HEADS), sources, right=range(1, 7)),
            html.Details(
                [html.Summary("逐个文件"), table(("文件", *LOAD_HEADS, "结论"), files, right=range(1, 6))],
                className="more",
            ),
            html.H3("坐标系检查"),
            table(("声明", "结论", "说明"), checks),
        ],
        "quality-table": table(("数据质量问题与影响", "处理", "行数"), findings, right=(2,)),
        "loads-note": "读入行 = 加载 + 汇总 + 隔离 + 重复，逐个文件对账；按人登记的来源不列出行数，以免由合计推出人数",
    }


def _said(rows: int | None) -> str:
    return words.UNSAID if rows is None else words.full(rows)


def _sums(rows: Sequence[Record]) -> tuple[str, ...]:
    if any(row["rows_in"] is None for row in rows):
        return (*(words.UNSAID for _ in LOAD_KEYS), words.NONE_TEXT)
    totals = {key: sum(int(row[key]) for row in rows) for key in LOAD_KEYS}
    return (*(words.full(totals[key]) for key in LOAD_KEYS), _balance(totals))


def _balance(row: Record) -> str:
    """读入 = 加载 + 汇总 + 隔离 + 重复, row by row."""
    parts = sum(int(row[key]) for key in LOAD_KEYS[1:])
    return "相符" if parts == int(row["rows_in"]) else f"差 {words.full(int(row['rows_in']) - parts)}"


def _verdict(row: Record) -> str:
    return VERDICTS.get(str(row["verdict"]), str(row["verdict"])) + (f"：{row['remark']}" if row["remark"] else "")


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[int] = ()) -> Component:
    """A plain table; columns in `right` hold numbers."""
    if not rows:
        return panel.empty("无")

    def mark(place: int) -> str:
        return "is-right" if place in right else ""

    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(head, className=mark(place)) for place, head in enumerate(heads)])),
                html.Tbody(
                    [html.Tr([html.Td(cell, className=mark(place)) for place, cell in enumerate(row)]) for row in rows]
                ),
            ],
            className="table",
        ),
        className="table-box",
        tabIndex="0",
    )


def metric_entry(metric: Metric) -> Component:
    """One metric: a line to read, and its exact definition to open."""
    summary = html.Summary(
        [
            html.Span(metric.code or "–", className="metric-code"),
            html.Span(metric.name, className="metric-name"),
            html.Span(metric.meaning, className="metric-meaning"),
            html.Span(f"{KINDS[metric.kind]} · {BETTER[metric.better]}", className="metric-kind"),
        ]
    )
    lines: list[tuple[str, Any]] = [
        ("算法", metric.formula),
        ("计时", metric.clock),
        ("单位", metric.unit),
        ("最小分母", f"{metric.min_n}，不足时只列件数" if metric.kind == "rate" else "不适用"),
        ("同看", metric.guard or "–"),
        ("对比", "本期过后仍会变化，不作环比、同比" if metric.matures else "可作环比、同比"),
        ("来源", ["事件流水账 ", html.Code(f"mart.ledger: {', '.join(metric.events)}")]),
        ("分子" if metric.among else "计数", html.Code(metric.of)),
    ]
    if metric.among:
        lines.append(("分母", html.Code(metric.among)))
    if metric.weight:
        lines.append(("权重", html.Code(metric.weight)))
    lines.append(("接口名", html.Code(metric.key)))
    body = html.Dl([part for name, text in lines for part in (html.Dt(name), html.Dd(text))], className="metric-body")
    return html.Details([summary, body], className="metric", id=f"metric-{metric.key}")


def frame() -> html.Div:
    """The page: the catalogue itself needs no data."""
    return html.Div(
        [
            html.H1("口径", className="hidden"),
            panel.panel(
                "catalogue",
                "指标",
                html.Div([metric_entry(metric) for metric in METRICS], className="metrics"),
                note=f"共 {len(METRICS)} 项；点开看算法、计时与取数条件。全部页面与接口用的是同一份定义",
            ),
            panel.panel("rules", "五化规则", html.Div(id="wuhua-rules"), note="口径为本项目默认值，可在配置中修改"),
            html.Section([html.H2("办理期限", className="panel-title"), html.Div(id="limit-rules")], className="panel"),
            explore_times.method(),
            html.Section([html.H2("数字的几种样子", className="panel-title"), samples()], className="panel"),
            panel.panel("loads", "数据来源与对账", html.Div(id="load-table")),
            html.Section(
                [html.H2("数据质量", className="panel-title"), html.Div(id="quality-table")], className="panel"
            ),
        ],
        className="layout-definitions",
    )


PAGE = Page(
    path="/definitions",
    name="口径",
    order=10,
    frame=frame,
    panels=(
        Panel(id="rules", title="五化规则", load=load, view=view_rules, fills=("wuhua-rules", "limit-rules")),
        Panel(
            id="loads",
            title="数据来源与对账",
            load=load,
            view=view_loads,
            fills=("load-table", "quality-table", "loads-note"),
        ),
    ),
)
