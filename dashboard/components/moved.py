"""How does a change stand beside a number of a table? A shape and a difference beyond chance, the rest on hover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard.comparison.change import FLAT, TOO_SMALL, VERDICTS, Change
from dashboard.comparison.earlier import Beside
from dashboard.components.kpi import SHAPES
from dashboard.metrics.values import Value


def sentence(word: str, change: Change | None) -> str:
    """“环比 +12（+8.1%）变差，对比期 148 件”; 持平, 样本不足 and 无数据 say so."""
    if change is None:
        return f"{word} {TOO_SMALL}"
    if change.direction == "none":
        return f"{word} {change.text}"
    kept = f"{FLAT}（{change.text}）" if change.direction == "flat" else change.text
    return f"{word} {kept}{VERDICTS[change.verdict]}，对比期 {change.before}"


def short(change: Change | None) -> str:
    """“▲ +12” where it is beyond chance, else nothing; percentage points without their word, which the unit says."""
    if change is None or change.direction not in ("up", "down"):
        return ""
    return f"{SHAPES[change.direction]} {change.text.partition('（')[0].removesuffix(' 个百分点')}"


def mark(word: str, change: Change | None) -> html.Span:
    """The same in a ranking; where nothing moved beyond chance, what that means in soft ink."""
    text = short(change) or ("○" if change is None or change.direction == "none" else FLAT)
    kind = change.verdict if change is not None and short(change) else "none"
    return html.Span(text, className=f"moved is-{kind}", title=sentence(word, change))


def cells(
    cells: Mapping[str, dict[str, Any]], values: Mapping[str, Value], beside: Beside | None, codes: tuple[str, ...]
) -> dict[str, Any]:
    """A grid row's cells (`measure.cells`), each with its change under it; as they are where nothing is compared."""
    if beside is None:
        return dict(cells)
    changes = {key: beside.change(key, values[key], codes) for key in cells}
    return {key: cell | _moved(cell, beside.word, changes[key]) for key, cell in cells.items()}


def _moved(cell: Mapping[str, Any], word: str, change: Change | None) -> dict[str, Any]:
    return {
        "title": f"{cell['title']}；{sentence(word, change)}",
        "moved": short(change),
        "verdict": change.verdict if change else "plain",
    }
