"""Which cases are worth drawing? Ones whose times stand exactly on a boundary, and one second to either side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests import builders, oracle
from tests.builders import Record

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
NEAR = st.sampled_from([timedelta(0), -SECOND, SECOND])
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
    """One delivery: cases with their logs, and the time of the data."""

    as_of: datetime
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


@st.composite
def batches(draw: st.DrawFn, *, least: int = 30, most: int = 60) -> Batch:
    """A delivery of cases, all times up to the time of the data."""
    as_of = draw(st.sampled_from(AS_OFS))
    count = draw(st.integers(least, most))
    return Batch(as_of, tuple(_one(draw, f"A{n:03d}", as_of) for n in range(count)))


def _one(draw: st.DrawFn, name: str, as_of: datetime) -> tuple[Record, tuple[Record, ...]]:
    record = _record(draw, name, as_of)
    log: list[Record] = []
    _dispatch(draw, record, log)
    _answer_in_time(draw, record)
    _adjust(draw, record, log, as_of)
    _close(draw, record, log, as_of)
    _tell_of_the_end(draw, record)
    log = sorted((s for s in log if s["event_at"] <= as_of), key=lambda s: s["event_at"])
    for number, step in enumerate(log, start=1):
        step["seq"] = number
    return {k: v for k, v in record.items() if v is not None}, tuple(log)


def _maybe(draw: st.DrawFn, *values: Any) -> Any:
    return draw(st.sampled_from((None, *values)))


def _record(draw: st.DrawFn, name: str, as_of: datetime) -> Record:
    kind = draw(st.sampled_from("RHCDPP"))
    anchors = [datetime.combine(day, datetime.min.time()) for day in EDGES]
    anchors += [as_of - LIMITS[kind], as_of - CLOCKS.get(kind, DAY), as_of, datetime(2025, 9, 27, 15), datetime(2025, 10, 11, 9)]
    at = min(as_of, draw(st.sampled_from(anchors)) + draw(NEAR))
    grid = draw(st.sampled_from([*builders.GRIDS, "990108999999999", None]))
    return builders.case(
        name,
        at,
        kind,
        complexity=_maybe(draw, "simple", "general", "complex"),
        grid_code=grid,
        village_code=None if grid in builders.GRIDS else _maybe(draw, *builders.VILLAGES),
        level=_maybe(draw, "red", "yellow"),
        event_grade=_maybe(draw, "03", "04"),
        category=_maybe(draw, "01", "02"),
        channel=_maybe(draw, "01", "04"),
        discovery=_maybe(draw, "self", "complaint", "transfer"),
        supervision=_maybe(draw, "0", "2"),
        party=_maybe(draw, "甲-1", "乙-2"),
        report_at=_maybe(draw, at - HOUR, at),
        occur_at=_maybe(draw, at - 3 * DAY - 1 * HOUR, at - 80 * HOUR),
        entry_at=_maybe(draw, at - HOUR, at - HOUR + SECOND, at - HOUR - SECOND),
        **_former_kind(draw, kind, at, as_of),
    )


def _former_kind(draw: st.DrawFn, kind: str, at: datetime, as_of: datetime) -> Record:
    """A kind held before; only where the new clock has its start (see test_disagreements for the others)."""
    prior = _maybe(draw, "C", "H", "P") if kind in "CP" else None
    if prior is None or prior == kind:
        return {}
    changed = min(as_of, at + draw(st.sampled_from([timedelta(0), 23 * HOUR, DAY - HOUR, DAY, DAY + SECOND, 5 * DAY])))
    return {"prior_kind": prior, "kind_changed_at": changed}


def _dispatch(draw: st.DrawFn, record: Record, log: list[Record]) -> None:
    name, at = record["case_id"], record["accept_at"]
    if draw(st.booleans()):
        record["lead_department"] = draw(st.sampled_from(list(builders.DEPARTMENTS)))
    for _ in range(draw(st.integers(0, 2))):
        at += draw(st.sampled_from([timedelta(0), HOUR, DAY]))
        to = draw(st.sampled_from(list(builders.DEPARTMENTS)))
        role = draw(st.sampled_from(["lead", "lead", None, "assist"]))
        log.append(builders.step(name, at, "dispatch", to_department=to, role=role))
        for action in draw(st.sampled_from([(), ("sign",), ("sign", "sign"), ("return",), ("sign", "return")])):
            by = draw(st.sampled_from([to, to, None, "D01"]))
            late = draw(st.sampled_from([2 * HOUR, 2 * HOUR, HOUR, 3 * DAY])) + draw(NEAR)
            log.append(builders.step(name, at + late, action, from_department=by, role=role))
    if record["kind"] == "P":
        record["dispatch_at"] = _maybe(draw, record["accept_at"], record["accept_at"] + DAY)


def _answer_in_time(draw: st.DrawFn, record: Record) -> None:
    """The time that stops the clock of the case's kind: at its limit, a second to either side, or never."""
    kind, at = record["kind"], record["accept_at"]
    if kind == "D":
        planned = _maybe(draw, at + DAY, datetime(2025, 9, 30, 10), datetime(2025, 10, 10, 17))
        record["session_planned_at"] = planned
        if planned is not None and draw(st.booleans()):
            record["session_held_at"] = RULES.after_workdays(planned, 1) + draw(NEAR)
    for owner in {kind, record.get("prior_kind")} & ANSWERS.keys():
        start = at if owner == "C" else record.get("report_at")
        if start is not None and draw(st.booleans()):
            limit = timedelta(minutes=30) if owner == "R" and record.get("level") == "red" else CLOCKS[owner]
            record[ANSWERS[owner]] = start + limit + draw(NEAR)


