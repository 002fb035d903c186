"""Why is this grid painted so? The score's arithmetic, how sure it is, how it moved, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.components.cases import case_link
from dashboard.components.levels import LEVELS, level_mark
from dashboard.components.panel import empty
from dashboard.filters import Filters
from dashboard.risk import GridRisk, Parts, Run

CATEGORIES = 5
CHANCES = {
    "red": ("p_15", "red"),
    "orange": ("p_125", "orange"),
    "yellow": ("p_10", "yellow"),
    "blue": ("p_10", "yellow"),
}
"""Tier → the chance that is told, and the threshold it was held against."""


def explanation(
    run: Run, risk: GridRisk, parts: Parts, *, categories: Mapping[str, str], filters: Filters
) -> list[Any]:
    """Everything about one grid's risk."""
    return [
        _verdict(run, risk),
        html.Div([_fact(*fact) for fact in _facts(risk)], className="facts"),
        html.Div(_changes(run, risk), className="why-change"),
        html.H3("加权件数的构成", className="why-head"),
        _bars(parts, categories),
        html.H3("分量最重的事项", className="why-head"),
        _cases(parts, filters),
    ]


def _verdict(run: Run, risk: GridRisk) -> html.Div:
    if risk.tier == "none" or risk.rr is None:
        why = {
            "no_population": "没有实有人口或户数，算不出期望，不分级。",
            "small_expected": f"期望加权件数 {risk.expected:.2f}，小于 {run.params['min_expected']:g}，不分级。",
            "flat": "各网格差异未超出随机波动，都按平均看待。",
        }
        return html.Div([level_mark("none", is_long=True), html.Span(why.get(risk.why, ""))], className="why-verdict")
    column, threshold = CHANCES[risk.tier]
    chance = getattr(risk, column) or 0.0
    over = run.params[threshold]["rr"]
    bar = "平均" if over == 1 else f"平均的 {over:g} 倍"
    text = f"有 {words.percent(chance)}% 的把握高于{bar}"
    return html.Div([level_mark(risk.tier, is_long=True), html.Span(text)], className="why-verdict")


def _facts(risk: GridRisk) -> list[tuple[str, str, str, float | None]]:
    """(name, text, key, raw value) of the score's arithmetic."""
    return [
        ("加权件数 y", f"{risk.score:.1f}", "score", risk.score),
        ("期望 E", f"{risk.expected:.1f}", "expected", risk.expected),
        ("原始倍数 y/E", _times(risk.rr_raw), "rr_raw", risk.rr_raw),
        ("收缩后倍数", _times(risk.rr), "rr", risk.rr),
        ("可信度 k", "-" if risk.credibility is None else f"{risk.credibility:.2f}", "credibility", risk.credibility),
        ("计入件数", words.full(risk.cases), "cases", float(risk.cases)),
        ("主动发现", words.full(risk.self_found), "self_found", float(risk.self_found)),
        ("聚集 Gi*", "-" if risk.gi_z is None else f"{risk.gi_z:.2f}".replace("-", words.MINUS), "gi_z", risk.gi_z),
    ]


def _times(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"


def _fact(name: str, text: str, key: str, raw: float | None) -> html.Div:
    marks = {"data-risk": key, "data-value": "" if raw is None else repr(raw)}
    return html.Div([html.Span(name, className="fact-name"), html.Span(text, className="fact-value", **marks)])


def _changes(run: Run, risk: GridRisk) -> list[Any]:
    days = run.params["recent_days"]
    pairs = ((f"前 {days} 天", risk.previous, risk.z_previous), ("上年同期", risk.last_year, risk.z_last_year))
    told = [html.Span(f"近 {days} 天 {risk.recent} 件", className="why-recent")]
    return told + [
        html.Span(f"{name} {before} 件：{_moved(z)}" if z is not None else f"{name}：无数据")
        for name, before, z in pairs
    ]


def _moved(z: float) -> str:
    """The Poisson score in words: within ±1 is chance."""
    if z >= 3:
        return "▲ 骤增"
    if z > 1:
        return "▲ 上升"
    return "▼ 下降" if z < -1 else "▬ 持平"


def _bars(parts: Parts, categories: Mapping[str, str]) -> Any:
    if not parts.categories:
        return empty("回看期内没有计入的事项")
    total = sum(score for _, score, _ in parts.categories)
    shown, rest = parts.categories[:CATEGORIES], parts.categories[CATEGORIES:]
    top = shown[0][1]
    rows = [
        _bar(categories.get(code, code) or "类别未知", score / total, count, width=score / top)
        for code, score, count in shown
    ]
    if rest:
        score, count = sum(s for _, s, _ in rest), sum(n for *_, n in rest)
        rows.append(_bar(f"其余 {len(rest)} 类", score / total, count, width=None))
    return html.Div(rows, className="parts")


def _bar(name: str, share: float, count: int, *, width: float | None) -> html.Div:
    fill = [] if width is None else [html.Span(className="bar-fill", style={"width": f"{100 * width:.1f}%"})]
    return html.Div(
        [
            html.Span(name, className="part-name"),
            html.Span(fill, className="bar-track"),
            html.Span(f"{words.percent(share)}%", className="part-share"),
            html.Span(f"{count} 件", className="part-count"),
        ],
        className="part",
    )


def _cases(parts: Parts, filters: Filters) -> Any:
    return html.Ul(
        [
            html.Li(
                [
                    html.Span(LEVELS.get(case["level"], LEVELS["none"]).shape, className=f"level is-{case['level']}"),
                    case_link(str(case["case_id"]), filters, str(case["title"] or case["case_id"])),
                    html.Span(f"{case['accept_at']:%m-%d}", className="part-count"),
                    html.Span(f"{case['weight']:.2f}", className="part-share"),
                ],
                className="heavy",
            )
            for case in parts.cases
        ],
        className="heavies",
    )
