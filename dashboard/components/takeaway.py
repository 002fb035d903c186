"""生成简报: the page's question as a document to hand over."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

KINDS = {"week": ("周报", "上一整周，周一至周日"), "month": ("月报", "上一整月"), "special": ("专报", "页面所选时段")}
FORMATS = {"pdf": "PDF", "docx": "Word", "pptx": "PPT"}


def takeaway() -> Component:
    """A button that opens the choice of kind and format; assets/takeaway.js fetches the file and says how it goes."""
    return dmc.Popover(
        [
            dmc.PopoverTarget(html.Button("生成简报 ▾", type="button", className="bar-button", id="takeaway-open")),
            dmc.PopoverDropdown(
                html.Div(
                    [
                        *(_row(kind, name, remark) for kind, (name, remark) in KINDS.items()),
                        html.P("地点、部门等筛选照页面；在本机生成，不经外网。", className="takeaway-note"),
                        html.P(id="takeaway-said", className="takeaway-said", role="status"),
                    ],
                    className="takeaway",
                )
            ),
        ],
        position="bottom-end",
        shadow="md",
        trapFocus=True,
        keepMounted=True,
        closeOnClickOutside=True,
    )


def _row(kind: str, name: str, remark: str) -> html.Div:
    buttons = [
        html.Button(
            word,
            type="button",
            className="export-choice",
            **{"data-brief": kind, "data-format": form, "aria-label": f"{name} {word}"},
        )
        for form, word in FORMATS.items()
    ]
    said = html.Span([html.B(name), html.Span(remark, className="takeaway-remark")], className="takeaway-kind")
    return html.Div([said, *buttons], className="takeaway-row")
