"""How did each case go? The time of every step, and the event log that says the same thing step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from etl.demo.cases import C, Cases, D, H, P, R, floor_minute, late_gap
from etl.demo.clock import DAY, HOUR, MINUTE, NEVER, Clock, Flags, Floats, Ints, between, choose, spread
from etl.demo.county import County

Times = dict[str, Ints]

NEVER_CLOSED = 2**50
"""Stands for a closing that does not come; cut to `NEVER` like all that lies after the data."""


@dataclass
class Course:
    """The course of each case: times by step (NEVER = not yet or not at all) and what came of it."""

    times: Times
    lead: Ints
    returned: Flags
    extension_days: Ints
    supervision: Ints
    close_type: Ints
    close_level: Ints
    agreement: Ints
    callback_valid: Ints
    satisfaction: Ints
    due: Ints


class Step(NamedTuple):
    """One kind of step: which time it has, who did it, to whom, in which role (see `_actors`)."""

    time: str
    action: str
    by: str = ""
    to: str = ""
    role: int = -1


# In the order in which steps of the same second are numbered.
STEPS: tuple[Step, ...] = (
    Step("report", "report"),
    Step("accept", "accept"),
    Step("reject", "reject"),
    Step("grade", "grade"),
    Step("dispatch", "dispatch", to="first", role=0),
    Step("sign", "sign", by="first", role=0),
    Step("return", "return", by="first", role=0),
    Step("dispatch_2", "dispatch", to="second", role=0),
    Step("sign_2", "sign", by="second", role=0),
    Step("return_2", "return", by="second", role=0),
    Step("dispatch_3", "dispatch", to="lead", role=0),
    Step("sign_3", "sign", by="lead", role=0),
    Step("assist", "dispatch", to="helper", role=1),
    Step("assist_sign", "sign", by="helper", role=1),
    Step("whistle", "whistle", to="helper"),
    Step("arrive", "arrive", by="helper"),
    Step("contact", "contact", by="lead", role=0),
    Step("schedule", "schedule", by="lead", role=0),
    Step("held", "mediate", by="lead", role=0),
    Step("held_2", "mediate", by="lead", role=0),
    Step("extension_request", "extension_request", by="lead", role=0),
    Step("extension", "extension", to="lead", role=0),
    Step("suspend", "suspend", by="lead", role=0),
    Step("resume", "resume", by="lead", role=0),
    Step("supervise", "supervise", to="lead"),
    Step("feedback", "feedback", by="lead", role=0),
    Step("close", "close", by="lead", role=0),
    Step("callback", "callback"),
    Step("reopen", "reopen"),
    Step("close_2", "close", by="lead", role=0),
    Step("callback_2", "callback"),
    Step("archive", "archive"),
)


@dataclass(frozen=True)
class EventRows:
    """The event log, in file order: per row the case, the step number and indices into `STEPS`."""

    case: Ints
    sequence: Ints
    at: Ints
    step: Ints
    by: Ints
    to: Ints
    extension_days: Ints


class Flow:
    """Draws the course of cases; one instance serves every chunk."""

    def __init__(self, county: County, clock: Clock, *, as_of: int) -> None:
        self.county, self.clock, self.as_of = county, clock, as_of

    def run(self, cases: Cases, rng: np.random.Generator) -> Course:
        """The course of every case up to the data's end."""
        return _Run(self, cases, rng).course()


