"""Who had the case and for how long? Lanes over one time axis, and the same as rows of words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import words
from dashboard.case_file import CaseFile, Holding

WIDE = 0.12
"""Share of the axis from which a stretch has room for a name."""
FAR = 2.0
"""A deadline further away than this many times the case's life is not drawn: it would squeeze everything else."""

NAMES = Callable[[str], str]
"""Department code → name."""


def span(hours: float) -> str:
    """“3.2 天”."""
    return " ".join(words.duration(hours))


def sentence(file: CaseFile) -> str:
    """“2 个部门经手，转手 1 次，退回 1 次；无主合计 3.2 小时”."""
    held = [h for h in file.holdings if not h.is_unowned]
    handed = sum(1 for a, b in pairwise(held) if a.department != b.department)
    returned = sum(1 for h in held if h.end == "returned")
    parts = [f"{len({h.department for h in held})} 个部门经手"]
    parts += [f"转手 {handed} 次"] * bool(handed) + [f"退回 {returned} 次"] * bool(returned)
    unowned = f"无主合计 {span(file.unowned_hours)}" if file.unowned_hours else "没有无主时间"
    return "，".join(parts) + "；" + unowned


# --- lanes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axis:
    """The time that the lanes share."""

    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """Where a moment stands, 0 to 1."""
        whole = (self.end - self.start) / timedelta(seconds=1) or 1.0
        return min(1.0, max(0.0, (moment - self.start) / timedelta(seconds=1) / whole))

    def box(self, since: datetime, until: datetime) -> dict[str, str]:
        """Left and width of a stretch, as style."""
        left, right = self.at(since), self.at(until)
        return {"left": f"{100 * left:.3f}%", "width": f"{100 * (right - left):.3f}%"}


def axis(file: CaseFile) -> Axis:
    """From acceptance to the last closing or the data's time, and on to the deadline where that is near enough."""
    start, end = file.spells[0].since, file.spells[-1].until
    due = file.case["due_at"]
    if due is not None and end < due <= start + FAR * (end - start):
        end = due
    return Axis(start, end)


def lanes(file: CaseFile, name: NAMES) -> html.Div:
    """主办, 协办 and 挂起 over one axis, with the deadline as a line; the rows below say the same in words."""
    time = axis(file)
    held: list[Component] = [_held(h, n, time, name) for n, h in enumerate(file.holdings, start=1)]
    found = [_lane("主办", held)]
    if file.assists:
        found.append(_lane("协办", [_assist(a, file, time, name) for a in file.assists]))
    if file.pauses:
        stretches = [_stretch("挂起", "is-pause", time, p["from_at"], p["to_at"]) for p in file.pauses]
        found.append(_lane("挂起", stretches))
    ends = [html.Span(words.moment(at)) for at in (time.start, time.end)]
    found.append(_lane("", ends, "lane-axis"))
    return html.Div([*found, *_due(file, time)], className="lanes", **{"aria-hidden": "true"})


def _lane(name: str, inside: list[Component], extra: str = "lane-track") -> html.Div:
    return html.Div([html.Span(name, className="lane-name"), html.Div(inside, className=extra)], className="lane")


def _held(held: Holding, number: int, time: Axis, name: NAMES) -> html.Div:
    look = "is-unowned" if held.is_unowned else "is-now" if held.end == "open" else "is-held"
    label = "无主" if held.is_unowned else name(held.department)
    wide = time.at(held.until) - time.at(held.since) >= WIDE
    stretch = _stretch(f"{number} {label}" if wide else "", look, time, held.since, held.until)
    stretch.title = f"{label} {span(held.hours)}"
    return stretch


def _assist(assist: dict[str, Any], file: CaseFile, time: Axis, name: NAMES) -> html.Div:
    since = assist["assigned_at"]
    until = next((s.until for s in file.spells if s.until > since), file.spells[-1].until)
    return _stretch(name(assist["department"]), "is-assist", time, since, until)


def _stretch(text: str, look: str, time: Axis, since: datetime, until: datetime) -> html.Div:
    return html.Div(text, className=f"stretch {look}", style=time.box(since, until), title=text)


def _due(file: CaseFile, time: Axis) -> list[Component]:
    """A line through all lanes at the deadline, where the axis reaches it."""
    due = file.case["due_at"]
    if due is None or not time.start <= due <= time.end:
        return []
    where = {"left": f"{100 * time.at(due):.3f}%"}
    return [html.Div(html.Div(html.Span("期限"), className="due-line", style=where), className="due-layer")]


# --- rows ---------------------------------------------------------------------------------------------------------


def rows(file: CaseFile, name: NAMES) -> html.Ol:
    """Every stretch of the 主办 lane in words, in order; then the assisting departments."""
    found = [_row(n, held, before, name) for n, (held, before) in enumerate(_pairs(file.holdings), start=1)]
    found += [
        _line("协", name(a["department"]) or "未注明部门", f"{words.moment(a['assigned_at'])} 起", "", "协办", "")
        for a in file.assists
    ]
    return html.Ol(found, className="holder-rows")


def _pairs(held: Sequence[Holding]) -> Iterator[tuple[Holding, Holding | None]]:
    yield from zip(held, [None, *held], strict=False)


def _row(number: int, held: Holding, before: Holding | None, name: NAMES) -> html.Li:
    when = f"{words.moment(held.since)} 至 " + ("今" if held.end == "open" else words.moment(held.until))
    if held.is_unowned:
        why = "退回后待派" if before and before.end == "returned" else "待分派"
        return _line(str(number), "无主", when, span(held.hours), why, "is-unowned")
    department = name(held.department) or "未注明部门"
    extra = "is-now" if held.end == "open" else ""
    again = "重开后继续，" if before and before.end == "closed" else ""
    return _line(str(number), department, when, span(held.hours), f"{again}{_signed(held)}{_end(held)}", extra)


def _signed(held: Holding) -> str:
    if held.sign_at is None:
        return "未签收，" if held.hop else ""
    if held.sign_at > held.until or held.sign_at < held.since:
        return ""
    return f"{span((held.sign_at - held.since).total_seconds() / 3600)}签收，"


def _end(held: Holding) -> str:
    return {"closed": "办结", "returned": "退回", "dispatched": "转派", "open": "在办"}[held.end]


def _line(number: str, who: str, when: str, long: str, remark: str, extra: str) -> html.Li:
    return html.Li(
        [
            html.Span(number, className="holder-no"),
            html.Span(who, className="holder-name"),
            html.Span(when, className="holder-when"),
            html.Span(long, className="holder-long"),
            html.Span(remark, className="holder-remark"),
        ],
        className=f"holder-row {extra}".strip(),
    )
