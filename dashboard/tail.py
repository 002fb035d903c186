"""Was much finished just before the deadline? The last tenth of the limit against the two tenths before it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard import words
from dashboard.ask import Ask
from dashboard.comparison.chance import LEAST_COUNT, SPIKE, count_score
from dashboard.filters import Filters

FINISHED = ("wuhua_met", "wuhua_late", "wuhua_missed")
LAST, BEFORE = "9", ("7", "8")
"""Tenths of the limit, from 0: the last one on time, and its neighbours on time."""


@dataclass(frozen=True)
class Tail:
    """Finished 五化 cases in the last tenth before the deadline, and the mean of the two tenths before."""

    last: int
    neighbours: float

    @property
    def is_crowded(self) -> bool:
        """末段集中办结: the last tenth is a spike against its neighbours (z = 2(√a − √b) ≥ 3)."""
        return self.last >= LEAST_COUNT and count_score(self.last, self.neighbours) >= SPIKE

    @property
    def words(self) -> str:
        """Both numbers."""
        return f"到期前最后一成时间办结 {words.full(self.last)} 件，此前两成平均 {self.neighbours:,.1f} 件"


def tail(ask: Ask, filters: Filters) -> Tail:
    """Count them under the filters."""
    answer = ask.numbers(FINISHED, by=("elapsed_bin",), filters=filters)
    bins = {row.codes[0]: int(sum(row.values[key].value or 0 for key in FINISHED)) for row in answer.rows}
    return Tail(bins.get(LAST, 0), sum(bins.get(one, 0) for one in BEFORE) / len(BEFORE))
