"""Which part made a change? The one town, department or category that brings most of it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard import words
from dashboard.comparison.chance import standard_score
from dashboard.comparison.parts import Pair, Part, contributions, main_part
from dashboard.metrics.catalog import Metric


@dataclass(frozen=True)
class Cause:
    """The part that stands out (none for a change that is spread), and the sentence with its figures."""

    dimension: str
    code: str
    label: str
    words: str


SPREAD = Cause("", "", "", "变化分散，无集中来源")

Splits = Mapping[str, Mapping[str, Pair]]
"""Dimension → code → its values now and before."""


def cause(metric: Metric, splits: Splits, names: Mapping[tuple[str, str], str], *, is_rise: bool) -> Cause | None:
    """The largest contributor over all ways to split the change; none where there is no way to split it."""
    if metric.kind == "duration":
        return _surest(metric, splits, names, is_rise=is_rise)
    best: tuple[float, str, Part, float] | None = None
    for dimension, pairs in splits.items():
        found = contributions(metric, pairs)
        part, whole = main_part(found), sum(one.total for one in found)
        if part is not None:
            excess = part.total / whole - part.weight
            best = max(filter(None, (best, (excess, dimension, part, whole))), key=lambda one: one[:2])
    if best is None:
        return SPREAD if splits else None
    _, dimension, part, whole = best
    label = names[dimension, part.code]
    return Cause(dimension, part.code, label, _say(metric, label, part, whole, splits[dimension][part.code]))


def _say(metric: Metric, label: str, part: Part, whole: float, pair: Pair) -> str:
    """“主要来自 物业（45 → 83 件，占变化的 62%）”; for a rate its own rate, or its share of the cases."""
    now, before = pair
    share = f"占变化的 {min(part.total / whole, 9.99):.0%}"
    if metric.kind != "rate":
        return f"主要来自 {label}（{words.count(before.value or 0)} → {words.count(now.value or 0)} 件，{share}）"
    points = f"贡献 {words.points_change(part.total, 0)}"
    if abs(part.mix) > abs(part.own):
        return f"主要来自 {label}（件数 {words.full(before.N or 0)} → {words.full(now.N or 0)}，构成变化，{points}）"
    return f"主要来自 {label}（{_rate(before.n, before.N)} → {_rate(now.n, now.N)}，{points}）"


def _rate(n: float | None, total: int | None) -> str:
    if not total:
        return words.NONE_NOTE
    return f"{words.percent((n or 0.0) / total)}%（{words.parts(n or 0.0, total)}）"


def _surest(metric: Metric, splits: Splits, names: Mapping[tuple[str, str], str], *, is_rise: bool) -> Cause | None:
    """Medians do not add up: the group whose own median moved most surely, the same way."""
    moved = [
        (score if is_rise else -score, dimension, code)
        for dimension, pairs in splits.items()
        for code, pair in pairs.items()
        if (score := standard_score(metric, *pair)) is not None
    ]
    surest, dimension, code = max(moved, default=(0.0, "", ""))
    if surest <= 0:
        return None
    now, before = splits[dimension][code]
    text = f"{words.shown(metric, before).line} → {words.shown(metric, now).line}"
    label = names[dimension, code]
    return Cause(dimension, code, label, f"其中 {label} 变化最明显（{text}）")
