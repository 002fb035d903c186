"""Into which of five classes does a value fall? Breaks are quantiles, moved to numbers that people can read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from dashboard import words

STEPS = 5


@dataclass(frozen=True)
class Classes:
    """Ascending inner breaks; a value equal to a break belongs to the class above it."""

    breaks: tuple[float, ...]
    is_rate: bool
    darker_is_lower: bool

    def index(self, value: float) -> int:
        """The class of a value, 0 for the lowest."""
        return bisect_right(self.breaks, value)

    def step(self, value: float) -> int:
        """The palette step 0…4 of a value; the extremes are used whatever the number of classes."""
        return self.step_of(self.index(value))

    def step_of(self, index: int) -> int:
        """The palette step of a class."""
        top = len(self.breaks)
        step = round(index * (STEPS - 1) / top) if top else STEPS // 2
        return STEPS - 1 - step if self.darker_is_lower else step

    def labels(self) -> tuple[str, ...]:
        """What each class holds, in words, from the lowest."""
        if not self.breaks:
            return ("全部",)
        inner = tuple(self._between(a, b) for a, b in zip(self.breaks, self.breaks[1:], strict=False))
        return (self._lowest(), *inner, f"≥{self._number(self.breaks[-1])}")

    def _lowest(self) -> str:
        """Below a count of one there is only nothing."""
        if self.breaks[0] == 1 and not self.is_rate:
            return "0"
        return f"<{self._number(self.breaks[0])}"

    def _between(self, low: float, high: float) -> str:
        if self.is_rate:
            return f"{_plain(100 * low)}–{_plain(100 * high)}%"
        return words.count(low) if high - low <= 1 else f"{words.count(low)}–{words.count(high - 1)}"

    def _number(self, number: float) -> str:
        return f"{_plain(100 * number)}%" if self.is_rate else words.count(number)


def classes(values: Sequence[float], *, is_rate: bool = False, darker_is_lower: bool = False) -> Classes:
    """At most five classes of roughly equal size for these values; different values are never all in one."""
    ordered = sorted(values)
    breaks: list[float] = []
    if ordered and ordered[0] < ordered[-1]:
        unit = _unit(ordered[-1] - ordered[0], is_rate=is_rate)
        for mark in _marks(ordered):
            at = _rounded(mark, unit)
            at = at if ordered[0] < at <= mark else mark
            if not breaks or at > breaks[-1]:
                breaks.append(at)
    return Classes(tuple(breaks), is_rate, darker_is_lower)


def _marks(ordered: Sequence[float]) -> list[float]:
    """Values at which a class may begin: quantiles, of what lies above the lowest value where that is common.

    In most grids nothing is overdue: quantiles of all would be 0, and the few others coloured like them.
    """
    above = ordered[bisect_right(ordered, ordered[0]) :]
    if STEPS * len(above) > (STEPS - 1) * len(ordered):
        return _quantiles(ordered, STEPS)
    return [above[0], *_quantiles(above, STEPS - 1)]


def _quantiles(ordered: Sequence[float], parts: int) -> list[float]:
    return [value for n in range(1, parts) if (value := ordered[len(ordered) * n // parts]) > ordered[0]]


def _unit(spread: float, *, is_rate: bool) -> float:
    """The rounding unit: about a fortieth of the spread, as 1, 2 or 5 times a power of ten."""
    rough = spread / 40
    power: float = 10.0 ** floor(log10(rough))
    nice = next((m * power for m in (1, 2, 5, 10) if rough <= m * power), 10 * power)
    return max(nice, 0.005 if is_rate else 1.0)


def _rounded(value: float, unit: float) -> float:
    return round(round(value / unit) * unit, 6)


def _plain(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
