"""What should the numbers be? Every metric of the catalogue a second time, in plain Python.

Written from the definitions (catalogue, `data_model_and_metrics.md` sections 5–7, `domain.md` section 3) and from the
reference files; nothing here is computed by the product, no SQL, no data frames. A case is a dictionary of what its
source row says (canonical field → Python value, absent for empty), its log a list of such dictionaries.
"""

from __future__ import annotations

import csv
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parent.parent / "data" / "reference"
FOREVER = datetime(9999, 1, 1)

PAST = (
    *("occur_at", "entry_at", "report_at", "grade_at", "first_response_at", "dispatch_at", "rectify_at"),
    *("first_contact_at", "session_held_at", "callback_at", "archive_at", "kind_changed_at"),
)
"""Times that cannot lie after the data's own; an agreed session and a deadline can."""

Record = dict[str, Any]
Span = tuple[datetime, datetime]
"""Half-open: start ≤ t < end."""


# --- what the county configured ---------------------------------------------------------------------------------


def _table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


class Rules:
    """The reference folder as the definitions use it."""

    def __init__(self, folder: Path = REFERENCE) -> None:
        settings = tomllib.loads((folder / "rules.toml").read_text(encoding="utf-8"))
        clock, warning, display = settings["clock"], settings["warning"], settings["display"]
        self.cutoff = timedelta(hours=clock["report_cutoff_hour"])
        self.sign_limit = timedelta(hours=clock["sign_limit_hours"])
        self.late_entry = timedelta(hours=clock["late_entry_hours"])
        self.repeat = timedelta(days=clock["repeat_days"])
        self.reopen = timedelta(days=clock["reopen_days"])
        self.warn = timedelta(hours=warning["hours"])
        self.short_limit = timedelta(days=warning["short_limit_days"])
        self.short_share = float(warning["short_share"])
        self.loop_channels = set(settings["loop"]["channels"])
        self.min_n = int(display["min_n"])
        self.min_n_satisfaction = int(display["min_n_satisfaction"])
        self.limits = _table(folder, "limits")
        self.wuhua = _table(folder, "wuhua")
        self.special = {date.fromisoformat(r["day"]): r["is_workday"] == "1" for r in _table(folder, "calendar")}
        day, days = date(2005, 1, 1), []
        while day.year < 2035:
            if self.is_workday(day):
                days.append(day)
            day += timedelta(days=1)
        self.workdays = days

    def is_workday(self, day: date) -> bool:
        """The State Council's schedule where it says something about the day, else Monday to Friday."""
        return self.special.get(day, day.weekday() < 5)

    def after_workdays(self, start: datetime, days: int) -> datetime:
        """The last second of the `days`-th working day after the day of `start`."""
        first = bisect_right(self.workdays, start.date())
        return datetime.combine(self.workdays[first + days - 1], time(23, 59, 59))

    def after(self, start: datetime, amount: float, unit: str) -> datetime:
        """When a limit that starts at `start` runs out."""
        if unit == "workday":
            return self.after_workdays(start, ceil(amount))
        return (
            start
            + {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}[unit] * amount
        )

    def warning(self, limit: timedelta) -> timedelta:
        """How long before its deadline a matter is 临期."""
        return limit * self.short_share if limit < self.short_limit else self.warn

    def limit_of(self, kind: str, complexity: str, started: Started) -> dict[str, str] | None:
        """The row of limits.csv in force when its clock started: for this complexity before any, the newest first."""
        rows = [r for r in self.limits if r["kind"] == kind and r["complexity"] in ("*", complexity)]
        return _newest(rows, started, lambda r: r["complexity"] != "*")

    def clock_of(self, kind: str, level: str | None, started: Started) -> dict[str, str] | None:
        """The row of wuhua.csv in force when its clock started: for this risk level before any, the newest first."""
        rows = [r for r in self.wuhua if r["kind"] == kind and r["level"] in ("*", level)]
        return _newest(rows, started, lambda r: r["level"] != "*")


