"""Where and in which 化 is it slow? A table of coloured buttons that leaders can read from across the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html

from dashboard import words
from dashboard.components.measure import attributes
from dashboard.figures.classes import Classes
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import NO_DATA, Value

Names = Sequence[tuple[str, str]]
"""(code, name) in order."""


def heat(
    rows: Names,
    columns: Names,
    values: Mapping[tuple[str, str], Value],
    *,
    key: str,
    scale: Classes,
    dimensions: tuple[str, str],
    chosen: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> html.Div:
    """Rows × columns of one rate; a click chooses both; darker asks for more attention."""
    head = [html.Span("", className="heat-corner"), *(html.Span(name, className="heat-column") for _, name in columns)]
    cells: list[html.Span | html.Button] = list(head)
    for row in rows:
        cells.append(
            html.Button(
                row[1], type="button", title=row[1], className="heat-row", **{"data-pick": f"{dimensions[0]}:{row[0]}"}
            )
        )
        for column in columns:
            is_chosen = row[0] in chosen[0] and column[0] in chosen[1]
            value = values.get((row[0], column[0]), NO_DATA)
            cells.append(_cell(row, column, value, key=key, scale=scale, dimensions=dimensions, is_chosen=is_chosen))
    return html.Div(cells, className="heat", style={"--columns": str(len(columns)), "--rows": str(len(rows))})


def _cell(
    row: tuple[str, str],
    column: tuple[str, str],
    value: Value,
    *,
    key: str,
    scale: Classes,
    dimensions: tuple[str, str],
    is_chosen: bool,
) -> html.Button:
    metric = BY_KEY[key]
    shown = words.shown(metric, value)
    step = f" seq-{scale.step(value.value) + 1}" if value.state == "ok" and value.value is not None else ""
    number = f"{shown.text}%" if value.state == "ok" else shown.detail if value.state == "small" else shown.text
    group = (",".join(dimensions), f"{row[0]},{column[0]}")
    return html.Button(
        number,
        type="button",
        title=f"{row[1]} · {column[1]}：{shown.line}",
        className=f"heat-cell is-{value.state}{step}" + (" is-chosen" if is_chosen else ""),
        **{"data-pick": f"{dimensions[0]}:{row[0]},{dimensions[1]}:{column[0]}"},
        **attributes(key, value, group),
    )
