"""What happened, where, to whom? Draws the cases of a stretch of time; their course is `flow`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from etl.demo import names
from etl.demo.clock import (
    DAY,
    EPOCH,
    HOUR,
    Clock,
    Flags,
    Floats,
    Ints,
    between,
    choose,
    choose_by,
    seconds,
    spread,
)
from etl.demo.county import County, department_weights, grid_rates

KIND_SHARE = (0.06, 0.20, 0.12, 0.17, 0.45)
R, H, C, D, P = range(5)
CATEGORIES = 18

# Rows: kinds R H C D P; columns: the 18 categories. What kind of thing each category mostly is.
CATEGORY_SHARE = np.array(
    [
        [2, 1, 1, 3, 4, 2, 2, 6, 5, 8, 4, 1, 2, 3, 3, 6, 4, 5],
        [0.2, 1, 9, 0.3, 10, 2, 4, 1, 10, 0.5, 0.5, 1, 0.2, 2, 1, 20, 14, 16],
        [12, 18, 9, 5, 4, 5, 7, 6, 3, 4, 3, 1, 1, 3, 3, 3, 9, 5],
        [14, 13, 8, 10, 5, 8, 6, 5, 3, 7, 5, 1, 2, 4, 3, 7, 6, 3],
        [1, 5, 4, 2, 5, 2, 3, 3, 9, 5, 4, 2, 4, 8, 4, 8, 16, 20],
    ],
    dtype=np.float64,
)
# Month factors (January first) of the categories that have a season; the others have none.
SEASON: dict[int, tuple[float, ...]] = {
    10: (2.6, 1.5, 0.6, 0.6, 0.7, 0.7, 0.8, 0.8, 0.9, 1.1, 1.5, 2.2),
    9: (0.8, 0.8, 1.0, 1.1, 1.1, 1.3, 1.2, 1.2, 1.3, 1.6, 1.1, 0.8),
    7: (0.5, 0.6, 1.4, 1.7, 1.5, 1.2, 0.9, 0.8, 1.0, 1.1, 0.9, 0.6),
    12: (0.6, 1.0, 0.6, 1.1, 1.6, 1.0, 1.7, 1.7, 0.9, 2.0, 0.6, 0.5),
    17: (1.5, 1.2, 1.0, 0.8, 0.8, 0.9, 1.0, 1.0, 0.9, 0.9, 1.6, 1.6),
    16: (1.1, 1.2, 0.9, 0.9, 1.0, 1.0, 1.1, 1.0, 1.0, 1.2, 1.0, 1.1),
}
MONTH_SHARE = (0.92, 0.82, 1.0, 1.02, 1.04, 1.06, 1.08, 1.05, 1.02, 1.0, 0.98, 1.02)
WEEKDAY_SHARE = (1.16, 1.1, 1.07, 1.05, 1.05, 0.82, 0.75)
HOUR_SHARE = (3, 2, 1, 1, 1, 2, 5, 14, 62, 84, 88, 70, 36, 40, 70, 80, 78, 58, 30, 22, 20, 16, 10, 6)

# Rows: kinds; columns: channels 01–10 and 99.
CHANNEL_SHARE = np.array(
    [
        [10, 5, 8, 34, 10, 10, 1, 8, 6, 7, 1],
        [12, 2, 6, 58, 4, 2, 0, 1, 3, 11, 1],
        [13, 14, 9, 44, 5, 7, 1, 4, 1, 1, 1],
        [14, 24, 10, 24, 5, 8, 8, 5, 1, 0, 1],
        [24, 9, 24, 26, 5, 3, 0, 4, 2, 2, 1],
    ],
    dtype=np.float64,
)
DISCOVERY_OF_CHANNEL = np.array([1, 1, 1, 0, 2, 2, 2, 2, 2, 0, 1])
"""Index in codes.csv's `discovery` (self, complaint, transfer) of each channel."""