Started = Callable[[dict[str, str]], datetime]
"""When the clock of a rule started, or when it would have."""


def _newest(
    rows: list[dict[str, str]], started: Started, special: Callable[[dict[str, str]], bool]
) -> dict[str, str] | None:
    valid = [r for r in rows if datetime.fromisoformat(r["valid_from"]) <= started(r)]
    return max(valid, key=lambda r: (special(r), r["valid_from"]), default=None)


# --- the life of one case ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spell:
    """The case was open from `start` to `end` (None: still)."""

    start: datetime
    end: datetime | None

    def covers(self, moment: datetime) -> bool:
        """Open at this moment: opened by then and not closed by then."""
        return self.start <= moment and (self.end is None or self.end > moment)


@dataclass(frozen=True)
class Dispatch:
    """One assignment to a lead department and what came of it."""

    at: datetime
    department: str
    signed_at: datetime | None
    returned: bool


@dataclass(frozen=True)
class Clock:
    """One 化 of one case: `status` is met, late, missed, unknown, or before its deadline pending or early (stopped)."""

    kind: str
    deadline: datetime | None
    limit: timedelta | None
    status: str


@dataclass
class County:
    """The lists a case refers to: grid → village and village → town."""

    grids: Mapping[str, str] = field(default_factory=dict)
    villages: Mapping[str, str] = field(default_factory=dict)


