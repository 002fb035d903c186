"""What needs the leader? One sentence per exception, a shape and a word first, all of it a link to its evidence."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import words
from dashboard.comparison.change import MOVED, VERDICTS
from dashboard.components.kpi import SHAPES
from dashboard.exceptions import NONE, RULE, Finding, Findings


def findings(found: Findings) -> Component:
    """The list, or why there is nothing to list."""
    if found.silence:
        return html.Div([html.B("未作比较"), html.P(found.silence)], className="findings-none")
    if not found.found:
        return html.Div([html.B(NONE), html.P(_unmoved(found.tested))], className="findings-none")
    return html.Ol([html.Li(_line(one)) for one in found.found], className="findings")


def _unmoved(tested: int) -> str:
    if not tested:
        return "样本都不足，没有可比的数。"
    return (
        f"同时比较 {words.full(tested)} 项，没有一项超出这么多次比较里偶然会有的波动；"
        "其他地方单看一项标作“变差”的，放在一起看仍可能是偶然。"
    )


def tally(found: Findings) -> str:
    """How many comparisons stand behind the list, and the rule."""
    if found.silence:
        return RULE
    listed = f"比较 {words.full(found.tested)} 项，超出偶然 {found.beyond} 项，列出 {len(found.found)} 项。"
    return listed + RULE


def _line(one: Finding) -> Component:
    change = one.change
    mark = html.Span(
        [
            html.Span(SHAPES[change.direction], className="change-shape", **{"aria-hidden": "true"}),
            html.Span(VERDICTS[one.verdict] or MOVED[change.direction], className="finding-word"),
        ],
        className="finding-mark",
    )
    text = html.Span(
        [
            html.Span(
                [
                    html.B(f"{one.place} {one.watched.name} "),
                    html.B(words.shown(one.watched.metric, one.now).line, className="finding-value"),
                    html.Span(f"，较{one.than} "),
                    html.B(change.text, title=f"{one.against.named(one.spans.now)}：{change.before}"),
                ],
                className="finding-what",
            ),
            html.Span(_why(one), className="finding-why"),
        ],
        className="finding-text",
    )
    return dcc.Link([mark, text, html.Span("依据 ›", className="finding-go")], href=one.href, className=_name(one))


def _name(one: Finding) -> str:
    return f"finding is-{one.verdict}"


def _why(one: Finding) -> str:
    """The reason, and the span where it is not the page's own."""
    matured = f"（{one.spans.now.named()} 办结，已满重开观察期）" if one.watched.metric.matures else ""
    return (one.cause.words if one.cause else "") + matured
