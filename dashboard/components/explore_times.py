"""How long cases take: the histogram of handling hours, and the curve of cases still open, in one row of panels."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask
from dashboard.components import chart, panel, segments
from dashboard.components.measure import measure
from dashboard.durations import DEFAULT_CURVE, EDGES, MOST_CURVES, Part, spread, times
from dashboard.figures import told
from dashboard.figures.time_to_close import NamedCurve, survival
from dashboard.figures.time_to_close import spread as spread_figure
from dashboard.filters import Filters
from dashboard.metrics.values import Value
from dashboard.page import Panel, Target
from dashboard.survival import at_risk, product_limit

MARKS = ("handling_hours_median", "handling_hours_p90")
LABELS = (
    "≤2小时",
    "≤8小时",
    "≤1天",
    "≤2天",
    "≤3天",
    "≤5天",
    "≤7天",
    "≤10天",
    "≤15天",
    "≤20天",
    "≤30天",
    "≤45天",
    "≤60天",
    "≤90天",
    "更长",
)
CURVES = {
    DEFAULT_CURVE: "全部",
    "kind": "类型",
    "severity": "性质",
    "level": "等级",
    "town": "乡镇",
    "department": "部门",
}
RISK_DAYS = (3, 7, 15, 30, 60)


# --- the histogram ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """Closings per bin, and the quantiles that K07 gives for the same rows."""

    counts: tuple[int, ...]
    median: Value
    p90: Value


def load_spread(ask: Ask, filters: Filters) -> Spread:
    """The histogram of the period's closings."""
    marks = ask.numbers(MARKS, filters=filters)
    return Spread(spread(ask, filters), marks.only(MARKS[0]), marks.only(MARKS[1]))


def place_of(hours: float) -> float:
    """Where a duration stands on the axis of bins: linear within its bin."""
    bin_ = bisect_left(EDGES, hours)
    if bin_ == len(EDGES):
        return bin_ + 0.5
    low = EDGES[bin_ - 1] if bin_ else 0
    return bin_ + (hours - low) / (EDGES[bin_] - low)


def view_spread(model: Spread) -> Mapping[Target, Any]:
    """The histogram with its marks, and the same two numbers in words."""
    named = (("中位", model.median), ("P90", model.p90))
    marks = [
        (place_of(value.value), f"{word} {' '.join(words.duration(value.value))}")
        for word, value in named
        if value.value is not None
    ]
    figure = spread_figure(model.counts, labels=LABELS, marks=marks)
    said = "，".join([f"本期办结 {words.full(sum(model.counts))} 件次", *(word for _, word in marks)])
    rows = [[label, words.full(count)] for label, count in zip(LABELS, model.counts, strict=True)]
    told.tell(figure, finding=said, heads=["时长", "件次"], rows=rows)
    return {
        ("spread-chart", "figure"): figure,
        "spread-numbers": [
            html.Span(f"本期办结 {words.full(sum(model.counts))} 件次；中位 "),
            measure(MARKS[0], model.median),
            html.Span("，P90 "),
            measure(MARKS[1], model.p90),
        ],
    }


# --- survival -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Survival:
    """The groups whose curves are drawn, how many groups are not, and by what they are told apart."""

    parts: tuple[Part, ...]
    left_out: int
    by: str


def load_survival(ask: Ask, filters: Filters) -> Survival:
    """Times to the first closing of the cases accepted in the period; the largest groups."""
    by = filters.curve if filters.curve in CURVES else DEFAULT_CURVE
    found = times(ask, filters, by=by)
    return Survival(found[:MOST_CURVES], max(len(found) - MOST_CURVES, 0), by)


def view_survival(model: Survival) -> Mapping[Target, Any]:
    """The curves, the medians with their intervals, and the numbers at risk."""
    curves = [NamedCurve(part.name, product_limit(part.counts)) for part in model.parts]
    longest = max((named.curve.last_seen / 24 for named in curves), default=1.0)
    until = min(max(longest, 1.0), 120.0)
    figure = survival(curves, until=until)
    said = "；".join(f"{named.name}中位办结 {median_in_words(named)}" for named in curves) or "没有受理的事项"
    told.tell(figure, finding=said, heads=["受理后天数", *(named.name for named in curves)], rows=_shares(curves))
    left = f"；另有 {model.left_out} 组未画" if model.left_out else ""
    return {
        ("survival-chart", "figure"): figure,
        "survival-by": segments.segments("curve", list(CURVES.items()), model.by, label="生存曲线分组"),
        "survival-risk": _risks(model.parts, curves) if curves else panel.empty("没有受理的事项"),
        "survival-left": f"横轴至 {until:.0f} 天{left}",
    }


def _shares(curves: list[NamedCurve]) -> list[list[str]]:
    """The share still open after some days, as far as cases were seen."""
    return [[f"{day} 天", *(_share(named, 24.0 * day) for named in curves)] for day in RISK_DAYS]