class Case:
    """One case with its log, as of a moment."""

    def __init__(self, record: Record, log: Sequence[Record], *, county: County, rules: Rules, as_of: datetime) -> None:
        self.record = record
        self.rules = rules
        self.as_of = as_of
        self.county = county
        self.is_repeat = False
        self.log = sorted(log, key=lambda s: (s["event_at"], s.get("seq") is None, s.get("seq") or 0, s["action"]))

    def get(self, name: str) -> Any:
        """What the source row says; None where it says nothing, or says what is still to come."""
        value = self.record.get(name)
        return None if name in PAST and value is not None and value > self.as_of else value

    def first(self, action: str) -> datetime | None:
        """When an action first happened according to the log."""
        return next((s["event_at"] for s in self.log if s["action"] == action), None)

    def moment(self, name: str) -> datetime | None:
        """A time of the case: its own row's, else the log's for times the log has a step for."""
        steps = {"dispatch_at": "dispatch", "report_at": "report", "grade_at": "grade"}
        value: datetime | None = self.get(name)
        return value if value is not None or name not in steps else self.first(steps[name])

    @property
    def accept_at(self) -> datetime:
        """When it was accepted."""
        at: datetime = self.get("accept_at")
        return at

    @cached_property
    def spells(self) -> list[Spell]:
        """When it was open. The log decides; without a closing in the log, the closing in the row."""
        turns = [
            (s["event_at"], s["action"])
            for s in self.log
            if s["action"] in ("close", "reopen") and s["event_at"] >= self.accept_at
        ]
        if self.get("close_at") is not None and not any(s["action"] == "close" for s in self.log):
            turns.append((self.get("close_at"), "close"))
            turns.sort(key=lambda turn: turn[0])
        spells: list[Spell] = []
        start: datetime | None = self.accept_at
        for at, action in turns:
            if action == "close" and start is not None:
                spells.append(Spell(start, at))
                start = None
            elif action == "reopen" and start is None:
                start = at
        return [*spells, Spell(start, None)] if start is not None else spells

    @property
    def is_closed(self) -> bool:
        """Closed as of the data."""
        return self.spells[-1].end is not None

    def is_open(self, moment: datetime) -> bool:
        """Open at a moment."""
        return any(spell.covers(moment) for spell in self.spells)

    def closed_by(self, due: datetime) -> bool:
        """Closed at its deadline: a closing no later than it, and not reopened by then."""
        return any(s.end is not None and s.end <= due for s in self.spells) and not self.is_open(due)

    @cached_property
    def pauses(self) -> list[Span]:
        """From a 挂起 while the case is open to the next 恢复, the closing that ended it, or the time of the data."""
        found: list[Span] = []
        since: datetime | None = None
        for step in self.log:
            if step["action"] == "suspend" and self.is_open(step["event_at"]):
                if since is not None and (ended := self._pause_end(since, step["event_at"])) < step["event_at"]:
                    found.append((since, ended))
                    since = None
                since = since or step["event_at"]
            elif step["action"] == "resume" and since is not None:
                found.append((since, self._pause_end(since, step["event_at"])))
                since = None
        return [*found, (since, self._pause_end(since, self.as_of))] if since is not None else found

    def _pause_end(self, since: datetime, until: datetime) -> datetime:
        return min([until, *(s.end for s in self.spells if s.end is not None and s.end >= since)])

    @cached_property
    def first_due(self) -> tuple[datetime | None, timedelta, str]:
        """The deadline as first set, how long the limit is, and its unit."""
        if self.get("deadline") == "source":
            due = self.get("due_at")
            return due, (due - self.accept_at if due else timedelta()), "day"
        row = self.rules.limit_of(
            self.get("kind"),
            self.get("complexity") or "general",
            lambda r: self.moment(r["clock_start"]) or self.accept_at,
        )
        start = self.moment(row["clock_start"]) if row else None
        if row is None or start is None:
            return None, timedelta(), "day"
        due = self.rules.after(start, float(row["amount"]), row["unit"])
        return due, due - start, row["unit"]

    @cached_property
    def moved_due(self) -> tuple[datetime | None, int]:
        """The deadline in force, and how many approved extensions counted.

        In the order they happened, while the deadline in force had not passed: a pause moves it by its own length,
        an extension approved at the deadline or before by its days (working days where the limit is in them).
        """
        due, _, unit = self.first_due
        if due is None:
            return None, 0
        extensions = 0
        changes = [(s["event_at"], 0, s.get("extension_amount") or 0) for s in self.log if s["action"] == "extension"]
        changes += [(start, 1, end) for start, end in self.pauses]
        for at, is_pause, what in sorted(changes, key=lambda change: change[:2]):
            if is_pause and at < due:
                due += what - at
            elif not is_pause and at <= due and what > 0:
                due = self.rules.after_workdays(due, ceil(what)) if unit == "workday" else due + timedelta(days=what)
                extensions += 1
        return due, extensions

    @property
    def due(self) -> datetime | None:
        """The deadline in force."""
        return self.moved_due[0]

    def hours_until(self, nth: int) -> float:
        """Hours it had been open and not paused up to the end of its nth spell (from 0)."""
        seconds = 0.0
        for spell in self.spells[: nth + 1]:
            end = spell.end or self.as_of
            seconds += (end - spell.start).total_seconds()
            for start, stop in self.pauses:
                seconds -= max(0.0, (min(stop, end) - max(start, spell.start)).total_seconds())
        return seconds / 3600

    def reopened_soon(self, nth: int) -> bool:
        """The closing of the nth spell did not last 30 days."""
        spell, after = self.spells[nth], self.spells[nth + 1 : nth + 2]
        return spell.end is not None and bool(after) and after[0].start <= spell.end + self.rules.reopen

    @cached_property
    def rating(self) -> float | None:
        """满意 1, 基本满意 0.9, 不满意 0; only from a valid callback."""
        if not self.get("callback_valid"):
            return None
        return {"satisfied": 1.0, "mostly": 0.9, "dissatisfied": 0.0}.get(self.get("satisfaction"))

    @cached_property
    def dispatches(self) -> list[Dispatch]:
        """A sign-on or return belongs to the last lead dispatch before it, if that department did it."""
        found: list[Dispatch] = []
        for step in self.log:
            if (step.get("role") or "lead") != "lead":
                continue
            if step["action"] == "dispatch":
                found.append(Dispatch(step["event_at"], step.get("to_department") or "", None, False))
            elif step["action"] in ("sign", "return") and found:
                last = found[-1]
                if (step.get("from_department") or last.department) != last.department:
                    continue
                if step["action"] == "return":
                    found[-1] = Dispatch(last.at, last.department, last.signed_at, True)
                elif last.signed_at is None:
                    found[-1] = Dispatch(last.at, last.department, step["event_at"], last.returned)
        return found

    @cached_property
    def dimensions(self) -> dict[str, str]:
        """What the case is filtered and grouped by."""
        place = self._place()
        logged = [d.department for d in self.dispatches if d.department]
        major = (
            self.get("event_grade") in ("01", "02", "03")
            or self.get("event_scale") == "03"
            or self.get("level") == "red"
        )
        return {
            **place,
            "department": self.get("lead_department") or (logged[-1] if logged else ""),
            "kind": self.get("kind"),
            "severity": "major" if major else "general",
            "level": self.get("level") or "",
            "category": self.get("category") or "",
            "channel": self.get("channel") or "",
            "status": self._status(),
            "place": "no_grid" if not place["grid"] else "point" if self._has_point() else "no_point",
        }

    def _has_point(self) -> bool:
        """Both coordinates and not (0,0); the counties here have no grid polygons to hold a point against."""
        pair = (self.get("lon"), self.get("lat"))
        return None not in pair and pair != (0, 0)

    def _place(self) -> dict[str, str]:
        grid = self.get("grid_code")
        if grid in self.county.grids:
            village = self.county.grids[grid]
            return {"grid": grid, "village": village, "town": self.county.villages[village]}
        village = self.get("village_code")
        if village in self.county.villages:
            return {"grid": "", "village": village, "town": self.county.villages[village]}
        return {"grid": "", "village": "", "town": ""}

    def _status(self) -> str:
        if self.is_closed:
            return "closed"
        if self.due is None:
            return "on_track"
        if self.due < self.as_of:
            return "overdue"
        return "due_soon" if self.due - self.rules.warning(self.first_due[1]) <= self.as_of else "on_track"

    # --- the loop ---

    @cached_property
    def loop_step(self) -> int:
        """How many steps of the loop follow one another without a gap: accepted, dispatched, closed, called back."""
        done = (True, self.moment("dispatch_at") is not None, self.is_closed, self.rating is not None)
        return done.index(False) if False in done else len(done)

    @property
    def has_assistants(self) -> bool:
        """Some department was called in to assist."""
        return any(s["action"] == "dispatch" and s.get("role") == "assist" for s in self.log)

    @property
    def is_traced(self) -> bool:
        """Report, dispatch, sign-on and closing are all on record."""
        signed = any(d.signed_at is not None for d in self.dispatches)
        return self.loop_step >= 3 and self.moment("report_at") is not None and signed

    @property
    def called_back_at(self) -> datetime | None:
        """The callback of a case that went all the way: its own row's time, else the last in the log."""
        logged = [s["event_at"] for s in self.log if s["action"] == "callback"]
        at: datetime | None = self.get("callback_at")
        return at if at is not None else max(logged, default=None)

    # --- the five 化 ---

    @cached_property
    def clocks(self) -> list[Clock]:
        """One clock for each kind the case held, for as long as it held it."""
        changed, prior = self.get("kind_changed_at"), self.get("prior_kind")
        found = []
        if prior is not None and prior != "P" and changed is not None and changed > self.accept_at:
            found.append(self._clock(prior, None, changed))
        kind = self.get("kind")
        held_from = changed if prior is not None else None
        found.append(self._problem_clock() if kind == "P" else self._clock(kind, held_from, None))
        return [clock for clock in found if clock is not None]

    def _problem_clock(self) -> Clock:
        """问题限时化: the case's own deadline, so that it is K03 by definition."""
        due, limit = self.due, self.first_due[1]
        return self._judged("P", due, limit, met=due is not None and self.closed_by(due), stopped=self.is_closed)

    def _start(self, row: dict[str, str], held_from: datetime | None) -> datetime | None:
        """Where a rule's clock starts; a kind is timed for the interval it was held, so not before it was."""
        start = self.moment(row["clock_start"])
        return start if start is None or held_from is None else max(start, held_from)

    def _clock(self, kind: str, held_from: datetime | None, held_to: datetime | None) -> Clock | None:
        row = self.rules.clock_of(
            kind, self.get("level"), lambda r: self._start(r, held_from) or held_from or self.accept_at
        )
        start = self._start(row, held_from) if row else None
        stops = [t for t in (self.moment(row["clock_stop"]) if row else None, self.spells[0].end) if t is not None]
        stop = min(stops, default=None)
        if stop is not None and held_to is not None and stop > held_to:
            stop = None
        if row is None or start is None:
            left_running = held_to is not None and stop is None
            return None if left_running else Clock(kind, None, None, "unknown")
        deadline = self.rules.after(start, float(row["amount"]), row["unit"])
        if held_to is not None and stop is None and held_to <= deadline:
            return None  # left while its clock still ran: not judged
        hasty = kind == "D" and any(self.reopened_soon(n) for n in range(len(self.spells)))
        met = stop is not None and stop <= deadline and not hasty
        return self._judged(kind, deadline, deadline - start, met=met, stopped=stop is not None or held_to is not None)

    def _judged(
        self, kind: str, deadline: datetime | None, limit: timedelta | None, *, met: bool, stopped: bool
    ) -> Clock:
        if deadline is None:
            return Clock(kind, None, None, "unknown")
        if deadline >= self.as_of:
            return Clock(kind, deadline, limit, "early" if stopped else "pending")
        return Clock(kind, deadline, limit, "met" if met else "late" if stopped else "missed")


