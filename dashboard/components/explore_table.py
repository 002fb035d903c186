"""The analyst's table: its columns, and any piece of its rows, sorted and filtered on the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag

from dashboard.ask import Row
from dashboard.comparison.earlier import Beside
from dashboard.components import grid, moved
from dashboard.components.measure import Group, cells
from dashboard.explore.arrange import pick
from dashboard.explore.view import GROUP_NAMES, View
from dashboard.metrics.catalog import BY_KEY

PAGE, BLOCK = 50, 100
NUMBER_FILTER: dict[str, Any] = {
    "filterOptions": ["greaterThanOrEqual", "lessThanOrEqual", "greaterThan", "lessThan", "equals", "notEqual"],
    "maxNumConditions": 1,
    "buttons": ["apply", "reset"],
    "closeOnApply": True,
}
TEXT_FILTER: dict[str, Any] = NUMBER_FILTER | {"filterOptions": ["contains"]}


def paged_grid(id: str, *, listeners: dict[str, list[str]] | None = None) -> dag.AgGrid:
    """An empty grid that asks for its rows in pieces: the page's `windows` answer it."""
    made = grid.grid(id, [], is_long=True)
    made.rowModelType = "infinite"
    del made.rowData
    # A row that is still on its way has no data.
    made.rowClassRules = {"is-total": "params.data && params.data.is_total"}
    made.eventListeners = listeners or {}
    made.dashGridOptions = options()
    return made


def options(*, total: dict[str, Any] | None = None, has_changes: bool = False) -> dict[str, Any]:
    """The options of a grid whose rows come in pieces; a `total` row stays at the top."""
    return {
        **grid.options(is_long=True, total=total, has_changes=has_changes),
        "pagination": True,
        "paginationPageSize": PAGE,
        "paginationPageSizeSelector": False,
        "cacheBlockSize": BLOCK,
        # dash-ag-grid answers only the latest request: two at a time would leave one without an answer.
        "maxConcurrentDatasourceRequests": 1,
    }


def columns(view: View, sort: str) -> list[dict[str, Any]]:
    """A column of words per grouping, then one of numbers per metric; the arrow stands where the order says."""
    found = [
        grid.text_column(
            group, GROUP_NAMES[group], filter="agTextColumnFilter", filterParams=TEXT_FILTER, minWidth=104, flex=1.2
        )
        for group in view.by
    ]
    found += [
        grid.number_column(
            key, _header(key), filter="agNumberColumnFilter", filterParams=NUMBER_FILTER, minWidth=_width(key), flex=1
        )
        for key in view.metrics
    ]
    way = "desc" if sort.startswith("-") else "asc"
    return [column | {"sort": way if column["field"] == sort.removeprefix("-") else None} for column in found]


def _width(key: str) -> int:
    return 160 if BY_KEY[key].kind == "rate" else 100


def _header(key: str) -> str:
    metric = BY_KEY[key]
    return f"{metric.name}（{metric.unit}）"


def rows(found: Sequence[Row], by: Sequence[str], beside: Beside | None = None) -> list[dict[str, Any]]:
    """Rows as the grid takes them; a click on one chooses its codes."""
    return [_row(row, by, beside) for row in found]


def _row(row: Row, by: Sequence[str], beside: Beside | None) -> dict[str, Any]:
    labels = dict(zip(by, row.labels, strict=True))
    group = (",".join(by), ",".join(row.codes)) if by else None
    return {"pick": pick(row, by), **labels, **_numbers(row, group, beside)}


def _numbers(row: Row, group: Group | None, beside: Beside | None) -> dict[str, Any]:
    """The cells of a row; here a rate has room for its n/N beside it, and a small sample for its words."""
    found = cells(row.values, group)
    wide = {
        key: cell | {"text": cell["title"] if BY_KEY[key].kind == "rate" else cell["text"]}
        for key, cell in found.items()
    }
    return moved.cells(wide, row.values, beside, row.codes)


def total(whole: Row, by: Sequence[str], beside: Beside | None = None) -> dict[str, Any] | None:
    """The pinned row of the whole; none where the table is nothing else."""
    return {"pick": "whole", "is_total": True, by[0]: "合计", **_numbers(whole, None, beside)} if by else None
