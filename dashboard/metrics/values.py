"""What does a number look like when it has a state, a numerator and a denominator?"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

State = Literal["ok", "none", "small", "hidden"]
"""ok: a number · none: no data, printed "-" · small: denominator under min-n, only counts are printed · hidden: a count
of so few persons or cases that it would point at them, printed “<5”."""

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Value:
    """One measured number. Rates carry their numerator n and denominator N; counts carry neither.

    A hidden count is only known to be under `below`; of a hidden rate nothing is known, `below` is 0.
    """

    value: float | None
    n: float | None = None
    N: int | None = None
    state: State = "ok"
    below: int = 0

    @property
    def wilson(self) -> tuple[float, float]:
        """The 95 % Wilson score interval of n/N (Wilson 1927); (0, 1) where there is no denominator."""
        return wilson_interval(self.n or 0.0, self.N or 0)


NO_DATA = Value(None, state="none")


def disclosed(count: Value, *, below: int) -> Value:
    """A count as those may see it who pass by: 1 to `below` − 1 are hidden, 0 and larger ones are not."""
    few = count.value is not None and 0 < count.value < below
    return Value(None, state="hidden", below=below) if few else count


def wilson_interval(n: float, total: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion n/total, as (low, high) in 0…1."""
    if total <= 0:
        return 0.0, 1.0
    p = min(max(n / total, 0.0), 1.0)
    z2 = Z95 * Z95
    centre = p + z2 / (2 * total)
    spread = Z95 * sqrt(p * (1 - p) / total + z2 / (4 * total * total))
    scale = 1 + z2 / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