def _life(record: Record, log: list[Record], as_of: datetime) -> oracle.Case:
    return oracle.Case(record, log, county=COUNTY, rules=RULES, as_of=as_of)


def _adjust(draw: st.DrawFn, record: Record, log: list[Record], as_of: datetime) -> None:
    """Pauses and extensions that begin at the deadline in force, just before or after it, or well before."""
    name, at = record["case_id"], record["accept_at"]
    for what in draw(st.sampled_from([(), (), ("pause",), ("extension",), ("pause", "extension"), ("extension", "pause")])):
        due = _life(record, log, as_of).due or at + DAY
        start = max(at, draw(st.sampled_from([at + HOUR, due, due])) + draw(NEAR))
        if what == "extension":
            days = _maybe(draw, 1, 3, 0)
            log.append(builders.step(name, start, "extension", extension_amount=days))
            continue
        length = _maybe(draw, HOUR, 2 * DAY, 30 * DAY)
        log.append(builders.step(name, start, "suspend"))
        if length is not None:
            log.append(builders.step(name, start + length, "resume"))


def _close(draw: st.DrawFn, record: Record, log: list[Record], as_of: datetime) -> None:
    """Closings at the deadline, at once, on an edge or at the time of the data; reopenings 30 days later."""
    name, at = record["case_id"], record["accept_at"]
    due = _life(record, log, as_of).due or at + DAY
    times = [due, due, at, at + 90 * HOUR, as_of, datetime(2025, 10, 8)]
    first = max(at, draw(st.sampled_from(times)) + draw(NEAR))
    if first > as_of or not draw(st.integers(0, 3)):
        return
    if draw(st.integers(0, 3)) == 0:
        record["close_at"] = first
    else:
        log.append(builders.step(name, first, "close"))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        again = first + draw(st.sampled_from([SECOND, DAY, 30 * DAY - SECOND, 30 * DAY, 30 * DAY + SECOND, max(due - first, SECOND)]))
        log.append(builders.step(name, again, "reopen"))
        if not draw(st.booleans()) or "close_at" in record:
            return
        first = again + draw(st.sampled_from([SECOND, DAY, max(due - again, SECOND)]))
        log.append(builders.step(name, first, "close"))
        if draw(st.booleans()):
            log.append(builders.step(name, first + HOUR, "close"))
            first += HOUR


def _tell_of_the_end(draw: st.DrawFn, record: Record) -> None:
    record["close_type"] = _maybe(draw, "resolved", "resolved", "unresolved", "withdrawn")
    record["close_level"] = _maybe(draw, "grid", "town")
    record["callback_valid"] = _maybe(draw, True, True, False)
    record["satisfaction"] = _maybe(draw, "satisfied", "mostly", "dissatisfied", "unrated")