def lives(
    records: Sequence[Record], logs: Sequence[Record], *, county: County, as_of: datetime, rules: Rules | None = None
) -> list[Case]:
    """Every accepted case with its own log, repeats marked."""
    rules = rules or Rules()
    by_case: dict[str, list[Record]] = {}
    for step in logs:
        by_case.setdefault(step["case_id"], []).append(step)
    cases = [Case(r, by_case.get(r["case_id"], []), county=county, rules=rules, as_of=as_of) for r in records]
    last: dict[tuple[str, str], datetime] = {}
    for case in sorted(cases, key=lambda c: (c.accept_at, c.get("case_id"))):
        if not case.get("party") or not case.get("category"):
            continue
        who = (case.get("party"), case.get("category"))
        case.is_repeat = who in last and case.accept_at - last[who] <= rules.repeat
        last[who] = case.accept_at
    return cases


# --- the metrics ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """One thing a metric looks at: when it counts (None: whatever the period), in which dimensions, for how much."""

    at: datetime | None
    dimensions: Mapping[str, str]
    amount: float


@dataclass(frozen=True)
class Number:
    """What a metric comes to; rates carry n and N, durations N."""

    value: float | None
    n: float | None = None
    N: int | None = None
    state: str = "ok"


Look = Callable[[Case], Iterator[Seen]]


