"""总览: how is the county doing, is it better or worse than before, and where?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import loop
from dashboard.ask import Answer, Ask
from dashboard.comparison.earlier import Beside, Earlier, as_shown, beside, earlier
from dashboard.components import chart, compared, curve, grid_map, kpi, panel, ranking
from dashboard.components.loop import funnel
from dashboard.course import Course, bucket_for, course
from dashboard.figures.brush import brushable
from dashboard.figures.sparkline import sparkline
from dashboard.figures.trend import BUCKETS, Series, trend
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.page import Page, Panel, Question, Target
from dashboard.targets import target_for

HEADLINES = (
    ("受理", "accepted", None),
    ("在办", "open", None),
    ("在办超期", "overdue_open", None),
    ("按时办结率", "on_time_rate", None),
    ("办理时长", "handling_hours_median", ("P90", "handling_hours_p90")),
    ("满意率", "satisfaction_rate", ("回访率", "callback_rate")),
)
KEYS = tuple(dict.fromkeys(key for _, main, second in HEADLINES for key in (main, second[1] if second else main)))
TRIAD = (
    ("on_time_rate_original", "不算延期"),
    ("extension_rate", "靠延期"),
    ("reopen_rate", "办了又开"),
    ("repeat_rate", "反复反映"),
    ("uncomputable_rate", "算不出期限"),
)


# --- headline numbers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Headlines:
    """The headline metrics now, before, a year before, and their course."""

    now: Answer
    earlier: Earlier
    course: Course
    filters: Filters


def load_headlines(ask: Ask, filters: Filters) -> Headlines:
    """Ask for the headline numbers and what they are compared with."""
    bucket = bucket_for(filters, ask.info.as_of, daily_up_to=31)
    return Headlines(
        ask.numbers(KEYS, filters=filters),
        earlier(ask, KEYS, filters),
        course(ask, KEYS, filters, bucket=bucket),
        filters,
    )


def view_headlines(model: Headlines) -> Mapping[Target, Any]:
    """Six cards and a line that names the spans."""
    return {
        "kpi-cards": [kpi.card(_headline(model, *line)) for line in HEADLINES],
        "kpi-note": compared.spans_line(model.earlier.spans, model.now.as_of),
        "kpi-calendar": compared.calendar_choice(model.filters),
    }


def _headline(model: Headlines, title: str, key: str, second: tuple[str, str] | None) -> kpi.Kpi:
    now = model.now.only(key)
    return kpi.Kpi(
        title=title if key != "handling_hours_median" else "办理时长 · 中位",
        key=key,
        value=now,
        changes=model.earlier.changes(key, now),
        second=(second[0], second[1], model.now.only(second[1])) if second else None,
        spark=sparkline(model.course.numbers(key, also_small=True), is_partial=model.course.is_partial),
        is_alarm=key == "overdue_open",
        target=target_for(key, model.filters, model.now.as_of),
    )


# --- the loop -----------------------------------------------------------------------------------------------------


def view_loop(model: loop.Loop) -> Mapping[Target, Any]:
    """The four steps and what they come to in a sentence."""
    return {"loop-steps": funnel(model), "loop-note": model.finding}


# --- trend --------------------------------------------------------------------------------------------------------


def load_trend(ask: Ask, filters: Filters) -> Course:
    """受理 and 办结 over time."""
    return course(ask, ("accepted", "closed"), filters, bucket=bucket_for(filters, ask.info.as_of))


def view_trend(model: Course) -> Mapping[Target, Any]:
    """Two lines and the unit."""
    lines = [Series("受理", model.numbers("accepted")), Series("办结", model.numbers("closed"))]
    figure = trend(
        model.starts, lines, bucket=model.bucket, is_partial=model.is_partial, is_cut_at_start=model.is_cut_at_start
    )
    return {
        ("trend-chart", "figure"): brushable(figure, model.starts, model.spans, metrics=("accepted", "closed")),
        "trend-note": f"件/{BUCKETS[model.bucket]}",
    }


# --- beside the rate: what could make it look better than it is ---------------------------------------------------


def load_triad(ask: Ask, filters: Filters) -> Answer:
    """The rates that 按时办结率 must not be read without."""
    return ask.numbers(["on_time_rate", *(key for key, _ in TRIAD)], filters=filters)


def view_triad(model: Answer) -> Mapping[Target, Any]:
    """One line per rate, the headline rate first."""
    lines = [_triad_line("on_time_rate", "含批准的延期", model.only("on_time_rate"))]
    lines += [_triad_line(key, words, model.only(key)) for key, words in TRIAD]
    return {"triad-list": lines}


def _triad_line(key: str, remark: str, value: Value) -> html.Div:
    line = kpi.stat(BY_KEY[key].name, key, value)
    line.children.insert(1, html.Span(remark, className="stat-remark"))
    return line


# --- towns --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Towns:
    """Towns under the filters without the choice of town, and the whole."""

    answer: Answer
    whole: Value
    filters: Filters
    beside: Beside | None


def load_towns(ask: Ask, filters: Filters) -> Towns:
    """受理 and 按时办结率 per town; the choice of a place is left out, so that all bars stay."""
    others = filters.without_places()
    answer = ask.numbers(("accepted", "on_time_rate"), by=("town",), filters=others)
    whole = ask.numbers(("on_time_rate",), filters=others).only("on_time_rate")
    return Towns(answer, whole, filters, beside(ask, ("on_time_rate",), others, by=("town",)))


def view_towns(model: Towns) -> Mapping[Target, Any]:
    """The ranking of towns."""
    places = ranking.places(
        model.answer.rows,
        "town",
        key="on_time_rate",
        volume_key="accepted",
        chosen=model.filters.town,
        beside=model.beside,
    )
    order = ranking.ranked(places, "on_time_rate")
    target = target_for("on_time_rate", model.filters, model.answer.as_of)
    table = ranking.table(order, key="on_time_rate", volume_key="accepted", reference=model.whole, target=target)
    note = BY_KEY["on_time_rate"].name + (f" · {target.words}" if target else "")
    return {"towns-list": table, "towns-note": note}


# --- map ----------------------------------------------------------------------------------------------------------


def load_map(ask: Ask, filters: Filters) -> grid_map.Scene:
    """受理量 by grid, all over the county or inside the chosen place."""
    return grid_map.load(ask, filters, level="grid", metric="accepted")


def view_map(model: grid_map.Scene) -> Mapping[Target, Any]:
    """The small map."""
    return grid_map.view("small", model)


# --- what 导出 hands over -----------------------------------------------------------------------------------------


def exports(ask: Ask, filters: Filters) -> tuple[Question, ...]:
    """Every number of the page."""
    rates = ("on_time_rate", *(key for key, _ in TRIAD))
    headlines = tuple(dict.fromkeys((*KEYS, *rates)))
    bucket = bucket_for(filters, ask.info.as_of)
    return (
        Question(label="关键指标", metrics=headlines, by=(), filters=filters),
        Question(label="闭环", metrics=loop.KEYS, by=(), filters=filters),
        Question(label="受理与办结", metrics=("accepted", "closed"), by=(bucket,), filters=filters),
        Question(
            label="乡镇街道",
            metrics=("accepted", "on_time_rate"),
            by=("town",),
            filters=as_shown(filters.without_places()),
        ),
        Question(
            label="网格工作量", metrics=("accepted",), by=("grid",), filters=grid_map.without_choice(filters, "grid")
        ),
    )


def frame() -> html.Div:
    """The page without data."""
    kpis = html.Section(
        [
            html.H1("总览", className="hidden"),
            html.Div(id="kpi-fault", className="panel-fault", role="status"),
            html.Div(id="kpi-cards", className="kpis"),
            html.Div(
                [
                    html.Span(id="kpi-note", className="kpi-note"),
                    html.Div(id="kpi-calendar"),
                    html.Span(id="kpi-asof", className="panel-asof"),
                    panel.definitions(KEYS),
                    panel.picture("kpi-panel", "关键指标"),
                ],
                className="kpi-foot",
            ),
        ],
        id="kpi-panel",
        style={"gridArea": "kpi"},
    )
    return html.Div(
        [
            kpis,
            panel.panel("loop", "闭环", html.Div(id="loop-steps"), metrics=loop.KEYS, area="loop"),
            panel.panel(
                "trend",
                "受理与办结",
                [chart.chart("trend-chart", "受理与办结随时间的变化"), curve.below("trend-chart")],
                metrics=("accepted", "closed"),
                area="trend",
            ),
            panel.panel(
                "triad",
                "按时办结率怎么看",
                html.Div(id="triad-list", className="stats"),
                metrics=("on_time_rate", *(key for key, _ in TRIAD)),
                area="triad",
                caption="快，不等于好",
            ),
            panel.panel(
                "towns",
                "乡镇街道",
                html.Div(id="towns-list"),
                note="按时办结率",
                caption="点为比率，带为 95% 区间，点线为合计，虚线为目标，◆ 未达标；名次按 Wilson 下界",
                metrics=("on_time_rate", "accepted"),
                area="towns",
            ),
            panel.panel(
                "minimap",
                "网格工作量图",
                grid_map.grid_map("small", label="各网格受理量地图"),
                note="件/网格",
                metrics=("accepted",),
                area="map",
            ),
        ],
        className="layout-overview",
    )


PAGE = Page(
    path="/",
    name="总览",
    order=1,
    frame=frame,
    panels=(
        Panel(
            id="kpi",
            title="关键指标",
            load=load_headlines,
            view=view_headlines,
            fills=("kpi-cards", "kpi-note", "kpi-calendar"),
        ),
        Panel(id="loop", title="闭环", load=loop.load_loop, view=view_loop, fills=("loop-steps", "loop-note")),
        Panel(
            id="trend",
            title="受理与办结",
            load=load_trend,
            view=view_trend,
            fills=(("trend-chart", "figure"), "trend-note"),
        ),
        Panel(id="triad", title="按时办结率怎么看", load=load_triad, view=view_triad, fills=("triad-list",)),
        Panel(id="towns", title="乡镇街道", load=load_towns, view=view_towns, fills=("towns-list", "towns-note")),
        Panel(id="minimap", title="网格工作量图", load=load_map, view=view_map, fills=grid_map.fills("small")),
    ),
    maps=("small",),
    exports=exports,
)
