"""分析: any metric by one or two groupings under any filter, as table and picture; how long cases take, and which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import words
from dashboard.ask import Ask
from dashboard.components import chart, compared, explore_cases, explore_table, explore_times, panel, segments
from dashboard.explore.arrange import arranged, model_of, read_request
from dashboard.explore.cut import Cut, cut, finding, reconciled
from dashboard.explore.picture import picture
from dashboard.explore.view import CHARTS, GROUP_NAMES, MAIN, NO_GROUPS, charts_for, read_view
from dashboard.figures import told
from dashboard.filters import Filters
from dashboard.metrics.catalog import METRICS
from dashboard.page import Page, Panel, Question, Target

TABLE = "explore-table"
CHOOSERS = ("explore-metric", "explore-also", "explore-groups")
MOST_TOLD = 200
"""Rows that 看数据 of the picture lists; the table beside it has all."""

# --- the table ----------------------------------------------------------------------------------------------------


def view_table(model: Cut) -> Mapping[Target, Any]:
    """The columns, the pinned whole, and the question whose rows the grid then asks for."""
    view = model.view
    return {
        (TABLE, "columnDefs"): explore_table.columns(view, view.sort),
        (TABLE, "dashGridOptions"): explore_table.options(
            total=explore_table.total(model.whole, view.by, model.whole_beside), has_changes=model.beside is not None
        ),
        (f"{TABLE}-question", "data"): _question(model),
        "explore-sum": reconciled(model),
        "explore-notes": "；".join(model.notes),
        "explore-count": _count(model),
        "explore-meaning": panel.definitions(view.metrics),
        "explore-export": _export_question(model),
        "explore-against": compared.against_choice(model.filters, usual="none"),
        "explore-spans": compared.beside_line(model.beside, model.answer.as_of),
    }


def _count(model: Cut) -> str:
    if not model.is_narrowed:
        return f"{len(model.rows):,} 行"
    return f"{len(model.rows):,} 行，共 {len(model.answer.rows):,} 行"


def _question(model: Cut) -> dict[str, Any]:
    """What makes the rows other ones: all but their order, which the grid itself asks for."""
    asked = model.filters.replace(sorted="", chart="", curve="", case="", limits="")
    return {"query": asked.to_query(), "snapshot": model.answer.snapshot, "limits": model_of(model.limits)}


def _export_question(model: Cut) -> html.Div:
    """What 导出 hands over as 本页汇总 (assets/exports.js reads it)."""
    view = model.view
    said = {"data-metrics": ",".join(view.metrics), "data-by": ",".join(view.by), "data-sort": view.sort}
    return html.Div(id="export-question", hidden=True, **said, **{"data-find": model.filters.match})


def table_rows(ask: Ask, filters: Filters, request: Any) -> Mapping[str, Any]:
    """A piece of the table, sorted and limited as the grid asks. Raises `BadRowsRequestError`."""
    asked, model = read_request(request), cut(ask, filters)
    # A grid that has just been opened asks once before it is told the conditions of the address.
    found = arranged(model.answer, sort=asked.sort, match=filters.match, limits=asked.limits or model.limits)
    piece = explore_table.rows(found[asked.start : asked.end], model.view.by, model.beside)
    return {"rowData": piece, "rowCount": len(found)}


# --- the controls and the picture ---------------------------------------------------------------------------------


def view_picture(model: Cut) -> Mapping[Target, Any]:
    """The controls, the finding and the figure."""
    view = model.view
    figure, note = picture(model)
    told.tell(figure, finding=finding(model), heads=_heads(model), rows=_told_rows(model))
    said = {
        "metric": view.metrics[0],
        "also": ",".join(view.metrics[1:]),
        "groups": ",".join(view.by) or NO_GROUPS,
        "match": model.filters.match,
    }
    fitting = [(key, CHARTS[key]) for key in charts_for(view.by, view.main)]
    return {
        ("explore-view", "data"): said,
        "explore-charts": segments.segments("chart", fitting, view.chart, label="图形") if len(fitting) > 1 else "",
        "explore-finding": finding(model),
        "explore-undrawn": note,
        ("explore-chart", "figure"): figure,
        ("explore-chart", "style"): {"height": f"{figure.layout.height}px"},
    }


def _heads(model: Cut) -> list[str]:
    return ["、".join(GROUP_NAMES[group] for group in model.view.by) or "全部", model.view.main.name]


def _told_rows(model: Cut) -> list[list[str]]:
    """The first rows of the table in words, for 看数据."""
    metric = model.view.main
    return [
        [" · ".join(row.labels) or "全部", words.shown(metric, row.values[metric.key]).line]
        for row in model.rows[:MOST_TOLD]
    ]


# --- the frame ----------------------------------------------------------------------------------------------------


def _controls() -> html.Div:
    metrics = [{"value": metric.key, "label": metric.name} for metric in METRICS]
    groups = [{"value": key, "label": name} for key, name in GROUP_NAMES.items()]
    look: dict[str, Any] = {
        "size": "sm",
        "searchable": True,
        "nothingFoundMessage": "没有匹配项",
        "maxDropdownHeight": 320,
    }
    main = dmc.Select(
        id="explore-metric", data=metrics, value=MAIN, allowDeselect=False, **look, **{"aria-label": "指标"}
    )
    also = dmc.MultiSelect(
        id="explore-also",
        data=metrics,
        value=[],
        maxValues=5,
        placeholder="再列几个指标",
        **look,
        **{"aria-label": "其他指标"},
    )
    by = dmc.MultiSelect(
        id="explore-groups",
        data=groups,
        value=[],
        maxValues=2,
        placeholder="加分组",
        **look,
        **{"aria-label": "分组"},
    )
    named = (("指标", main), ("同时列出", also), ("分组（至多两个）", by))
    return html.Div(
        [
            html.Div([html.Span(word, className="choice-name"), control], className="explore-choice")
            for word, control in named
        ],
        className="explore-controls",
    )


def _table() -> html.Div:
    search = dcc.Input(
        id="explore-match", type="search", placeholder="查找名称或代码", className="explore-match", autoComplete="off"
    )
    listeners = {
        "sortChanged": ["sortedByReader(params)"],
        "filterChanged": ["limitedByReader(params)"],
        "cellKeyDown": ["pickByKey(params)"],
    }
    return html.Div(
        [
            html.Div(
                [
                    search,
                    html.Span(id="explore-count", className="panel-note"),
                    html.Span(className="panel-space"),
                    html.Div(id="explore-against"),
                    html.Div(id="explore-meaning"),
                ],
                className="toolbar",
            ),
            html.Div(id="explore-notes", className="panel-fault", role="status"),
            html.Div(id=f"{TABLE}-said", className="panel-fault", role="status"),
            html.Div(explore_table.paged_grid(TABLE, listeners=listeners), className="explore-box"),
            html.Div(id="explore-spans", className="panel-caption"),
            html.Div(id="explore-sum", className="panel-caption"),
            html.Div(id="explore-export"),
            dcc.Store(id=f"{TABLE}-question"),
        ],
        className="explore-table",
    )


def _picture() -> html.Div:
    return html.Div(
        [
            html.Div(id="explore-charts", className="toolbar"),
            html.P(id="explore-finding", className="say-sentence"),
            html.Div(chart.chart("explore-chart", "所选指标按所选分组", height="auto"), className="explore-picture"),
            html.Div(id="explore-undrawn", className="panel-caption"),
        ]
    )


def frame() -> html.Div:
    """The page without data."""
    return html.Div(
        [
            html.H1("分析", className="hidden"),
            dcc.Store(id="explore-view"),
            html.Section(_controls(), className="panel", style={"gridArea": "ask"}),
            panel.panel("table", "汇总表", _table(), area="table", note="点列名排序，点漏斗设条件，点一行收窄筛选"),
            panel.panel("picture", "图形", _picture(), area="picture"),
            *explore_times.frames(),
            *explore_cases.frames(),
        ],
        className="layout-explore",
    )


def exports(_: Ask, filters: Filters) -> tuple[Question, ...]:
    """The table, its total, and the two numbers marked on the histogram."""
    view, asked = read_view(filters), filters.without_view().replace(against=filters.against)
    table = [Question(label="汇总", metrics=view.metrics, by=view.by, filters=asked)] if view.by else []
    return (
        *table,
        Question(label="合计", metrics=view.metrics, by=(), filters=asked),
        Question(label="办理时长", metrics=explore_times.MARKS, by=(), filters=asked),
    )


PAGE = Page(
    path="/explore",
    name="分析",
    order=6,
    frame=frame,
    panels=(
        Panel(
            id="table",
            title="汇总表",
            load=cut,
            view=view_table,
            fills=(
                (TABLE, "columnDefs"),
                (TABLE, "dashGridOptions"),
                (f"{TABLE}-question", "data"),
                "explore-sum",
                "explore-notes",
                "explore-count",
                "explore-meaning",
                "explore-export",
                "explore-against",
                "explore-spans",
            ),
        ),
        Panel(
            id="picture",
            title="图形",
            load=cut,
            view=view_picture,
            fills=(
                ("explore-view", "data"),
                "explore-charts",
                "explore-finding",
                "explore-undrawn",
                ("explore-chart", "figure"),
                ("explore-chart", "style"),
            ),
        ),
        *explore_times.PANELS,
        *explore_cases.PANELS,
    ),
    picks=((TABLE, "cellClicked"), ("explore-chart", "clickData")),
    choosers=CHOOSERS,
    shows=(*CHOOSERS, "explore-match"),
    windows=((TABLE, table_rows), *explore_cases.WINDOWS),
    exports=exports,
)