@dataclass(frozen=True)
class Twin:
    """A metric's second definition: what it looks at and how that becomes a number."""

    kind: str
    look: Look
    statistic: str = ""


TWINS: dict[str, Twin] = {}
STOCKS: dict[str, Callable[[Case, datetime], bool]] = {}


def _twin(key: str, kind: str, statistic: str = "") -> Callable[[Look], Look]:
    def keep(look: Look) -> Look:
        TWINS[key] = Twin(kind, look, statistic)
        return look

    return keep


def _closings(case: Case) -> Iterator[tuple[int, datetime, bool]]:
    """Every closing: its number, its time, and whether it still stands."""
    for nth, spell in enumerate(case.spells):
        if spell.end is not None:
            yield nth, spell.end, nth == len(case.spells) - 1


@_twin("accepted", "count")
def accepted(case: Case) -> Iterator[Seen]:
    yield Seen(case.accept_at, case.dimensions, 1)


@_twin("closed", "count")
def closed(case: Case) -> Iterator[Seen]:
    for _, at, _ in _closings(case):
        yield Seen(at, case.dimensions, 1)


def reopened(case: Case) -> Iterator[Seen]:
    """Not in the catalogue; needed for the identity of the stock."""
    for spell in case.spells[1:]:
        yield Seen(spell.start, case.dimensions, 1)


