"""How does a question become a file? Refused first, if at all; then written once, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from dashboard.ask import Ask
from dashboard.comparison.earlier import beside
from dashboard.export.about import Stamp, about
from dashboard.export.arrange import arranged, check_case_sort, narrowed
from dashboard.export.asked import Asked, ExportRefusedError, NotAllowedError
from dashboard.export.case_table import case_table
from dashboard.export.content import Content
from dashboard.export.csv_file import write_csv
from dashboard.export.geojson_file import Locate, at_point, place_of, polygons, write_geojson
from dashboard.export.limits import NO_POINTS, refusal
from dashboard.export.names import file_name
from dashboard.export.number_table import number_table
from dashboard.export.parquet_file import write_parquet
from dashboard.export.table import Cells, Table
from dashboard.export.xlsx_file import write_xlsx
from dashboard.filters import Filters

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}


class Export:
    """One export of one snapshot, to be written once or only described.

    Raises `ExportRefusedError`, `NotAllowedError` and what `Ask.numbers` raises, all before the first byte.
    """

    def __init__(
        self, ask: Ask, asked: Asked, *, stamp: Stamp, sees_cases: bool, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self.asked = asked
        self._ask, self.stamp = ask, stamp
        self._locate: Locate = at_point
        self._not_on_map: dict[str, Any] = {}
        self.name = file_name(asked, ask.info, ask.vocabulary, stamp.trace)
        table = self._numbers() if asked.metrics else self._cases(sees_cases)
        self._refuse(table.total)
        self.total = table.total
        self.content = Content(table, is_over)

    def write(self, out: BinaryIO) -> None:
        """The whole file."""
        writers: dict[str, Callable[[], None]] = {
            "csv": lambda: write_csv(self.content, out),
            "xlsx": lambda: write_xlsx(self.content, out, about=self._about, made=self._ask.info.as_of),
            "parquet": lambda: write_parquet(self.content, out, about=self._about),
            "geojson": lambda: write_geojson(self.content, out, locate=self._locate, members=self._members),
        }
        writers[self.asked.format]()

    def describe(self) -> dict[str, Any]:
        """The 说明 alone: reads every row, for the checksum, and keeps none."""
        for _ in self.content.blocks():
            pass
        return self.about()

    def about(self) -> dict[str, Any]:
        """The 说明 of a file that is written."""
        return self._about() | ({"not_on_map": self._not_on_map} if self._not_on_map else {})

    def _about(self) -> dict[str, Any]:
        return {"file": self.name} | about(self._ask, self.asked, self.content, self.stamp)

    def _members(self) -> dict[str, Any]:
        return {"not_on_map": self._not_on_map, "about": self._about()}

    def _cases(self, sees_cases: bool) -> Table:
        filters = self.asked.filters
        if self.asked.format != "geojson":
            return self._case_rows(filters, sees_cases=sees_cases)
        if not sees_cases:
            raise NotAllowedError(NO_POINTS)
        states = self._ask.place_states(filters)
        others = {code: cases for code, cases in states.items() if code != "point"}
        self._not_on_map = {"cases": sum(others.values()), "by_place": self._worded(others)}
        located = self._case_rows(filters.replace(place=("point",)), sees_cases=sees_cases)
        return located if states.get("point") else Table(fields=located.fields, total=0, batches=iter(()))

    def _case_rows(self, filters: Filters, *, sees_cases: bool) -> Table:
        asked = self.asked
        order = check_case_sort(asked.sort) or asked.order
        table = case_table(self._ask, filters, order=order, sees_cases=sees_cases)
        return narrowed(table, asked.columns, always=("lon", "lat") if asked.format == "geojson" else ())

    def _worded(self, states: dict[str, int]) -> list[dict[str, Any]]:
        return [
            {"place": code, "name": self._ask.label("place", code), "cases": cases} for code, cases in states.items()
        ]

    def _numbers(self) -> Table:
        asked = self.asked
        answer = self._ask.numbers(asked.metrics, by=asked.by, filters=asked.filters)
        before = beside(self._ask, asked.metrics, asked.filters, by=asked.by, usual="none")
        whole = number_table(arranged(answer, asked), before)
        table = narrowed(whole, asked.columns, always=asked.by)
        if asked.format == "geojson" and place_of(asked.by):
            self._locate = polygons(self._ask, place_of(asked.by))
            rows = list(_all(table.batches))
            keys = [field.key for field in table.fields]
            lost = [row for row in rows if self._locate(dict(zip(keys, row, strict=True))) == "null"]
            self._not_on_map = {"rows": len(lost)}
            return Table(fields=table.fields, total=table.total, batches=iter([rows]))
        return table

    def _refuse(self, rows: int) -> None:
        why = refusal(self.asked, rows)
        if why:
            raise ExportRefusedError(why)


def _all(batches: Iterator[Sequence[Cells]]) -> Iterator[Cells]:
    for batch in batches:
        yield from batch
