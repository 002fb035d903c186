"""When is a case due? The first deadline, moved by approved extensions and pauses in the order they happened."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from math import ceil

import duckdb
import pyarrow as pa


@dataclass(frozen=True)
class Adjustment:
    """Something that may move a deadline: a pause (`until` set) or an approved extension (`days` set)."""

    at: datetime
    until: datetime | None = None
    days: float = 0.0


class WorkCalendar:
    """Counts working days; adjusted days off and on (调休) included."""

    def __init__(self, workdays: Sequence[date]) -> None:
        self._workdays = workdays

    def add(self, start: datetime, days: int) -> datetime:
        """23:59:59 of the `days`-th working day after the day of `start`.

        Raises `IndexError` beyond the calendar's last year.
        """
        first = bisect_right(self._workdays, start.date())
        return datetime.combine(self._workdays[first + days - 1], time(23, 59, 59))


def adjust(
    first_due: datetime, *, unit: str, adjustments: Iterable[Adjustment], calendar: WorkCalendar
) -> tuple[datetime, int]:
    """The deadline in force and how many extensions counted.

    An adjustment counts only while the deadline in force has not passed: a pause that begins before it moves it by
    its own length; an extension approved no later than it moves it by its days, in working days where the limit is.
    """
    due, extensions = first_due, 0
    for item in sorted(adjustments, key=lambda a: (a.at, a.until is not None)):
        if item.until is not None:
            if item.at < due:
                due += item.until - item.at
        elif item.at <= due and item.days > 0:
            due = calendar.add(due, ceil(item.days)) if unit == "workday" else due + timedelta(days=item.days)
            extensions += 1
    return due, extensions


_ADJUSTMENTS = """
select a.case_key, d.due0_at, coalesce(d.unit, 'day') as unit, a.from_at, a.to_at, a.days
from (select case_key, from_at, to_at, 0.0 as days from pause
      union all
      select case_key, event_at, null, coalesce(extension_amount, 0) from step where action = 'extension') as a
join first_deadline as d using (case_key)
where d.due0_at is not null
order by a.case_key
"""

_DEADLINE = """
create table deadline as
select f.case_key, coalesce(f.clock_start_at, b.accept_at) as clock_start_at, f.due0_at,
       coalesce(m.due_at, f.due0_at) as due_at,
       coalesce(m.extend_cnt, 0)::integer as extend_cnt, coalesce(p.minutes, 0) as pause_minutes,
       epoch(f.due0_at - coalesce(f.clock_start_at, b.accept_at)) / 3600 as limit_hours
from first_deadline as f
join case_base as b using (case_key)
left join moved_deadline as m using (case_key)
left join (select case_key, sum(epoch(to_at - from_at)) / 60 as minutes from pause group by all) as p using (case_key)
"""


def compute(con: duckdb.DuckDBPyConnection, calendar: WorkCalendar) -> None:
    """Make the table `deadline`: one row per case, with the deadline after extensions and pauses."""
    rows = con.execute(_ADJUSTMENTS).fetchall()
    keys, dues, counts = [], [], []
    for key, group in groupby(rows, key=lambda row: row[0]):
        items = list(group)
        adjustments = [Adjustment(at, until, float(days)) for *_, at, until, days in items]
        due, extensions = adjust(items[0][1], unit=items[0][2], adjustments=adjustments, calendar=calendar)
        keys.append(key)
        dues.append(due)
        counts.append(extensions)
    moved = pa.table(
        {
            "case_key": pa.array(keys, pa.int32()),
            "due_at": pa.array(dues, pa.timestamp("us")),
            "extend_cnt": pa.array(counts, pa.int32()),
        }
    )
    con.register("moved_rows", moved)
    con.execute("create table moved_deadline as select * from moved_rows")
    con.unregister("moved_rows")
    con.execute(_DEADLINE)