def open_(case: Case, before: datetime) -> bool:
    """Open at the end of a period that ends just before this moment."""
    return any(s.start < before and (s.end is None or s.end >= before) for s in case.spells)


def overdue_open(case: Case, before: datetime) -> bool:
    """Open at the end of a period, its deadline passed by then."""
    return case.due is not None and case.due < min(before, case.as_of) and open_(case, before)


STOCKS["open"] = open_
STOCKS["overdue_open"] = overdue_open


def _of_accepted(test: Callable[[Case], bool]) -> Look:
    def look(case: Case) -> Iterator[Seen]:
        yield Seen(case.accept_at, case.dimensions, test(case))

    return look


_twin("closure_rate", "rate")(_of_accepted(lambda case: case.is_closed))
_twin("repeat_rate", "rate")(_of_accepted(lambda case: case.is_repeat))
_twin("supervised_rate", "rate")(_of_accepted(lambda case: (case.get("supervision") or "0") != "0"))
_twin("uncomputable_rate", "rate")(_of_accepted(lambda case: case.due is None))


@_twin("self_found_rate", "rate")
def self_found_rate(case: Case) -> Iterator[Seen]:
    if case.get("discovery") in ("self", "complaint"):
        yield Seen(case.accept_at, case.dimensions, case.get("discovery") == "self")


@_twin("late_entry_rate", "rate")
def late_entry_rate(case: Case) -> Iterator[Seen]:
    entry, occur = case.get("entry_at"), case.get("occur_at")
    if entry is not None and occur is not None and entry <= case.as_of:
        yield Seen(entry, case.dimensions, entry - occur > case.rules.late_entry)


def _of_due(test: Callable[[Case, datetime], bool], *, original: bool = False) -> Look:
    """Matters whose deadline has passed: one not yet due is in no on-time denominator, even when closed."""

    def look(case: Case) -> Iterator[Seen]:
        due = case.first_due[0] if original else case.due
        if due is not None and due < case.as_of:
            yield Seen(due, case.dimensions, test(case, due))

    return look


_twin("on_time_rate", "rate")(_of_due(lambda case, due: case.closed_by(due)))
_twin("on_time_rate_original", "rate")(_of_due(lambda case, due: case.closed_by(due), original=True))
_twin("overdue_rate", "rate")(_of_due(lambda case, due: not case.closed_by(due)))
_twin("extension_rate", "rate")(_of_due(lambda case, _due: case.moved_due[1] > 0))


@_twin("sign_on_time_rate", "rate")
def sign_on_time_rate(case: Case) -> Iterator[Seen]:
    for d in case.dispatches:
        limit = d.at + case.rules.sign_limit
        if limit < case.as_of:
            on_time = d.signed_at is not None and d.signed_at <= limit
            yield Seen(d.at, {**case.dimensions, "department": d.department}, on_time)


@_twin("return_rate", "rate")
def return_rate(case: Case) -> Iterator[Seen]:
    for d in case.dispatches:
        yield Seen(d.at, {**case.dimensions, "department": d.department}, d.returned)


@_twin("handling_hours_median", "duration", "median")
@_twin("handling_hours_p90", "duration", "p90")
@_twin("handling_hours_mean", "duration", "mean")
def handling_hours(case: Case) -> Iterator[Seen]:
    for nth, at, _ in _closings(case):
        yield Seen(at, case.dimensions, case.hours_until(nth))


@_twin("resolution_rate", "rate")
def resolution_rate(case: Case) -> Iterator[Seen]:
    for _, at, stands in _closings(case):
        if stands and case.get("close_type") in ("resolved", "unresolved"):
            yield Seen(at, case.dimensions, case.get("close_type") == "resolved")


