"""审计: does the chain of records hold, what happened how often, and who did what? For the auditor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask, SnapshotInfo
from dashboard.components import explore_table, grid, panel
from dashboard.filters import Filters
from dashboard.page import Page, Panel, Target

TABLE = "audit-table"
COLUMNS = (
    grid.text_column("seq", "序号", width=92, type="rightAligned"),
    grid.text_column("at", "时间", width=168),
    grid.text_column("event_name", "事件", width=132),
    grid.text_column("name", "姓名", width=120),
    grid.text_column("address", "地址", width=132),
    grid.text_column("sentence", "说明", minWidth=360, flex=1),
)


def load(ask: Ask, _: Filters) -> SnapshotInfo:
    """Which snapshot the newest records are about."""
    return ask.info


def view(info: SnapshotInfo) -> Mapping[Target, Any]:
    """What is current; the records themselves are asked for by assets/audit.js."""
    return {"audit-note": f"现用批次 {info.snapshot.removeprefix('snap-')}，数据截至 {words.moment(info.as_of)}"}


def told_by_script(_: SnapshotInfo) -> Mapping[Target, Any]:
    """Nothing of the snapshot: assets/audit.js fills the panel."""
    return {}


def _verdict() -> html.Section:
    again = html.Button("重新核验", type="button", id="audit-again", className="bar-button")
    body = html.Div(
        [html.Div(id="audit-verdict", className="audit-verdict", role="status"), again], className="toolbar"
    )
    said = "逐条重算散列并与前后条、末尾留底对照；任何一条被改动、删除、调换或从末尾截去都会指出。"
    return panel.panel(
        "verification", "审计链核验", [body, html.Div(id="audit-head", className="audit-head")], caption=said
    )


def _records() -> html.Section:
    table = explore_table.paged_grid(TABLE)
    # assets/audit.js asks for the rows, a callback for every piece; the question that dash-ag-grid puts before it has
    # no answer and stays open for good.
    table.dashGridOptions = {**explore_table.options(), "maxConcurrentDatasourceRequests": 3}
    table.columnDefs = [{**column, "sortable": False} for column in COLUMNS]
    return panel.panel(
        "audit",
        "审计记录",
        [
            html.Div(id="audit-conditions", className="toolbar"),
            html.Div(id="audit-said", className="panel-fault", role="status"),
            html.Div(table, className="explore-box"),
        ],
        caption="新的在前，时间为服务器时钟；记录不含个人信息与事项正文，保存不少于六个月。查阅与导出审计本身也会记录。",
    )


def frame() -> html.Div:
    """The page without records."""
    counted = html.Div(id="audit-counts", className="audit-counts")
    return html.Div(
        [
            html.H1("审计", className="hidden"),
            _verdict(),
            panel.panel("counts", "近 30 天各类事件", counted, caption="点一类事件，下表只列这一类；再点一次恢复。"),
            _records(),
        ],
        className="layout-audit is-unfiltered",
    )


PAGE = Page(
    path="/audit",
    name="审计",
    order=12,
    right="read_audit",
    frame=frame,
    panels=(
        Panel(id="verification", title="审计链核验", load=load, view=told_by_script, fills=()),
        Panel(id="counts", title="近 30 天各类事件", load=load, view=told_by_script, fills=()),
        Panel(id="audit", title="审计记录", load=load, view=view, fills=("audit-note",)),
    ),
)
