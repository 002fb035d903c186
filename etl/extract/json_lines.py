"""JSON lines: one object a line; the keys are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from etl.errors import RefusedFileError
from etl.extract.rows import Line, Reading


def read(path: Path) -> Reading:
    """The objects of the file, under the keys of the first one. Raises `RefusedFileError` if there is none."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as handle:
        keys = next((list(k) for k in (_object(text) for text in handle) if k), None)
    if keys is None:
        raise RefusedFileError("没有一行是 JSON 对象，请按“一行一个对象”导出")
    return Reading("json", _lines(path, keys))


def _lines(path: Path, keys: list[str]) -> Iterator[Line]:
    yield Line(0, keys)
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as handle:
        for number, text in enumerate(handle, start=1):
            if not text.strip():
                continue
            item = _object(text)
            if item is None:
                yield Line(number, [], "不是一个完整的 JSON 对象")
            elif extra := item.keys() - set(keys):
                yield Line(number, [], f"有 {len(extra)} 个首行没有的字段")
            else:
                yield Line(number, [_text(item.get(key)) for key in keys])


def _object(text: str) -> dict[str, object] | None:
    try:
        item = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return item if isinstance(item, dict) else None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