@_twin("satisfaction_rate", "rate")
def satisfaction_rate(case: Case) -> Iterator[Seen]:
    for _, at, stands in _closings(case):
        if stands and case.rating is not None:
            yield Seen(at, case.dimensions, case.rating)


@_twin("callback_rate", "rate")
def callback_rate(case: Case) -> Iterator[Seen]:
    for _, at, stands in _closings(case):
        yield Seen(at, case.dimensions, stands and case.rating is not None)


@_twin("reopen_rate", "rate")
def reopen_rate(case: Case) -> Iterator[Seen]:
    for nth, at, _ in _closings(case):
        yield Seen(at, case.dimensions, case.reopened_soon(nth))


@_twin("closed_in_grid_rate", "rate")
def closed_in_grid_rate(case: Case) -> Iterator[Seen]:
    for _, at, _ in _closings(case):
        yield Seen(at, case.dimensions, case.get("close_level") == "grid")


def _of_clocks(*statuses: str, counted: str = "") -> Look:
    def look(case: Case) -> Iterator[Seen]:
        for clock in case.clocks:
            if clock.status in statuses:
                amount = clock.status == counted if counted else 1
                yield Seen(clock.deadline, {**case.dimensions, "kind": clock.kind}, amount)

    return look


_twin("wuhua_on_time_rate", "rate")(_of_clocks("met", "late", "missed", counted="met"))
_twin("wuhua_met", "count")(_of_clocks("met"))
_twin("wuhua_late", "count")(_of_clocks("late"))
_twin("wuhua_missed", "count")(_of_clocks("missed"))


@_twin("wuhua_uncomputable", "count")
def wuhua_uncomputable(case: Case) -> Iterator[Seen]:
    for clock in case.clocks:
        if clock.status == "unknown":
            yield Seen(case.accept_at, {**case.dimensions, "kind": clock.kind}, 1)


def _pending(*, soon: bool) -> Look:
    def look(case: Case) -> Iterator[Seen]:
        for clock in case.clocks:
            if clock.status == "pending" and clock.deadline is not None and clock.limit is not None:
                is_soon = clock.deadline - case.rules.warning(clock.limit) <= case.as_of
                if is_soon == soon:
                    yield Seen(None, {**case.dimensions, "kind": clock.kind}, 1)

    return look


_twin("wuhua_due_soon", "count")(_pending(soon=True))
_twin("wuhua_not_due", "count")(_pending(soon=False))


def _of_loop(test: Callable[[Case], bool], *, among: int = 1) -> Look:
    """A share of the accepted cases that have come as far round the loop as `among`."""

    def look(case: Case) -> Iterator[Seen]:
        if case.loop_step >= among:
            yield Seen(case.accept_at, case.dimensions, test(case))

    return look


_twin("loop_self_reported_rate", "rate")(_of_loop(lambda case: (case.get("channel") or "") in case.rules.loop_channels))
_twin("loop_dispatched_rate", "rate")(_of_loop(lambda case: case.loop_step >= 2))
_twin("loop_right_first_rate", "rate")(_of_loop(lambda case: not any(d.returned for d in case.dispatches), among=2))
_twin("loop_handled_rate", "rate")(_of_loop(lambda case: case.loop_step >= 3, among=2))
_twin("loop_assisted_rate", "rate")(_of_loop(lambda case: case.has_assistants, among=2))
_twin("loop_late_rate", "rate")(_of_loop(lambda case: case.dimensions["status"] == "overdue", among=2))
_twin("loop_traced_rate", "rate")(_of_loop(lambda case: case.loop_step == 4, among=3))
_twin("loop_complete_rate", "rate")(_of_loop(lambda case: case.is_traced, among=3))
_twin("loop_whole_rate", "rate")(_of_loop(lambda case: case.loop_step == 4))


