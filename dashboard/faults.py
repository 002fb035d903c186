"""What went wrong, without what was being worked on? A number for the person, and the place in the program for the log.

An exception's own text, its arguments and the values around it may be a person's data: none of it is written down.
"""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from contextvars import ContextVar
from pathlib import Path

log = logging.getLogger("yiping.faults")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being answered; empty outside of requests."""

DEEPEST = 12
"""So many calls before the failing one are written down."""


def note(error: BaseException, what: str, *, number: str = "") -> str:
    """Write one line about an error into the log and return its number, which a person may be told.

    `what` says in our own words what failed.
    """
    number = number or secrets.token_hex(3)
    said = {"fault": number, "request": request_id.get(), "what": what, "error": _kinds(error), "at": _calls(error)}
    log.error(json.dumps(said, ensure_ascii=False))
    return number


def _kinds(error: BaseException) -> list[str]:
    """The classes of an error and of those that led to it."""
    found: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(found) < DEEPEST:
        found.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return found


def _calls(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