class _Run:
    """One chunk on its way through the steps; each method adds the times of one stage."""

    def __init__(self, flow: Flow, cases: Cases, rng: np.random.Generator) -> None:
        self.flow, self.cases, self.rng, self.n = flow, cases, rng, len(cases)
        self.times: Times = {}
        self.town = flow.county.town_of_grid[cases.grid]
        self.habits = flow.county.departments

    def chance(self, share: Floats | float) -> Flags:
        return np.asarray(self.rng.random(self.n) < share)

    def spread(self, median: float, sigma: float, *, low: float, high: float) -> Ints:
        return np.clip(spread(self.rng, self.n, median=median, sigma=sigma), low, high).astype(np.int64)

    def between(self, low: Ints | Floats | float, high: Ints | Floats | float) -> Ints:
        size = np.ones(self.n)
        return between(self.rng, low * size, high * size).astype(np.int64)

    def only(self, flags: Flags, value: Ints) -> Ints:
        return np.where(flags, value, NEVER)

    def course(self) -> Course:
        """All stages in turn."""
        self._arrival()
        self._routing()
        self._signals()
        self._before_acceptance()
        self._due()
        self._first_steps()
        self._mediation()
        self._helpers()
        self._interruptions()
        self._closing()
        self._aftermath()
        self._supervision()
        self._not_accepted()
        self._cut_at_end()
        return self._outcome()

    def _arrival(self) -> None:
        t, slot = self.times, self.cases.slot
        t["accept"] = slot.copy()
        t["report"] = slot - self.spread(15 * MINUTE, 1.1, low=MINUTE, high=20 * HOUR)
        t["dispatch"] = slot + self.spread(40 * MINUTE, 0.9, low=3 * MINUTE, high=60 * HOUR)
        t["grade"] = slot + (between(self.rng, np.full(self.n, 0.2), 0.9) * (t["dispatch"] - slot)).astype(np.int64)

    def _signed(self, dispatched: Ints, department: Ints) -> Ints:
        timely = self.chance(self.habits.signs[department])
        soon = self.spread(28 * MINUTE, 0.8, low=2 * MINUTE, high=115 * MINUTE)
        return dispatched + np.where(timely, soon, self.between(125 * MINUTE, 20 * HOUR))

    def _routing(self) -> None:
        """Dispatch, signing, and the returns of those who say it is not theirs."""
        t, cases = self.times, self.cases
        t["sign"] = self._signed(t["dispatch"], cases.first_department)
        factor = np.where(cases.kind == R, 0.0, 1.0) * np.where(cases.complexity == 2, 1.6, 1.0)
        self.returned = self.chance(self.habits.returns[cases.first_department] * factor)
        twice = self.returned & self.chance(0.09)
        t["return"] = self.only(self.returned, t["sign"] + self.spread(3 * HOUR, 0.9, low=600, high=40 * HOUR))
        t["dispatch_2"] = self.only(self.returned, t["return"] + self.spread(90 * MINUTE, 0.8, low=300, high=DAY))
        t["sign_2"] = self.only(self.returned, self._signed(t["dispatch_2"], cases.second_department))
        t["return_2"] = self.only(twice, t["sign_2"] + self.spread(5 * HOUR, 0.8, low=600, high=40 * HOUR))
        t["dispatch_3"] = self.only(twice, t["return_2"] + self.spread(4 * HOUR, 0.8, low=300, high=2 * DAY))
        final = np.where(twice, cases.helper, np.where(self.returned, cases.second_department, cases.first_department))
        self.twice, self.lead = twice, final
        t["sign_3"] = self.only(twice, self._signed(t["dispatch_3"], final))
        self.work = np.where(twice, t["sign_3"], np.where(self.returned, t["sign_2"], t["sign"]))

    def _signals(self) -> None:
        """Risk signals run on minutes: the whole chain up to the first response is drawn within its limit."""
        t, cases = self.times, self.cases
        risk = cases.kind == R
        limit = np.where(cases.level == 0, 30 * MINUTE, 2 * HOUR)
        timely = self.chance(self.flow.county.in_time_by_town[R][self.town])
        late = 1.05 + spread(self.rng, self.n, median=0.9, sigma=0.9)
        taken = limit * np.where(timely, between(self.rng, np.full(self.n, 0.25), 0.97), np.minimum(late, 30))
        shares = {"report": -0.2, "grade": 0.15, "dispatch": 0.32, "sign": 0.6, "response": 0.8}
        for name, share in shares.items():
            value = cases.slot + (share * taken).astype(np.int64)
            t[name] = np.where(risk, value, t[name]) if name in t else self.only(risk, value)
        self.work = np.where(risk, t["sign"], self.work)

    def _before_acceptance(self) -> None:
        t, cases = self.times, self.cases
        t["entry"] = t["report"] - self.spread(8 * MINUTE, 1.0, low=0, high=12 * HOUR)
        patrol = np.isin(cases.channel, (3, 9))
        gap = spread(self.rng, self.n, median=1.0, sigma=1.2) * np.where(patrol, 0.5 * HOUR, 6 * HOUR)
        gap = np.where(cases.late_entry, late_gap(self.rng, self.n) * HOUR, np.clip(gap, 60, 70 * HOUR))
        t["occur"] = floor_minute((t["entry"] - gap).astype(np.int64))

    def _due(self) -> None:
        t, cases, clock = self.times, self.cases, self.flow.clock
        self.amount = clock.limits[cases.kind, cases.complexity]
        self.start = np.where(clock.starts_at_dispatch[cases.kind], t["dispatch"], t["accept"])
        self.due = clock.due(self.start, kind=cases.kind, amount=self.amount)
        self.lower = self.work + self.spread(20 * MINUTE, 0.7, low=300, high=6 * HOUR)

    def _within_a_day(self, kind: int, start: Ints, *, after: Ints) -> Ints:
        """A step that the 五化 rules want within 24 hours; towns differ in keeping to it."""
        timely = self.chance(self.flow.county.in_time_by_town[kind][self.town])
        late = 1.03 + spread(self.rng, self.n, median=0.5, sigma=0.9)
        share = np.where(timely, between(self.rng, np.full(self.n, 0.06), 0.95), np.minimum(late, 4))
        ready = after + self.between(2 * MINUTE, 20 * MINUTE)
        return np.asarray(np.maximum(start + (share * DAY).astype(np.int64), ready))

    def _first_steps(self) -> None:
        """First contact (C, D), start of rectification (H); what the closing has to wait for."""
        t, kind = self.times, self.cases.kind
        t["rectify"] = self.only(kind == H, self._within_a_day(H, t["report"], after=self.work))
        conflict = self._within_a_day(C, t["accept"], after=self.work)
        dispute = self.work + self.spread(7 * HOUR, 0.9, low=10 * MINUTE, high=60 * HOUR)
        t["contact"] = self.only((kind == C) | (kind == D), np.where(kind == C, conflict, dispute))
        for name in ("rectify", "contact", "response"):
            self.lower = np.maximum(self.lower, t[name] + self.between(10 * MINUTE, 3 * HOUR) * (t[name] != NEVER))

    def _planned(self, scheduled: Ints) -> Ints:
        """A mediation appointment on a half-hour of a day to come, sooner when the limit is short."""
        days = 1 + (between(self.rng, np.full(self.n, 0.02), 0.22) * self.amount).astype(np.int64)
        half_hours = choose(self.rng, self.n, weights=(3, 5, 6, 5, 3, 1, 0.5, 3, 5, 6, 5, 3, 2))
        return (scheduled // DAY + days) * DAY + 9 * HOUR + half_hours * 30 * MINUTE

    def _mediation(self) -> None:
        t, cases, clock = self.times, self.cases, self.flow.clock
        dispute = cases.kind == D
        schedule = t["contact"] + self.spread(50 * MINUTE, 0.8, low=300, high=8 * HOUR)
        planned = self._planned(schedule)
        timely = self.chance(self.flow.county.in_time_by_town[D][self.town])
        soon = planned + self.between(-5 * MINUTE, 50 * MINUTE)
        days = np.where(self.chance(0.08), 1, 0) + np.where(timely, 0, 2 + choose(self.rng, self.n, weights=(5, 3, 1)))
        shifted = clock.workday_after(planned, np.maximum(days, 1)) + planned % DAY
        held = np.where(timely & (days == 0), soon, np.where(timely & (days == 1), shifted, shifted))
        t["schedule"], t["planned"] = self.only(dispute, schedule), self.only(dispute, planned)
        t["held"] = self.only(dispute, np.maximum(held, schedule + 15 * MINUTE))
        again = dispute & self.chance(np.where(cases.complexity == 2, 0.55, 0.22)) & (self.amount > 7)
        t["held_2"] = self.only(again, t["held"] + self.between(0.8 * DAY, 5 * DAY))
        t["kind_changed"] = self.only(
            cases.prior_conflict, t["accept"] + ((schedule - t["accept"]) * 0.8).astype(np.int64)
        )
        last = np.maximum(t["held"], t["held_2"])
        self.lower = np.maximum(self.lower, last + self.between(30 * MINUTE, 5 * HOUR) * dispute)

    def _helpers(self) -> None:
        """Assisting departments, and the whistle that calls one to the spot."""
        t, cases = self.times, self.cases
        wanted = np.array([0.03, 0.07, 0.24])[cases.complexity] * np.where(cases.kind == R, 0.4, 1.0)
        assisted = self.chance(wanted) & ~self.twice
        t["assist"] = self.only(assisted, self.work + self.between(MINUTE, 30 * MINUTE))
        t["assist_sign"] = self.only(assisted, t["assist"] + self.spread(40 * MINUTE, 0.8, low=300, high=20 * HOUR))
        called = assisted & self.chance(0.3)
        t["whistle"] = self.only(called, t["assist_sign"] + self.between(5 * MINUTE, 4 * HOUR))
        t["arrive"] = self.only(called, t["whistle"] + self.spread(50 * MINUTE, 0.8, low=600, high=30 * HOUR))
        done = np.maximum(t["assist_sign"], t["arrive"])
        self.lower = np.maximum(self.lower, done + 10 * MINUTE * (done != NEVER))

    def _interruptions(self) -> None:
        """Extensions asked for and granted before the deadline; suspensions. Sets the effective deadline.

        `ceiling` and `floor` keep closings clear of the deadline by the widest reading of it (extension in
        natural or working days, a pause in natural or working time): every reading gives the same verdict.
        """
        t, cases, room = self.times, self.cases, self.due - self.work
        suspended = self.chance(np.where(cases.complexity == 2, 0.032, 0.013)) & (room > 2 * DAY)
        t["suspend"] = self.only(
            suspended, self.work + (between(self.rng, np.full(self.n, 0.1), 0.45) * room).astype(np.int64)
        )
        pause = self.only(suspended, self.between(1 * DAY, 12 * DAY))
        t["resume"] = self.only(suspended, t["suspend"] + pause)
        share = np.array([0.03, 0.055, 0.10])[cases.complexity]
        asked = self.chance(share * 1.25) & ~suspended & (room > 8 * HOUR) & (cases.kind != R)
        request = self.work + (between(self.rng, np.full(self.n, 0.5), 0.85) * room).astype(np.int64)
        answer = request + (between(self.rng, np.full(self.n, 0.1), 0.8) * np.minimum(self.due - request, DAY)).astype(
            np.int64
        )
        granted = asked & self.chance(0.93)
        t["extension_request"], t["extension"] = self.only(asked, request), self.only(granted, answer)
        days = np.where(self.amount <= 1, 1, 2 + choose(self.rng, self.n, weights=(3, 4, 2, 6, 1, 1, 1, 1, 3)))
        self.extension_days = np.where(granted, days, 0)
        self.paused = np.where(suspended, pause, 0)
        due = self.flow.clock.due(self.start, kind=cases.kind, amount=self.amount + self.extension_days)
        self.effective_due = due + self.paused
        self.ceiling = np.minimum(due, self.due + self.extension_days * DAY) + self.paused // 2
        self.floor = due + self.paused + np.where(suspended, 4 * DAY, 0)
        ends = np.maximum(np.maximum(t["resume"], t["extension"]), t["extension_request"])
        self.lower = np.maximum(self.lower, ends + self.between(20 * MINUTE, 6 * HOUR) * (ends != NEVER))

    def _at_work(self, value: Ints, *, low: Ints, high: Ints) -> Ints:
        """Moved into office hours of its day where that keeps it between `low` and `high`."""
        office = value // DAY * DAY + 8 * HOUR + 30 * MINUTE + (value % DAY) * 2 // 5
        fits = (office >= low) & (office <= high) & self.chance(0.9)
        return np.where(fits, office, value)

    def _closing(self) -> None:
        """Closing before or after the deadline, as the department and the town are wont to."""
        t, cases, habits = self.times, self.cases, self.habits
        tilt = (self.flow.county.in_time_by_town[P][self.town] - 0.94) * 0.4
        hard = np.array([0.006, 0.0, -0.02])[cases.complexity] - 0.02 * self.returned
        timely = self.chance(np.clip(habits.on_time[self.lead] + tilt + hard + 0.012, 0.5, 0.999))
        timely &= self.ceiling > self.lower + 20 * MINUTE
        share = self.rng.beta(1.5, 1.9, self.n) ** (1 / habits.speed[self.lead])
        early = self.lower + (share * (self.ceiling - 60 - self.lower)).astype(np.int64)
        early = self._at_work(early, low=self.lower, high=self.ceiling - 60)
        delay = np.clip(spread(self.rng, self.n, median=3.4, sigma=1.3), 0.02, 150) / np.sqrt(habits.speed[self.lead])
        late = np.maximum(self.floor, self.lower) + (delay * DAY).astype(np.int64) + MINUTE
        late = self._at_work(late, low=np.maximum(self.floor, self.lower) + 60, high=late + DAY)
        slack = np.clip(0.25 + 20 * (1 - habits.on_time[self.lead]), 0.25, 2.5)
        age = (self.flow.as_of - cases.slot) / (30.4 * DAY)
        stuck = self.chance((0.013 + 0.06 * np.exp(-age / 2.0)) * slack * np.array([0.3, 0.9, 2.2])[cases.complexity])
        self.timely = timely & ~stuck
        t["close"] = np.where(stuck, NEVER_CLOSED, np.where(timely, early, late))
        back = np.minimum(self.between(10 * MINUTE, 26 * HOUR), t["close"] - self.lower)
        t["feedback"] = t["close"] - np.maximum(back, 0)

    def _aftermath(self) -> None:
        """Callback, reopening, second closing, archive."""
        t, n = self.times, self.n
        reached = self.chance(0.87)
        call = t["close"] + self.spread(2.2 * DAY, 0.8, low=2 * HOUR, high=12 * DAY)
        call = self._at_work(call, low=t["close"] + HOUR, high=t["close"] + 13 * DAY)
        share = 0.009 + 0.5 * (1 - self.habits.on_time[self.lead]) + np.where(self.cases.level < 2, 0.02, 0.0)
        reopened = self.chance(share) & (t["close"] < NEVER_CLOSED)
        t["reopen"] = self.only(reopened, t["close"] + self.between(0.5 * DAY, 28.5 * DAY))
        before = t["close"] + (between(self.rng, np.full(n, 0.2), 0.9) * (t["reopen"] - t["close"])).astype(np.int64)
        t["callback"] = self.only(reached, np.where(reopened, np.minimum(call, before), call))
        t["close_2"] = self.only(reopened, t["reopen"] + self.spread(4 * DAY, 0.8, low=3 * HOUR, high=45 * DAY))
        again = t["close_2"] + self.spread(2 * DAY, 0.7, low=2 * HOUR, high=10 * DAY)
        t["callback_2"] = self.only(reopened & self.chance(0.92), again)
        self.reopened = reopened
        last = np.maximum.reduce([t["close"], t["callback"], t["close_2"], t["callback_2"]])
        wait = self.spread(3 * DAY, 0.9, low=HOUR, high=25 * DAY)
        filed = self._at_work(last + wait, low=last, high=last + wait + DAY)
        t["archive"] = self.only(self.chance(0.95), filed)

    def _supervision(self) -> None:
        t, cases = self.times, self.cases
        share = 0.011 + np.array([0.3, 0.1, 0.012, 0.0])[cases.level] + np.where(self.timely, 0.0, 0.16)
        chosen = self.chance(share)
        end = np.minimum(t["close"], self.flow.as_of)
        begin = np.where(self.timely | (self.due >= end), self.work, np.minimum(self.due, end))
        at = begin + (between(self.rng, np.full(self.n, 0.05), 0.6) * np.maximum(end - begin, 0)).astype(np.int64)
        t["supervise"] = self.only(chosen & (at > self.work) & (at < end), at)
        urgent = choose(self.rng, self.n, weights=(2, 5, 3))
        usual = choose(self.rng, self.n, weights=(82, 15, 3))
        self.supervision = np.where(t["supervise"] == NEVER, 0, 1 + np.where(cases.level < 2, urgent, usual))

    def _not_accepted(self) -> None:
        """A few reports were rejected; a few of the last hours have not been looked at yet."""
        t = self.times
        rejected = self.chance(0.003)
        pending = self.chance(0.3) & (self.cases.slot > self.flow.as_of - 6 * HOUR)
        t["reject"] = self.only(rejected & ~pending, t["accept"] + self.between(-30, 30) + 60)
        shift = t["accept"] - t["report"]
        for name in ("occur", "entry", "report"):
            t[name] = np.where(rejected | pending, t[name] + shift, t[name])
        for name in set(t) - {"occur", "entry", "report", "reject"}:
            t[name] = np.where(rejected | pending, NEVER, t[name])

    def _cut_at_end(self) -> None:
        """Nothing after the data's end is known, but for appointments already made."""
        t = self.times
        planned = np.where((t["schedule"] == NEVER) | (t["schedule"] > self.flow.as_of), NEVER, t["planned"])
        for name, value in t.items():
            t[name] = np.where(value > self.flow.as_of, NEVER, value)
        t["planned"] = planned
        self.supervision = np.where(t["supervise"] == NEVER, 0, self.supervision)
        self.extension_days = np.where(t["extension"] == NEVER, 0, self.extension_days)

    def _outcome(self) -> Course:
        t, cases, rng = self.times, self.cases, self.rng
        reopened = t["reopen"] != NEVER
        t["last_close"] = np.where(reopened, t["close_2"], t["close"])
        t["last_callback"] = np.where(reopened, t["callback_2"], t["callback"])
        closed, called = t["last_close"] != NEVER, t["last_callback"] != NEVER
        current = np.where(t["dispatch_3"] != NEVER, self.lead, cases.second_department)
        current = np.where(t["dispatch_2"] != NEVER, current, cases.first_department)
        close_type = choose(rng, self.n, weights=(83, 8.6, 4.6, 1.4, 1.2, 0.5, 0.7))
        resolved = closed & (close_type == 0)
        level = self._close_level()
        valid = called & self.chance(0.81)
        agreement = choose(rng, self.n, weights=(36, 46, 10, 8))
        agreement = np.where(cases.kind == C, choose(rng, self.n, weights=(60, 8, 0, 32)), agreement)
        mediated = resolved & ((cases.kind == C) | (cases.kind == D))
        return Course(
            times=t,
            lead=np.where(t["dispatch"] == NEVER, NEVER, current),
            returned=t["return"] != NEVER,
            extension_days=self.extension_days,
            supervision=np.where(t["accept"] == NEVER, NEVER, self.supervision),
            close_type=np.where(closed, close_type, NEVER),
            close_level=np.where(closed, level, NEVER),
            agreement=np.where(mediated, agreement, NEVER),
            callback_valid=np.where(called, valid.astype(np.int64), NEVER),
            satisfaction=np.where(valid, self._satisfaction(close_type), NEVER),
            due=self.effective_due,
        )

    def _close_level(self) -> Ints:
        """Simple things close in the grid, hard and grave ones climb."""
        table = np.array([[44, 34, 19, 3, 0.0], [20, 32, 39, 8.9, 0.1], [4, 15, 51, 29, 1.0]])
        edges = np.cumsum(table / table.sum(axis=1, keepdims=True), axis=1)[self.cases.complexity]
        drawn = (self.rng.random(self.n)[:, None] > edges).sum(axis=1)
        return np.asarray(np.where(self.cases.level == 0, np.maximum(drawn, 2), drawn), dtype=np.int64)

    def _satisfaction(self, close_type: Ints) -> Ints:
        """满意, 基本满意, 不满意, 未评价: better when solved and in time."""
        tilt = (
            self.habits.satisfies[self.lead]
            + np.where(self.timely, 0.0, -0.12)
            + np.where(close_type == 0, 0.015, -0.1)
        )
        happy = np.clip(0.83 + tilt, 0.3, 0.97)
        rest = 1 - happy
        edges = np.column_stack([happy, happy + 0.74 * rest, happy + 0.94 * rest])
        return np.asarray((self.rng.random(self.n)[:, None] > edges).sum(axis=1), dtype=np.int64)


def event_rows(course: Course, cases: Cases) -> EventRows:
    """The event log of a chunk: cases in order, steps of a case in time order and numbered from 1."""
    actors = {
        "": np.full(len(cases), NEVER, dtype=np.int64),
        "first": cases.first_department,
        "second": cases.second_department,
        "lead": course.lead,
        "helper": np.where(course.lead == cases.helper, (cases.helper + 3) % 25, cases.helper),
    }
    picked = [np.flatnonzero(course.times[s.time] != NEVER) for s in STEPS]
    case = np.concatenate(picked)
    step = np.repeat(np.arange(len(STEPS)), [len(p) for p in picked])
    at = np.concatenate([course.times[s.time][p] for s, p in zip(STEPS, picked, strict=True)])
    by = np.concatenate([actors[s.by][p] for s, p in zip(STEPS, picked, strict=True)])
    to = np.concatenate([actors[s.to][p] for s, p in zip(STEPS, picked, strict=True)])
    days = np.concatenate(
        [
            course.extension_days[p] if s.time == "extension" else np.zeros(len(p), dtype=np.int64)
            for s, p in zip(STEPS, picked, strict=True)
        ]
    )
    # One sortable number per row: case, then seconds since the chunk's first step, then the order of STEPS.
    key = (case << 40) | ((at - at.min()) << 6) | step
    order = np.argsort(key, kind="stable")
    case = case[order]
    starts = np.flatnonzero(np.r_[True, case[1:] != case[:-1]])
    sequence = np.arange(len(case)) - np.repeat(starts, np.diff(np.r_[starts, len(case)])) + 1
    return EventRows(case, sequence, at[order], step[order], by[order], to[order], days[order])
