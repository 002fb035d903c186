"""How far do cases come round the loop? Four bars, each among the one before, with shares, times and the 断点."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.measure import measure
from dashboard.loop import Loop, Step
from dashboard.metrics.catalog import BY_KEY


def funnel(loop: Loop) -> html.Ol:
    """The steps as a list; the bar of each is its share of the first."""
    return html.Ol([_step(step, is_break=step is loop.breaks_at) for step in loop.steps], className="loop")


def _step(step: Step, *, is_break: bool) -> html.Li:
    share = 100 * (step.overall.value or 0)
    fill = html.Span(className="loop-fill", style={"width": f"{share:.2f}%"})
    lines = [
        html.Div([html.Span(step.stage.name, className="loop-name"), _beside(step)], className="loop-line"),
        html.Div([_count(step), *_conversion(step)], className="loop-line"),
        html.Div(fill, className="loop-track", **{"aria-hidden": "true"}),
        html.Div([_time(step), *_lost(step, is_break=is_break)], className="loop-line"),
    ]
    return html.Li(lines, className="loop-step" + (" is-break" if is_break else ""))


def _beside(step: Step) -> html.Span:
    """What the step is worth: a share that its count does not tell."""
    key = step.stage.beside
    return html.Span([BY_KEY[key].name, measure(key, step.beside, detail=False)], className="loop-beside")


def _count(step: Step) -> html.Span:
    number = html.Span(words.count(step.count), className="loop-count")
    return html.Span(
        [number, html.Span("件", className="measure-unit"), html.Span(step.stage.done)], className="loop-done"
    )


def _conversion(step: Step) -> list[Any]:
    if not step.stage.rate:
        return []
    return [html.Span(measure(step.stage.rate, step.conversion), className="loop-rate")]


def _time(step: Step) -> html.Span:
    key = step.stage.hours
    return html.Span([f"{BY_KEY[key].name} 中位", measure(key, step.hours, detail=False)], className="loop-time")


def _lost(step: Step, *, is_break: bool) -> list[Any]:
    if not step.broken:
        return []
    mark = "▲ 断点 " if is_break else ""
    return [html.Span(f"{mark}{words.full(step.broken)} 件{step.stage.missing}", className="loop-lost")]
