"""Which clocks ran on the case, how much of each limit was used, and was it kept?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import words
from dashboard.case_file import CaseFile
from dashboard.components.holders import span

VERDICTS = {
    "met": ("✓", "按时"),
    "late": ("▲", "超期已办"),
    "missed": ("▲", "超期未办"),
    "early": ("✓", "期限前已办"),
    "due_soon": ("◆", "临期"),
    "running": ("●", "未到期"),
    "unknown": ("○", "不可计算"),
}
"""Verdict → shape and word; the words are those of 五化时效."""
OVERDUE = ("late", "missed")

Clock = Mapping[str, Any]


def clocks(file: CaseFile) -> html.Div:
    """The case's own deadline, then the 五化 clock of every kind it held; that of a problem is its own deadline."""
    shown = [clock for clock in file.clocks if clock["clock"] == "due" or clock["kind"] != "P"]
    return html.Div([_clock(clock, file) for clock in shown], className="clocks")


def verdict(clock: Clock) -> html.Span:
    """A clock's outcome as shape and word."""
    shape, word = VERDICTS[clock["verdict"]]
    return html.Span(
        [html.Span(shape, **{"aria-hidden": "true"}), f" {word}"], className=f"verdict is-{clock['verdict']}"
    )


def _clock(clock: Clock, file: CaseFile) -> html.Section:
    is_own = clock["clock"] == "due"
    name = clock["name"]
    if is_own:
        name = "办理期限（即问题限时化）" if clock["kind"] == "P" else "办理期限"
    head = html.Div([html.H3(name, className="clock-name"), verdict(clock)], className="clock-head")
    facts = [*_times(clock, file.as_of), *(_changes(file) if is_own else [])]
    lines = [html.Div([html.Dt(name), html.Dd(said)], className="fact") for name, said in facts]
    return html.Section(
        [
            head,
            *_bar(clock, is_moved=is_own and file.case["due_at"] != file.case["due0_at"]),
            html.Dl(lines, className="facts"),
        ],
        className="clock",
    )


def _bar(clock: Clock, *, is_moved: bool) -> list[Component]:
    """Elapsed time over the limit as a bar with a line at the limit, and in words."""
    used = clock["elapsed"]
    if used is None or clock["deadline_at"] is None:
        return []
    whole = max(1.0, used)
    late = " is-late" if clock["verdict"] in OVERDUE else ""
    fill = html.Span(className=f"clock-fill{late}", style={"width": f"{100 * max(0.0, used) / whole:.2f}%"})
    limit = html.Span(className="clock-limit", style={"left": f"{100 / whole:.2f}%"})
    moved = "按调整后的期限折算，" if is_moved else ""
    return [
        html.Div([fill, limit], className="clock-track", **{"aria-hidden": "true"}),
        html.Div(f"{moved}用时为时限的 {share(used)}", className="clock-share"),
    ]


def share(used: float) -> str:
    """“43.0%”, from ten times on “225 倍”."""
    return f"{words.percent(max(0.0, used))}%" if used < 10 else f"{used:,.0f} 倍"


def _times(clock: Clock, as_of: datetime) -> list[tuple[str, str]]:
    start, due, stop = clock["start_at"], clock["deadline_at"], clock["stop_at"]
    found = [("起算", words.moment(start) if start else "尚未起算")]
    if clock["limit_hours"] is not None:
        found.append(("时限", span(clock["limit_hours"])))
    found.append(("到期", words.moment(due) if due else "期限不可计算"))
    found.append(("停表", words.moment(stop) if stop else "仍在计时" if start and due else "-"))
    if due:
        found += _outcome(clock["verdict"], ((stop or as_of) - due).total_seconds() / 3600)
    return found


def _outcome(verdict: str, late: float) -> list[tuple[str, str]]:
    """How far from the deadline, or why the verdict differs from what the two times suggest: the case was reopened."""
    if verdict == "met":
        return [("说明", "到期时已办结，之后重开")] if late > 0 else []
    if verdict in OVERDUE and late <= 0:
        return [("说明", "办结后不久重开，不算按时")]
    return [("超期", span(late)) if late > 0 else ("剩余", span(-late))]


def _changes(file: CaseFile) -> list[tuple[str, str]]:
    """What moved the case's own deadline."""
    case = file.case
    found = []
    if case["due0_at"] and case["due_at"] != case["due0_at"]:
        found.append(("原定到期", words.moment(case["due0_at"])))
    if case["extend_cnt"]:
        found.append(("延期", f"{case['extend_cnt']} 次"))
    if case["pause_minutes"]:
        found.append(("挂起", span(case["pause_minutes"] / 60)))
    return found
