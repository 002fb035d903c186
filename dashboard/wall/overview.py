"""总览: one look from five metres."""

from __future__ import annotations

from dash import html

from dashboard.wall import five, headlines, league, loop, tour, watch
from dashboard.wall.screen import Screen


def frame() -> html.Div:
    """The page without data."""
    return html.Div(
        [
            headlines.frame(),
            html.Div([loop.frame(), five.frame_rows()], className="wall-left-side"),
            tour.frame(tour.WHOLE, "在办分布"),
            html.Div([watch.frame_red(), watch.frame_soon(), league.frame()], className="wall-right-side"),
        ],
        className="wall-grid wall-overview",
    )


SCREEN = Screen(
    key="overview",
    frame=frame,
    panels=(headlines.PANEL, loop.PANEL, five.ROWS, tour.PANEL, watch.RED, watch.SOON, league.PANEL),
    maps=(tour.WHOLE,),
)
