"""How does a number stand on a page? With its state, key and raw value, so that page and API can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from dashboard import words
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.metrics.values import Value

Group = tuple[str, str]
"""The dimension(s) and code(s) a number belongs to: ("town", "990108001"), ("town,kind", "990108001,R")."""


def attributes(key: str, value: Value, group: Group | None = None) -> dict[str, str]:
    """The data-* attributes of a displayed number (HTML knows no capitals: N travels as data-total)."""
    found = {"data-metric": key, "data-state": value.state, "data-value": _raw(value.value)}
    if value.N is not None:
        found |= {"data-n": _raw(value.n), "data-total": str(value.N)}
    if group:
        found |= {"data-by": group[0], "data-code": group[1]}
    return found


def _raw(number: float | None) -> str:
    return "" if number is None else repr(number)


def measure(key: str, value: Value, *, group: Group | None = None, detail: bool = True) -> html.Span:
    """A metric's value in words: number, unit, and n/N unless told otherwise."""
    shown = words.shown(BY_KEY[key], value)
    return html.Span(
        written(shown, detail=detail), className=f"measure is-{shown.state}", **attributes(key, value, group)
    )


def written(shown: words.Shown, *, detail: bool = True) -> list[Any]:
    """A value's words as elements: number, unit, and what stands beside it."""
    children: list[Any] = [html.Span(shown.text, className="measure-number")]
    if shown.unit:
        children.append(html.Span(shown.unit, className="measure-unit"))
    if detail and shown.detail:
        children.append(html.Span(shown.detail, className="measure-detail"))
    return children


def cell(key: str, value: Value, *, group: Group | None = None) -> dict[str, Any]:
    """The same number as an AG Grid cell for the Measure renderer of assets/grids.js."""
    return cell_of(BY_KEY[key], value, group=group)


def cell_of(metric: Metric, value: Value, *, group: Group | None = None) -> dict[str, Any]:
    """The cell of a metric that need not be the catalogue's."""
    found = {name.removeprefix("data-"): text for name, text in attributes(metric.key, value, group).items()}
    shown = words.shown(metric, value)
    # A narrow cell has no room for “样本不足（3/7）”: the fraction alone, in grey, and the words in the tooltip.
    text = shown.detail if shown.state == "small" else words.brief(metric, value)
    return found | {"text": text, "title": shown.line}


def cells(values: Mapping[str, Value], group: Group | None = None) -> dict[str, Any]:
    """A grid row's cells for several metrics."""
    return {key: cell(key, value, group=group) for key, value in values.items()}
