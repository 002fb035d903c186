"""What stays while pages change? Header, navigation, filter bar and footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import theme, words
from dashboard.ask import SnapshotInfo
from dashboard.auth.identity import Identity, may
from dashboard.auth.roles import ROLES, Role
from dashboard.components import filter_bar
from dashboard.filters import Vocabulary
from dashboard.page import Page

INDEX = """<!DOCTYPE html>
<html lang="zh-CN">
  <head>
    {%metas%}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""

MANTINE: dict[str, Any] = {
    "primaryColor": "brand",
    "primaryShade": 6,
    "colors": {"brand": list(theme.BRAND)},
    "fontFamily": theme.FONT,
    "headings": {"fontFamily": theme.FONT},
    "defaultRadius": 4,
}


def nav_id(page: Page) -> str:
    """The element id of a page's link."""
    return f"nav-{page.key}"


def shell(
    pages: Sequence[Page], info: SnapshotInfo, vocabulary: Vocabulary, identity: Identity | None = None
) -> Component:
    """The whole document: the frame around every page, with the current snapshot's choices, for the one who asks."""
    body = html.Div(
        [
            html.A("跳到正文", href="#page", className="skip"),
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="filters"),
            dcc.Store(id="intent"),
            dcc.Store(id="origin"),
            dcc.Store(id="address"),
            dcc.Store(id="page-key"),
            dcc.Store(id="snapshot"),
            _header(info, identity, vocabulary),
            html.Nav(
                [*(_link(page) for page in pages if page.in_nav), _keys()], className="nav", **{"aria-label": "页面"}
            ),
            html.Div(id="band"),
            html.Div(
                [
                    filter_bar.bar(vocabulary, info.as_of),
                    html.Main(id="page", className="page", tabIndex="-1"),
                    html.Footer(id="foot", className="foot"),
                ],
                className="content",
            ),
        ],
        className="shell" if may("see_numbers") else "shell has-no-numbers",
    )
    return dmc.MantineProvider(
        dmc.DatesProvider(body, settings={"locale": "zh-cn", "firstDayOfWeek": 1}),
        theme=MANTINE,
        forceColorScheme="light",
    )


def _link(page: Page) -> Component:
    """A page's link; one that the reader may not open is there for the script that fills them all, and not seen."""
    look = "nav-link" if may(page.right) else "nav-link is-not-theirs"
    return dcc.Link(page.name, href=page.path, id=nav_id(page), className=look)


def _keys() -> Component:
    """Opens the list of keys (assets/keys.js) for those who do not know that “?” does, or have switched it off."""
    return html.Button("快捷键", type="button", className="nav-keys", **{"data-keys": "list"})


def _header(info: SnapshotInfo, identity: Identity | None, vocabulary: Vocabulary) -> Component:
    return html.Header(
        [
            html.Div(
                [
                    html.Span(f"{info.county}综治中心", className="head-county"),
                    html.Span("态势一屏尽观", className="head-product"),
                ],
                className="head-title",
            ),
            html.Div(id="head-facts", className="head-facts", children=facts(info)),
            *([] if identity is None else [_reader(identity, vocabulary)]),
        ],
        className="head",
    )


def _reader(identity: Identity, vocabulary: Vocabulary) -> Component:
    """Who is logged in, as what, what they can do with their account, and the way out."""
    name, own = identity.shown_name or identity.name, ROLES[identity.account_role]
    what = _as_what(own, "" if identity.own_role else identity.town, vocabulary)
    out = html.Button("退出", type="button", className="head-out", **{"data-log-out": "yes"})
    return html.Div(
        [
            html.Span(f"{name}（{what}）", id="head-reader", **{"data-mark": identity.signature}),
            *(_looking_as(identity, vocabulary) if identity.own_role else _ways(own)),
            out,
        ],
        className="head-reader",
    )


def _as_what(role: Role, town: str, vocabulary: Vocabulary) -> str:
    """A role's name, and the town of who belongs to one."""
    return f"{role.name} · {vocabulary['town'].get(town, town)}" if town else role.name


def _ways(own: Role) -> list[Component]:
    """The forms for one's own account."""
    ways = {"/view-as": "换角色查看", "/password": "改密码"} if own.view_as else {"/password": "改密码"}
    return [html.A(word, href=path, className="head-account") for path, word in ways.items()]


def _looking_as(identity: Identity, vocabulary: Vocabulary) -> list[Component]:
    """As which role somebody looks at things now, and the way back."""
    said = f"正以“{_as_what(identity.rights, identity.town, vocabulary)}”查看"
    back = html.Button("结束", type="button", className="head-out", **{"data-look-as-oneself": "yes"})
    return [html.Span(said, className="looking-as", role="status"), back]


def facts(info: SnapshotInfo) -> list[Component]:
    """数据截至, 批次, and 演示数据 where it is."""
    found: list[Component] = [
        html.Span(["数据截至 ", html.B(words.moment(info.as_of))], id="head-asof"),
        html.Span(f"批次 {info.snapshot.removeprefix('snap-')}", className="head-batch"),
    ]
    if info.is_demo:
        found.append(html.Span("演示数据", className="badge"))
    return found


def footnote(info: SnapshotInfo, notice: str = "") -> list[Component]:
    """The 口径 line under every page."""
    text = (
        f"口径：周一至周日为一周，日界零时；时段随数据截至时间 {words.moment(info.as_of)}，不随电脑时钟；"
        "率的分子/分母在数旁或悬停可见，排名按 Wilson 下界；后续更正以新批次为准。"
    )
    return [html.Span(text + notice)]


def lost() -> Component:
    """What an unknown address shows."""
    return html.Div(
        [html.H1("没有这个页面", className="lost-title"), dcc.Link("回到总览", href="/")],
        className="lost",
    )


def without_data(reason: str) -> Component:
    """What is shown before the first batch is published."""
    said = [html.H1("还没有数据", className="lost-title"), html.P(reason)]
    return dmc.MantineProvider(html.Div(said, className="lost"), theme=MANTINE, forceColorScheme="light")