LEVEL_SHARE = np.array(
    [[5, 15, 40, 40], [1.0, 6, 26, 67], [0.9, 5, 26, 68], [1.2, 6, 28, 64], [0.35, 3.0, 19, 77.65]],
    dtype=np.float64,
)
COMPLEXITY_SHARE = np.array([[40, 45, 15], [45, 43, 12], [45, 43, 12], [30, 50, 20], [38, 50, 12]], dtype=np.float64)
PARTY_SHARE = np.array([0.35, 0.2, 1.0, 1.0, 0.85])
REPEAT_SHARE = 0.043
NO_GRID_SHARE, NOWHERE_SHARE, POINT_SHARE = 0.015, 0.007, 0.70
NONE = -1


@dataclass
class Pool:
    """Parties of the last 90 days whom a new case may bring back; bounded, whatever the number of cases."""

    party: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    category: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    grid: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    at: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def remember(self, cases: Cases, rng: np.random.Generator) -> None:
        """Take up at most 1,500 of these cases and forget those older than 60 days."""
        fresh = np.flatnonzero((cases.party >= 0) & ~cases.repeat)
        fresh = rng.choice(fresh, min(1500, len(fresh)), replace=False)
        keep = self.at > cases.slot[-1] - 60 * DAY
        self.party = np.concatenate([self.party[keep], cases.party[fresh]])
        self.category = np.concatenate([self.category[keep], cases.category[fresh]])
        self.grid = np.concatenate([self.grid[keep], cases.grid[fresh]])
        self.at = np.concatenate([self.at[keep], cases.slot[fresh]])


@dataclass
class Cases:
    """Arrays of equal length, one element per case. Codes are indices; -1 is none."""

    month: int
    first_number: int
    slot: Ints
    kind: Ints
    prior_conflict: Flags
    category: Ints
    grid: Ints
    grid_known: Flags
    village_known: Flags
    points: Floats
    channel: Ints
    level: Ints
    grade: Ints
    scale: Ints
    complexity: Ints
    first_department: Ints
    second_department: Ints
    helper: Ints
    party: Ints
    repeat: Flags
    late_entry: Flags
    people: Ints
    amount: Ints

    def __len__(self) -> int:
        return len(self.slot)


@dataclass(frozen=True)
class Plan:
    """How many cases each month has, and the share of each of its days."""

    months: list[date]
    counts: Ints
    day_shares: list[Floats]


def _day_share(day: date, *, clock: Clock, spring: set[date]) -> float:
    share = MONTH_SHARE[day.month - 1] * WEEKDAY_SHARE[day.weekday()]
    if day in spring:
        return share * 0.28
    if not clock.is_workday(day) and day.weekday() < 5:
        return share * 0.62
    return share


def make_plan(clock: Clock, *, months: list[date], as_of: datetime, cases: int, rng: np.random.Generator) -> Plan:
    """Spread the cases over months and days: seasons, weekdays, the Spring Festival dip, a slow rise."""
    spring = {date.fromisoformat(r["day"]) for r in clock.reference.rows("calendar") if r["holiday_name"] == "春节"}
    day_shares = []
    for index, first in enumerate(months):
        following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        last = min(following - timedelta(days=1), as_of.date())
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        rise = 1 + 0.006 * index
        day_shares.append(np.array([rise * _day_share(d, clock=clock, spring=spring) for d in days]))
    totals = np.array([s.sum() for s in day_shares])
    counts = rng.multinomial(cases, totals / totals.sum())
    return Plan(months, counts.astype(np.int64), day_shares)


