"""Who had the case, for how long, and when did nobody? One case's whole file, put in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

End = Literal["closed", "returned", "dispatched", "open"]
Record = Mapping[str, Any]


class NoSuchCaseError(LookupError):
    """The snapshot has no case of that number; the text says so, for a person."""


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A time in which the case was open: from acceptance or a reopening; `until` is the data's own time while it is."""

    since: datetime
    until: datetime
    is_closed: bool


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A time in which one department had the open case, or nobody did (`is_unowned`)."""

    department: str
    is_unowned: bool
    hop: int
    since: datetime
    until: datetime
    end: End
    sign_at: datetime | None

    @property
    def hours(self) -> float:
        """Length in hours, nights and pauses included."""
        return (self.until - self.since).total_seconds() / 3600


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One case as the snapshot knows it: its row, steps, holders, assisting departments, pauses and clocks."""

    case: dict[str, Any]
    steps: tuple[dict[str, Any], ...]
    spells: tuple[Spell, ...]
    holdings: tuple[Holding, ...]
    assists: tuple[dict[str, Any], ...]
    pauses: tuple[dict[str, Any], ...]
    clocks: tuple[dict[str, Any], ...]
    as_of: datetime

    @property
    def unowned_hours(self) -> float:
        """Hours in which the case was open and no department had it."""
        return sum(holding.hours for holding in self.holdings if holding.is_unowned)


def spells(events: Sequence[tuple[str, datetime]], as_of: datetime) -> tuple[Spell, ...]:
    """The open times of a case, from the ledger's accepted, closed and reopened, which take turns."""
    opened = sorted(at for event, at in events if event != "closed")
    closed = sorted(at for event, at in events if event == "closed")
    still = [as_of] * (len(opened) - len(closed))
    return tuple(
        Spell(since=since, until=until, is_closed=n < len(closed))
        for n, (since, until) in enumerate(zip(opened, [*closed, *still], strict=True))
    )


def with_gaps(steps: Sequence[Record]) -> tuple[dict[str, Any], ...]:
    """Each step with `gap_hours` since the one before; the first has none."""
    gaps = [(b["event_at"] - a["event_at"]).total_seconds() / 3600 for a, b in pairwise(steps)]
    return tuple({**step, "gap_hours": gap} for step, gap in zip(steps, [None, *gaps], strict=False))


def dispatches(leads: Sequence[Record], case: Record) -> Sequence[Record]:
    """Dispatches to lead departments; without any in the log, the one that the case's own row tells of."""
    if leads or not case["department"]:
        return leads
    at = case["dispatch_at"] or case["accept_at"]
    return [{"department": case["department"], "hop": 1, "assigned_at": at, "sign_at": None, "returned_at": None}]


@dataclass(frozen=True)
class _Turn:
    """From `at` on, this dispatch holds (or, at its return, nobody does)."""

    at: datetime
    end: End
    hop: Record | None


def holdings(hops: Sequence[Record], open_times: Sequence[Spell]) -> tuple[Holding, ...]:
    """Who had the case, dispatch by dispatch, through its open times; what no dispatch covers is unowned.

    A department has the case from the dispatch to it until it sends it back, another gets it, or the case is closed.
    A reopened case is again with whoever had it last. `hops` are rows of fact_case_dept for lead departments.
    """
    turns = list(_turns(hops))
    return tuple(part for spell in open_times for part in _parts(spell, turns))


def _turns(hops: Sequence[Record]) -> Iterator[_Turn]:
    for hop in hops:
        yield _Turn(hop["assigned_at"], "dispatched", hop)
        if hop["returned_at"] is not None:
            yield _Turn(hop["returned_at"], "returned", None)


def _parts(spell: Spell, turns: Sequence[_Turn]) -> Iterator[Holding]:
    at_start = [turn for turn in turns if turn.at <= spell.since]
    holder = at_start[-1].hop if at_start else None
    last: End = "closed" if spell.is_closed else "open"
    since = spell.since
    for turn in [*(t for t in turns if spell.since < t.at < spell.until), _Turn(spell.until, last, None)]:
        if turn.at > since:
            yield _holding(holder, since, turn)
        since, holder = turn.at, turn.hop


def _holding(hop: Record | None, since: datetime, turn: _Turn) -> Holding:
    return Holding(
        department=hop["department"] if hop else "",
        is_unowned=hop is None,
        hop=hop["hop"] if hop else 0,
        since=since,
        until=turn.at,
        end=turn.end,
        sign_at=hop["sign_at"] if hop else None,
    )
