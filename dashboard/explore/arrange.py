"""Which rows, in which order? What the reader does to the table on screen, done to the whole answer on the server."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.ask import Answer, Row
from dashboard.metrics.query import TIME_GROUPS

HOLDS = "~"
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
NUMBER_TYPES = {
    "equals": "=",
    "notEqual": "!=",
    "greaterThan": ">",
    "greaterThanOrEqual": ">=",
    "lessThan": "<",
    "lessThanOrEqual": "<=",
}
"""AG Grid's names of comparisons → ours."""
_LIMIT = re.compile(r"([a-z_0-9]+)(>=|<=|!=|=|>|<|~)(.+)")
MOST_ROWS = 1000
LAST_ROW = 100_000_000
"""No table has a row beyond it, and no database counts without end."""


class BadRowsRequestError(ValueError):
    """A request for rows that the table cannot have made; the text says what is wrong with it."""


@dataclass(frozen=True)
class Limit:
    """A condition on one column: a metric compared with a number, or a grouping's name that holds a text."""

    column: str
    sign: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.column}{self.sign}{self.wanted}"


@dataclass(frozen=True)
class RowsRequest:
    """A piece of the table: rows from `start` up to but not including `end`, in an order, under limits."""

    start: int
    end: int
    sort: str
    limits: tuple[Limit, ...]


def read_request(raw: Any) -> RowsRequest:
    """AG Grid's request, checked. Raises `BadRowsRequestError`."""
    if not isinstance(raw, Mapping):
        raise BadRowsRequestError("表格请求的格式不对")
    start, end = _whole(raw.get("startRow")), _whole(raw.get("endRow"))
    if not 0 <= start < end <= min(start + MOST_ROWS, LAST_ROW):
        raise BadRowsRequestError(f"表格请求的行号不对：应为 0 起、一次至多 {MOST_ROWS} 行")
    return RowsRequest(start, end, read_sort(raw.get("sortModel")), read_model(raw.get("filterModel")))


def _whole(number: Any) -> int:
    """A whole number as it is; −1 for anything else."""
    return number if isinstance(number, int) and not isinstance(number, bool) else -1


def read_sort(model: Any) -> str:
    """“-accepted” of AG Grid's sort model; empty for none. Raises `BadRowsRequestError`."""
    if not model:
        return ""
    if not isinstance(model, list) or not isinstance(model[0], Mapping):
        raise BadRowsRequestError("表格请求的排序不对")
    column, way = model[0].get("colId"), model[0].get("sort")
    if not isinstance(column, str) or way not in ("asc", "desc"):
        raise BadRowsRequestError("表格请求的排序不对：只能 asc 或 desc")
    return ("-" if way == "desc" else "") + column


def read_model(model: Any) -> tuple[Limit, ...]:
    """AG Grid's filter model as limits. Raises `BadRowsRequestError`."""
    if not model:
        return ()
    if not isinstance(model, Mapping):
        raise BadRowsRequestError("表格请求的列条件不对")
    return tuple(_limit(str(column), said) for column, said in model.items())


def _limit(column: str, said: Any) -> Limit:
    kind, wanted = (said.get("type"), said.get("filter")) if isinstance(said, Mapping) else (None, None)
    if kind == "contains" and isinstance(wanted, str) and wanted:
        return Limit(column, HOLDS, wanted)
    if (
        isinstance(kind, str)
        and kind in NUMBER_TYPES
        and isinstance(wanted, (int, float))
        and not isinstance(wanted, bool)
    ):
        return Limit(column, NUMBER_TYPES[kind], repr(wanted))
    raise BadRowsRequestError(f"“{column[:40]}”的列条件不对：数只能比大小，文字只能“包含”")


def limits_of(text: str) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
    """The limits in an address (“accepted>=10;town~城关”), and a note for each part that is none."""
    found, notes = [], []
    for part in filter(None, text.split(";")):
        match = _LIMIT.fullmatch(part)
        if match and (match[2] == HOLDS or _is_number(match[3])):
            found.append(Limit(*match.groups()))
        else:
            notes.append(f"已忽略列条件“{part}”，应为 accepted>=10 这样的写法")
    return tuple(found), tuple(notes)


def known_limits(text: str, answer: Answer) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
    """The limits in an address on columns that an answer has, and a note for each part that is none."""
    found, notes = limits_of(text)
    known = tuple(limit for limit in found if limit.column in (*answer.metrics, *answer.by))
    odd = tuple(f"已忽略列条件“{limit}”：表中没有这一列" for limit in found if limit not in known)
    return known, notes + odd


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,12}(\.\d{1,12})?", text) is not None


def model_of(limits: Sequence[Limit]) -> dict[str, Any]:
    """Limits as AG Grid's filter model."""
    kinds = {sign: kind for kind, sign in NUMBER_TYPES.items()}
    model: dict[str, Any] = {}
    for limit in limits:
        is_text = limit.sign == HOLDS
        model[limit.column] = {
            "filterType": "text" if is_text else "number",
            "type": "contains" if is_text else kinds[limit.sign],
            "filter": limit.wanted if is_text else float(limit.wanted),
        }
    return model


def pick(row: Row, by: Sequence[str]) -> str:
    """What a click on a row or a bar chooses: “town:990108001,kind:R”; a time or unknown place chooses nothing."""
    return ",".join(f"{group}:{code}" for group, code in zip(by, row.codes, strict=True))


def arranged(answer: Answer, *, sort: str, match: str = "", limits: Sequence[Limit] = ()) -> tuple[Row, ...]:
    """The rows whose names or codes hold `match` and that keep all limits, in order; what has no number stands last.

    Rates are compared as shown: `on_time_rate<90` means below 90 %. Raises `BadRowsRequestError` for a column that
    the answer does not have.
    """
    wanted = match.casefold()
    rows = [row for row in answer.rows if not wanted or any(wanted in t.casefold() for t in (*row.labels, *row.codes))]
    for limit in limits:
        rows = [row for row in rows if _keeps(answer, row, limit)]
    if not sort:
        return tuple(rows)
    column = _column(answer, sort.removeprefix("-"))
    weighed = [(_weight(answer, row, column), row) for row in rows]
    sure = [pair for pair in weighed if pair[0] is not None]
    sure.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))  # type: ignore[arg-type, return-value]
    return (*(row for _, row in sure), *(row for weight, row in weighed if weight is None))


def _column(answer: Answer, name: str) -> str:
    if name not in (*answer.metrics, *answer.by):
        raise BadRowsRequestError(f"表中没有“{name[:40]}”这一列")
    return name


def _keeps(answer: Answer, row: Row, limit: Limit) -> bool:
    column = _column(answer, limit.column)
    if column in answer.by:
        place = answer.by.index(column)
        return limit.sign == HOLDS and limit.wanted.casefold() in f"{row.labels[place]}\n{row.codes[place]}".casefold()
    value = row.values[column]
    if limit.sign == HOLDS or value.state != "ok" or value.value is None:
        return False
    scale = 100 if value.N is not None and value.n is not None else 1
    return COMPARE[limit.sign](round(value.value * scale, 9), float(limit.wanted))


def _weight(answer: Answer, row: Row, column: str) -> str | float | None:
    if column in answer.by:
        place = answer.by.index(column)
        return row.codes[place] if column in TIME_GROUPS else row.labels[place]
    value = row.values[column]
    return value.value if value.state == "ok" else None