def _share(named: NamedCurve, hours: float) -> str:
    return f"{words.percent(named.curve.open_after(hours))}%" if hours <= named.curve.last_seen else told.NONE


def _risks(parts: tuple[Part, ...], curves: list[NamedCurve]) -> html.Div:
    head = ("分组", "事项", "已办结", "仍在办", "中位办结（95% 区间）", *(f"{day}天" for day in RISK_DAYS))
    rows = [_risk_row(part, named) for part, named in zip(parts, curves, strict=True)]
    lines = [html.Tr([html.Th(word, className="is-right" if place else "") for place, word in enumerate(head)])]
    table = html.Table([html.Thead(lines), html.Tbody(rows)], className="table")
    return html.Div(
        table, className="table-box", tabIndex="0", role="region", **{"aria-label": "各时点仍未办结的事项数"}
    )


def _risk_row(part: Part, named: NamedCurve) -> html.Tr:
    curve = named.curve
    counts = [words.full(number) for number in (curve.total, curve.ended, curve.total - curve.ended)]
    risks = at_risk(part.counts, [24.0 * day for day in RISK_DAYS])
    cells = [*counts, median_in_words(named), *map(words.full, risks)]
    return html.Tr([html.Td(part.name), *(html.Td(cell, className="is-right") for cell in cells)])


def median_in_words(named: NamedCurve) -> str:
    """“5.3 天（5.1–5.6 天）”; what the data does not reach yet is said so."""
    curve = named.curve
    if curve.median is None:
        return "未到一半"
    low, high = curve.median_band
    ends = ["未到" if end is None else f"{end / 24:.1f}" for end in (low, high)]
    return f"{curve.median / 24:.1f} 天（{'–'.join(ends)}）"


SPREAD_CAPTION = (
    "区间左开右闭；时长从受理起算，扣除中止与办结后重开前的间隔（口径同办理时长）；区间宽度不等，高度为件次"
)
SURVIVAL_CAPTION = (
    "本期受理的事项从受理到首次办结；仍在办的在数据截至时删失，计入分母。时长按分钟计、扣除中止（同办理时长）；办结后又重开的按首次办结计。"
    "乘积极限估计，浅色带为 95% 逐点区间；下表各天数为该时点仍可观察的未办结件数"
)


def frames() -> list[html.Section]:
    """The two panels without data."""
    histogram = [
        html.Div(id="spread-numbers", className="explore-line"),
        chart.chart("spread-chart", "办理时长分布", height="360px"),
    ]
    curve = [
        html.Div(id="survival-by", className="toolbar"),
        chart.chart("survival-chart", "仍未办结的占比随受理后天数", height="360px"),
        html.Div(id="survival-risk"),
        html.Div(id="survival-left", className="panel-caption"),
    ]
    return [
        panel.panel("spread", "办理时长分布", histogram, metrics=MARKS, area="spread", caption=SPREAD_CAPTION),
        panel.panel("survival", "多久办结", curve, area="survival", caption=SURVIVAL_CAPTION),
    ]


METHOD = (
    ("问什么", "受理的事项过多久办结；仍在办的还不知道要多久，丢掉它们会把办理说得太快"),
    ("时长", "从受理到首次办结，扣除中止，按分钟计；办结后又重开的按首次办结计，重开后的时间不计"),
    ("删失", "仍在办且从未办结的，在数据截至时删失：已知至少这么久，此前都在分母里"),
    (
        "曲线",
        "仍未办结的占比 S(t) = ∏（1 − 该时点办结 ÷ 该时点前仍未办结）；同一时点的删失仍在分母里",
    ),
    (
        "区间",
        "Greenwood 方差、对数–对数变换的 95% 逐点区间；中位办结为 S(t) 首次不高于一半的时间，其区间由上下带得出",
    ),
    ("分组", "至多画件数最多的 4 组；不给出组间检验：各组事项构成不同，差别不等于办理快慢"),
    (
        "直方图",
        "本期每次办结的办理时长（取数同办理时长中位数、P90）；左开右闭，宽度不等，分档为本项目默认值",
    ),
)


def method() -> html.Section:
    """How the curve and the histogram are computed, for the page of definitions."""
    lines = [part for word, text in METHOD for part in (html.Dt(word), html.Dd(text))]
    heading = html.H2("多久办结（分析页）", className="panel-title")
    return html.Section([heading, html.Dl(lines, className="formulas")], className="panel", id="times-method")


PANELS = (
    Panel(
        id="spread",
        title="办理时长分布",
        load=load_spread,
        view=view_spread,
        fills=(("spread-chart", "figure"), "spread-numbers"),
    ),
    Panel(
        id="survival",
        title="多久办结",
        load=load_survival,
        view=view_survival,
        fills=(("survival-chart", "figure"), "survival-by", "survival-risk", "survival-left"),
    ),
)
