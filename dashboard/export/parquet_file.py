"""The table as Parquet: typed columns with the keys of the API, and the 说明 as JSON in the file's own metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dashboard.export.content import Content
from dashboard.export.table import Kind

METADATA_KEY = "yiping"
TYPES: Mapping[Kind, Any] = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "share": pa.float64(),
    "moment": pa.timestamp("s"),
    "day": pa.date32(),
    "flag": pa.bool_(),
}


def write_parquet(content: Content, out: BinaryIO, *, about: Callable[[], Mapping[str, Any]]) -> None:
    """One row group per batch; times are local, without a zone, as in the data."""
    schema = pa.schema([pa.field(f.key, TYPES[f.kind], metadata={"name": f.header}) for f in content.fields])
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for block in content.blocks():
            columns = zip(*block.rows, strict=True)
            arrays = [pa.array(column, type=kind) for column, kind in zip(columns, schema.types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
        writer.add_key_value_metadata({METADATA_KEY: json.dumps(about(), ensure_ascii=False)})
