"""闭环: of what people report, how much is sent to the right place, handled, and asked about afterwards?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Ask
from dashboard.components.measure import measure
from dashboard.filters import Filters
from dashboard.loop import Loop, Step, load_loop
from dashboard.metrics.catalog import BY_KEY
from dashboard.page import Panel, Target
from dashboard.wall import parts


@dataclass(frozen=True)
class Funnel:
    """The loop and the question it answers."""

    filters: Filters
    loop: Loop


def load(ask: Ask, filters: Filters) -> Funnel:
    """The loop of the cases accepted in the period."""
    return Funnel(filters, load_loop(ask, filters))


def view(model: Funnel) -> Mapping[Target, Any]:
    """Four bars, each from zero; under each, what came over from the step before and how long that took."""
    rows = [_step(step) for step in model.loop.steps]
    return {"funnel-steps": html.Div(rows, className="funnel", **parts.asked(model.filters))}


def _step(step: Step) -> html.Div:
    share = 100 * (step.overall.value or 0)
    return html.Div(
        [
            html.Div(
                [
                    html.Span(step.stage.name, className="funnel-name"),
                    html.Span(words.count(step.count), className="funnel-count"),
                    html.Span(f"件{step.stage.done}", className="funnel-done"),
                ],
                className="funnel-line",
            ),
            html.Div(html.Span(className="funnel-fill", style={"width": f"{share:.2f}%"}), className="funnel-track"),
            html.Div(_below(step), className="funnel-line funnel-below"),
        ],
        className="funnel-step",
    )


def _below(step: Step) -> list[html.Span]:
    stage = step.stage
    came = [html.Span(["转化 ", measure(stage.rate, step.conversion, detail=False)])] if stage.rate else []
    beside = (
        [] if came else [html.Span([f"{BY_KEY[stage.beside].name} ", measure(stage.beside, step.beside, detail=False)])]
    )
    return [*came, *beside, html.Span(["中位 ", measure(stage.hours, step.hours)])]


def frame() -> html.Section:
    """The panel without data."""
    return parts.panel(
        "funnel", "闭环", html.Div(id="funnel-steps", className="funnel-box"), area="loop", note="本期受理"
    )


PANEL = Panel(id="funnel", title="闭环", load=load, view=view, fills=("funnel-steps",))