def draw_slots(plan: Plan, *, month: int, as_of: datetime, rng: np.random.Generator) -> Ints:
    """Acceptance times of a whole month in order, none after `as_of`."""
    first = (plan.months[month] - EPOCH.date()).days
    count = int(plan.counts[month])
    day = first + choose(rng, count, weights=plan.day_shares[month])
    hour = choose(rng, count, weights=HOUR_SHARE)
    slots = day * DAY + hour * HOUR + rng.integers(0, HOUR, count)
    end = seconds(as_of)
    late = slots > end
    # What falls after the data's end is moved back into the last ten hours, not lost: the counts must add up.
    slots[late] = end - rng.integers(600, 10 * HOUR, int(late.sum()))
    return np.sort(slots).astype(np.int64)


class Drawer:
    """Draws cases of a county; keeps the tables that are the same for every chunk."""

    def __init__(self, county: County, clock: Clock) -> None:
        self.county = county
        self.departments = department_weights(clock.reference)
        self._grid_tables: dict[tuple[int, bool], Floats] = {}

    def _grid_table(self, month: int, *, month_end: bool) -> Floats:
        """Chances of each grid by category. At a month's end two towns enter what they had left lying."""
        key = (month, month_end)
        if key not in self._grid_tables:
            self._grid_tables = {k: v for k, v in self._grid_tables.items() if k[0] == month}
            people = self.county.population.astype(np.float64)
            rows = [grid_rates(self.county, month=month, category=c) * people for c in range(CATEGORIES)]
            table = np.array(rows)
            if month_end:
                table[:, np.isin(self.county.town_of_grid, self.county.late_towns)] *= 3.2
            self._grid_tables[key] = table
        return self._grid_tables[key]

    def _grids(self, month: int, *, category: Ints, month_end: Flags, rng: np.random.Generator) -> Ints:
        grid = np.empty(len(category), dtype=np.int64)
        for end in (False, True):
            rows = np.flatnonzero(month_end == end)
            grid[rows] = choose_by(rng, category[rows], table=self._grid_table(month, month_end=end))
        return grid

    def _categories(self, kind: Ints, *, month_number: int, rng: np.random.Generator) -> Ints:
        table = CATEGORY_SHARE.copy()
        for category, factors in SEASON.items():
            table[:, category - 1] *= factors[month_number - 1]
        return choose_by(rng, kind, table=table)

    def _departments(self, row: Ints, *, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
        """First choice, where it goes when returned, and who helps: three different ones (nearly always)."""
        first = choose_by(rng, row, table=self.departments)
        second = _another(rng, row, table=self.departments, but=first)
        helper = _another(rng, row, table=self.departments, but=second)
        return first, second, np.where(helper == first, (helper + 7) % len(names.DEPARTMENTS), helper)

    def _repeats(self, pool: Pool, *, party: Ints, rng: np.random.Generator) -> tuple[Flags, Ints]:
        """Which cases bring back a party of the pool, and which entry of it."""
        repeat = (party >= 0) & (rng.random(len(party)) < REPEAT_SHARE) & (len(pool.party) > 0)
        source = rng.integers(0, max(len(pool.party), 1), len(party))
        return repeat, source

    def draw(
        self, slot: Ints, *, month: date, index: int, first_number: int, pool: Pool, rng: np.random.Generator
    ) -> Cases:
        """The cases accepted at `slot` (in order); `first_number` is the running number of the first."""
        n = len(slot)
        kind = choose(rng, n, weights=KIND_SHARE)
        category = self._categories(kind, month_number=month.month, rng=rng)
        next_month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        month_end = slot >= ((next_month - EPOCH.date()).days - 3) * DAY
        grid = self._grids(index, category=category, month_end=month_end, rng=rng)
        party = np.where(rng.random(n) < PARTY_SHARE[kind], first_number + np.arange(n), NONE)
        repeat, source = self._repeats(pool, party=party, rng=rng)
        if repeat.any():
            category[repeat] = pool.category[source[repeat]]
            grid[repeat] = pool.grid[source[repeat]]
            party[repeat] = pool.party[source[repeat]]
        level = choose_by(rng, kind, table=LEVEL_SHARE)
        scale = choose(rng, n, weights=(96, 3.7, 0.3))
        first, second, helper = self._departments(kind * CATEGORIES + category, rng=rng)
        place = rng.random(n)
        points = self.county.triangles.points(rng, grid)
        grid_known = place >= NO_GRID_SHARE + NOWHERE_SHARE
        points[~grid_known | (rng.random(n) >= POINT_SHARE / (1 - NO_GRID_SHARE - NOWHERE_SHARE))] = np.nan
        return Cases(
            month=index,
            first_number=first_number,
            slot=slot,
            kind=kind,
            prior_conflict=(kind == D) & (rng.random(n) < 0.06),
            category=category,
            grid=grid,
            grid_known=grid_known,
            village_known=place >= NOWHERE_SHARE,
            points=points,
            channel=choose_by(rng, kind, table=CHANNEL_SHARE),
            level=level,
            grade=_grades(rng, level),
            scale=scale,
            complexity=choose_by(rng, kind, table=COMPLEXITY_SHARE),
            first_department=first,
            second_department=second,
            helper=helper,
            party=party,
            repeat=repeat,
            late_entry=self._late(grid, month_end=month_end, rng=rng),
            people=_people(rng, scale),
            amount=_amounts(rng, kind, category=category),
        )

    def _late(self, grid: Ints, *, month_end: Flags, rng: np.random.Generator) -> Flags:
        """Entered more than 72 hours late: rare, but common at the month's end in two towns."""
        lazy = np.isin(self.county.town_of_grid[grid], self.county.late_towns)
        chance = np.where(lazy, np.where(month_end, 0.32, 0.035), 0.012)
        return np.asarray(rng.random(len(grid)) < chance)


def _another(rng: np.random.Generator, row: Ints, *, table: Floats, but: Ints) -> Ints:
    """A department other than `but`: mostly one that handles such cases, else its neighbour in the list."""
    drawn = choose_by(rng, row, table=np.sqrt(table))
    again = choose_by(rng, row, table=np.sqrt(table))
    drawn = np.where(drawn == but, again, drawn)
    return np.where(drawn == but, (drawn + 1 + but % 5) % len(names.DEPARTMENTS), drawn)


def _grades(rng: np.random.Generator, level: Ints) -> Ints:
    """Event grade (index of 01–04): mostly 一般, red items rather not."""
    table = np.array([[6, 22, 34, 38], [0.3, 3, 12, 84.7], [0.0, 0.3, 2, 97.7], [0.0, 0.05, 0.6, 99.35]])
    return choose_by(rng, level, table=table)


def _people(rng: np.random.Generator, scale: Ints) -> Ints:
    few = 1 + choose(rng, len(scale), weights=(38, 40, 12, 6, 4))
    many = np.where(scale == 2, 60, 8) * spread(rng, len(scale), median=1.0, sigma=0.45)
    return np.where(scale > 0, many.astype(np.int64) + 2, few)


def _amounts(rng: np.random.Generator, kind: Ints, *, category: Ints) -> Ints:
    """Yuan in dispute for conflicts, disputes and requests about money; -1 elsewhere."""
    money = np.isin(category, (3, 5, 7, 9, 10, 12, 13, 14, 15, 16)) & (kind >= C)
    stated = money & (rng.random(len(kind)) < np.where(kind == P, 0.35, 0.8))
    yuan = np.round(spread(rng, len(kind), median=6000.0, sigma=1.3) / 50) * 50
    return np.where(stated, np.clip(yuan, 50, 5_000_000).astype(np.int64), NONE)


def floor_minute(value: Ints) -> Ints:
    """Times cut to the minute: nobody knows the second something happened."""
    return np.asarray(value // 60 * 60, dtype=np.int64)


def late_gap(rng: np.random.Generator, size: int) -> Floats:
    """Hours between event and entry when it was entered late."""
    return between(rng, np.full(size, 73.0), np.minimum(73 + spread(rng, size, median=90.0, sigma=0.8), 24 * 25.0))
