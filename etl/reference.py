"""What has the county configured? Code tables, limits, calendar and thresholds from `data/reference`."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from etl import thresholds
from etl.errors import LoadError

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "data" / "reference"
SOURCES = ROOT / "data" / "sources"

CALENDAR_FROM = 1990
CALENDAR_TO = 2040

LOCATED = ("point", "building", "grid", "village")
"""Precisions of a location, finest first (codes.csv)."""


@dataclass(frozen=True)
class Reference:
    """The reference folder, read once."""

    folder: Path = REFERENCE

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of `<name>.csv`. Raises `LoadError` if the file is missing or not UTF-8."""
        path = self.folder / f"{name}.csv"
        try:
            with path.open(encoding="utf-8-sig", newline="") as handle:
                return list(csv.DictReader(handle))
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(f"参考数据 {path} 无法读取：{error}") from error

    @cached_property
    def rules(self) -> dict[str, Any]:
        """Thresholds of `rules.toml`, by section.

        Raises `LoadError` if the file is missing, not UTF-8 or not TOML, or a threshold is missing or impossible.
        """
        path = self.folder / "rules.toml"
        try:
            rules = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise LoadError(f"参考数据 {path} 无法读取：{error}；请存为 UTF-8，并对照随附的文件修改") from error
        for problem in thresholds.problems(rules):
            raise LoadError(f"参考数据 {path} 的 {problem}；请对照随附的文件修改")
        _refuse_unless_located(rules.get("map"), path)
        _refuse_unless_listed(rules.get("loop"), path)
        return rules

    @cached_property
    def codes(self) -> dict[str, dict[str, str]]:
        """Code set → label → code, plus each code as its own label."""
        sets: dict[str, dict[str, str]] = {}
        for row in self.rows("codes"):
            words = sets.setdefault(row["code_set"], {})
            words[row["label"]] = row["code"]
            words.setdefault(row["code"], row["code"])
        sets["category"] = {r["name"]: r["category"] for r in self.rows("categories")}
        sets["category"].update({r["category"]: r["category"] for r in self.rows("categories")})
        return sets

    @cached_property
    def calendar(self) -> list[tuple[date, bool, int, str, bool]]:
        """Every day of 1990–2040 as (day, is_workday, workday_no, holiday_name, announced)."""
        special = {
            date.fromisoformat(r["day"]): (r["is_workday"] == "1", r["holiday_name"]) for r in self.rows("calendar")
        }
        announced = {day.year for day in special}
        days: list[tuple[date, bool, int, str, bool]] = []
        day, count = date(CALENDAR_FROM, 1, 1), 0
        while day.year <= CALENDAR_TO:
            works, name = special.get(day, (day.weekday() < 5, ""))
            count += works
            days.append((day, works, count, name, day.year in announced))
            day += timedelta(days=1)
        return days


def _refuse_unless_located(section: Any, path: Path) -> None:
    """The heat surface asks for every precision; it must not be the page that finds one missing."""
    given = section.get("precision_m") if isinstance(section, dict) else None
    metres: list[Any] = [given.get(name) for name in LOCATED] if isinstance(given, dict) else [None]
    unknown = set(given) - set(LOCATED) if isinstance(given, dict) else set()
    if unknown or not all(type(one) in (int, float) and 0 <= one <= 100_000 for one in metres):
        wanted = "、".join(LOCATED)
        raise LoadError(f"参考数据 {path} 的 [map] precision_m 须给且只给 {wanted} 各一个米数（0 到 100,000）")


def _refuse_unless_listed(section: Any, path: Path) -> None:
    """Which channels are the people's own is for the county to say; silence would count none of them."""
    channels = section.get("channels") if isinstance(section, dict) else None
    if not isinstance(channels, list) or not all(isinstance(one, str) for one in channels):
        raise LoadError(f'参考数据 {path} 的 [loop] channels 须列出渠道代码，例如 channels = ["01"]')
