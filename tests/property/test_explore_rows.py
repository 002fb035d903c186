"""Whatever pages a grid asks for, in whatever order: together they are the whole answer, as plain Python has it."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from dashboard.ask import Answer, Row
from dashboard.explore.arrange import NUMBER_TYPES, arranged, read_model
from dashboard.explore.cut import Cut
from dashboard.explore.view import read_view
from dashboard.filters import Filters
from dashboard.metrics.values import NO_DATA, Value
from dashboard.pages import explore

NUMBERS = st.one_of(st.integers(0, 6).map(lambda n: Value(float(n))), st.just(NO_DATA))
ANSWERS = st.lists(NUMBERS, max_size=40).map(
    lambda values: Answer(
        ("accepted",),
        ("town",),
        tuple(Row((f"{n:03}",), (f"镇{n % 5}",), {"accepted": v}) for n, v in enumerate(values)),
        "snap",
        datetime(2026, 3, 14),
    )
)
PLAIN: dict[str, Any] = {
    "equals": lambda a, b: a == b,
    "notEqual": lambda a, b: a != b,
    "greaterThan": lambda a, b: a > b,
    "greaterThanOrEqual": lambda a, b: a >= b,
    "lessThan": lambda a, b: a < b,
    "lessThanOrEqual": lambda a, b: a <= b,
}


@given(ANSWERS, st.sampled_from(["asc", "desc", ""]), st.integers(1, 9))
def test_any_sequence_of_pages_is_the_whole_answer(answer: Answer, way: str, size: int) -> None:
    model = Cut(
        view=read_view(Filters()), filters=Filters(), answer=answer, rows=answer.rows, whole=answer.rows[:1], notes=()
    )  # type: ignore[arg-type]
    sort = [{"colId": "accepted", "sort": way}] if way else []
    picks: list[str] = []
    with patch.object(explore, "cut", lambda _ask, _filters: model):
        for start in range(0, len(answer.rows) + size, size):
            request = {"startRow": start, "endRow": start + size, "sortModel": sort, "filterModel": {}}
            found = explore.table_rows(SimpleNamespace(), Filters(), request)  # type: ignore[arg-type]
            assert found["rowCount"] == len(answer.rows)
            picks += [row["pick"] for row in found["rowData"]]
    values = {f"town:{row.codes[0]}": row.values["accepted"].value for row in answer.rows}
    sure = [pick for pick in values if values[pick] is not None]
    if way:
        sure.sort(key=lambda pick: values[pick] or 0, reverse=way == "desc")
        assert picks == [*sure, *(pick for pick in values if values[pick] is None)]
    else:
        assert picks == list(values)


@given(ANSWERS, st.sampled_from(sorted(NUMBER_TYPES)), st.integers(-1, 7), st.sampled_from(["", "1", "镇"]))
def test_a_filter_model_keeps_what_plain_python_keeps(answer: Answer, kind: str, wanted: int, text: str) -> None:
    model: dict[str, Any] = {"accepted": {"type": kind, "filter": wanted}}
    if text:
        model["town"] = {"type": "contains", "filter": text}
    kept = arranged(answer, sort="", limits=read_model(model))
    expected = [
        row
        for row in answer.rows
        if (number := row.values["accepted"].value) is not None
        and PLAIN[kind](number, wanted)
        and (text in row.labels[0] or text in row.codes[0])
    ]
    assert list(kept) == expected
