"""How long do cases take? Hours of what was closed, and time to the first closing with the open ones counted in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.ask import Ask
from dashboard.filters import DIMENSIONS, Filters, window
from dashboard.metrics.query import UnknownQuestionError, dimension_conditions, span_conditions
from dashboard.survival import Counts

EDGES = (2, 8, 24, 48, 72, 120, 168, 240, 360, 480, 720, 1080, 1440, 2160)
"""Upper edges of the histogram's bins in hours, each closed on the right: two hours up to ninety days."""
DEFAULT_CURVE = "none"
MOST_CURVES = 4

_BIN = "case " + " ".join(f"when hours <= {edge} then {place}" for place, edge in enumerate(EDGES))
_SPREAD_SELECT = f"select {_BIN} else {len(EDGES)} end as bin, count(*) as cases from mart.ledger"

_OPEN_TIMES = """
with first_closing as (
    select case_key, arg_min(hours, event_at) as hours from mart.ledger where event = 'closed' group by case_key
)
"""
_MINUTES = """
greatest(round(coalesce(c.hours * 60, epoch($as_of::timestamp - f.accept_at) / 60 - coalesce(f.pause_minutes, 0))), 0)
"""
_TIMES_SELECT = f"""
{_OPEN_TIMES}
select part, minutes / 60.0 as hours, count(*) filter (where is_closed) as ended,
       count(*) filter (where not is_closed) as still_open
from (
    select %s as part, {_MINUTES} as minutes, c.case_key is not null as is_closed
    from mart.fact_case as f left join first_closing as c using (case_key)
"""
_PARTS = {"none": "''"} | {dimension: f"f.{dimension}" for dimension in DIMENSIONS}
_TIMES = {part: _TIMES_SELECT % column for part, column in _PARTS.items()}
"""What the curves may be told apart by → the SELECT that reads them."""


@dataclass(frozen=True)
class Part:
    """The cases of one curve: code and name of the group, and their times in hours."""

    code: str
    name: str
    counts: Counts

    @property
    def total(self) -> int:
        """How many cases."""
        return sum(ended + left for _, ended, left in self.counts)


def spread(ask: Ask, filters: Filters) -> tuple[int, ...]:
    """How many closings of the period took how long: a count per bin of EDGES and one for what is longer.

    The rows and hours of K07: from acceptance, without pauses and without the time between a closing and a reopening.
    """
    conditions, parameters = dimension_conditions(ask.scoped(filters))
    conditions += ["event = 'closed'", "hours is not null"]
    conditions += span_conditions("event_at", window(filters, ask.cutoff_hour), parameters)
    where, source = " and ".join(conditions), _SPREAD_SELECT
    found = dict(ask.database.rows(f"{source} where {where} group by 1", parameters))
    return tuple(int(found.get(place, 0)) for place in range(len(EDGES) + 1))


def times(ask: Ask, filters: Filters, *, by: str = DEFAULT_CURVE) -> tuple[Part, ...]:
    """Hours from acceptance to the first closing of each case accepted in the period, by the minute.

    Pauses do not count, as in K07. A case never closed is last seen open at the data's own time; one closed and
    reopened has ended (its first closing is what happened). Largest groups first.
    Raises `UnknownQuestionError` for another grouping.
    """
    if by not in _TIMES:
        raise UnknownQuestionError(f"生存曲线不能按“{by[:40]}”分组")
    conditions, parameters = dimension_conditions(ask.scoped(filters), "f.")
    conditions += span_conditions("f.accept_at", window(filters, ask.cutoff_hour), parameters)
    where, source = " and ".join(["true", *conditions]), _TIMES[by]
    rows = ask.database.rows(
        f"{source} where {where}) group by all order by all", parameters | {"as_of": ask.info.as_of}
    )
    return _parts(ask, by, rows)


def _parts(ask: Ask, by: str, rows: Sequence[tuple[Any, ...]]) -> tuple[Part, ...]:
    found: dict[str, list[tuple[float, int, int]]] = {}
    for code, hours, ended, still_open in rows:
        found.setdefault(code or "", []).append((float(hours), int(ended), int(still_open)))
    parts = [
        Part(code, "全部" if by == DEFAULT_CURVE else ask.label(by, code), counts) for code, counts in found.items()
    ]
    return tuple(sorted(parts, key=lambda part: (-part.total, part.code)))
