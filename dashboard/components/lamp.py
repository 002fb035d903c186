"""Is the target met? A shape and a word beside the number, with the source of the target."""

from __future__ import annotations

from dash import html

from dashboard.metrics.values import Value
from dashboard.targets import Goal

MET, MISSED, UNKNOWN = ("●", "达标"), ("◆", "未达标"), ("○", "不评判")


def lamp(target: Goal, value: Value) -> html.Span:
    """“◆ 未达标 目标 ≥ 95%”; its source on hover."""
    missed = target.is_missed(value)
    shape, word = UNKNOWN if missed is None else MISSED if missed else MET
    state = "unknown" if missed is None else "missed" if missed else "met"
    return html.Span(
        [
            html.Span(shape, className="lamp-shape", **{"aria-hidden": "true"}),
            html.Span(word, className="lamp-word"),
            html.Span(target.words, className="lamp-target"),
        ],
        className=f"lamp is-{state}",
        title=f"{target.words}（{target.source}，自 {target.valid_from.isoformat()}）",
    )
