"""关爱走访: how many people in need are due for a visit, how many were visited, where are fewer than elsewhere?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from dash import html

from dashboard import words
from dashboard.ask import Ask
from dashboard.auth.identity import may
from dashboard.care import COVERAGE, DONE, DUE, METRICS, SPANS, Care, CareRow, span_for
from dashboard.components import chart, grid, measure, panel
from dashboard.export.asked import FORMATS
from dashboard.figures.trend import Series, trend
from dashboard.filters import Filters
from dashboard.metrics.disclosure import Rules
from dashboard.metrics.values import Value
from dashboard.page import Page, Panel, Target

UNSAID = "人数过少，不列出"
ONLY_PLACES = "部门、类型等其他筛选不适用于人群，不改变本页。"
YEAR = max(SPANS)
FORMAT_NAMES = {"csv": "CSV", "xlsx": "XLSX", "parquet": "Parquet", "geojson": "GeoJSON"}


def _attributes(key: str, value: Value, row: CareRow | None, by: Sequence[str]) -> dict[str, str]:
    """The data-* of a displayed number, to be compared with /care."""
    group = (",".join(by), ",".join(row.codes)) if row and by else None
    found = measure.attributes(key, value, group)
    return {"data-care": found.pop("data-metric"), **found}


def _number(key: str, row: CareRow, by: Sequence[str], *, detail: bool = True) -> html.Span:
    value = row.values[key]
    shown = words.shown(METRICS[key], value)
    return html.Span(
        measure.written(shown, detail=detail),
        className=f"measure is-{shown.state}",
        title=UNSAID if shown.state == "hidden" else None,
        **_attributes(key, value, row, by),
    )


def _cell(key: str, value: Value, by: str, code: str) -> dict[str, Any]:
    """The number as a cell for the Measure renderer of assets/grids.js."""
    found = measure.cell_of(METRICS[key], value, group=(by, code))
    del found["metric"]
    if value.state == "hidden":
        found["title"] = f"{words.shown(METRICS[key], value).text}：{UNSAID}"
    return found


# --- the cards ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cards:
    """All care groups together, and each, over the span; `query` names its places, for files of who may export."""

    whole: Care
    groups: Care
    query: str
    has_files: bool


def load_cards(ask: Ask, filters: Filters) -> Cards:
    """Due, visited and coverage by care group."""
    months = span_for(filters, ask.info.as_of)
    whole = ask.care.ask(months=months, filters=filters)
    places = [(key, code) for key in ("town", "village") for code in filters.values(key)]
    query = urlencode([("months", months), *places])
    return Cards(whole, ask.care.ask(("care_group",), months=months, filters=filters), query, may("export"))


def view_cards(model: Cards) -> Mapping[Target, Any]:
    """A card per care group, the sentence over them, and the files."""
    return {
        "care-span": f"所选时段按固定时段“{model.groups.span}”统计，只计整月。{ONLY_PLACES}",
        "care-cards": [
            _card("全部重点人群", model.whole.rows[0], (), is_whole=True),
            *(_card(row.labels[0], row, model.groups.by) for row in model.groups.rows),
        ],
        "care-files": _files(model.query) if model.has_files else [],
    }


def _card(name: str, row: CareRow, by: Sequence[str], *, is_whole: bool = False) -> html.Div:
    second = [html.Span("应访", className="kpi-second-title"), _number(DUE.key, row, by)]
    third = [html.Span("已访", className="kpi-second-title"), _number(DONE.key, row, by)]
    return html.Div(
        [
            html.Div(html.Span(name, className="kpi-title"), className="kpi-head"),
            html.Div(_number(COVERAGE.key, row, by), className="kpi-main"),
            html.Div([html.Span(second), html.Span(third)], className="kpi-second care-parts"),
        ],
        className="kpi care-card" + (" is-whole" if is_whole else ""),
    )


def _files(query: str) -> list[Any]:
    buttons: list[Any] = [html.Span("导出各村社区各类人群")]
    for form in FORMATS:
        file = {"data-file": f"/api/v1/care?by=village,care_group&{query}&format={form}", "data-said": "care-said"}
        buttons.append(html.Button(FORMAT_NAMES[form], type="button", className="offer-file", **file))
    return [*buttons, html.Span(id="care-said", className="offer-said", role="status")]


# --- places × groups ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """The places' totals and groups and the whole above them; are they villages, with a way back to all towns?"""

    totals: Care
    groups: Care
    whole: Care
    whole_groups: Care
    is_villages: bool
    has_way_back: bool
    chosen: tuple[str, ...]
    rules: Rules


