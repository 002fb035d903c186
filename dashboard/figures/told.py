"""What does a picture say to somebody who cannot see it? Its finding in a sentence and its numbers as a table.

Both travel in the figure itself (`layout.meta`): assets/charts.js reads the sentence out and opens the table, so that
picture, sentence and table cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboard import words

NONE = "无数据"


def tell(figure: go.Figure, *, finding: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Give a figure its sentence and its table; the first cell of a row names the row."""
    said = {"finding": finding, "heads": list(heads), "rows": [list(row) for row in rows]}
    figure.update_layout(meta={**(figure.layout.meta or {}), **said})


def written(number: float | None, none: str = NONE) -> str:
    """A count in full, or that there is none."""
    return none if number is None else words.full(number)


def course_finding(
    name: str,
    labels: Sequence[str],
    values: Sequence[float | None],
    *,
    is_partial: bool,
    unit: str = "件",
    none: str = NONE,
) -> str:
    """One line of counts in a sentence: where it stands last, and where it was highest."""
    known = [(value, label) for value, label in zip(values, labels, strict=True) if value is not None]
    if not known:
        return f"{name}{none}"
    top, at = max(known, key=lambda one: one[0])
    if not top:
        return f"{name}一直为 0 {unit}"
    last, until = known[-1]
    running = "，本期未满" if is_partial else ""
    if len(known) == 1:
        return f"{name} {words.full(last)} {unit}（{until}{running}）"
    return f"{name}最近 {words.full(last)} {unit}（{until}{running}），最高 {words.full(top)} {unit}（{at}）"


def stock_finding(name: str, totals: Sequence[tuple[str, int]]) -> str:
    """A stock by holder in a sentence: how many, and who has most."""
    held = [(count, holder) for holder, count in totals if count]
    if not held:
        return f"没有{name}事项"
    most, holder = max(held, key=lambda one: one[0])
    total = sum(count for count, _ in held)
    if len(held) == 1:
        return f"{name} {words.full(total)} 件，都在{holder}"
    return f"{name} {words.full(total)} 件，{holder}最多（{words.full(most)} 件）"


def late_finding(name: str, late: int, total: int) -> str:
    """How many of those that ended were late, in a sentence."""
    if not total:
        return f"{name}没有到期事项"
    return (
        f"{name} {words.full(total)} 件中 {words.full(late)} 件超期" if late else f"{name} {words.full(total)} 件都按时"
    )
