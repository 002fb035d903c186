"""生成简报: the page's question as a document to hand over."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from dashboard.components.popover import popover
from dashboard.report.period import NAMES, Kind

REMARKS: Mapping[Kind, str] = {
    "week": "页面所选的一周，否则上一整周",
    "month": "页面所选的一月，否则上一整月",
    "special": "页面所选时段",
}
FORMATS = {"pdf": "PDF", "docx": "Word", "pptx": "PPT"}


def takeaway() -> Component:
    """A button that opens the choice of kind and format; assets/takeaway.js fetches the file and says how it goes."""
    inside = html.Div(
        [
            *(_row(kind, name) for kind, name in NAMES.items()),
            html.P("地点、部门等筛选照页面；在本机生成，不经外网。", className="takeaway-note"),
            html.P(id="takeaway-said", className="takeaway-said", role="status"),
        ],
        className="takeaway",
    )
    return popover("生成简报 ▾", "takeaway-open", inside, position="bottom-end")


def _row(kind: Kind, name: str) -> html.Div:
    buttons = [
        html.Button(
            word,
            type="button",
            className="offer-file",
            **{"data-brief": kind, "data-format": form, "aria-label": f"{name} {word}"},
        )
        for form, word in FORMATS.items()
    ]
    said = html.Span([html.B(name), html.Span(REMARKS[kind], className="takeaway-remark")], className="takeaway-kind")
    return html.Div([said, *buttons], className="takeaway-row")
