"""A sortable table: AG Grid in Chinese, without its own export, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag

THEME = (
    "themeQuartz.withParams({fontFamily: 'inherit', fontSize: 13, headerFontSize: 12, headerFontWeight: 400, "
    "backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)', headerBackgroundColor: 'var(--surface)', "
    "headerTextColor: 'var(--ink-soft)', borderColor: 'var(--line)', accentColor: 'var(--accent)', "
    "rowHoverColor: 'var(--accent-soft)', selectedRowBackgroundColor: 'var(--accent-soft)', wrapperBorder: false, "
    "headerColumnBorder: false, columnBorder: false, cellHorizontalPadding: 8, wrapperBorderRadius: 0})"
)
ROW, ROW_WITH_CHANGE = 30, 44
OPTIONS: dict[str, Any] = {
    "getLocaleText": {"function": "localeText(params)"},
    "suppressContextMenu": True,
    "suppressCellFocus": False,
    # Arrow keys go from cell to cell; Tab goes on to what comes after the grid.
    "tabToNextCell": {"function": "leaveGrid(params)"},
    "suppressColumnVirtualisation": True,
    "suppressRowVirtualisation": True,
    "suppressMovableColumns": True,
    "enableCellTextSelection": True,
    "suppressMenuHide": True,
    "rowHeight": ROW,
    "headerHeight": 36,
    "animateRows": False,
    "theme": {"function": THEME},
    "tooltipShowDelay": 400,
}


def options(*, is_long: bool = False, total: dict[str, Any] | None = None, has_changes: bool = False) -> dict[str, Any]:
    """The grid's options; a `total` row stays at the top however the rest is sorted; changes stand under numbers."""
    size = {"suppressRowVirtualisation": False} if is_long else {"domLayout": "autoHeight"}
    height = ROW_WITH_CHANGE if has_changes else ROW
    return {**OPTIONS, **size, "rowHeight": height, "pinnedTopRowData": [total] if total else []}


def grid(id: str, columns: Sequence[dict[str, Any]], *, is_long: bool = False) -> dag.AgGrid:
    """An empty grid; fill (id, "rowData"). A row's `pick` is its id and what a click chooses.

    A grid is as high as its rows; one that `is_long` fills its box instead and draws only the rows in sight.
    """
    return dag.AgGrid(
        id=id,
        className="grid",
        columnDefs=list(columns),
        rowData=[],
        getRowId="params.data.pick",
        defaultColDef={
            "sortable": True,
            "resizable": False,
            "filter": False,
            "sortingOrder": ["desc", "asc", None],
            "suppressHeaderMenuButton": True,
        },
        rowClassRules={"is-chosen": "params.data.is_chosen", "is-total": "params.data.is_total"},
        dashGridOptions=options(is_long=is_long),
        style={"height": "100%" if is_long else None, "width": "100%"},
    )


def text_column(field: str, header: str, **more: Any) -> dict[str, Any]:
    """A column of words, kept at the left."""
    return {"field": field, "headerName": header, "tooltipField": field, **more}


def number_column(field: str, header: str, **more: Any) -> dict[str, Any]:
    """A column of numbers: sorted by the raw value, printed by the Measure renderer."""
    return {
        "field": field,
        "headerName": header,
        "cellRenderer": "Measure",
        "cellDataType": False,
        "comparator": {"function": "compareMeasures"},
        "type": "rightAligned",
        **more,
    }


def count_column(field: str, header: str, **more: Any) -> dict[str, Any]:
    """A column of plain counts that are part of another number."""
    return {
        "field": field,
        "headerName": header,
        "type": "rightAligned",
        "valueFormatter": {"function": "fullCount(params.value)"},
        **more,
    }
