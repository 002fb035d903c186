"""What does a brief say, in whatever format? Three sentences, six numbers, sections, and how it is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard import words
from dashboard.ask import Answer, Ask
from dashboard.comparison.change import VERDICTS
from dashboard.comparison.earlier import Earlier, earlier
from dashboard.comparison.spans import Spans
from dashboard.exceptions import NONE, RULE, Findings, exceptions, whole
from dashboard.filters import Filters, describe_period
from dashboard.metrics.catalog import BY_KEY
from dashboard.report.period import NAMES, Kind, asked_for
from dashboard.report.sections import Section, sections

SIX = (
    ("受理", "accepted"),
    ("办结", "closed"),
    ("在办", "open"),
    ("在办超期", "overdue_open"),
    ("按时办结率", "on_time_rate"),
    ("满意率", "satisfaction_rate"),
)
GUARDS = (("按原期限办结率", "on_time_rate_original"), ("重开率", "reopen_rate"), ("回访率", "callback_rate"))
KEYS = tuple(key for _, key in (*SIX, *GUARDS))
DEFAULTS = "期限、五化时限、最小样本数、异常项规则为本项目默认值（口径为本项目默认值），可在 data/reference 修改"


@dataclass(frozen=True)
class Number:
    """One of the six: its title, the number with unit, n/N beside it, and how it moved."""

    title: str
    text: str
    unit: str
    detail: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """How a metric of the brief is counted."""

    name: str
    meaning: str
    formula: str
    clock: str
    remark: str


@dataclass(frozen=True)
class Report:
    """A whole brief; every text is as it is printed. `mark` stands under every page: for whom it was made, and when."""

    title: str
    county: str
    period: str
    scope: str
    against: str
    as_of: datetime
    snapshot: str
    is_demo: bool
    sentences: tuple[str, ...]
    numbers: tuple[Number, ...]
    beside: str
    exceptions: tuple[str, ...]
    rule: str
    sections: tuple[Section, ...]
    definitions: tuple[Definition, ...]
    defaults: str = DEFAULTS
    mark: str = ""
    purpose: str = ""

    @property
    def use(self) -> str:
        """What it was made for: “用途：会议材料。”; '' where nobody said."""
        return self.purpose and f"用途：{self.purpose}。"

    @property
    def source(self) -> str:
        """“数据截至 2026-03-14 08:00 · 批次 00001-338c7b4c”."""
        return f"数据截至 {words.moment(self.as_of)} · 批次 {self.snapshot.removeprefix('snap-')}"


def make(ask: Ask, filters: Filters, kind: Kind) -> Report:
    """The brief of a kind under these filters; a week or month brief sets the period itself."""
    asked = asked_for(kind, filters, ask.info.as_of, ask.cutoff_hour)
    now, before, found = ask.numbers(KEYS, filters=asked), earlier(ask, KEYS, asked), exceptions(ask, asked)
    parts = sections(ask, asked, kind)
    used = dict.fromkeys([*KEYS, *(key for part in parts for key in part.metrics)])
    return Report(
        title=f"{ask.info.region}社会治理{NAMES[kind]}",
        county=ask.info.county,
        period=describe_period(asked),
        scope=" · ".join(asked.chosen(ask.vocabulary)) or whole(asked, ask),
        against=_against(before.spans),
        as_of=ask.info.as_of,
        snapshot=ask.info.snapshot,
        is_demo=ask.info.is_demo,
        sentences=_sentences(now, before, found),
        numbers=tuple(_number(title, key, now, before) for title, key in SIX),
        beside=_beside(now),
        exceptions=tuple(f"{one.sentence}（{VERDICTS[one.verdict] or '变化'}）" for one in found.found),
        rule=RULE,
        sections=parts,
        definitions=tuple(_definition(key) for key in used),
    )


def _against(spans: Spans | None) -> str:
    if spans is None:
        return "时段没有起始日期，不作比较"
    running = "本期未满，按同一进度比较；" if spans.is_running else ""
    previous, year = spans.previous.named(spans.now), spans.last_year.named(spans.now)
    return f"{running}环比对 {previous}，{spans.year_word}对 {year}"


def _sentences(now: Answer, before: Earlier, found: Findings) -> tuple[str, str, str]:
    """Volume, timeliness, and the first exception."""

    def line(key: str) -> str:
        metric, value = BY_KEY[key], now.only(key)
        return f"{metric.name} {words.shown(metric, value).line}"

    def moved(key: str) -> str:
        changes = [f"{name} {change.text}" for name, change in before.changes(key, now.only(key)) if change is not None]
        return f"（{'，'.join(changes)}）" if changes else ""

    volume = f"{line('accepted')}{moved('accepted')}，{line('closed')}，期末{line('open')}。"
    timely = f"{line('on_time_rate')}{moved('on_time_rate')}，期末{line('overdue_open')}{moved('overdue_open')}。"
    first = found.found[0].sentence + "。" if found.found else f"{found.silence or NONE}。"
    return volume, timely, first


def _number(title: str, key: str, now: Answer, before: Earlier) -> Number:
    value = now.only(key)
    shown = words.shown(BY_KEY[key], value)
    changes = tuple(
        " ".join(filter(None, (name, _arrow(change.direction), change.text, VERDICTS[change.verdict])))
        for name, change in before.changes(key, value)
        if change is not None
    )
    return Number(title, shown.text, shown.unit, shown.detail, changes)


ARROWS = {"up": "▲", "down": "▼", "flat": "■", "none": "○"}
"""As on screen, but for the bar of 持平, which the fonts of a document lack."""


def _arrow(direction: str) -> str:
    return ARROWS[direction] + (" 持平" if direction == "flat" else "")


def _beside(now: Answer) -> str:
    """What 按时办结率 and 满意率 must not be read without."""
    shown = [f"{title} {words.shown(BY_KEY[key], now.only(key)).line}" for title, key in GUARDS]
    return "同看：" + "，".join(shown) + "。"


def _definition(key: str) -> Definition:
    metric = BY_KEY[key]
    least = f"分母不足 {metric.min_n} 只列件数" if metric.kind == "rate" else ""
    remark = "；".join(filter(None, (least, metric.guard)))
    return Definition(metric.name, metric.meaning, metric.formula, metric.clock, remark)
