"""Where does a change come from? What each part adds to it; the parts add up to the whole change, exactly.

Counts: a part's own difference. Rates R = Σ wᵢrᵢ (wᵢ a part's share of the denominator): a part contributes
w̄ᵢ·Δrᵢ (its own rate moved) + Δwᵢ·(r̄ᵢ − R̄) (its share of the denominator moved), bars meaning the mean of now and
before (Kitagawa 1955). Medians have no parts that add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.metrics.catalog import Metric
from dashboard.metrics.values import Value

Pair = tuple[Value, Value]
"""A part's value now and before."""


@dataclass(frozen=True)
class Part:
    """What one part adds to a change: by its own rate (for counts: by its count), and by its share of the whole.

    `weight` is the share of the change that it would have if every part changed alike.
    """

    code: str
    own: float
    mix: float
    weight: float

    @property
    def total(self) -> float:
        """All that it adds."""
        return self.own + self.mix


def contributions(metric: Metric, parts: Mapping[str, Pair]) -> tuple[Part, ...]:
    """What each part adds to the change of the whole. Raises `ValueError` for a metric whose parts do not add up."""
    if metric.kind == "duration":
        raise ValueError(f"{metric.name}不能分解为各部分之和")
    if metric.kind == "rate":
        return _of_rate(parts)
    counts = {code: (now.value or 0.0, before.value or 0.0) for code, (now, before) in parts.items()}
    whole = sum(map(sum, counts.values())) or 1.0
    return tuple(Part(code, now - before, 0.0, (now + before) / whole) for code, (now, before) in counts.items())


def _of_rate(parts: Mapping[str, Pair]) -> tuple[Part, ...]:
    totals = [sum(pair[side].N or 0 for pair in parts.values()) for side in (0, 1)]
    if not all(totals):
        return ()
    tops = [sum(pair[side].n or 0.0 for pair in parts.values()) for side in (0, 1)]
    middle = (tops[0] / totals[0] + tops[1] / totals[1]) / 2
    found = []
    for code, (now, before) in parts.items():
        share1, share0 = (now.N or 0) / totals[0], (before.N or 0) / totals[1]
        rate1, rate0 = _rates(now, before)
        own = (share1 + share0) / 2 * (rate1 - rate0)
        mix = (share1 - share0) * ((rate1 + rate0) / 2 - middle)
        found.append(Part(code, own, mix, (share1 + share0) / 2))
    return tuple(found)


def _rates(now: Value, before: Value) -> tuple[float, float]:
    """A part's rate now and before; a part that was not there before, or is no more, has the rate of its other side."""
    one = (now.n or 0.0) / now.N if now.N else None
    other = (before.n or 0.0) / before.N if before.N else None
    return (one if one is not None else other or 0.0), (other if other is not None else one or 0.0)


LEAST_SHARE = 0.25
"""A part is named as the source of a change if it brings at least this share of it."""


def main_part(found: tuple[Part, ...]) -> Part | None:
    """The part that brings most of the change beyond its weight; none where no part stands out."""
    whole = sum(part.total for part in found)
    if not whole:
        return None
    standing = [part for part in found if part.total / whole >= LEAST_SHARE]
    return max(standing, key=lambda part: (part.total / whole - part.weight, part.code), default=None)
