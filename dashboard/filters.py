"""What did the reader ask for? The URL says it, and only the URL."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

DIMENSIONS: dict[str, str] = {
    "town": "乡镇街道",
    "village": "村社区",
    "grid": "网格",
    "department": "部门",
    "kind": "事项类型",
    "severity": "事件性质",
    "level": "风险等级",
    "category": "类别",
    "channel": "来源渠道",
    "status": "办理状态",
    "place": "定位",
}
"""Filter key → the word on screen, in the order the keys are written to the URL."""

VIEW_KEYS: dict[str, str] = {
    "metric": "指标",
    "layer": "图层",
    "run": "风险测算",
    "replay": "回放",
    "moment": "回放时刻",
    "pace": "回放步长",
    "heat": "热力带宽",
    "calendar": "同比历法",
    "against": "对比",
    "case": "事项编号",
    "also": "其他指标",
    "groups": "分组",
    "chart": "图形",
    "curve": "生存曲线分组",
    "sorted": "排序",
    "limits": "列条件",
    "match": "查找",
}
"""Keys that choose how a page looks or what it opens, not which rows it counts."""

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)
LIST_OF_WORDS = re.compile(r"-?[A-Za-z_][A-Za-z0-9_]*(,[A-Za-z_][A-Za-z0-9_]*)*")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
AGAINST = ("previous", "year", "none")
"""What the view key `against` can be: compared with the period before, with the year before, not at all."""
MAX_VALUES = 500
MAX_TEXT = 64
MAX_LIST = 200

Vocabulary = Mapping[str, Mapping[str, str]]
"""Dimension → code → label, as the snapshot knows them."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """One question's scope. Hashable, so it can be a cache key; an empty tuple means "any"."""

    since: date | None = None
    until: date | None = None
    town: tuple[str, ...] = ()
    village: tuple[str, ...] = ()
    grid: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    metric: str = ""
    layer: str = ""
    run: str = ""
    replay: str = ""
    moment: str = ""
    pace: str = ""
    heat: str = ""
    calendar: str = ""
    against: str = ""
    case: str = ""
    also: str = ""
    groups: str = ""
    chart: str = ""
    curve: str = ""
    sorted: str = ""
    limits: str = ""
    match: str = ""

    def values(self, dimension: str) -> tuple[str, ...]:
        """The codes asked for in one dimension; empty for any."""
        codes: tuple[str, ...] = getattr(self, dimension)
        return codes

    def narrow(self, dimension: str, code: str) -> Filters:
        """These filters with one code switched on, or off again where it was the choice already."""
        chosen = self.values(dimension)
        codes = tuple(c for c in chosen if c != code) if code in chosen else (code,)
        return self.replace(**{dimension: codes})

    def replace(self, **changes: object) -> Filters:
        """A copy with the named fields changed (codes sorted, so that equal questions are equal)."""
        clean: dict[str, Any] = {
            k: tuple(sorted(set(v))) if isinstance(v, (list, tuple)) else v for k, v in changes.items()
        }
        return dataclasses.replace(self, **clean)

    def without_places(self) -> Filters:
        """The same question about the whole county."""
        return self.replace(town=(), village=(), grid=())

    def without_view(self) -> Filters:
        """Only which rows are counted: the same for every way of looking at them."""
        return self.replace(**dict.fromkeys(VIEW_KEYS, ""))

    def shifted(self, *, since: date | None, until: date | None) -> Filters:
        """The same question about another span."""
        return dataclasses.replace(self, since=since, until=until)

    def to_query(self) -> str:
        """The query string that `parse` turns back into these filters."""
        pairs: list[tuple[str, str]] = []
        for key in ("since", "until"):
            day = getattr(self, key)
            if day is not None:
                pairs.append((key, day.isoformat()))
        pairs += [(d, code) for d in DIMENSIONS for code in self.values(d)]
        pairs += [(k, getattr(self, k)) for k in VIEW_KEYS if getattr(self, k)]
        return urlencode(pairs)

    def conditions(self) -> dict[str, Any]:
        """Which rows are counted, as plain values: days as text and lists of codes, only where something is asked."""
        days = {key: day.isoformat() for key in ("since", "until") if (day := getattr(self, key))}
        return days | {d: list(self.values(d)) for d in DIMENSIONS if self.values(d)}

    def describe(self, vocabulary: Vocabulary) -> str:
        """The filter sentence in words, as every page and export prints it."""
        return " · ".join([describe_period(self), *self.chosen(vocabulary)])

    def chosen(self, vocabulary: Vocabulary) -> list[str]:
        """The same without the period: a phrase for every dimension that is narrowed, e.g. “乡镇街道：城关镇”."""
        parts = []
        for dimension, name in DIMENSIONS.items():
            codes = self.values(dimension)
            if codes:
                labels = [vocabulary.get(dimension, {}).get(code, code) for code in codes]
                shown = "、".join(labels[:3]) + (f"等{len(labels)}项" if len(labels) > 3 else "")
                parts.append(f"{name}：{shown}")
        return parts


