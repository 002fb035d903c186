"""How does a number look that is none? A shape and a word for each reason, so that nobody takes one for another."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component


def shape(state: str) -> html.Span:
    """The drawn sign of a state (assets/states.css): circle, triangle, lock, shield, dots, half disc."""
    return html.Span(className=f"state-shape is-{state}", **{"aria-hidden": "true"})


def denied(said: Component | str) -> html.Div:
    """Where a reader may not look: a lock and words; never a number, never its order of size."""
    return html.Div([shape("denied"), said], className="denied", **{"data-state": "denied"})
