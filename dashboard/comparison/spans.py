"""What is a period compared with? The same elapsed point of the period before, and of a year before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dashboard import words
from dashboard.comparison import festival
from dashboard.filters import Filters

DAY = timedelta(days=1)
FESTIVAL = "festival"
"""The value of the view key `calendar` that aligns a year before by 春节; anything else is 公历."""


@dataclass(frozen=True)
class Span:
    """Whole days, since ≤ day < until; `at` ends the last one early, at the same moment as a running period's."""

    since: date
    until: date
    at: datetime | None = None

    @property
    def days(self) -> int:
        """How many days, the last one counted even where it is cut."""
        return (self.until - self.since).days

    def named(self, than: Span | None = None) -> str:
        """Both ends inclusive, in words; with the year where it differs from another span's."""
        text = words.day_span(self.since, self.until - DAY)
        is_other_year = than is not None and self.since.year != than.since.year
        return f"{self.since.year}年{text}" if is_other_year and "年" not in text else text


@dataclass(frozen=True)
class Spans:
    """A period up to the data, and the two it is compared with.

    `previous_name` and `year_name` say in words what each is; `note` why 春节 was asked for and cannot align.
    """

    now: Span
    previous: Span
    last_year: Span
    is_running: bool
    previous_name: str
    year_name: str = "去年同期"
    note: str = ""

    @property
    def is_by_festival(self) -> bool:
        """Whether the year before is aligned by 春节."""
        return self.year_name == BY_FESTIVAL

    @property
    def year_word(self) -> str:
        """What the comparison with the year before is called."""
        return "春节同比" if self.is_by_festival else "同比"


BY_FESTIVAL = "去年春节同期"
TOO_FAR = f"时段不全在春节前后 {festival.REACH} 天内，同比按公历"


def spans(filters: Filters, as_of: datetime, cutoff_hour: int = 0) -> Spans | None:
    """The spans to compare; none for an open-ended question, or one that begins after the data.

    A running period ends at the data, to the minute: both spans it is compared with end at the same elapsed point.
    """
    if filters.since is None:
        return None
    clock = Clock(as_of, cutoff_hour)
    until = min(filters.until or clock.end, clock.end)
    if until <= filters.since:
        return None
    now = Span(filters.since, until)
    running = filters.until is None or filters.until >= clock.end
    previous, name = _previous(now, clock, filters.until, is_running=running)
    aligned = festival.offset(now.since, now.until) if filters.calendar == FESTIVAL else None
    if aligned:
        shift = aligned[0] - aligned[1]
        last_year = clock.cut(Span(now.since - shift, now.until - shift), as_of - shift, is_running=running)
        return Spans(now, previous, last_year, running, name, BY_FESTIVAL)
    note = TOO_FAR if filters.calendar == FESTIVAL else ""
    return Spans(now, previous, _year_before(now, clock, is_running=running), running, name, note=note)


@dataclass(frozen=True)
class Clock:
    """Until when there is data, in statistical days."""

    as_of: datetime
    cutoff_hour: int

    @property
    def end(self) -> date:
        """The day after the last one of the data."""
        return (self.as_of - timedelta(hours=self.cutoff_hour)).date() + DAY

    def cut(self, span: Span, at: datetime, *, is_running: bool) -> Span:
        """A span that ends at a moment, where that lies before its last day is over."""
        is_early = is_running and at < datetime.combine(span.until, time(self.cutoff_hour))
        return Span(span.since, span.until, at) if is_early else span


def _previous(now: Span, clock: Clock, asked_until: date | None, *, is_running: bool) -> tuple[Span, str]:
    """The period before, and its name: as many whole months, the same days of the month or quarter before, or days."""
    months = _whole_months(now.since, asked_until)
    if months and not (is_running and months == 12):
        return _months_before(now, months, clock, is_running=is_running)
    begun = _months_begun(now) if is_running else 0
    if is_running and begun != 1 and (now.since.month, now.since.day) == (1, 1):
        return _year_before(now, clock, is_running=True), "去年同期"
    if begun:
        return _months_before(now, begun, clock, is_running=True)
    shift = now.until - now.since
    before = clock.cut(Span(now.since - shift, now.since), clock.as_of - shift, is_running=is_running)
    return before, f"前 {now.days} 天"


def _whole_months(since: date, until: date | None) -> int:
    if until is None or since.day != 1 or until.day != 1:
        return 0
    return 12 * (until.year - since.year) + until.month - since.month


def _months_begun(now: Span) -> int:
    """1 for a span that is this month so far, 3 for this quarter so far, else 0."""
    last = now.until - DAY
    if now.since == last.replace(day=1):
        return 1
    quarter = date(last.year, 3 * ((last.month - 1) // 3) + 1, 1)
    return 3 if now.since == quarter else 0


MONTHS_BEFORE = {1: "上月", 3: "上季", 12: "上年"}


def _months_before(now: Span, months: int, clock: Clock, *, is_running: bool) -> tuple[Span, str]:
    place = 12 * now.since.year + now.since.month - 1 - months
    first = date(place // 12, place % 12 + 1, 1)
    name = MONTHS_BEFORE.get(months, f"前 {months} 个月")
    if not is_running:
        return Span(first, now.since), name
    shift = now.since - first
    return clock.cut(
        Span(first, min(now.until - shift, now.since)), clock.as_of - shift, is_running=True
    ), name + "同期"


def _year_before(now: Span, clock: Clock, *, is_running: bool) -> Span:
    span = Span(_a_year_earlier(now.since), _a_year_earlier(now.until - DAY) + DAY)
    at = datetime.combine(_a_year_earlier(clock.as_of.date()), clock.as_of.time())
    return clock.cut(span, at, is_running=is_running)


def _a_year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


@dataclass(frozen=True)
class Window:
    """One of the usual windows up to the end of the period, and what it is compared with."""

    name: str
    now: Span
    before: Span


def windows(filters: Filters, as_of: datetime, cutoff_hour: int = 0) -> tuple[Window, ...]:
    """7 days, 28 days and the year so far, each against as many days before (the year: the same days last year)."""
    clock = Clock(as_of, cutoff_hour)
    end = min(filters.until or clock.end, clock.end)
    running = end == clock.end
    found = []
    for days in (7, 28):
        shift = timedelta(days=days)
        before = clock.cut(Span(end - 2 * shift, end - shift), as_of - shift, is_running=running)
        found.append(Window(f"{days} 天", Span(end - shift, end), before))
    year = Span((end - DAY).replace(month=1, day=1), end)
    return (*found, Window("今年", year, _year_before(year, clock, is_running=running)))
