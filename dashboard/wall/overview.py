"""总览: one look from five metres."""

from __future__ import annotations

from dash import html

from dashboard.wall import headlines, tour
from dashboard.wall.screen import Screen


def frame() -> html.Div:
    """The page without data."""
    return html.Div([headlines.frame(), tour.frame(tour.WHOLE, "在办分布")], className="wall-grid wall-overview")


SCREEN = Screen(key="overview", frame=frame, panels=(headlines.PANEL, tour.PANEL), maps=(tour.WHOLE,))
