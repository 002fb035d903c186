"""Which cases are worth drawing? Ones whose times stand exactly on a boundary, and one second to either side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests import builders, oracle
from tests.builders import Record

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
NEAR = (timedelta(0), -SECOND, SECOND)
RULES = oracle.Rules()
COUNTY = oracle.County(grids=builders.GRIDS, villages=builders.VILLAGES)

AS_OFS = (datetime(2025, 10, 20), datetime(2025, 11, 3, 8), datetime(2026, 3, 2, 23, 59, 59))
EDGES = (date(2025, 9, 1), date(2025, 9, 29), date(2025, 10, 1), date(2025, 10, 8), date(2025, 10, 13))
"""A month's first day, a Monday, and the days around 国庆 2025 (28 September and 11 October were working weekends)."""

LIMITS = {"R": 3 * DAY, "H": 7 * DAY, "C": 7 * DAY, "D": 20 * DAY, "P": 7 * DAY}
CLOCKS = {"R": 2 * HOUR, "H": 24 * HOUR, "C": 24 * HOUR}
ANSWERS = {"R": "first_response_at", "H": "rectify_at", "C": "first_contact_at"}


@dataclass(frozen=True)
class Batch:
    """One delivery: cases with their logs and the time of the data; which questions, and whether to the cubes."""

    as_of: datetime
    cubes: bool
    turn: int
    cases: tuple[tuple[Record, tuple[Record, ...]], ...]

    @property
    def records(self) -> list[Record]:
        return [record for record, _ in self.cases]

    @property
    def log(self) -> list[Record]:
        return [step for _, steps in self.cases for step in steps]

    def lives(self, rules: oracle.Rules = RULES) -> list[oracle.Case]:
        """What the oracle makes of them."""
        return oracle.lives(self.records, self.log, county=COUNTY, as_of=self.as_of, rules=rules)


def batches() -> st.SearchStrategy[Batch]:
    """Deliveries of cases, all times up to the time of the data.

    Hypothesis draws one seed per delivery: drawing three thousand single values would take as long as the load, and a
    failing delivery is made small by `compare.smallest`, which knows what a case is.
    """
    return st.randoms(use_true_random=True).map(_batch)


def _batch(chance: Random, *, least: int = 40, most: int = 70) -> Batch:
    as_of = chance.choice(AS_OFS)
    count = chance.randint(least, most)
    return Batch(
        as_of,
        chance.choice((True, False)),
        chance.randint(0, 11),
        tuple(_one(chance, f"A{n:03d}", as_of) for n in range(count)),
    )


def _one(chance: Random, name: str, as_of: datetime) -> tuple[Record, tuple[Record, ...]]:
    record = _record(chance, name, as_of)
    log: list[Record] = []
    _dispatch(chance, record, log)
    _answer_in_time(chance, record)
    _adjust(chance, record, log, as_of)
    _close(chance, record, log, as_of)
    _tell_of_the_end(chance, record)
    _call_back(chance, record, log, as_of)
    log = sorted((s for s in log if s["event_at"] <= as_of), key=lambda s: s["event_at"])
    for number, step in enumerate(log, start=1):
        step["seq"] = number
    return {k: v for k, v in record.items() if v is not None}, tuple(log)


def _maybe(chance: Random, *values: Any) -> Any:
    return chance.choice((None, *values))


def _record(chance: Random, name: str, as_of: datetime) -> Record:
    kind = chance.choice("RHCDPP")
    anchors = [datetime.combine(day, datetime.min.time()) for day in EDGES]
    anchors += [
        as_of - LIMITS[kind],
        as_of - CLOCKS.get(kind, DAY),
        as_of,
        datetime(2025, 9, 27, 15),
        datetime(2025, 10, 11, 9),
    ]
    at = min(as_of, chance.choice(anchors) + chance.choice(NEAR))
    grid = chance.choice([*builders.GRIDS, "990108999999999", None])
    return builders.case(
        name,
        at,
        kind,
        complexity=_maybe(chance, "simple", "general", "complex"),
        grid_code=grid,
        village_code=None if grid in builders.GRIDS else _maybe(chance, *builders.VILLAGES),
        level=_maybe(chance, "red", "yellow"),
        event_grade=_maybe(chance, "03", "04"),
        category=_maybe(chance, "01", "02"),
        channel=_maybe(chance, "01", "04"),
        discovery=_maybe(chance, "self", "complaint", "transfer"),
        supervision=_maybe(chance, "0", "2"),
        party=_maybe(chance, "甲-1", "乙-2"),
        report_at=_maybe(chance, at - HOUR, at),
        occur_at=_maybe(chance, at - 3 * DAY - 1 * HOUR, at - 80 * HOUR),
        entry_at=_maybe(chance, at - HOUR, at - HOUR + SECOND, at - HOUR - SECOND),
        **chance.choice(({}, {"lon": 112.6, "lat": 37.8}, {"lon": 112.6}, {"lon": 0, "lat": 0})),
        **_former_kind(chance, kind, at, as_of),
    )


def _former_kind(chance: Random, kind: str, at: datetime, as_of: datetime) -> Record:
    """A kind held before."""
    prior = _maybe(chance, "C", "H", "P", "D", "R") if chance.randint(0, 1) else None
    if prior is None or prior == kind:
        return {}
    changed = min(as_of, at + chance.choice([timedelta(0), 23 * HOUR, DAY - HOUR, DAY, DAY + SECOND, 5 * DAY]))
    return {"prior_kind": prior, "kind_changed_at": changed}


