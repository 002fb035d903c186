"""屏幕健康: which walls are there, and does each still paint what is current? The list fills itself at every pulse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask, SnapshotInfo
from dashboard.components import panel
from dashboard.filters import Filters
from dashboard.page import Page, Panel, Target
from dashboard.screens import SILENT_SECONDS

HEADS = ("状态", "屏幕", "正在显示", "上次绘制", "程序版本", "数据批次", "尺寸", "内存", "")


def load(ask: Ask, _: Filters) -> SnapshotInfo:
    """Which snapshot walls should show."""
    return ask.info


def view(info: SnapshotInfo) -> Mapping[Target, Any]:
    """What is current; the walls themselves are listed by assets/desk-screens.js."""
    return {"screens-note": f"现用批次 {info.snapshot.removeprefix('snap-')}，数据截至 {words.moment(info.as_of)}"}


def frame() -> html.Div:
    """The page: a table without rows."""
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in HEADS]))
    table = html.Table([head, html.Tbody(id="screen-rows")], className="table screens-table")
    said = "还没有大屏报到。在指挥大厅的电脑上打开 /screen，画面画出后几秒内会出现在这里。"
    empty = html.P(said, id="screens-empty", hidden=True)
    return html.Div(
        [
            html.H1("屏幕健康", className="hidden"),
            panel.panel(
                "screens",
                "屏幕健康",
                [html.Div(table, className="table-box", tabIndex="0"), empty],
                caption=f"大屏每画完一次报到一次；{SILENT_SECONDS} 秒没有画出画面即为离线（口径为本项目默认值）。"
                "移除只是从清单中去掉，仍在运行的大屏会重新出现。",
            ),
        ],
        className="is-unfiltered",
    )


PAGE = Page(
    path="/screens",
    name="屏幕健康",
    order=11,
    frame=frame,
    panels=(Panel(id="screens", title="屏幕健康", load=load, view=view, fills=("screens-note",)),),
)
