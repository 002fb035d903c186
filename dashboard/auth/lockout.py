"""May this be tried once more? Five failures in five minutes, by a name or from an address, and it has to wait.

Every attempt is counted before it is made and taken back when it succeeds: a hundred at once get no more than five.
"""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta
from typing import Literal

from dashboard.auth.times import moment, stamp
from dashboard.clock import Clock
from dashboard.store import Store

MOST_FAILURES = 5
WINDOW = timedelta(minutes=5)

TABLE = """create table if not exists login_attempt (
  kind text not null, subject text not null, address text not null, at text not null
) strict"""
INDEX = "create index if not exists login_attempt_at on login_attempt (at)"


class Lockout:
    """The attempts of the last minutes, for all workers: they are in the store. Older ones are deleted.

    `kind` keeps apart what has nothing to do with each other: log-ins and activation codes.
    """

    def __init__(self, store: Store, *, clock: Clock, kind: Literal["login", "code"]) -> None:
        self._store, self._clock, self._kind = store, clock, kind
        store.declare(TABLE)
        store.declare(INDEX)

    def admit(self, subject: str, address: str) -> int:
        """Count an attempt and say 0; or the whole seconds to wait, and it is not counted.

        `subject` is the folded name that is tried. It is not kept: people type passwords into the wrong field.
        """
        now = self._clock()
        self._store.write("delete from login_attempt where at <= :since", {"since": stamp(now - WINDOW)})
        said: dict[str, str | int] = {
            **self._said(subject, address),
            "now": stamp(now),
            "since": stamp(now - WINDOW),
            "most": MOST_FAILURES,
        }
        admitted = self._store.write(
            "insert into login_attempt select :kind, :subject, :address, :now"
            " where (select count(*) from login_attempt"
            "        where kind = :kind and subject = :subject and at > :since) < :most"
            "   and (select count(*) from login_attempt"
            "        where kind = :kind and address = :address and at > :since) < :most",
            said,
        )
        return 0 if admitted else self._wait(said)

    def is_news(self, subject: str, address: str) -> bool:
        """Is it the first time in the window that this subject has to wait at this address? True once.

        Who is not logged in may try without end: on record each time, they would fill the disk with the trail.
        """
        now = self._clock()
        told = self._store.write(
            "insert into login_attempt select :kind, :subject, :address, :now where not exists (select 1 from"
            " login_attempt where kind = :kind and subject = :subject and address = :address and at > :since)",
            {
                **self._said(subject, address),
                "kind": f"{self._kind} told",
                "now": stamp(now),
                "since": stamp(now - WINDOW),
            },
        )
        return bool(told)

    def forgive(self, subject: str, address: str) -> None:
        """An attempt succeeded: those by this name from this address count no more. Others' guesses still do."""
        self._store.write(
            "delete from login_attempt where kind = :kind and subject = :subject and address = :address",
            self._said(subject, address),
        )

    def _said(self, subject: str, address: str) -> dict[str, str]:
        return {"kind": self._kind, "subject": hashlib.sha256(subject.encode()).hexdigest(), "address": address}

    def _wait(self, said: dict[str, str | int]) -> int:
        """Seconds until both the name and the address have had fewer than the limit in the window; at least one."""
        rows = [
            *self._store.rows(
                "select at from login_attempt where kind = :kind and subject = :subject and at > :since"
                " order by at desc limit 1 offset :most - 1",
                said,
            ),
            *self._store.rows(
                "select at from login_attempt where kind = :kind and address = :address and at > :since"
                " order by at desc limit 1 offset :most - 1",
                said,
            ),
        ]
        now = moment(str(said["now"]))
        return max([1, *(math.ceil((moment(row["at"]) + WINDOW - now).total_seconds()) for row in rows)])
