"""事项: one case's way. What is it, who had it and how long, what was done, and which clock ran?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import words
from dashboard.ask import Ask
from dashboard.auth.identity import may
from dashboard.case_file import CaseFile, NoSuchCaseError
from dashboard.components import clocks, holders, steps
from dashboard.components.cases import deadline
from dashboard.components.levels import LEVELS
from dashboard.components.state import denied
from dashboard.departments import UNSENT
from dashboard.filters import Filters, Vocabulary
from dashboard.page import Page, Panel, Target
from dashboard.refusal import RefusedError

ASIDES = ("channel", "discovery", "complexity", "supervision", "close_type", "close_level", "satisfaction")
TITLES = {
    "channel": "来源",
    "discovery": "发现方式",
    "complexity": "难易",
    "supervision": "督办",
    "close_type": "办结方式",
    "close_level": "办结层级",
    "satisfaction": "回访评价",
}
HOW = "从“部门清零”“五化时效”的事项清单，或“网格地图”所选网格的清单中点开一件事项，这里显示它的办理过程。"


@dataclass(frozen=True)
class Opened:
    """The case asked for, or why there is none to show (`said`)."""

    filters: Filters
    vocabulary: Vocabulary
    place: str
    file: CaseFile | None = None
    said: str = ""
    hint: str = ""
    is_denied: bool = False


def load_case(ask: Ask, filters: Filters) -> Opened:
    """The case of the address, for readers who may see cases."""
    asked = Opened(filters, ask.vocabulary, ask.place)
    if not may("see_cases"):
        return replace(asked, said="无权限查看事项", is_denied=True)
    if not filters.case:
        return replace(asked, said="还没有选择事项", hint=HOW)
    try:
        return replace(asked, file=ask.case(filters.case))
    except NoSuchCaseError as error:
        return replace(asked, said=str(error), hint="编号可能有误，或该事项不在当前批次中。" + HOW)
    except RefusedError as error:
        return replace(asked, said="暂不能查看", hint=str(error))


def view_case(model: Opened) -> Mapping[Target, Any]:
    """The whole page: breadcrumbs, what the case is, holders, steps and clocks."""
    if model.file is None:
        said = [html.H1(model.said, className="lost-title"), html.P(model.hint)]
        if model.is_denied:
            said = [denied(html.H1(model.said, className="lost-title"))]
        return {"case-crumbs": _crumbs(model, {}), "case-head": html.Div(said, className="lost"), "case-body": []}
    return {
        "case-crumbs": _crumbs(model, model.file.case),
        "case-head": _head(model.file),
        "case-body": _body(model.file, model.vocabulary),
    }


# --- what it is ---------------------------------------------------------------------------------------------------


def _crumbs(model: Opened, case: Mapping[str, Any]) -> list[Component]:
    """全县 or the own town › town › village › grid, each a link to the map with the question kept, then the case."""
    query = model.filters.without_places().replace(layer="", case="")
    line: list[Component] = [_crumb(model.place, query)]
    for dimension in ("town", "village", "grid"):
        code = case.get(dimension) or ""
        name = model.vocabulary[dimension].get(code, code) if code else model.place
        if name != model.place:
            query = query.replace(**{dimension: (code,)})
            line += [_gap(), _crumb(name, query)]
    last = str(case.get("case_id") or "事项")
    return [*line, _gap(), html.Span(last, className="crumb-here", **{"aria-current": "page"})]


def _crumb(word: str, filters: Filters) -> Component:
    return dcc.Link(word, href=f"/map?{filters.to_query()}", className="crumb")


def _gap() -> html.Span:
    return html.Span("›", className="crumb-gap", **{"aria-hidden": "true"})


def _head(file: CaseFile) -> html.Div:
    case = file.case
    title = html.H1(str(case["title"] or case.get("category_name") or "（无标题）"), className="case-heading")
    status = html.Span(case["status_name"], className=f"case-status is-{case['status']}")
    own = next(clock for clock in file.clocks if clock["clock"] == "due")
    late = clocks.verdict(own) if case["status"] == "closed" else deadline(case, file.as_of)
    row = [title, html.Div([status, late], className="case-state")]
    return html.Div([html.Div(row, className="case-top"), html.Dl(_facts(file), className="case-facts")])


def _facts(file: CaseFile) -> list[html.Div]:
    case = file.case
    found: list[tuple[str, Any]] = [
        ("类型", _kind(case)),
        ("性质", case.get("severity_name", "")),
        ("等级", _level(case)),
        ("类别", case.get("category_name", "") or "未分类"),
        ("主办", _holder(file)),
        ("受理", words.moment(case["accept_at"])),
    ]
    if case["close_at"]:
        found.append(("办结", words.moment(case["close_at"])))
    found += [(TITLES[key], case[f"{key}_name"]) for key in ASIDES if case.get(f"{key}_name") and case[key] != "0"]
    if case["reopen_cnt"]:
        found.append(("重开", f"{case['reopen_cnt']} 次"))
    return [html.Div([html.Dt(name), html.Dd(said)], className="case-fact") for name, said in found]


def _holder(file: CaseFile) -> Component | str:
    """The lead department; an open case that nobody has says so first."""
    department = str(file.case.get("department_name") or "")
    if not (file.holdings[-1].is_unowned and file.holdings[-1].end == "open"):
        return department or UNSENT
    return html.B(f"无主（此前{department}）" if department else "无主", className="case-unowned")


def _kind(case: Mapping[str, Any]) -> str:
    before = case.get("prior_kind_name")
    return f"{case['kind_name']}（原为{before}）" if before else str(case["kind_name"])


def _level(case: Mapping[str, Any]) -> Component | str:
    level = case["level"]
    if not level:
        return "未定级"
    sign = LEVELS[level].shape if level in LEVELS else "●"
    shape = html.Span(sign, className=f"level-shape is-{level}", **{"aria-hidden": "true"})
    return html.Span([shape, f" {case['level_name']}"])


# --- how it went --------------------------------------------------------------------------------------------------


def _body(file: CaseFile, vocabulary: Vocabulary) -> list[Component]:
    def name(department: str) -> str:
        return vocabulary["department"].get(department, department)

    return [
        _section("谁在办", holders.sentence(file), [holders.lanes(file, name), holders.rows(file, name)], "holders"),
        _section("办理过程", f"{len(file.steps)} 步" if file.steps else "", [steps.steps(file)], "steps"),
        _section("时限", "与五化时效同一口径", [clocks.clocks(file)], "clocks"),
    ]


def _section(title: str, note: str, body: list[Component], area: str) -> html.Section:
    head = html.Header(
        [html.H2(title, className="panel-title"), html.Span(note, className="panel-note")], className="panel-head"
    )
    return html.Section([head, *body], className="panel", style={"gridArea": area})


def frame() -> html.Div:
    """The page without data."""
    top = html.Div(
        [
            html.Nav(id="case-crumbs", className="crumbs", **{"aria-label": "所在位置"}),
            html.Span(className="panel-space"),
            html.Span(id="case-asof", className="panel-asof"),
        ],
        className="case-line",
    )
    fault = html.Div(id="case-fault", className="panel-fault", role="status")
    return html.Div(
        [
            html.Section([top, fault, html.Div(id="case-head")], className="panel"),
            html.Div(id="case-body", className="case-body"),
        ],
        className="layout-case",
    )


PAGE = Page(
    path="/case",
    name="事项",
    order=9,
    in_nav=False,
    right="see_cases",
    frame=frame,
    panels=(
        Panel(
            id="case",
            title="事项",
            load=load_case,
            view=view_case,
            fills=("case-crumbs", "case-head", "case-body"),
        ),
    ),
)
