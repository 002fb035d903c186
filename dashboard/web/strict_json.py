"""Is a text the JSON that a page of ours can have written? Stricter than Python's reader, and never at its mercy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from dashboard.refusal import RefusedError

DEEPEST = 24
LARGEST_WHOLE = 2**53
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NOT_JSON = "内容不是合格的 JSON"


def read(body: bytes) -> Any:
    """The value of a body. Raises `RefusedError` for what is no JSON, and for doubled keys, NaN, numbers that no
    browser writes, half characters and nesting without end.
    """
    try:
        said = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
        )
    except (ValueError, RecursionError):
        raise RefusedError(_NOT_JSON) from None
    for text in _texts(said):
        if _HALF_CHARACTER.search(text):
            raise RefusedError(_NOT_JSON)
    return said


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("doubled key")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    # JavaScript has no whole numbers beyond this; and Python takes long over a number of a thousand digits.
    if len(text) > 17 or abs(number := int(text)) > LARGEST_WHOLE:
        raise ValueError(text)
    return number


def _texts(said: Any) -> Iterator[str]:
    """Every text in a value, keys included. Raises `RefusedError` below the deepest level."""
    level = [said]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):
                below += [*value, *value.values()]
            elif isinstance(value, list):
                below += value
        level = below
    if level:
        raise RefusedError("内容的层次过深")
