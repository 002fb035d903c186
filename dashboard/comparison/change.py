"""Did a number really move, and is that better or worse?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboard import words
from dashboard.comparison.chance import BEYOND, ELEVATED, SPIKE, count_score, standard_score
from dashboard.metrics.catalog import Metric
from dashboard.metrics.values import Value

Direction = Literal["up", "down", "flat", "none"]
Verdict = Literal["better", "worse", "plain"]

FLAT, TOO_SMALL = "持平", "样本不足"
MOVED: dict[Direction, str] = {"up": "上升", "down": "下降", "flat": FLAT}
VERDICTS: dict[Verdict, str] = {"better": "好转", "worse": "变差", "plain": ""}


@dataclass(frozen=True)
class Change:
    """A difference put into words, a direction and a verdict; `before` is the earlier value with its n/N.

    `is_spike` says that a count moved by z ≥ 3.
    """

    direction: Direction
    verdict: Verdict
    text: str
    before: str = ""
    is_spike: bool = False


NOTHING = Change("none", "plain", "无数据")
"""Against a span that the data do not reach back to."""


STILL_CHANGES = Change("none", "plain", "还在变，不可比")
"""Of a metric whose earlier values have had more time (`Metric.matures`), or that is always about now."""


def change(metric: Metric, now: Value, before: Value) -> Change | None:
    """How a value moved: flat within chance, `NOTHING` without data, none where a side is too small to compare.

    `STILL_CHANGES` where the two are not like for like at all.
    """
    if metric.matures or metric.kind == "current":
        return STILL_CHANGES
    if "none" in (now.state, before.state):
        return NOTHING
    if now.state != "ok" or before.state != "ok" or now.value is None or before.value is None:
        return None
    score, least = _score(metric, now, before)
    direction: Direction = "up" if score > least else "down" if score < -least else "flat"
    is_spike = metric.kind not in ("rate", "duration") and abs(score) >= SPIKE
    text = difference(metric, now.value, before.value)
    return Change(direction, verdict(metric, direction), text, words.shown(metric, before).line, is_spike)


def _score(metric: Metric, now: Value, before: Value) -> tuple[float, float]:
    """The score and what it must pass: the Poisson z for counts, else the standard score (0 where there is none)."""
    if metric.kind in ("rate", "duration"):
        return standard_score(metric, now, before) or 0.0, BEYOND
    return count_score(now.value or 0.0, before.value or 0.0), ELEVATED


def verdict(metric: Metric, direction: Direction) -> Verdict:
    """Better, worse, or neither."""
    if direction == "flat" or metric.better == "neither":
        return "plain"
    return "better" if metric.better == direction else "worse"


def in_a_word(change: Change | None) -> str:
    """“上升，变差”, “持平”, “样本不足”, “无数据”: the change as a file tells it."""
    if change is None:
        return TOO_SMALL
    return "，".join(filter(None, (MOVED.get(change.direction, change.text), VERDICTS[change.verdict])))


def difference(metric: Metric, now: float, before: float) -> str:
    """The difference in the metric's own words: percentage points, hours or days, or a signed count."""
    if metric.kind == "rate":
        return words.points_change(now, before)
    if metric.kind == "duration":
        return words.duration_change(now, before)
    return words.count_change(now, before)
