"""群众指尖报 → 平台精准分 → 部门协同办 → 全程可追踪: how far do cases come, how long does it take, where does it break?

The cases accepted in the period, and of them those dispatched, of those the closed, of those the called back.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard import words
from dashboard.ask import Answer, Ask
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step as defined: its words and the metrics it is made of; the first has no step before it."""

    name: str
    done: str
    rate: str
    beside: str
    hours: str
    missing: str


STAGES = (
    Stage(
        name="群众指尖报",
        done="受理",
        rate="",
        beside="loop_self_reported_rate",
        hours="loop_accept_hours",
        missing="",
    ),
    Stage(
        name="平台精准分",
        done="已派遣",
        rate="loop_dispatched_rate",
        beside="loop_right_first_rate",
        hours="loop_dispatch_hours",
        missing="未派遣",
    ),
    Stage(
        name="部门协同办",
        done="已办结",
        rate="loop_handled_rate",
        beside="loop_assisted_rate",
        hours="loop_handle_hours",
        missing="超期未结",
    ),
    Stage(
        name="全程可追踪",
        done="已回访",
        rate="loop_traced_rate",
        beside="loop_complete_rate",
        hours="loop_callback_hours",
        missing="未有效回访",
    ),
)
COUNTS = ("accepted", "loop_whole_rate", "loop_late_rate", *(s.rate for s in STAGES[1:]), *(s.beside for s in STAGES))
TIMES = tuple(stage.hours for stage in STAGES)
KEYS = tuple(dict.fromkeys((*COUNTS, *TIMES)))
"""Every metric the loop shows."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step as counted; `conversion` is from the step before, `overall` from the first, `hours` the step's median.

    `broken` is how many did not get here and are not still within their limit.
    """

    stage: Stage
    count: int
    conversion: Value
    overall: Value
    beside: Value
    hours: Value
    broken: int


@dataclass(frozen=True)
class Loop:
    """The four steps, each among the one before it."""

    steps: tuple[Step, ...]

    @property
    def breaks_at(self) -> Step | None:
        """断点: the step that most cases failed to reach, those still within their limit left out."""
        worst = max(self.steps, key=lambda step: step.broken)
        return worst if worst.broken else None

    @property
    def finding(self) -> str:
        """The loop in a sentence, for people and screen readers."""
        first, last = self.steps[0], self.steps[-1]
        if not first.count:
            return "本期没有受理事项"
        rate = words.shown(BY_KEY["loop_whole_rate"], last.overall).line
        worst = self.breaks_at
        where = (
            f"断点在“{worst.stage.name}”：{words.full(worst.broken)} 件{worst.stage.missing}" if worst else "没有断点"
        )
        return f"受理 {words.full(first.count)} 件，全程闭环 {rate}；{where}"


def load_loop(ask: Ask, filters: Filters) -> Loop:
    """The loop of the cases accepted in the period under these filters."""
    # Two questions: shares come from the cubes, medians must read the ledger.
    shares = ask.numbers(COUNTS, filters=filters)
    times = ask.numbers(TIMES, filters=filters)
    return Loop(tuple(_step(stage, shares, times) for stage in STAGES))


def _step(stage: Stage, shares: Answer, times: Answer) -> Step:
    total = int(shares.only("accepted").value or 0)
    whole = shares.only("loop_whole_rate")
    conversion = shares.only(stage.rate) if stage.rate else _share(total, total, whole)
    count = int(conversion.n or 0)
    return Step(
        stage=stage,
        count=count,
        conversion=conversion,
        overall=_share(count, total, whole),
        beside=shares.only(stage.beside),
        hours=times.only(stage.hours),
        broken=_broken(stage, conversion, shares),
    )


def _share(count: int, total: int, like: Value) -> Value:
    """A share of all accepted, with the state that another share of them has."""
    return Value(count / total if total else None, count, total, like.state)


def _broken(stage: Stage, conversion: Value, shares: Answer) -> int:
    if stage.rate == "loop_handled_rate":
        return int(shares.only("loop_late_rate").n or 0)
    return (conversion.N or 0) - int(conversion.n or 0)
