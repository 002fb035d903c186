"""How does a wall go round: which pages, in what order, how long? Read and checked once, when the server starts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.config import ConfigError

DEFAULT = Path(__file__).resolve().parents[2] / "data" / "reference" / "wall.toml"
PAGES = {
    "overview": "总览",
    "map": "网格地图",
    "risk": "风险热力",
    "wuhua": "五化时效",
    "departments": "部门清零",
}
"""Key of a wall page → its name on screen."""
LONGEST = 3600
_RANGES = {"days": (1, 366), "pulse_seconds": (1, 60), "town_seconds": (1, 600)}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class WallConfigError(ConfigError):
    """The wall is not configured in a way that works; the text says what to change, for a person."""


@dataclass(frozen=True)
class Turn:
    """One page of the tour and how many seconds it stays."""

    key: str
    seconds: int

    @property
    def name(self) -> str:
        """The page's name on screen."""
        return PAGES[self.key]


@dataclass(frozen=True, kw_only=True)
class WallSettings:
    """What all walls have in common."""

    turns: tuple[Turn, ...]
    days: int
    pulse_seconds: int
    town_seconds: int
    reload_at: str


def read(path: Path) -> WallSettings:
    """The settings of a wall.toml. Raises `WallConfigError` with a sentence for people."""
    try:
        whole = _toml(path)
        said = _section(whole)
        turns = tuple(_turn(row, number) for number, row in enumerate(_rows(whole), start=1))
        _check_once(turns)
        return WallSettings(
            turns=turns, reload_at=_clock(said), **{name: _number(said, name, *span) for name, span in _RANGES.items()}
        )
    except WallConfigError as error:
        raise WallConfigError(f"大屏配置 {path} 有误：{error}") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WallConfigError("文件无法读取") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WallConfigError(f"不是有效的 TOML 文件（{error}）") from error


def _section(whole: Mapping[str, Any]) -> dict[str, Any]:
    said = whole.get("wall")
    if not set(whole) <= {"wall", "page"} or not isinstance(said, dict):
        raise WallConfigError("应有 [wall] 一节和若干 [[page]]，没有别的")
    for name in said:
        if name not in (*_RANGES, "reload_at"):
            raise WallConfigError(f"不认识的设置 {name}；可写 {'、'.join((*_RANGES, 'reload_at'))}")
    return said


def _rows(whole: Mapping[str, Any]) -> list[Any]:
    rows = whole.get("page")
    if not isinstance(rows, list) or not rows:
        raise WallConfigError("至少要有一个 [[page]]")
    return rows


def _turn(row: Any, number: int) -> Turn:
    if not isinstance(row, dict) or set(row) != {"key", "seconds"}:
        raise WallConfigError(f"第 {number} 个 [[page]] 应有且只有 key 和 seconds")
    if row["key"] not in PAGES:
        raise WallConfigError(f"第 {number} 个 [[page]] 的 key 为“{row['key']}”，只能是 {'、'.join(PAGES)}")
    return Turn(row["key"], _number(row, "seconds", 1, LONGEST))


def _check_once(turns: tuple[Turn, ...]) -> None:
    keys = [turn.key for turn in turns]
    for key in keys:
        if keys.count(key) > 1:
            raise WallConfigError(f"{key} 出现多次；每页只能列一次，想多看就把 seconds 写长")


def _number(said: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = said.get(name)
    if type(value) is not int or not low <= value <= high:
        raise WallConfigError(f"{name} 应为 {low}–{high} 的整数")
    return value


def _clock(said: Mapping[str, Any]) -> str:
    value = said.get("reload_at")
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise WallConfigError("reload_at 应为 04:00 这样的时刻")
    return value
