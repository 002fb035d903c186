"""In which order, and with which columns? What the reader did to a table on screen is done to the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.ask import CASE_SORTS, Answer
from dashboard.explore.arrange import arranged as rows_of
from dashboard.explore.arrange import known_limits
from dashboard.export.asked import Asked, ExportRefusedError
from dashboard.export.table import Cell, Cells, Field, Table

_STANDS_ON = ("_n", "_N", "_state")
BESIDE = ("_name", *_STANDS_ON, "_before", *(f"_before{ending}" for ending in _STANDS_ON), "_moved")
"""What stands beside a column and comes with it: a code's word; a rate's numerator, denominator and state; the same
of the span that the table is compared with, and the change."""


def check_case_sort(sort: str) -> str:
    """A column to sort cases by. Raises `ExportRefusedError` for one that there is not."""
    if sort and sort not in CASE_SORTS:
        raise ExportRefusedError(f"不能按“{sort[:40]}”排序事项；可用事项的各列（标题、坐标除外），前加 - 为由大到小")
    return sort


def arranged(answer: Answer, asked: Asked) -> Answer:
    """The rows as on screen: those that `find` and the column conditions leave, in the order asked for.

    Raises `ExportRefusedError` for a `sort` that is neither a metric nor a group of the answer.
    """
    columns = (*answer.metrics, *answer.by)
    if asked.sort and asked.sort.removeprefix("-") not in columns:
        known = "、".join(columns)
        raise ExportRefusedError(f"不能按“{asked.sort[:40]}”排序；可用：{known}，前加 - 为由大到小")
    limits, _ = known_limits(asked.limits, answer)
    return replace(answer, rows=rows_of(answer, sort=asked.sort, match=asked.find, limits=limits))


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
