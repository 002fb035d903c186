"""要情: what needs the leader now, how are the six numbers, and where? Five minutes, often on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import dcc, html

from dashboard import words
from dashboard.ask import Answer, Ask
from dashboard.comparison.change import NOTHING, Change, change
from dashboard.comparison.earlier import Beside, as_shown, beside, is_covered, numbers_in
from dashboard.comparison.spans import Window, spans, windows
from dashboard.components import chart, compared, curve, findings, kpi, measure, panel, places, ranking, segments
from dashboard.components.takeaway import takeaway
from dashboard.course import Course, bucket_for, course
from dashboard.exceptions import Findings, exceptions, place_dimension
from dashboard.figures.against import Line, against, axis_words
from dashboard.figures.brush import brushable
from dashboard.figures.trend import BUCKETS
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.page import Page, Panel, Question, Target
from dashboard.tail import Tail, tail
from dashboard.targets import Goal, target_for

SHOWN = (
    ("在办超期", "overdue_open"),
    ("按时办结率", "on_time_rate"),
    ("办理时长 · 中位", "handling_hours_median"),
    ("受理", "accepted"),
    ("在办", "open"),
    ("满意率", "satisfaction_rate"),
)
KEYS = tuple(key for _, key in SHOWN)
TRIAD = (
    ("on_time_rate_original", "按原期限"),
    ("extension_rate", "延期"),
    ("reopen_rate", "重开"),
    ("repeat_rate", "重复"),
)
OPENS_WITH = "on_time_rate"
MOST_PLACES = 14


# --- exceptions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class First:
    """What stands first: the exceptions, with the spans that everything is compared over."""

    findings: Findings
    filters: Filters
    as_of: datetime


def load_findings(ask: Ask, filters: Filters) -> First:
    """The exceptions of the period."""
    return First(exceptions(ask, filters), filters, ask.info.as_of)


def view_findings(model: First) -> Mapping[Target, Any]:
    """Sentences, the rule, the spans and the choice of calendar."""
    return {
        "findings-list": findings.findings(model.findings),
        "findings-rule": findings.tally(model.findings),
        "brief-spans": compared.spans_line(model.findings.spans, model.as_of),
        "brief-calendar": compared.calendar_choice(model.filters),
    }


# --- six numbers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Six:
    """The six numbers in the period and in the usual windows."""

    now: Answer
    windows: tuple[tuple[Window, Answer | None, Answer | None], ...]
    filters: Filters


def load_six(ask: Ask, filters: Filters) -> Six:
    """Ask for them."""
    usual = windows(filters, ask.info.as_of, ask.cutoff_hour)
    return Six(
        ask.numbers(KEYS, filters=filters),
        tuple((w, numbers_in(ask, KEYS, filters, w.now), numbers_in(ask, KEYS, filters, w.before)) for w in usual),
        filters,
    )


def view_six(model: Six) -> Mapping[Target, Any]:
    """Six cards."""
    return {"six-cards": [kpi.card(_card(model, *one)) for one in SHOWN]}


def _card(model: Six, title: str, key: str) -> kpi.Kpi:
    return kpi.Kpi(
        title=title,
        key=key,
        value=model.now.only(key),
        windows=tuple(_window(key, *one) for one in model.windows),
        is_alarm=key == "overdue_open",
        target=target_for(key, model.filters, model.now.as_of),
    )


def _window(key: str, window: Window, now: Answer | None, before: Answer | None) -> tuple[str, str, Change | None]:
    """A window's name, value and change; a stock stands at the end of every window alike."""
    metric = BY_KEY[key]
    if now is None:
        return window.name, words.NONE_TEXT, NOTHING
    # What is too small says so beside, where it would be compared.
    is_told = metric.kind != "stock" and now.only(key).state != "small"
    text = words.brief(metric, now.only(key)) if is_told else ""
    return window.name, text, change(metric, now.only(key), before.only(key)) if before else NOTHING


# --- what 按时办结率 must not be read without ------------------------------------------------------------------------


@dataclass(frozen=True)
class Triad:
    """The rates beside it, how much was finished just before the deadline, and how old the overdue ones are."""

    answer: Answer
    tail: Tail
    ages: Answer


def load_triad(ask: Ask, filters: Filters) -> Triad:
    """Ask for all three."""
    rates = ask.numbers(tuple(key for key, _ in TRIAD), filters=filters)
    return Triad(rates, tail(ask, filters), ask.numbers(("overdue_open",), by=("overdue_age",), filters=filters))


def view_triad(model: Triad) -> Mapping[Target, Any]:
    """Four rates, the oldest overdue cases, and 末段集中办结 where it is."""
    rates = [kpi.stat(title, key, model.answer.only(key)) for key, title in TRIAD]
    return {"brief-triad-list": [*rates, _oldest(model.ages), _tail(model.tail)]}


