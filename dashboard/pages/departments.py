"""部门清零: who has what left, how old is it, who clears it in time? A click opens one department's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Answer, Ask, CasePage, Row
from dashboard.comparison.earlier import Beside, Earlier, as_shown, beside, earlier
from dashboard.components import bars, chart, compared, grid, kpi, measure, moved, panel, ranking
from dashboard.components.cases import case_list
from dashboard.course import Course, bucket_for, course
from dashboard.departments import UNSENT, Overdue, by_volume, cleared, name_of, overdue
from dashboard.exceptions import whole
from dashboard.figures.ageing import AGES, Bar, ageing
from dashboard.figures.trend import BUCKETS, Series, trend
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.page import Page, Panel, Question, Target
from dashboard.targets import target_for

TABLE = (
    ("accepted", "派遣总数", 84),
    ("open", "未办结", 74),
    ("overdue_open", "其中超期", 84),
    ("closure_rate", "结案率", 78),
    ("on_time_rate", "按时结案率", 92),
    ("sign_on_time_rate", "签收及时率", 92),
    ("return_rate", "退单率", 74),
    ("extension_rate", "延期率", 74),
    ("reopen_rate", "重开率", 74),
    ("satisfaction_rate", "满意率", 78),
    ("callback_rate", "回访率", 78),
    ("handling_hours_median", "时长中位", 104),
)
KEYS = tuple(key for key, _, _ in TABLE)
OWN_KEYS = ("accepted", "open", "overdue_open", "on_time_rate", "reopen_rate", "satisfaction_rate")
OPEN_STATES = ("due_soon", "on_track", "overdue")
OLDEST = 10


def _others(filters: Filters) -> Filters:
    """The filters without the choice of department: every row and bar stays."""
    return filters.replace(department=())


# --- the table leaders know ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Departments, all of them and what that is called, and which are chosen."""

    answer: Answer
    whole: Answer
    filters: Filters
    beside: Beside | None
    whole_beside: Beside | None
    place: str


def load_table(ask: Ask, filters: Filters) -> Table:
    """Every column of the table per department and for all."""
    others = _others(filters)
    answer = ask.numbers(KEYS, by=("department",), filters=others)
    before = beside(ask, KEYS, others, by=("department",))
    total, total_beside = ask.numbers(KEYS, filters=others), beside(ask, KEYS, others)
    return Table(answer, total, filters, before, total_beside, whole(others, ask))


def view_table(model: Table) -> Mapping[Target, Any]:
    """Rows by volume; all of them as a pinned last row."""
    rows = [_row(row, model) for row in by_volume(model.answer.rows)]
    total = {
        "pick": "whole",
        "name": f"{model.place}合计",
        "is_total": True,
        **_halves(model.whole.rows[0].values["on_time_rate"]),
    }
    values = model.whole.rows[0].values
    total |= moved.cells(measure.cells(values), values, model.whole_beside, ())
    options = grid.options(total=total, has_changes=model.beside is not None)
    return {
        ("departments-grid", "rowData"): rows,
        ("departments-grid", "dashGridOptions"): options,
        "departments-against": compared.against_choice(model.filters),
        "departments-spans": compared.beside_line(model.beside, model.answer.as_of),
    }


def _row(row: Row, model: Table) -> dict[str, Any]:
    code = row.codes[0]
    return {
        "pick": f"department:{code}" if code else UNSENT,
        "name": name_of(row),
        "is_chosen": code in model.filters.department,
        **_halves(row.values["on_time_rate"]),
        **moved.cells(measure.cells(row.values, ("department", code)), row.values, model.beside, row.codes),
    }


def _halves(rate: Value) -> dict[str, Any]:
    """按时 and 超时 of what fell due: the numerator of 按时结案率 and the rest of its denominator."""
    on_time, total = int(rate.n or 0), rate.N or 0
    return {"on_time": on_time, "late": total - on_time}


# --- ageing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ages:
    """Overdue open cases by department and age class."""

    answer: Answer
    chosen: tuple[str, ...]


def load_ages(ask: Ask, filters: Filters) -> Ages:
    """在办超期 by department and days overdue, at the end of the period."""
    answer = ask.numbers(("overdue_open",), by=("department", "overdue_age"), filters=_others(filters))
    return Ages(answer, filters.department)


def view_ages(model: Ages) -> Mapping[Target, Any]:
    """The stacked bars, departments with nothing overdue left out but counted."""
    found = overdue(model.answer.rows)
    drawn = [_bar(one, model.chosen) for one in found if one.total]
    clear = cleared(found)
    total = sum(bar.total for bar in drawn)
    note = f"共 {words.full(total)} 件" + (f"；{clear} 个部门已清零" if clear else "")
    figure = ageing(drawn)
    height = {"height": f"{figure.layout.height}px"}
    return {("ageing-chart", "figure"): figure, ("ageing-chart", "style"): height, "ageing-note": note}


