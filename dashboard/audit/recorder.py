"""Who did what, just now? Puts what the one who is asking does on record, before its answer leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.audit.events import Facts
from dashboard.audit.reading import reading
from dashboard.audit.record import NOBODY, Kind, Who
from dashboard.audit.trail import Trail
from dashboard.auth.identity import Identity, known

address: ContextVar[str] = ContextVar("address", default="")
"""Where the request that is being answered comes from."""

_KINDS: Mapping[str, Kind] = {"session": "person", "token": "token", "wall": "wall"}


def who_of(identity: Identity | None) -> Who:
    """The one who is asking, as a record says it: by the account's own role."""
    return NOBODY if identity is None else Who(identity.name, identity.account_role, _KINDS[identity.kind])


_HANDED = """
    select at, facts from record
    where event = 'exported' and name = :name and kind = :kind and json_extract(facts, '$.trace') = :trace
"""


@dataclass(frozen=True)
class Handed:
    """What the trail knows of a file: when it was handed over, and its facts."""

    at: datetime
    facts: Facts


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

    def handed(self, trace: str) -> Handed | None:
        """The export under this number that the one who is asking was given; None where there is none."""
        who = who_of(known())
        with reading(self._trail.path) as connection:
            found = connection.execute(_HANDED, {"name": who.name, "kind": who.kind, "trace": trace}).fetchone()
        return Handed(datetime.fromisoformat(found["at"]), json.loads(found["facts"])) if found else None