def load_table(ask: Ask, filters: Filters) -> Table:
    """Towns, or the villages of the chosen towns; a chosen village keeps its neighbours."""
    months, place = span_for(filters, ask.info.as_of), "village" if filters.town or filters.village else "town"
    wide = filters.replace(village=()) if filters.town else filters

    def asked(*by: str) -> Care:
        return ask.care.ask(by, months=months, filters=wide)

    return Table(
        totals=asked(place),
        groups=asked(place, "care_group"),
        whole=asked(),
        whole_groups=asked("care_group"),
        is_villages=place == "village",
        has_way_back=place == "village" and ask.towns is None,
        chosen=filters.village,
        rules=ask.care.rules,
    )


def view_table(model: Table) -> Mapping[Target, Any]:
    """A row per place: all groups' due and coverage, then the due of each group."""
    place = model.totals.by[0]
    cells: dict[str, dict[str, Any]] = {}
    for row in model.groups.rows:
        found = _cell(DUE.key, row.values[DUE.key], f"{place},care_group", ",".join(row.codes))
        cells.setdefault(row.codes[0], {})[row.codes[1]] = found
    rows = [
        {
            "pick": f"{place}:{row.codes[0]}",
            "name": row.labels[0],
            "is_chosen": row.codes[0] in model.chosen,
            **_sums(row, place, row.codes[0]),
            **cells[row.codes[0]],
        }
        for row in model.totals.rows
    ]
    total = {"pick": "whole", "name": "合计", "is_total": True, **_sums(model.whole.rows[0], "", "")}
    total |= {
        row.codes[0]: _cell(DUE.key, row.values[DUE.key], "care_group", row.codes[0]) for row in model.whole_groups.rows
    }
    back = html.Button("返回全部乡镇", type="button", className="crumb", **{"data-set": "town=&village="})
    return {
        ("care-grid", "columnDefs"): _columns(model.whole_groups.rows),
        ("care-grid", "rowData"): rows,
        ("care-grid", "dashGridOptions"): grid.options(total=total),
        "care-back": [back] if model.has_way_back else [],
        "care-rules": _rules(model.rules),
        "caretable-note": f"{model.totals.name} · 应访人次" + ("" if model.is_villages else "；点一行看所辖村社区"),
    }


def _rules(rules: Rules) -> str:
    few = rules.threshold
    return (
        f"“<{few}”为不足 {few} 人，“不列出”为其中多数不足 {few} 人：为保护个人信息不给出人数，零照列。"
        f"其余人数取 {rules.base} 的倍数，合计由取整后的数相加；覆盖率只由列出的数计算，样本不足时只列分数。"
    )


def _sums(row: CareRow, by: str, code: str) -> dict[str, Any]:
    return {key: _cell(key, row.values[key], by, code) for key in METRICS}


# --- month by month -----------------------------------------------------------------------------------------------


def load_trend(ask: Ask, filters: Filters) -> Care:
    """The last twelve months, whatever the period."""
    return ask.care.ask(("month",), months=YEAR, filters=filters)