def _dispatch(chance: Random, record: Record, log: list[Record]) -> None:
    name, at = record["case_id"], record["accept_at"]
    if chance.choice((True, False)):
        record["lead_department"] = chance.choice(list(builders.DEPARTMENTS))
    for _ in range(chance.randint(0, 2)):
        at += chance.choice([timedelta(0), HOUR, DAY])
        to = chance.choice(list(builders.DEPARTMENTS))
        role = chance.choice(["lead", "lead", None, "assist"])
        log.append(builders.step(name, at, "dispatch", to_department=to, role=role))
        for action in chance.choice([(), ("sign",), ("sign", "sign"), ("return",), ("sign", "return")]):
            by = chance.choice([to, to, None, "D01"])
            late = chance.choice([2 * HOUR, 2 * HOUR, HOUR, 3 * DAY]) + chance.choice(NEAR)
            log.append(builders.step(name, at + late, action, from_department=by, role=role))
    if record["kind"] == "P":
        record["dispatch_at"] = _maybe(
            chance, record["accept_at"], record["accept_at"] + DAY, record["accept_at"] - 30 * DAY
        )


def _answer_in_time(chance: Random, record: Record) -> None:
    """The time that stops the clock of the case's kind: at its limit, a second to either side, or never."""
    kind, at = record["kind"], record["accept_at"]
    if kind == "D":
        planned = _maybe(chance, at + DAY, datetime(2025, 9, 30, 10), datetime(2025, 10, 10, 17))
        record["session_planned_at"] = planned
        if planned is not None and chance.choice((True, False)):
            record["session_held_at"] = RULES.after_workdays(planned, 1) + chance.choice(NEAR)
    for owner in {kind, record.get("prior_kind")} & ANSWERS.keys():
        start = at if owner == "C" else record.get("report_at")
        if start is not None and chance.choice((True, False)):
            limit = timedelta(minutes=30) if owner == "R" and record.get("level") == "red" else CLOCKS[owner]
            record[ANSWERS[owner]] = start + limit + chance.choice(NEAR)


def _life(record: Record, log: list[Record], as_of: datetime) -> oracle.Case:
    return oracle.Case(record, log, county=COUNTY, rules=RULES, as_of=as_of)


def _adjust(chance: Random, record: Record, log: list[Record], as_of: datetime) -> None:
    """Pauses and extensions that begin at the deadline in force, just before or after it, or well before."""
    name, at = record["case_id"], record["accept_at"]
    for what in chance.choice([(), (), ("pause",), ("extension",), ("pause", "extension"), ("extension", "pause")]):
        due = _life(record, log, as_of).due or at + DAY
        start = max(at, chance.choice([at + HOUR, due, due]) + chance.choice(NEAR))
        if what == "extension":
            days = _maybe(chance, 1, 3, 0)
            log.append(builders.step(name, start, "extension", extension_amount=days))
            continue
        length = _maybe(chance, HOUR, 2 * DAY, 30 * DAY)
        log.append(builders.step(name, start, "suspend"))
        if length is not None:
            log.append(builders.step(name, start + length, "resume"))


def _close(chance: Random, record: Record, log: list[Record], as_of: datetime) -> None:
    """Closings at the deadline, at once, on an edge or at the time of the data; reopenings 30 days later."""
    name, at = record["case_id"], record["accept_at"]
    due = _life(record, log, as_of).due or at + DAY
    times = [due, due, at, at + 90 * HOUR, as_of, datetime(2025, 10, 8)]
    first = max(at, chance.choice(times) + chance.choice(NEAR))
    if first > as_of or not chance.randint(0, 3):
        return
    if chance.randint(0, 3) == 0:
        record["close_at"] = first
    else:
        log.append(builders.step(name, first, "close"))
    for _ in range(chance.choice([0, 0, 1, 2])):
        again = first + chance.choice(
            [0 * DAY, SECOND, DAY, 30 * DAY - SECOND, 30 * DAY, 30 * DAY + SECOND, max(due - first, SECOND)]
        )
        log.append(builders.step(name, again, "reopen"))
        if chance.randint(0, 2) == 0:
            log.append(builders.step(name, again + HOUR, "suspend"))
            log += [builders.step(name, again + DAY, "resume")] if chance.randint(0, 1) else []
        if not chance.choice((True, False)) or "close_at" in record:
            return
        first = again + chance.choice([SECOND, DAY, max(due - again, SECOND)])
        log.append(builders.step(name, first, "close"))
        if chance.choice((True, False)):
            log.append(builders.step(name, first + HOUR, "close"))
            first += HOUR


def _tell_of_the_end(chance: Random, record: Record) -> None:
    record["close_type"] = _maybe(chance, "resolved", "resolved", "unresolved", "withdrawn")
    record["close_level"] = _maybe(chance, "grid", "town")
    record["callback_valid"] = _maybe(chance, True, True, False)
    record["satisfaction"] = _maybe(chance, "satisfied", "mostly", "dissatisfied", "unrated")


def _call_back(chance: Random, record: Record, log: list[Record], as_of: datetime) -> None:
    """Asked how it went: before the end, at it, a second later, or never; in the row, in the log, or in both."""
    end = _life(record, log, as_of).spells[-1].end
    for at in (end + chance.choice([*NEAR, DAY]) for _ in range(chance.randint(0, 2)) if end is not None):
        if chance.choice((True, False)):
            record["callback_at"] = at
        else:
            log.append(builders.step(record["case_id"], at, "callback"))
