"""Is a value that a callback got of the kind that the page sends? Whoever reads one takes it from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.filters import MAX_VALUES
from dashboard.refusal import RefusedError

LONGEST_TEXT = 64_000
"""An address with every dimension chosen to its limit is far shorter."""


class OddValueError(RefusedError):
    """No page of ours sends such a value."""

    def __init__(self) -> None:
        super().__init__("回调请求的取值不对：页面可能已过期，请刷新")


def text(value: Any) -> str | None:
    """A text, or none. Raises `OddValueError`."""
    if value is not None and not (isinstance(value, str) and len(value) <= LONGEST_TEXT):
        raise OddValueError
    return value


def mapping(value: Any) -> Mapping[str, Any] | None:
    """An object, or none. Raises `OddValueError`."""
    if value is not None and not isinstance(value, Mapping):
        raise OddValueError
    return value


def texts(value: Any) -> list[str] | None:
    """A list of texts, or none. Raises `OddValueError`."""
    found: list[str] | None = _list_of(str, value, most=MAX_VALUES)
    return found


def days(value: Any) -> list[str | None] | None:
    """The first and the last day of a period, either of which may be missing, or none. Raises `OddValueError`."""
    found: list[str | None] | None = _list_of(str | None, value, most=2)
    return found


def _list_of(kind: Any, value: Any, *, most: int) -> Any:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, kind) for item in value):
        raise OddValueError
    return value
