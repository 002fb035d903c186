"""Which targets and limits has the county set? Read once from data/reference/targets.toml, checked, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from dashboard import words
from dashboard.config import ConfigError, entries
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.metrics.values import Value

FILE = Path(__file__).resolve().parent.parent / "data" / "reference" / "targets.toml"
KEYS = {"metric", "at_least", "at_most", "source", "valid_from"}


class TargetFileError(ConfigError):
    """The file of targets cannot be used; the text says where and why, for a person."""


@dataclass(frozen=True)
class Goal:
    """A target that a metric is to reach (`at_least`) or a limit it is not to pass; `source` says who set it."""

    metric: str
    value: float
    at_least: bool
    source: str
    valid_from: date

    @property
    def words(self) -> str:
        """“目标 ≥ 95%”, “上限 ≤ 5%”."""
        metric = BY_KEY[self.metric]
        shown = words.shown(metric, Value(self.value, 0.0, metric.min_n))
        number = shown.text.removesuffix(".0") if metric.kind == "rate" else shown.text
        unit = shown.unit if shown.unit == "%" else f" {shown.unit}"
        return f"{'目标 ≥' if self.at_least else '上限 ≤'} {number}{unit}"

    def is_missed(self, value: Value) -> bool | None:
        """Whether a value misses it; none where there is no value to judge."""
        if value.state != "ok" or value.value is None:
            return None
        return value.value < self.value if self.at_least else value.value > self.value


@cache
def configured(path: Path = FILE) -> tuple[Goal, ...]:
    """Every target of the file; none where there is no file. Raises `TargetFileError`."""
    rows = entries(path, "target", name="目标文件", error=TargetFileError)
    return tuple(_target(row, f"目标文件 {path} 第 {number} 个目标") for number, row in enumerate(rows, start=1))


def _target(row: Any, where: str) -> Goal:
    """One entry. Raises `TargetFileError`."""
    if not isinstance(row, dict) or set(row) - KEYS:
        odd = "、".join(sorted(set(row) - KEYS)) if isinstance(row, dict) else str(row)
        raise TargetFileError(f"{where}有不认识的项“{odd}”；可用：{'、'.join(sorted(KEYS))}")
    metric = BY_KEY.get(str(row.get("metric")))
    if metric is None:
        raise TargetFileError(f"{where}的 metric “{row.get('metric')}”不是指标键")
    bounds = [key for key in ("at_least", "at_most") if key in row]
    if len(bounds) != 1 or not _fits(metric, row[bounds[0]]):
        raise TargetFileError(f"{where}须给 at_least 或 at_most 之一，不小于 0；率写成 0 到 1 的小数，如 0.95")
    if metric.better == ("down" if bounds == ["at_least"] else "up"):
        raise TargetFileError(f"{where}的方向与指标“{metric.name}”相反：越{_way(metric)}越好")
    if not isinstance(row.get("source"), str) or not row["source"].strip():
        raise TargetFileError(f"{where}须写明依据 source")
    day = row.get("valid_from")
    if not isinstance(day, date) or isinstance(day, datetime):
        raise TargetFileError(f"{where}的 valid_from 须为日期，如 2026-01-01")
    return Goal(metric.key, float(row[bounds[0]]), bounds == ["at_least"], row["source"].strip(), day)


def _way(metric: Metric) -> str:
    return "高" if metric.better == "up" else "低"


def _fits(metric: Metric, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value <= 1 if metric.kind == "rate" else 0 <= value < float("inf")


def target_of(key: str, day: date, targets: tuple[Goal, ...] | None = None) -> Goal | None:
    """A metric's target in force on a day: the newest begun by then; none where none is set."""
    known = configured() if targets is None else targets
    begun = [target for target in known if target.metric == key and target.valid_from <= day]
    return max(begun, key=lambda target: target.valid_from, default=None)


def target_for(key: str, filters: Filters, as_of: datetime) -> Goal | None:
    """A metric's target on the last day of a question's period."""
    last = as_of.date() if filters.until is None else min(as_of.date(), filters.until - timedelta(days=1))
    return target_of(key, last)
