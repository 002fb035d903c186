"""Who did what, just now? Puts what the one who is asking does on record, before its answer leaves."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from dashboard.audit.record import NOBODY, Kind, Who
from dashboard.audit.trail import Trail
from dashboard.auth.identity import Identity, known

address: ContextVar[str] = ContextVar("address", default="")
"""Where the request that is being answered comes from."""

_KINDS: Mapping[str, Kind] = {"session": "person", "token": "token", "wall": "wall"}


def who_of(identity: Identity | None) -> Who:
    """The one who is asking, as a record says it: by the account's own role."""
    return NOBODY if identity is None else Who(identity.name, identity.account_role, _KINDS[identity.kind])


class Recorder:
    """Records events of the one who is asking. Call it off the event loop, when the answer is ready and not yet sent.

    Raises `AuditError` where it cannot be written: then there is no answer.
    """

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def __call__(self, event: str, /, **facts: Any) -> None:
        """Write one event with its facts; empty ones are left out."""
        said = {name: fact for name, fact in facts.items() if fact not in ("", (), None)}
        self._trail.append(event, said, who=who_of(known()), address=address.get())
