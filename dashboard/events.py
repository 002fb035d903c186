"""What happened that a curve should be read with? 口径 changes and 专项行动 of data/reference/events.toml, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from dashboard import targets
from dashboard.config import ConfigError, entries
from dashboard.metrics.catalog import BY_KEY

FILE = Path(__file__).resolve().parent.parent / "data" / "reference" / "events.toml"
KINDS = {"口径": "change", "行动": "action"}
KEYS = {"day", "kind", "text", "metrics"}
LONGEST_TEXT = 140


class EventFileError(ConfigError):
    """The file of events cannot be used; the text says where and why, for a person."""


@dataclass(frozen=True)
class Event:
    """Something with a day; `kind` is change (of a definition) or action; no metrics means every curve."""

    day: date
    kind: str
    text: str
    metrics: tuple[str, ...] = ()


@cache
def configured(path: Path = FILE) -> tuple[Event, ...]:
    """Every event of the file; none where there is no file. Raises `EventFileError`."""
    rows = entries(path, "event", name="大事文件", error=EventFileError)
    return tuple(_event(row, f"大事文件 {path} 第 {number} 件") for number, row in enumerate(rows, start=1))


def _event(row: Any, where: str) -> Event:
    """One entry. Raises `EventFileError`."""
    if not isinstance(row, dict) or set(row) - KEYS:
        raise EventFileError(f"{where}有不认识的项；可用：{'、'.join(sorted(KEYS))}")
    day, text, metrics = row.get("day"), row.get("text"), row.get("metrics", [])
    if not isinstance(day, date) or isinstance(day, datetime):
        raise EventFileError(f"{where}的 day 须为日期，如 2026-03-01")
    if row.get("kind") not in KINDS:
        raise EventFileError(f"{where}的 kind 只能是 {'、'.join(KINDS)}")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST_TEXT:
        raise EventFileError(f"{where}的 text 须为 1 至 {LONGEST_TEXT} 字")
    if not isinstance(metrics, list) or any(key not in BY_KEY for key in metrics):
        raise EventFileError(f"{where}的 metrics 须为指标键的列表")
    return Event(day, KINDS[row["kind"]], text.strip(), tuple(metrics))


def known() -> tuple[Event, ...]:
    """The events of the file, and the days from which a target or limit is in force."""
    goals = [
        Event(
            goal.valid_from, "change", f"{BY_KEY[goal.metric].name}{goal.words} 起用（{goal.source}）", (goal.metric,)
        )
        for goal in targets.configured()
    ]
    return (*configured(), *goals)
