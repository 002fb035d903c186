"""Which cases are behind the selection? A table in pieces from the server, and one case's way opened in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dash import dcc, html

from dashboard import words
from dashboard.ask import Ask
from dashboard.auth.identity import may
from dashboard.case_file import CaseFile, NoSuchCaseError
from dashboard.components import grid, holders, panel, steps
from dashboard.components.cases import case_link
from dashboard.components.explore_table import BLOCK, paged_grid
from dashboard.explore.arrange import BadRowsRequestError, read_request
from dashboard.filters import Filters
from dashboard.page import Panel, Rows, Target
from dashboard.refusal import RefusedError

CASES = "cases-table"
COLUMNS = {
    "case_id": ("编号", 130),
    "title": ("标题", 220),
    "kind": ("类型", 90),
    "category": ("类别", 130),
    "town": ("乡镇", 100),
    "department": ("部门", 120),
    "status": ("状态", 90),
    "accept_at": ("受理", 130),
    "due_at": ("期限", 130),
    "close_at": ("办结", 130),
}
ORDERS = {"": "newest", "-accept_at": "newest", "accept_at": "oldest", "due_at": "urgent"}
"""Order of the table → order of the question; by 期限 the open ones come first, the nearest deadline at the top."""
SORTABLE = {"accept_at": ["desc", "asc"], "due_at": ["asc"]}


@dataclass(frozen=True)
class Opened:
    """Whether cases may be seen, how many there are, which is open and why not."""

    filters: Filters
    snapshot: str
    total: int
    file: CaseFile | None = None
    said: str = ""
    departments: Mapping[str, str] | None = None


def load_cases(ask: Ask, filters: Filters) -> Opened:
    """The number of cases accepted in the period, and the one that is open in place."""
    if not may("see_cases"):
        return Opened(filters, ask.info.snapshot, 0, said="无权限查看事项")
    total = sum(ask.place_states(filters).values())
    opened = Opened(filters, ask.info.snapshot, total, departments=ask.vocabulary["department"])
    if not filters.case:
        return opened
    try:
        return replace(opened, file=ask.case(filters.case))
    except (NoSuchCaseError, RefusedError) as error:
        return replace(opened, said=str(error))


def view_cases(model: Opened) -> Mapping[Target, Any]:
    """The question whose rows the table asks for, and the case opened beside it."""
    asked = model.filters.without_view().to_query()
    return {
        (f"{CASES}-question", "data"): {"query": asked, "snapshot": model.snapshot},
        "cases-note": f"本期受理 {words.full(model.total)} 件；点一行（或按回车）在下方看办理过程",
        "opened-case": _case(model),
    }


def _case(model: Opened) -> list[html.Div]:
    if model.file is None:
        return [html.Div(model.said, className="panel-fault")] if model.said else []
    file, names = model.file, model.departments or {}
    number = str(file.case["case_id"])
    title = str(file.case["title"] or file.case.get("category_name") or "（无标题）")
    close = html.Button("收起", type="button", className="crumb", **{"data-set": "case="})
    head = html.Div(
        [html.H3(f"{number} {title}", className="opened-title"), case_link(number, model.filters, "看整页"), close],
        className="opened-head",
    )

    def name(department: str) -> str:
        return names.get(department, department)

    sentence = html.P(holders.sentence(file), className="panel-note")
    return [html.Div([head, sentence, holders.lanes(file, name), steps.steps(file)], className="opened")]


def case_rows(ask: Ask, filters: Filters, request: Any) -> Mapping[str, Any]:
    """A piece of the cases. Raises `BadRowsRequestError` for an order that the table does not offer."""
    if not may("see_cases"):
        return {"rowData": [], "rowCount": 0}
    asked = read_request(request)
    if asked.sort not in ORDERS or asked.limits:
        raise BadRowsRequestError("事项清单只能按受理时间或期限排序；条件请用上方的筛选")
    if asked.end - asked.start > BLOCK:
        raise BadRowsRequestError(f"事项清单一次至多 {BLOCK} 行")
    page = ask.cases(filters, order=ORDERS[asked.sort], limit=asked.end - asked.start, offset=asked.start)
    return {"rowData": [_row(case) for case in page.rows], "rowCount": page.total}


def _row(case: Mapping[str, Any]) -> dict[str, str]:
    found = {"pick": str(case["case_id"]), "case_id": str(case["case_id"]), "title": case["title"] or "（无标题）"}
    found |= {name: case.get(f"{name}_name") or "未匹配" for name in ("category", "town", "department")}
    found |= {name: case.get(f"{name}_name") or "" for name in ("kind", "status")}
    times = {name: case[name] for name in ("accept_at", "due_at", "close_at")}
    missing = {"due_at": "不可计算", "close_at": "未办结"}
    return found | {name: words.moment(at) if at else missing.get(name, "") for name, at in times.items()}


def frames() -> list[html.Section]:
    """The panel without data."""
    made = paged_grid(CASES, listeners={"rowClicked": ["openCase(params)"], "cellKeyDown": ["openCaseByKey(params)"]})
    made.columnDefs = [
        grid.text_column(
            field,
            name,
            minWidth=width,
            flex=width,
            sortable=field in SORTABLE,
            sortingOrder=SORTABLE.get(field, ["asc"]),
        )
        for field, (name, width) in COLUMNS.items()
    ]
    body = [
        html.Div(id=f"{CASES}-said", className="panel-fault", role="status"),
        html.Div(made, className="explore-box is-cases"),
        html.Div(id="opened-case", **{"aria-live": "polite"}),
        dcc.Store(id=f"{CASES}-question"),
    ]
    return [panel.panel("cases", "事项清单", body, area="cases")]


PANELS = (
    Panel(
        id="cases",
        title="事项清单",
        load=load_cases,
        view=view_cases,
        fills=((f"{CASES}-question", "data"), "cases-note", "opened-case"),
    ),
)
WINDOWS: tuple[tuple[str, Rows], ...] = ((CASES, case_rows),)
