"""The care visits as a file: the displayed values, each with its state and the words on the page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any, BinaryIO

from dashboard import words
from dashboard.ask import Ask
from dashboard.care import COVERAGE, GROUPS, METRICS, Care, CareRow
from dashboard.export.about import DEMO, LINES, Stamp
from dashboard.export.content import HASH_OF, Content
from dashboard.export.csv_file import write_csv
from dashboard.export.geojson_file import Locate, place_of, polygons, write_geojson
from dashboard.export.names import traced
from dashboard.export.number_table import GROUP_NAMES, STATES, group_cells, group_fields
from dashboard.export.parquet_file import write_parquet
from dashboard.export.table import Cell, Cells, Field, Table, plain
from dashboard.export.xlsx_file import write_xlsx
from dashboard.filters import Filters
from dashboard.metrics.values import Value

NAMES = GROUPS | {"month": GROUP_NAMES["month"]}
DEFAULTS = "人数保护的口径为本项目默认值，可在 rules.toml 的 [disclosure] 中修改"


def care_in_words(ask: Ask, found: Care, filters: Filters) -> str:
    """The question in words: “近3个月（2026年8月至10月，本月未满） · 乡镇街道：城关镇”."""
    return " · ".join([found.span, *filters.chosen(ask.vocabulary)])


def care_name(ask: Ask, found: Care, filters: Filters, format: str, trace: str = "") -> str:
    """“关爱走访_全县_近3个月_截至1030-1821.csv”."""
    scope = "筛选" if filters.chosen(ask.vocabulary) else ask.place
    return traced(f"关爱走访_{scope}_{found.name}_截至{ask.info.as_of:%m%d-%H%M}.{format}", trace)


def care_table(found: Care) -> Table:
    """One row per group, in the answer's order."""
    fields = [field for group in found.by for field in group_fields(group, NAMES[group])]
    fields += [field for key in METRICS for field in _metric_fields(key)]
    rows = [_cells(found, row) for row in found.rows]
    return Table(fields=tuple(fields), total=len(rows), batches=iter([rows]))


def write_care(
    ask: Ask, found: Care, filters: Filters, *, format: str, stamp: Stamp, source: str
) -> tuple[bytes, dict[str, Any]]:
    """The whole file, and its 说明; `source` is the address that asked for it."""
    content, info = Content(care_table(found)), ask.info

    def about() -> dict[str, Any]:
        return dict.fromkeys(LINES, "") | {
            "file": care_name(ask, found, filters, format, stamp.trace),
            "title": "关爱走访（人数保护后）",
            "demo": DEMO if info.is_demo else "",
            "county": info.region,
            "filters_in_words": care_in_words(ask, found, filters),
            "filters": filters.conditions(),
            "by": list(found.by),
            "as_of": info.as_of.isoformat(),
            "snapshot": info.snapshot,
            "rows": content.rows,
            "sha256": content.sha256,
            "sha256_of": HASH_OF,
            "defaults": DEFAULTS,
            "columns": [asdict(field) for field in content.fields],
            "source": source,
            **stamp.said,
        }

    def shapes() -> Locate:
        return polygons(ask, place_of(found.by))

    writers: dict[str, Callable[[BinaryIO], None]] = {
        "csv": partial(write_csv, content),
        "xlsx": partial(write_xlsx, content, about=about, made=info.as_of),
        "parquet": partial(write_parquet, content, about=about),
        "geojson": lambda out: write_geojson(content, out, locate=shapes(), members=lambda: {"about": about()}),
    }
    with tempfile.TemporaryFile(prefix="yiping-care-") as out:
        writers[format](out)
        out.seek(0)
        return out.read(), about()


def _metric_fields(key: str) -> Iterator[Field]:
    metric = METRICS[key]
    is_rate = key == COVERAGE.key
    unit = "0–1 的比值" if is_rate else metric.unit
    yield Field(key=key, header=metric.name, kind="share" if is_rate else "whole", meaning=metric.meaning, unit=unit)
    if is_rate:
        yield Field(key=f"{key}_n", header=f"{metric.name}·分子 n", kind="whole", meaning="列出的已访人次", unit="人次")
        yield Field(key=f"{key}_N", header=f"{metric.name}·分母 N", kind="whole", meaning="列出的应访人次", unit="人次")
    yield Field(key=f"{key}_state", header=f"{metric.name}·状态", kind="text", meaning="；".join(STATES.values()))
    yield Field(key=f"{key}_shown", header=f"{metric.name}·页面写法", kind="text", meaning="页面上显示的文字")


def _cells(found: Care, row: CareRow) -> Cells:
    cells = group_cells(found.by, row.codes, row.labels)
    for key, value in row.values.items():
        cells += _value_cells(key, value)
    return tuple(cells)


def _value_cells(key: str, value: Value) -> Iterator[Cell]:
    if key == COVERAGE.key:
        yield plain(value.value)
        yield None if value.n is None else int(value.n)
        yield value.N
    else:
        yield None if value.value is None else int(value.value)
    yield STATES[value.state]
    yield words.shown(METRICS[key], value).line
