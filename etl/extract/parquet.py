"""Parquet files, every column cast to text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import RefusedFileError
from etl.extract.rows import Line, Reading


def read(path: Path) -> Reading:
    """The rows of the file in order. Raises `RefusedFileError` if it cannot be opened."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise RefusedFileError("Parquet 文件损坏或不完整，请重新导出") from error
    return Reading("parquet", _lines(file))


def _lines(file: pq.ParquetFile) -> Iterator[Line]:
    yield Line(0, list(file.schema_arrow.names))
    number = 0
    for batch in file.iter_batches(batch_size=50_000):
        columns = [texts(column) for column in batch.columns]
        for cells in zip(*columns, strict=True):
            number += 1
            yield Line(number, list(cells))


def texts(column: pa.Array) -> list[str]:
    """The values as text; nothing is an empty text, a time has no fractions."""
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%d %H:%M:%S")
    return ["" if text is None else str(text) for text in column.cast(pa.string()).to_pylist()]