@dataclass(frozen=True)
class Parsed:
    """What a query string came to: the filters, and a sentence for everything that was not understood."""

    filters: Filters
    notes: tuple[str, ...]


def parse(query: str, vocabulary: Vocabulary | None = None) -> Parsed:
    """Read a query string. Never raises: what is not understood is left out and named in `notes`.

    With a vocabulary, codes the snapshot does not know are left out too.
    """
    notes: list[str] = []
    fields: dict[str, object] = {}
    chosen: dict[str, set[str]] = {}
    for key, raw in _pairs(query, notes):
        value = raw.strip()
        if key in ("since", "until"):
            _take_day(key, value, fields, notes)
        elif key in DIMENSIONS:
            if _known(key, value, vocabulary, notes):
                chosen.setdefault(key, set()).add(value)
        elif key in VIEW_KEYS:
            if _can_be(key, value):
                fields[key] = value
            else:
                notes.append(f"已忽略{VIEW_KEYS[key]}的无效取值“{_short(value)}”")
        else:
            notes.append(f"已忽略不认识的筛选项“{_short(key)}”")
    fields.update({key: tuple(sorted(codes)[:MAX_VALUES]) for key, codes in chosen.items()})
    return Parsed(_in_order(Filters(**fields), notes), tuple(dict.fromkeys(notes)))  # type: ignore[arg-type]


def _pairs(query: str, notes: list[str]) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(query.lstrip("?"), keep_blank_values=False, max_num_fields=2 * MAX_VALUES)
    except ValueError:
        notes.append("网址中的筛选条件过多，已全部忽略")
        return []


def _take_day(key: str, value: str, fields: dict[str, object], notes: list[str]) -> None:
    try:
        day = date.fromisoformat(value)
        if not EARLIEST <= day <= LATEST:
            raise ValueError
    except ValueError:
        notes.append(f"已忽略无法识别的日期“{_short(value)}”，应为 2026-03-01 这样的写法")
        return
    if key in fields:
        notes.append(f"时间条件“{key}”出现多次，以最后一个为准")
    fields[key] = day


def _known(key: str, value: str, vocabulary: Vocabulary | None, notes: list[str]) -> bool:
    if not value or len(value) > MAX_TEXT or HALF_CHARACTER.search(value):
        notes.append(f"已忽略{DIMENSIONS[key]}的无效取值“{_short(value)}”")
        return False
    if vocabulary is not None and value not in vocabulary.get(key, {}):
        notes.append(f"已忽略{DIMENSIONS[key]}“{_short(value)}”：当前数据中没有这个代码")
        return False
    return True


def _can_be(key: str, value: str) -> bool:
    if key == "case":
        return is_case_number(value)
    if key == "against":
        return value in AGAINST
    if key == "moment":
        return _is_day(value)
    if key in ("limits", "match"):
        return is_case_number(value)
    if key in ("also", "groups", "sorted"):
        return len(value) <= MAX_LIST and LIST_OF_WORDS.fullmatch(value) is not None
    return value.isascii() and value.isidentifier() and len(value) <= MAX_TEXT


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_case_number(text: str) -> bool:
    """Can this be a case's number in an address: one line of printable characters, not too long?"""
    return 0 < len(text) <= MAX_TEXT and text.isprintable() and text == text.strip()


def _in_order(filters: Filters, notes: list[str]) -> Filters:
    if filters.since and filters.until and filters.since >= filters.until:
        notes.append("起始日期不早于截止日期，已忽略时间条件")
        return filters.shifted(since=None, until=None)
    return filters


def _short(text: str) -> str:
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain if len(plain) <= 20 else plain[:20] + "…"


def describe_period(filters: Filters) -> str:
    """“2026-03-01 至 2026-03-14” (both days inclusive, as people say it)."""
    if filters.since is None and filters.until is None:
        return "全部时段"
    first = filters.since.isoformat() if filters.since else "最早"
    last = (filters.until - timedelta(days=1)).isoformat() if filters.until else "数据截至"
    return f"{first} 至 {last}"


@dataclass(frozen=True)
class Window:
    """A half-open span of event time: start ≤ t < end. `None` start means from the beginning."""

    start: datetime | None
    end: datetime | None


def window(filters: Filters, cutoff_hour: int = 0) -> Window:
    """The span the filters ask about; days begin at the configured cut-off hour."""

    def at(day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, time(cutoff_hour))

    return Window(at(filters.since), at(filters.until))


def default_period(as_of: datetime, days: int = 90) -> Filters:
    """What a page opens with: the last `days` days up to and including the day of the data."""
    last = as_of.date() + timedelta(days=1)
    return Filters(since=last - timedelta(days=days), until=last)
