"""Which cases are behind the number? A short list with the words that let somebody act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import words
from dashboard.components.panel import empty
from dashboard.departments import UNSENT
from dashboard.filters import Filters, is_case_number

Case = Mapping[str, Any]


def case_link(case_id: str, filters: Filters, text: str) -> Component:
    """A link to a case's own page that keeps the question; plain text where an address cannot hold its number."""
    if not is_case_number(case_id):
        return html.Span(text)
    query = filters.replace(case=case_id).to_query()
    return dcc.Link(text, href=f"/case?{query}", className="case-link", title=f"看事项 {case_id} 的办理过程")


def case_list(
    cases: Sequence[Case], *, total: int, as_of: datetime, filters: Filters, none: str = "没有符合条件的事项"
) -> html.Div:
    """Cases as rows that open the case: what and where, who, and how long over or before the deadline.

    Says how many of `total` are not listed. The links keep `filters`.
    """
    if not cases:
        return html.Div(empty(none), className="cases")
    rows = [_row(case, as_of, filters) for case in cases]
    more = total - len(cases)
    tail = [html.Div(f"另 {words.full(more)} 件", className="cases-more")] if more > 0 else []
    return html.Div([html.Ul(rows, className="case-rows"), *tail], className="cases")


def _row(case: Case, as_of: datetime, filters: Filters) -> html.Li:
    title = str(case.get("title") or _label(case, "category") or "（无标题）")
    place = " ".join(filter(None, [_label(case, "town"), _label(case, "village")])) or "地点未匹配"
    about = [_label(case, "kind"), _label(case, "category"), place, _label(case, "department") or UNSENT]
    return html.Li(
        [
            html.Div(
                [
                    html.Div(case_link(_number(case), filters, title), className="case-title"),
                    html.Div(" · ".join(filter(None, about)), className="case-about"),
                ],
                className="case-what",
            ),
            html.Div([deadline(case, as_of), html.Div(_number(case), className="case-about")], className="case-when"),
        ],
        className="case",
    )


def _label(case: Case, dimension: str) -> str:
    return str(case.get(f"{dimension}_name") or "")


def _number(case: Case) -> str:
    return str(case.get("case_id") or "")


def deadline(case: Case, as_of: datetime) -> html.Div:
    """How far the case is from its deadline: its 五化 deadline where it has one, else its own."""
    due = case.get("deadline_at") or case.get("due_at")
    if case.get("status") == "closed":
        return html.Div("已办结", className="case-late")
    if not isinstance(due, datetime):
        return html.Div("期限不可计算", className="case-late is-unknown")
    hours = (as_of - due).total_seconds() / 3600
    number, unit = words.duration(abs(hours))
    if hours > 0:
        return html.Div(f"超期 {number} {unit}", className="case-late is-overdue")
    return html.Div(f"还剩 {number} {unit}", className="case-late")
