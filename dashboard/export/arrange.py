"""In which order, and with which columns? What the reader did to a table on screen is done to the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.ask import CASE_SORTS, Answer, Row
from dashboard.export.asked import ExportRefusedError
from dashboard.export.table import Cell, Cells, Field, Table

BESIDE = ("_name", "_n", "_N", "_state")
"""What stands beside a column and comes with it: a code's word; a rate's numerator, denominator and state."""


def check_case_sort(sort: str) -> str:
    """A column to sort cases by. Raises `ExportRefusedError` for one that there is not."""
    if sort and sort not in CASE_SORTS:
        raise ExportRefusedError(f"不能按“{sort[:40]}”排序事项；可用事项的各列（标题、坐标除外），前加 - 为由大到小")
    return sort


def arranged(answer: Answer, *, sort: str, find: str) -> Answer:
    """The rows whose group's name or code holds `find`, ordered as on screen: what has no number stands last.

    Raises `ExportRefusedError` for a `sort` that is neither a metric nor a group of the answer.
    """
    wanted = find.casefold()
    rows = [row for row in answer.rows if any(wanted in text.casefold() for text in (*row.labels, *row.codes, ""))]
    key = sort.removeprefix("-")
    if not sort:
        return replace(answer, rows=tuple(rows))
    if key not in (*answer.metrics, *answer.by):
        known = "、".join((*answer.metrics, *answer.by))
        raise ExportRefusedError(f"不能按“{sort[:40]}”排序；可用：{known}，前加 - 为由大到小")
    sure = [row for row in rows if _weight(answer, row, key) is not None]
    sure.sort(key=lambda row: _weight(answer, row, key), reverse=sort.startswith("-"))  # type: ignore[arg-type, return-value]
    return replace(answer, rows=(*sure, *(row for row in rows if _weight(answer, row, key) is None)))


def _weight(answer: Answer, row: Row, key: str) -> str | float | None:
    if key in answer.by:
        return row.labels[answer.by.index(key)]
    value = row.values[key]
    return value.value if value.state == "ok" else None


def narrowed(table: Table, columns: Sequence[str], *, always: Sequence[str] = ()) -> Table:
    """The table with these columns in this order, `always` some more; a code keeps its word, a rate its n and N.

    Raises `ExportRefusedError` for a column that there is not.
    """
    if not columns:
        return table
    places = [place for key in columns for place in _places(table.fields, key)]
    places += [place for key in always for place in _places(table.fields, key)]
    kept = tuple(dict.fromkeys(places))
    batches = ([_only(row, kept) for row in batch] for batch in table.batches)
    return Table(fields=tuple(table.fields[place] for place in kept), total=table.total, batches=batches)


def _only(row: Cells, places: Sequence[int]) -> tuple[Cell, ...]:
    return tuple(row[place] for place in places)


def _places(fields: Sequence[Field], key: str) -> list[int]:
    wanted = {key, *(f"{key}{ending}" for ending in BESIDE)}
    found = [place for place, field in enumerate(fields) if field.key in wanted]
    if not found or fields[found[0]].key != key:
        known = "、".join(field.key for field in fields)
        raise ExportRefusedError(f"没有“{key[:40]}”这一列；可用：{known}")
    return found
