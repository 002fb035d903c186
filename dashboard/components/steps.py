"""What was done, by whom, and how long after the step before? A case's log as a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.case_file import CaseFile
from dashboard.components.holders import span
from dashboard.components.panel import empty

TURNS = {"return": "is-back", "reopen": "is-back", "suspend": "is-halt", "close": "is-end"}
"""Steps that turn a case's way look different; their words say so too."""
LONG = 24.0
"""Hours without a step from which the longest gap is named."""


def steps(file: CaseFile) -> html.Div:
    """Every step in time order with the gap before it; the longest gap is named, and how long it is quiet."""
    if not file.steps:
        return html.Div(empty("该来源没有流转记录"))
    longest = max((step["gap_hours"] or 0.0 for step in file.steps), default=0.0)
    items = [_item(step, longest) for step in file.steps]
    if not file.spells[-1].is_closed:
        quiet = (file.as_of - file.steps[-1]["event_at"]).total_seconds() / 3600
        items.append(_still(file, quiet))
    return html.Div(html.Ol(items, className="steps"))


def _item(step: Mapping[str, Any], longest: float) -> html.Li:
    gap = step["gap_hours"]
    is_longest = gap is not None and gap == longest >= LONG
    after = "" if gap is None else f"隔 {span(gap)}" + ("（最长）" if is_longest else "")
    return html.Li(
        [
            html.Time(words.moment(step["event_at"]), className="step-when"),
            html.Span(className="step-dot", **{"aria-hidden": "true"}),
            html.Div(
                [html.B(step["action_name"], className="step-action"), html.Span(_who(step), className="step-who")],
                className="step-what",
            ),
            html.Span(after, className="step-gap" + (" is-longest" if is_longest else "")),
        ],
        className=f"step {TURNS.get(step['action'], '')}".strip(),
    )


def _who(step: Mapping[str, Any]) -> str:
    """“县司法局 → 县住建局（主办）”, “准予 3 天”."""
    one, other = step["from_department_name"], step["to_department_name"]
    said = f"{one} → {other}".strip() if other else one
    if step["action"] == "dispatch" and step.get("role_name"):
        said += f"（{step['role_name']}）"
    if step["extension_amount"]:
        said = f"{said} 准予 {step['extension_amount']:g} 天".strip()
    return said


def _still(file: CaseFile, quiet: float) -> html.Li:
    return html.Li(
        [
            html.Time(words.moment(file.as_of), className="step-when"),
            html.Span(className="step-dot", **{"aria-hidden": "true"}),
            html.Div(
                [html.B("在办", className="step-action"), html.Span("数据截至", className="step-who")],
                className="step-what",
            ),
            html.Span(f"已 {span(quiet)}没有新记录", className="step-gap" + (" is-longest" if quiet >= LONG else "")),
        ],
        className="step is-still",
    )