def _between(start: Callable[[Case], datetime | None], end: Callable[[Case], datetime | None], *, since: int) -> Look:
    """Hours between two moments of a case that has come so far round the loop; none where they are out of order."""

    def look(case: Case) -> Iterator[Seen]:
        first, last = start(case), end(case)
        if case.loop_step >= since and first is not None and last is not None and last >= first:
            yield Seen(case.accept_at, case.dimensions, (last - first).total_seconds() / 3600)

    return look


def _closed_at(case: Case) -> datetime | None:
    return case.spells[-1].end


_twin("loop_accept_hours", "duration", "median")(
    _between(lambda case: case.moment("report_at"), lambda case: case.accept_at, since=1)
)
_twin("loop_dispatch_hours", "duration", "median")(
    _between(lambda case: case.accept_at, lambda case: case.moment("dispatch_at"), since=2)
)
_twin("loop_handle_hours", "duration", "median")(_between(lambda case: case.moment("dispatch_at"), _closed_at, since=3))
_twin("loop_callback_hours", "duration", "median")(_between(_closed_at, lambda case: case.called_back_at, since=4))


# --- from observations to a number ------------------------------------------------------------------------------


Wanted = Mapping[str, Sequence[str]]
"""Dimension → codes, any of which will do."""


def _inside(at: datetime | None, span: Span) -> bool:
    return at is None or span[0] <= at < span[1]


def _matches(dimensions: Mapping[str, str], wanted: Wanted) -> bool:
    return all(dimensions[name] in codes for name, codes in wanted.items())


def quantile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between the two nearest values."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _rate(key: str, amounts: list[float], rules: Rules) -> Number:
    if not amounts:
        return Number(None, 0, 0, "none")
    top, total = sum(amounts), len(amounts)
    enough = rules.min_n_satisfaction if key == "satisfaction_rate" else rules.min_n
    n = round(top, 1) if key == "satisfaction_rate" else top
    return Number(top / total, n, total, "ok" if total >= enough else "small")


def _duration(amounts: list[float], statistic: str) -> Number:
    if not amounts:
        return Number(None, None, 0, "none")
    value = {
        "median": lambda: quantile(amounts, 0.5),
        "p90": lambda: quantile(amounts, 0.9),
        "mean": lambda: sum(amounts) / len(amounts),
    }[statistic]()
    return Number(value, None, len(amounts))


class Oracle:
    """Answers for one set of cases; what was looked at once is kept."""

    def __init__(self, cases: Sequence[Case], rules: Rules | None = None) -> None:
        self.cases = cases
        self.rules = rules or Rules()
        self._seen: dict[str, list[Seen]] = {}
        self._chosen: dict[tuple[str, str], list[Seen]] = {}

    def observations(self, key: str, wanted: Wanted) -> list[Seen]:
        """All that a metric looks at among these codes, whatever the period."""
        place = (key, repr(wanted))
        if place not in self._chosen:
            if key not in self._seen:
                self._seen[key] = [seen for case in self.cases for seen in TWINS[key].look(case)]
            self._chosen[place] = [s for s in self._seen[key] if _matches(s.dimensions, wanted)]
        return self._chosen[place]

    def number(self, key: str, *, span: Span = (datetime.min, FOREVER), wanted: Wanted | None = None) -> Number:
        """A metric over start ≤ t < end (a stock: just before end), among the cases of these codes."""
        wanted = wanted or {}
        if key in STOCKS:
            return Number(sum(STOCKS[key](c, span[1]) for c in self.cases if _matches(c.dimensions, wanted)))
        twin = TWINS[key]
        amounts = [s.amount for s in self.observations(key, wanted) if _inside(s.at, span)]
        if twin.kind == "rate":
            return _rate(key, amounts, self.rules)
        return _duration(amounts, twin.statistic) if twin.kind == "duration" else Number(len(amounts))


def twins() -> set[str]:
    """The metrics that have a twin."""
    return TWINS.keys() | STOCKS.keys()
