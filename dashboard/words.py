"""How is a number written? One set of formats for every tile, table and tooltip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dashboard.metrics.catalog import Metric
from dashboard.metrics.values import State, Value

MINUS = "−"
NONE_TEXT = "-"
NONE_NOTE = "无数据"
UNSAID = "不列出"
PERCENT_BASE = 30
"""A percent change is printed only on a base of at least this many."""


@dataclass(frozen=True)
class Shown:
    """A value as people read it: the number, its unit, what stands beside it, and its state."""

    text: str
    unit: str = ""
    detail: str = ""
    state: State = "ok"

    @property
    def line(self) -> str:
        """All of it in one line: “96.3%（1,163/1,208）”."""
        gap = "" if self.unit in ("", "%") else " "
        return f"{self.text}{gap}{self.unit}" + (f"（{self.detail}）" if self.detail else "")


def count(number: float) -> str:
    """A count: in full up to 99,999, so that it reconciles, then 万 or 亿 with three significant digits."""
    size = abs(number)
    sign = MINUS if number < 0 else ""
    if size <= 99_999:
        return sign + f"{round(size):,}"
    if size < 99_950_000:
        return sign + _three_digits(size / 1e4) + "万"
    return sign + _three_digits(size / 1e8) + "亿"


def full(number: float) -> str:
    """A count in full, with thousands separators."""
    return (MINUS if number < 0 else "") + f"{round(abs(number)):,}"


def _three_digits(number: float) -> str:
    for digits, below in ((2, 9.995), (1, 99.95)):
        if number < below:
            return f"{number:.{digits}f}".rstrip("0").rstrip(".")
    return f"{float(f'{number:.3g}'):,.0f}"


def percent(share: float) -> str:
    """A share as a number of percent, one decimal; never rounded to 0.0 or 100.0 unless exact."""
    text = f"{100 * share:.1f}"
    if text == "100.0" and share < 1:
        return ">99.9"
    if text == "0.0" and share > 0:
        return "<0.1"
    return text


def parts(n: float | None, total: int | None) -> str:
    """“1,163/1,208”; a weighted numerator keeps one decimal; empty where there is no denominator."""
    if n is None or total is None:
        return ""
    top = f"{n:,.0f}" if float(n).is_integer() else f"{n:,.1f}"
    return f"{top}/{total:,}"


def duration(hours: float) -> tuple[str, str]:
    """Hours as (number, unit): minutes below 2 h, hours below 48 h, else days."""
    if hours * 60 < 119.5:
        return f"{hours * 60:.0f}", "分钟"
    if hours < 47.95:
        return f"{hours:.1f}", "小时"
    return f"{hours / 24:,.1f}", "天"


def shown(metric: Metric, value: Value) -> Shown:
    """A metric's value in words, whatever its state."""
    if value.state == "hidden":
        return Shown(f"<{value.below}", metric.unit, state="hidden") if value.below else Shown(UNSAID, state="hidden")
    if value.state == "none" or (value.value is None and value.state == "ok"):
        return Shown(NONE_TEXT, detail=NONE_NOTE, state="none")
    if value.state == "small" or value.value is None:
        return Shown("样本不足", detail=parts(value.n, value.N), state="small")
    if metric.kind == "rate":
        return Shown(percent(value.value), "%", parts(value.n, value.N))
    if metric.kind == "duration":
        number, unit = duration(value.value)
        return Shown(number, unit)
    return Shown(count(value.value), metric.unit)


def brief(metric: Metric, value: Value) -> str:
    """A value for a narrow place: “96.3%”, “17”, “2.1 天”, “-”, “不足”."""
    words = shown(metric, value)
    if words.state == "small":
        return "不足"
    if metric.is_count:
        return words.text
    return Shown(words.text, words.unit).line


def signed(change: float) -> str:
    """A whole number with its sign: “+12”, “−3”, “0”."""
    whole = round(change)
    return "0" if whole == 0 else f"{'+' if whole > 0 else MINUS}{full(abs(whole))}"


def count_change(now: float, before: float) -> str:
    """“+12（+8.1%）”; the percent only where the base carries it."""
    change = signed(now - before)
    if before < PERCENT_BASE:
        return change
    return f"{change}（{_signed_decimal(100 * (now - before) / before)}%）"


def points_change(now: float, before: float) -> str:
    """A difference of two shares: “−1.4 个百分点”."""
    return f"{_signed_decimal(100 * (now - before))} 个百分点"


def duration_change(now: float, before: float) -> str:
    """A difference of two durations in hours, in the unit that the later one is printed in: “+0.1 天”."""
    unit = duration(now)[1]
    change = (now - before) * {"分钟": 60.0, "小时": 1.0, "天": 1 / 24}[unit]
    number = signed(change) if unit == "分钟" else _signed_decimal(change)
    return f"{number} {unit}"


def _signed_decimal(number: float) -> str:
    text = f"{abs(number):,.1f}"
    if float(text.replace(",", "")) == 0:
        return "0.0"
    return ("+" if number > 0 else MINUS) + text


def moment(at: datetime) -> str:
    """“2026-03-14 08:00”."""
    return at.strftime("%Y-%m-%d %H:%M")


def short_moment(at: datetime) -> str:
    """“03-14 08:00”."""
    return at.strftime("%m-%d %H:%M")


def day(at: date) -> str:
    """“3月14日”."""
    return f"{at.month}月{at.day}日"


def day_span(first: date, last: date) -> str:
    """Two days, both inclusive, as briefly as they stay clear: “3月1–14日”, “2025年12月29日–2026年1月4日”."""
    if (first.year, first.month) == (last.year, last.month):
        days = f"{first.day}日" if first == last else f"{first.day}–{last.day}日"
        return f"{first.month}月{days}"
    if first.year == last.year:
        return f"{day(first)}–{day(last)}"
    return f"{first.year}年{day(first)}–{last.year}年{day(last)}"
