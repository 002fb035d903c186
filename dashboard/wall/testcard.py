"""Does the wall show a page as it was drawn? A circle, single-pixel lines, the smallest text, every level's shape."""

from __future__ import annotations

from dash import html

from dashboard.components.levels import LEVELS, level_mark

SIZES = (
    ("headline", "标题数字 1,234"),
    ("title", "面板标题 治综"),
    ("body", "正文 网格 4–7 天"),
    ("least", "最小字 治综 0.1%"),
)


def frame() -> html.Div:
    """The test picture; it asks for nothing."""
    return html.Div(
        [
            html.Div(className="card-pixels", **{"aria-hidden": "true"}),
            html.Div(html.Div(id="card-circle"), className="card-middle"),
            html.Div([html.Div(text, className=f"card-{size}") for size, text in SIZES], className="card-texts"),
            html.Div([level_mark(level, is_long=True) for level in LEVELS], className="card-levels"),
            html.Div("圆应是正圆，细线应不糊、不断，四角的角标应都看得见", className="card-say"),
            *(html.Span(className=f"card-corner is-{corner}") for corner in ("nw", "ne", "sw", "se")),
        ],
        className="wall-grid wall-testcard",
    )
