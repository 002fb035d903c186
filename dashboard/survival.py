"""How long until a case is closed, when some are still open? The product-limit estimate of Kaplan and Meier (1958)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.metrics.values import Z95

Counts = Sequence[tuple[float, int, int]]
"""(time, how many ended then, how many were last seen open then); each time at most once, in any order."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """S(t) just after each time at which a case ended, with its 95 % band; `at_risk` are those open just before.

    The band is pointwise: Greenwood's variance (1926) on the log–log scale (Kalbfleisch and Prentice), so that it stays
    within 0…1. Where everybody has ended, or one stands at S = 1, the band is S itself.
    """

    times: Numbers
    survival: Numbers
    low: Numbers
    high: Numbers
    at_risk: npt.NDArray[np.int64]
    total: int
    ended: int
    last_seen: float

    @property
    def median(self) -> float | None:
        """The first time at which at most half are still open; none where the curve does not get there."""
        return _first(self.times, self.survival)

    @property
    def median_band(self) -> tuple[float | None, float | None]:
        """The 95 % interval of the median (Brookmeyer and Crowley 1982): where the band crosses one half."""
        return _first(self.times, self.low), _first(self.times, self.high)

    def open_after(self, time: float) -> float:
        """The share still open just after `time`."""
        place = int(np.searchsorted(self.times, time, side="right"))
        return float(self.survival[place - 1]) if place else 1.0


def _first(times: Numbers, share: Numbers) -> float | None:
    """The first time at which a share is at most one half (within the rounding of products)."""
    reached = np.flatnonzero(share <= 0.5 + 1e-12)
    return float(times[reached[0]]) if reached.size else None


def product_limit(counts: Counts) -> Curve:
    """The curve of cases of which some ended and some were last seen open.

    A case last seen open at the very time at which another ended was still at risk then (the usual convention).
    """
    ordered = np.array(sorted(counts), dtype=float).reshape(-1, 3)
    time, ended, left = ordered[:, 0], ordered[:, 1], ordered[:, 2]
    at_risk = np.cumsum((ended + left)[::-1])[::-1]
    happened = ended > 0
    time, ended, risk = time[happened], ended[happened], at_risk[happened]
    survival = np.cumprod(1 - ended / risk)
    low, high = _band(survival, ended, risk)
    total = int(ordered[:, 1:].sum())
    last = float(ordered[-1, 0]) if len(ordered) else 0.0
    return Curve(time, survival, low, high, risk.astype(np.int64), total, int(ended.sum()), last)


def _band(survival: Numbers, ended: Numbers, risk: Numbers) -> tuple[Numbers, Numbers]:
    inside = (survival > 0) & (survival < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(ended / (risk * (risk - ended)))) / np.log(survival)
        low = survival ** np.exp(-Z95 * spread)
        high = survival ** np.exp(Z95 * spread)
    return np.where(inside, low, survival), np.where(inside, high, survival)


def at_risk(counts: Counts, times: Sequence[float]) -> tuple[int, ...]:
    """How many are known to be open at each time, just before it."""
    return tuple(sum(ended + left for time, ended, left in counts if time >= wanted) for wanted in times)