def _bar(one: Overdue, chosen: Sequence[str]) -> Bar:
    counts = tuple(one.ages.get(age, 0) for age, _ in AGES)
    return Bar(one.name, f"department:{one.code}", counts, one.code in chosen)


# --- ranking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class League:
    """按时结案率 per department, and the whole."""

    answer: Answer
    whole: Value
    filters: Filters
    beside: Beside | None


def load_league(ask: Ask, filters: Filters) -> League:
    """What the ranking needs."""
    others = _others(filters)
    answer = ask.numbers(("on_time_rate",), by=("department",), filters=others)
    before = beside(ask, ("on_time_rate",), others, by=("department",))
    return League(answer, ask.numbers(("on_time_rate",), filters=others).only("on_time_rate"), filters, before)


def view_league(model: League) -> Mapping[Target, Any]:
    """Departments by the Wilson bound; small samples unranked at the end."""
    rated = [row for row in model.answer.rows if row.values["on_time_rate"].N]
    places = ranking.places(
        rated, "department", key="on_time_rate", chosen=model.filters.department, beside=model.beside
    )
    order = ranking.ranked(places, "on_time_rate")
    target = target_for("on_time_rate", model.filters, model.answer.as_of)
    return {"league-list": ranking.table(order, key="on_time_rate", reference=model.whole, target=target)}


# --- one department -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own:
    """One department's page; `name` is empty when none, or more than one, is chosen."""

    name: str
    filters: Filters
    numbers: Answer | None = None
    before: Earlier | None = None
    course: Course | None = None
    oldest: CasePage | None = None
    categories: Answer | None = None
    chosen_categories: tuple[str, ...] = ()


def load_own(ask: Ask, filters: Filters) -> Own:
    """Numbers, trend, oldest open cases (whatever the period) and categories of the chosen department."""
    if len(filters.department) != 1:
        return Own("", filters)
    code = filters.department[0]
    still_open = filters.shifted(since=None, until=None).replace(status=OPEN_STATES)
    return Own(
        ask.vocabulary["department"].get(code, code),
        filters,
        ask.numbers(OWN_KEYS, filters=filters),
        earlier(ask, OWN_KEYS, filters),
        course(ask, ("accepted", "closed"), filters, bucket=bucket_for(filters, ask.info.as_of)),
        ask.cases(still_open, order="oldest", limit=OLDEST),
        ask.numbers(("accepted",), by=("category",), filters=filters.replace(category=())),
        filters.category,
    )


def view_own(model: Own) -> Mapping[Target, Any]:
    """The department's panels, hidden while none is chosen."""
    if model.numbers is None or model.course is None or model.oldest is None or model.categories is None:
        return {("own", "className"): "own is-closed"}
    spans = model.before.spans if model.before else None
    lines = [Series("受理", model.course.numbers("accepted")), Series("办结", model.course.numbers("closed"))]
    figure = trend(
        model.course.starts,
        lines,
        bucket=model.course.bucket,
        is_partial=model.course.is_partial,
        is_cut_at_start=model.course.is_cut_at_start,
    )
    rows = [
        bars.Bar(
            dimension="category",
            code=row.codes[0],
            name=row.labels[0],
            value=row.values["accepted"],
            is_chosen=row.codes[0] in model.chosen_categories,
        )
        for row in model.categories.rows
        if row.codes[0]
    ]
    return {
        ("own", "className"): "own",
        "own-note": f"件/{BUCKETS[model.course.bucket]}",
        "own-name": model.name,
        "own-numbers": [_own_number(model, key, model.numbers.only(key)) for key in OWN_KEYS],
        "own-spans": compared.spans_line(spans, model.numbers.as_of),
        "own-calendar": compared.calendar_choice(model.filters),
        ("own-chart", "figure"): figure,
        "own-oldest": case_list(
            model.oldest.rows,
            total=model.oldest.total,
            as_of=model.numbers.as_of,
            filters=model.filters,
            none="没有在办事项，已清零",
        ),
        "own-categories": bars.bars(rows, key="accepted"),
    }


def _own_number(model: Own, key: str, now: Value) -> html.Div:
    changes = model.before.changes(key, now) if model.before else ()
    lines = html.Div(compared.change_lines(changes, name="kpi-change"), className="stat-changes")
    return html.Div([kpi.stat(BY_KEY[key].name, key, now), lines], className="stat-block")


# --- what 导出 hands over -----------------------------------------------------------------------------------------