def view_trend(model: Care) -> Mapping[Target, Any]:
    """Due and visited per month; a month in which there are too few is a gap."""
    lines = [Series(name, _line(model, key)) for name, key in (("应访", DUE.key), ("已访", DONE.key))]
    starts = [date.fromisoformat(row.codes[0]) for row in model.rows]
    is_hidden = any(row.values[DUE.key].state == "hidden" for row in model.rows)
    figure = trend(
        starts,
        lines,
        bucket="month",
        is_partial=model.is_partial,
        unit="人次",
        none=UNSAID if is_hidden else words.NONE_NOTE,
    )
    # Every second month, from the second on: the first one's name would stand on the axis.
    figure.update_xaxes(tick0=starts[1].isoformat(), dtick="M2")
    return {("care-trend", "figure"): figure, "caretrend-note": f"人次/月 · {SPANS[YEAR]}"}


def _line(model: Care, key: str) -> tuple[float | None, ...]:
    return tuple(row.values[key].value for row in model.rows)


# --- the frame ----------------------------------------------------------------------------------------------------


def _definitions() -> html.Div:
    card = html.Div([panel.definition(metric) for metric in METRICS.values()], className="hint-card", role="tooltip")
    button = html.Button("口径", type="button", className="hint-button", **{"aria-label": "本页指标口径"})
    return html.Div([button, card], className="hint")


def frame() -> html.Div:
    """The page without data."""
    head = html.Div(
        [
            html.H1("关爱走访", className="page-title"),
            html.Span("人数保护的口径为本项目默认值", className="badge"),
            html.Span(className="panel-space"),
            html.Span(id="carecards-asof", className="panel-asof"),
            _definitions(),
            panel.picture("carecards-panel", "关爱走访"),
        ],
        className="page-head",
    )
    return html.Div(
        [
            html.Section(
                [
                    head,
                    html.Div(id="care-span", className="panel-caption"),
                    html.Div(id="carecards-fault", className="panel-fault", role="status"),
                    html.Div(id="care-cards", className="care-cards"),
                ],
                id="carecards-panel",
                style={"gridArea": "cards"},
            ),
            panel.panel(
                "caretable",
                "各地各类人群",
                [
                    html.Div(id="care-back"),
                    html.Div(grid.grid("care-grid", _columns())),
                    html.Div(id="care-files"),
                    html.Div(id="care-rules", className="panel-caption"),
                ],
                area="table",
            ),
            panel.panel("caretrend", "逐月走访", chart.chart("care-trend", "逐月应访与已访人次"), area="trend"),
        ],
        className="layout-care",
    )


def _columns(care_groups: Sequence[CareRow] = ()) -> list[dict[str, Any]]:
    name = grid.text_column("name", "地区", minWidth=104, flex=120, pinned="left")
    totals = [
        grid.number_column(DUE.key, "应访合计", minWidth=76, flex=80),
        grid.number_column(DONE.key, "已访合计", minWidth=76, flex=80),
        grid.number_column(COVERAGE.key, "覆盖率", minWidth=72, flex=76),
    ]
    groups = [grid.number_column(row.codes[0], row.labels[0], minWidth=76, flex=80) for row in care_groups]
    return [name, *totals, *groups]


PAGE = Page(
    path="/care",
    name="关爱走访",
    order=7,
    frame=frame,
    panels=(
        Panel(
            id="carecards",
            title="关爱走访",
            load=load_cards,
            view=view_cards,
            fills=("care-span", "care-cards", "care-files"),
        ),
        Panel(
            id="caretable",
            title="各地各类人群",
            load=load_table,
            view=view_table,
            fills=(
                ("care-grid", "columnDefs"),
                ("care-grid", "rowData"),
                ("care-grid", "dashGridOptions"),
                "care-back",
                "care-rules",
                "caretable-note",
            ),
        ),
        Panel(
            id="caretrend",
            title="逐月走访",
            load=load_trend,
            view=view_trend,
            fills=(("care-trend", "figure"), "caretrend-note"),
        ),
    ),
    picks=(("care-grid", "cellClicked"),),
)
