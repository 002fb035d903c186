"""What stays while the wall goes round? The head with its clocks, the pages, the foot with the time left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.ask import Ask
from dashboard.filters import Filters, describe_period
from dashboard.page import Panel, Target
from dashboard.wall import testcard
from dashboard.wall.preset import TESTCARD, Preset
from dashboard.wall.screen import Screen
from dashboard.wall.settings import WallSettings

_MARK = '<div id="life" hidden></div>'
INDEX = f"""<!DOCTYPE html>
<html lang="zh-CN" data-theme="dark">
  <head>
    {{%metas%}}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{%title%}}</title>
    {{%favicon%}}
    {{%css%}}
  </head>
  <body>
    {_MARK}
    {{%app_entry%}}
    <footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer>
  </body>
</html>
"""
KEYS = (("空格", "暂停或继续"), ("← →", "上一页、下一页"), ("F", "全屏"), ("?", "显示或收起这张表"))


def index(html_page: str, settings: WallSettings, preset: Preset) -> str:
    """The index page with what scripts need to know before anything is drawn, written on #life."""
    said = {
        "interval": 1000 * settings.pulse_seconds,
        "reload-at": settings.reload_at,
        "screen": preset.screen,
        "page": preset.page,
        "seconds": preset.seconds or "",
        "stretch": preset.stretch,
        "town-seconds": settings.town_seconds,
    }
    marks = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in said.items())
    return html_page.replace(_MARK, f'<div id="life" hidden {marks}></div>')


def frame(screens: Sequence[Screen], settings: WallSettings) -> Component:
    """The whole document without data. Every page is mounted once, for good."""
    turns = {turn.key: turn for turn in settings.turns}
    pages = [
        html.Section(
            screen.frame(),
            className="wall-page",
            **{
                "data-page": screen.key,
                "data-name": turns[screen.key].name,
                "data-seconds": str(turns[screen.key].seconds),
                "aria-label": turns[screen.key].name,
            },
        )
        for screen in screens
    ]
    card = html.Section(testcard.frame(), className="wall-page", **{"data-page": TESTCARD, "data-name": "测试图"})
    stores = [dcc.Store(id=name) for name in ("pulse", "painted", *cues(screens))]
    return html.Div(
        [*stores, _head(), html.Div(id="band"), html.Main([*pages, card], className="wall-pages"), _foot(), _keys()],
        id="wall",
    )


def cues(screens: Sequence[Screen]) -> list[str]:
    """The stores between pages: each page is asked when the one before it has been filled."""
    return [f"cue-{screen.key}" for screen in screens[1:]]


def _head() -> Component:
    return html.Header(
        [
            html.H1(id="wall-name", className="wall-name"),
            html.Span(id="wall-page-name", className="wall-page-name"),
            html.Span(className="wall-space"),
            html.Span(id="frame-fault", className="wall-fault"),
            html.Span(id="frame-asof", hidden=True),
            html.Span(id="wall-demo", className="wall-demo"),
            html.Span(id="asof", className="wall-fact"),
            html.Span(id="next", className="wall-fact"),
            html.Span(id="clock", className="wall-clock"),
        ],
        className="wall-head",
    )


def _foot() -> Component:
    return html.Footer(
        [
            html.Span(id="wall-ground", className="wall-ground"),
            html.Span("已暂停", id="wall-paused", hidden=True),
            html.Span(html.Span(id="wall-left-bar"), className="wall-left", **{"aria-hidden": "true"}),
            html.Span(id="wall-following", className="wall-following"),
        ],
        className="wall-foot",
    )


def _keys() -> Component:
    lines = [html.Div([html.Kbd(key), html.Span(does)], className="wall-key") for key, does in KEYS]
    return html.Div(lines, id="wall-keys", hidden=True, role="note", **{"aria-label": "快捷键"})


# --- what the head and foot say ------------------------------------------------------------------------------------


def load(ask: Ask, filters: Filters) -> tuple[str, bool, str]:
    """The county, whether it is a demo, and the period in words."""
    return ask.info.county, ask.info.is_demo, describe_period(filters)


def view(model: tuple[str, bool, str]) -> Mapping[Target, Any]:
    """Title, badge and the 口径 line."""
    county, is_demo, period = model
    return {
        "wall-name": f"{county} · 社会治理态势",
        "wall-demo": "演示数据" if is_demo else "",
        "wall-ground": f"统计时段 {period}，随数据截至时间滚动；在办、超期为当前存量；时限口径为本项目默认值",
    }


PANEL = Panel(id="frame", title="页眉", load=load, view=view, fills=("wall-name", "wall-demo", "wall-ground"))