def exports(ask: Ask, filters: Filters) -> tuple[Question, ...]:
    """The tables of all departments, then those of the chosen one."""
    others, own = _others(filters), filters.replace(category=())
    table = as_shown(others)
    found = [
        Question(label="部门一览", metrics=KEYS, by=("department",), filters=table, grid="departments-grid"),
        Question(label=f"{whole(others, ask)}合计", metrics=KEYS, by=(), filters=table),
        Question(label="在办超期存量", metrics=("overdue_open",), by=("department", "overdue_age"), filters=others),
    ]
    if len(filters.department) == 1:
        bucket = bucket_for(filters, ask.info.as_of)
        found += [
            Question(label="所选部门", metrics=OWN_KEYS, by=(), filters=filters),
            Question(label="所选部门受理与办结", metrics=("accepted", "closed"), by=(bucket,), filters=filters),
            Question(label="所选部门各类别", metrics=("accepted",), by=("category",), filters=own),
        ]
    return tuple(found)


# --- the frame ----------------------------------------------------------------------------------------------------


def _own_frame() -> html.Div:
    back = html.Button("返回全部部门", type="button", className="crumb", **{"data-set": "department="})
    return html.Div(
        [
            html.Div(
                [
                    html.H2(id="own-name", className="own-name"),
                    back,
                    html.Span(className="panel-space"),
                    html.Span(id="own-spans", className="brief-spans"),
                    html.Div(id="own-calendar"),
                ],
                className="own-head",
            ),
            panel.panel("own", "受理与办结", chart.chart("own-chart", "所选部门受理与办结"), metrics=OWN_KEYS),
            html.Section(
                [html.H3("本期数字", className="panel-title"), html.Div(id="own-numbers", className="stats")],
                className="panel",
            ),
            html.Section(
                [html.H3("最早受理的在办事项", className="panel-title"), html.Div(id="own-oldest")], className="panel"
            ),
            html.Section([html.H3("类别", className="panel-title"), html.Div(id="own-categories")], className="panel"),
        ],
        id="own",
        className="own is-closed",
    )


def _columns() -> list[dict[str, Any]]:
    numbers = [grid.number_column(key, title, minWidth=width - 12, flex=width) for key, title, width in TABLE]
    halves = [
        grid.count_column("on_time", "按时办结", minWidth=72, flex=84),
        grid.count_column("late", "超时", minWidth=54, flex=66),
    ]
    name = grid.text_column("name", "部门", minWidth=124, flex=130, pinned="left")
    return [name, numbers[0], *halves, *numbers[1:]]


def frame() -> html.Div:
    """The page without data."""
    return html.Div(
        [
            html.H1("部门清零", className="hidden"),
            _own_frame(),
            panel.panel(
                "departments",
                "部门一览",
                html.Div(
                    [
                        html.Div(
                            [
                                html.Div(id="departments-against"),
                                html.Span(id="departments-spans", className="panel-note"),
                            ],
                            className="toolbar",
                        ),
                        grid.grid("departments-grid", _columns()),
                    ]
                ),
                note="派遣总数 = 本期受理（主办）；按时 + 超时 = 本期应办结；点一行看该部门",
                metrics=KEYS,
                area="table",
                caption="灰色分数为样本不足，只列件数不出率；“-”为无数据；满意率须与回访率同看",
            ),
            panel.panel(
                "ageing",
                "在办超期存量",
                chart.chart("ageing-chart", "各部门在办超期事项按超期天数", height="auto"),
                metrics=("overdue_open",),
                area="ages",
                caption="超期天数越多颜色越深；点一条看该部门",
            ),
            panel.panel(
                "league",
                "按时结案率排名",
                html.Div(id="league-list"),
                metrics=("on_time_rate",),
                area="league",
                caption="点为比率，带为 95% 区间，点线为合计，虚线为目标，◆ 未达标；名次按 Wilson 下界，样本不足不排名",
            ),
        ],
        className="layout-departments",
    )


PAGE = Page(
    path="/departments",
    name="部门清零",
    order=4,
    frame=frame,
    panels=(
        Panel(
            id="own",
            title="所选部门",
            load=load_own,
            view=view_own,
            fills=(
                ("own", "className"),
                "own-note",
                "own-name",
                "own-numbers",
                "own-spans",
                "own-calendar",
                ("own-chart", "figure"),
                "own-oldest",
                "own-categories",
            ),
        ),
        Panel(
            id="departments",
            title="部门一览",
            load=load_table,
            view=view_table,
            fills=(
                ("departments-grid", "rowData"),
                ("departments-grid", "dashGridOptions"),
                "departments-against",
                "departments-spans",
            ),
        ),
        Panel(
            id="ageing",
            title="在办超期存量",
            load=load_ages,
            view=view_ages,
            fills=(("ageing-chart", "figure"), ("ageing-chart", "style"), "ageing-note"),
        ),
        Panel(id="league", title="按时结案率排名", load=load_league, view=view_league, fills=("league-list",)),
    ),
    picks=(("departments-grid", "cellClicked"), ("ageing-chart", "clickData")),
    exports=exports,
)