def _oldest(ages: Answer) -> html.Div:
    """How many of the overdue ones are overdue by more than thirty days."""
    oldest = ages.rows[-1]
    number = measure.measure("overdue_open", oldest.values["overdue_open"], group=("overdue_age", oldest.codes[0]))
    return html.Div(
        [html.Span(f"在办超期 {oldest.labels[0]}", className="stat-title"), number], className="stat is-wide"
    )


def _tail(found: Tail) -> html.Div:
    word = html.B("末段集中办结", className="tail-flag") if found.is_crowded else html.Span("末段办结无异常")
    return html.Div([word, html.Span(found.words, className="stat-remark")], className="stat is-wide")


# --- trend --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trend:
    """One metric over time, the same a year before, and its target."""

    key: str
    now: Course
    earlier: Course | None
    earlier_name: str
    target: Goal | None


def load_trend(ask: Ask, filters: Filters) -> Trend:
    """The chosen metric's course, by the period and by the span of the year before."""
    key = filters.metric if filters.metric in KEYS else OPENS_WITH
    bucket = bucket_for(filters, ask.info.as_of)
    found = spans(filters, ask.info.as_of, ask.cutoff_hour)
    earlier = None
    if found and is_covered(ask, found.last_year):
        span = found.last_year
        earlier = course(ask, (key,), filters.shifted(since=span.since, until=span.until), bucket=bucket)
    now = course(ask, (key,), filters, bucket=bucket)
    return Trend(key, now, earlier, found.year_name if found else "", target_for(key, filters, ask.info.as_of))


def view_trend(model: Trend) -> Mapping[Target, Any]:
    """The line, its target, the same a year before, and the choice of another number."""
    metric, line = BY_KEY[model.key], _line(model)
    unit = {"rate": "%", "duration": line.suffix.strip()}.get(metric.kind, "件")
    scale = axis_words(line)
    earlier = f"点线为{model.earlier_name}" if model.earlier else f"{model.earlier_name or '去年同期'}无数据"
    parts = [f"{unit}/{BUCKETS[model.now.bucket]}" if metric.kind == "flow" else unit, scale, earlier]
    options = [(key, title) for title, key in SHOWN]
    return {
        ("brief-trend-chart", "figure"): brushable(
            against(line, bucket=model.now.bucket), model.now.starts, model.now.spans, metrics=(model.key,)
        ),
        "brief-trend-note": " · ".join(filter(None, parts)),
        "brief-trend-choice": segments.segments("metric", options, model.key, label="指标"),
    }


def _line(model: Trend) -> Line:
    metric = BY_KEY[model.key]
    values = model.now.numbers(model.key)
    is_long = metric.kind == "duration" and max((v for v in values if v is not None), default=0.0) >= 48
    scale = 100.0 if metric.kind == "rate" else 1 / 24 if is_long else 1.0
    return Line(
        name=metric.name,
        starts=model.now.starts,
        values=values,
        earlier=_whole_buckets(model.earlier, model.key) if model.earlier else (),
        earlier_name=model.earlier_name,
        target=model.target.value if model.target else None,
        target_words=model.target.words if model.target else "",
        scale=scale,
        suffix={"rate": "%", "duration": " 天" if is_long else " 小时"}.get(metric.kind, ""),
        decimals=0 if metric.is_count else 1,
        is_rate=metric.kind == "rate",
        is_partial=model.now.is_partial,
        is_cut_at_start=model.now.is_cut_at_start,
    )


def _whole_buckets(found: Course, key: str) -> tuple[float | None, ...]:
    """A course for comparison: buckets that its span cuts would mislead, and are left out."""
    values = list(found.numbers(key))
    if values and found.is_cut_at_start:
        values[0] = None
    if values and found.is_partial:
        values[-1] = None
    return tuple(values)


# --- where --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Where:
    """The places one step down, the whole of them, and the way here."""

    dimension: str
    answer: Answer
    whole: Value
    filters: Filters
    steps: tuple[tuple[str, str], ...]
    beside: Beside | None


def load_where(ask: Ask, filters: Filters) -> Where:
    """受理 and 按时办结率 of the places one step below the chosen one."""
    dimension = place_dimension(filters)
    answer = ask.numbers(("accepted", "on_time_rate"), by=(dimension,), filters=filters)
    whole = ask.numbers(("on_time_rate",), filters=filters).only("on_time_rate")
    before = beside(ask, ("on_time_rate",), filters, by=(dimension,))
    return Where(dimension, answer, whole, filters, places.chain(ask, filters), before)


