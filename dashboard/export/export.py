"""How does a question become a file? Refused first, if at all; then written once, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from dashboard.ask import Ask
from dashboard.export.about import Stamp, about
from dashboard.export.asked import Asked
from dashboard.export.case_table import case_table
from dashboard.export.content import Content
from dashboard.export.csv_file import write_csv
from dashboard.export.geojson_file import Locate, at_point, place_of, polygons, write_geojson
from dashboard.export.names import file_name
from dashboard.export.number_table import number_table
from dashboard.export.parquet_file import write_parquet
from dashboard.export.table import Cells, Table
from dashboard.export.xlsx_file import ROW_LIMIT, write_xlsx

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}


class ExportRefusedError(ValueError):
    """The export cannot be made as asked; the text says why and what to do, for a person."""


class NotAllowedError(Exception):
    """The reader may not have what the export would hold; the text says so."""


class Export:
    """One export of one snapshot, to be written once or only described.

    Raises `ExportRefusedError`, `NotAllowedError` and what `Ask.numbers` raises, all before the first byte.
    """

    def __init__(
        self, ask: Ask, asked: Asked, *, stamp: Stamp, sees_cases: bool, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self.asked = asked
        self._ask, self._stamp = ask, stamp
        self._locate: Locate = at_point
        self._not_on_map: dict[str, Any] = {}
        self.name = file_name(asked, ask.info, ask.vocabulary)
        table = self._numbers() if asked.metrics else self._cases(sees_cases)
        self._refuse_long(table.total)
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
        return self._about() | ({"not_on_map": self._not_on_map} if self._not_on_map else {})

    def _about(self) -> dict[str, Any]:
        return about(self._ask, self.asked, self.content, self._stamp)

    def _members(self) -> dict[str, Any]:
        return {"not_on_map": self._not_on_map, "about": self._about()}

    def _cases(self, sees_cases: bool) -> Table:
        filters = self.asked.filters
        if self.asked.format != "geojson":
            return case_table(self._ask, filters, order=self.asked.order, sees_cases=sees_cases)
        if not sees_cases:
            raise NotAllowedError("无权限查看事项点位，不能导出 GeoJSON")
        states = self._ask.place_states(filters)
        others = {code: cases for code, cases in states.items() if code != "point"}
        self._not_on_map = {"cases": sum(others.values()), "by_place": self._worded(others)}
        located = case_table(
            self._ask, filters.replace(place=("point",)), order=self.asked.order, sees_cases=sees_cases
        )
        return located if states.get("point") else Table(fields=located.fields, total=0, batches=iter(()))

    def _worded(self, states: dict[str, int]) -> list[dict[str, Any]]:
        return [
            {"place": code, "name": self._ask.label("place", code), "cases": cases} for code, cases in states.items()
        ]

    def _numbers(self) -> Table:
        asked = self.asked
        table = number_table(self._ask.numbers(asked.metrics, by=asked.by, filters=asked.filters))
        if asked.format == "geojson":
            self._locate = self._polygons()
            rows = list(_all(table.batches))
            keys = [field.key for field in table.fields]
            lost = [row for row in rows if self._locate(dict(zip(keys, row, strict=True))) == "null"]
            self._not_on_map = {"rows": len(lost)}
            return Table(fields=table.fields, total=table.total, batches=iter([rows]))
        return table

    def _polygons(self) -> Locate:
        place = place_of(self.asked.by)
        if not place:
            raise ExportRefusedError("GeoJSON 需要按乡镇街道、村社区或网格分组；其他分组请用 CSV、XLSX 或 Parquet")
        return polygons(self._ask, place)

    def _refuse_long(self, rows: int) -> None:
        if self.asked.format == "xlsx" and rows > ROW_LIMIT:
            raise ExportRefusedError(
                f"共 {rows:,} 行，超过 XLSX 的上限 {ROW_LIMIT:,} 行；请改用 Parquet 或 CSV，或缩小筛选范围"
            )


def _all(batches: Iterator[Sequence[Cells]]) -> Iterator[Cells]:
    for batch in batches:
        yield from batch