def view_where(model: Where) -> Mapping[Target, Any]:
    """The ranking, best and last where there are many, and the breadcrumbs."""
    found = ranking.places(
        model.answer.rows,
        model.dimension,
        key="on_time_rate",
        volume_key="accepted",
        chosen=model.filters.values(model.dimension),
        beside=model.beside,
    )
    order = ranking.ranked(found, "on_time_rate")
    half = MOST_PLACES // 2
    short = order if len(order) <= MOST_PLACES else (*order[:half], *order[-half:])
    hidden = len(order) - len(short)
    target = target_for("on_time_rate", model.filters, model.answer.as_of)
    return {
        "where-list": ranking.table(
            short, key="on_time_rate", volume_key="accepted", reference=model.whole, target=target
        ),
        "where-crumbs": places.crumbs(model.steps),
        "where-more": [
            html.Span(f"前 {half} 名与后 {half} 名，中间另 {hidden} 个未列" if hidden else ""),
            dcc.Link("看这里的事项 ›", href=f"/map?{model.filters.to_query()}", className="crumb"),
        ],
    }


# --- what 导出 hands over -----------------------------------------------------------------------------------------


def exports(ask: Ask, filters: Filters) -> tuple[Question, ...]:
    """The numbers of the period, the age of what is overdue, the course of all six, and the places one step down."""
    bucket, place = bucket_for(filters, ask.info.as_of), place_dimension(filters)
    rates = tuple(dict.fromkeys((*KEYS, *(key for key, _ in TRIAD))))
    return (
        Question(label="六项指标", metrics=rates, by=(), filters=filters),
        Question(label="在办超期", metrics=("overdue_open",), by=("overdue_age",), filters=filters),
        Question(label="走势", metrics=KEYS, by=(bucket,), filters=filters),
        Question(
            label="在哪里",
            metrics=("accepted", "on_time_rate"),
            by=(place,),
            filters=as_shown(filters),
        ),
    )


# --- the frame ----------------------------------------------------------------------------------------------------


def frame() -> html.Div:
    """The page without data; 生成简报 is put into `takeaway`."""
    head = html.Div(
        [
            html.H1("要情", className="page-title"),
            html.Span(id="brief-spans", className="brief-spans"),
            html.Div(id="brief-calendar"),
            html.Span(className="panel-space"),
            html.Div(takeaway(), id="takeaway"),
        ],
        className="page-head brief-head",
    )
    return html.Div(
        [
            head,
            html.Div([_findings(), _triad(), _trend()], className="brief-column"),
            html.Div([_six(), _where()], className="brief-column"),
        ],
        className="layout-brief",
    )


def _findings() -> html.Section:
    rule = html.Details([html.Summary("怎样算异常"), html.P(id="findings-rule")], className="findings-rule")
    return panel.panel("findings", "本期异常项", [html.Div(id="findings-list"), rule])


def _six() -> html.Section:
    return html.Section(
        [
            html.H2("六项指标", className="hidden"),
            html.Div(id="six-fault", className="panel-fault", role="status"),
            html.Span(id="six-asof", className="hidden"),
            html.Div(id="six-cards", className="kpis"),
        ],
        id="six-panel",
        className="brief-six",
    )


def _triad() -> html.Section:
    body = html.Div(id="brief-triad-list", className="triad")
    keys = (*(key for key, _ in TRIAD), "overdue_open")
    return panel.panel("brief-triad", "按时办结率须同看", body, metrics=keys)


def _trend() -> html.Section:
    line = chart.chart("brief-trend-chart", "所选指标随时间的变化与目标")
    return panel.panel(
        "brief-trend", "走势", [html.Div(id="brief-trend-choice"), line, curve.below("brief-trend-chart")], metrics=KEYS
    )


def _where() -> html.Section:
    return panel.panel(
        "where",
        "各地",
        [
            html.Nav(id="where-crumbs", className="crumbs", **{"aria-label": "所在位置"}),
            html.Div(id="where-list"),
            html.Div(id="where-more", className="where-more"),
        ],
        note="按时办结率 · 点一行看下一级",
        caption="点为比率，带为 95% 区间，点线为合计，虚线为目标，◆ 未达标；名次按 Wilson 下界",
        metrics=("on_time_rate", "accepted"),
    )


PAGE = Page(
    path="/brief",
    name="要情",
    order=2,
    frame=frame,
    exports=exports,
    panels=(
        Panel(
            id="findings",
            title="本期异常项",
            load=load_findings,
            view=view_findings,
            fills=("findings-list", "findings-rule", "brief-spans", "brief-calendar"),
            comes_first=True,
        ),
        Panel(id="six", title="六项指标", load=load_six, view=view_six, fills=("six-cards",)),
        Panel(
            id="brief-triad", title="按时办结率须同看", load=load_triad, view=view_triad, fills=("brief-triad-list",)
        ),
        Panel(
            id="brief-trend",
            title="走势",
            load=load_trend,
            view=view_trend,
            fills=(("brief-trend-chart", "figure"), "brief-trend-note", "brief-trend-choice"),
        ),
        Panel(
            id="where",
            title="各地",
            load=load_where,
            view=view_where,
            fills=("where-list", "where-crumbs", "where-more"),
        ),
    ),
)
