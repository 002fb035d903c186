"""Are the thresholds of `rules.toml` possible ones? A slip there must stop the load, not bend every number after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """Least and most of a number; outside it the rule has no meaning or the load no end."""

    least: float
    most: float
    is_whole: bool = True

    def holds(self, value: Any) -> bool:
        """Is it such a number? Not a truth value, and neither NaN nor beyond the limits."""
        kinds = (int,) if self.is_whole else (int, float)
        return type(value) in kinds and self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least:,} 到 {self.most:,} 之间的{'整数' if self.is_whole else '数'}"


SECTIONS: Mapping[str, Mapping[str, Range]] = {
    "clock": {
        "report_cutoff_hour": Range(0, 23),
        "sign_limit_hours": Range(1, 8760),
        "late_entry_hours": Range(1, 8760),
        "late_hours": Range(1, 8760),
        "repeat_days": Range(1, 3650),
        "reopen_days": Range(1, 3650),
    },
    "warning": {
        "hours": Range(0, 8760, is_whole=False),
        "short_limit_days": Range(0, 3650, is_whole=False),
        "short_share": Range(0, 1, is_whole=False),
    },
    "display": {
        "min_n": Range(1, 1_000_000),
        "min_n_satisfaction": Range(1, 1_000_000),
    },
    "disclosure": {
        "threshold": Range(3, 1000),
        "base": Range(3, 1000),
    },
    "load": {
        "max_bad_share": Range(0, 1, is_whole=False),
        "max_bad_share_rows": Range(0, 1_000_000_000),
        "keep_snapshots": Range(1, 10_000),
    },
}
"""The sections that are plain numbers; the others have more to them and check their values themselves."""

OTHER_SECTIONS: Mapping[str, set[str]] = {"loop": {"channels"}, "map": {"precision_m"}}


def problems(rules: Mapping[str, Any]) -> Iterator[str]:
    """What is missing, unknown or impossible, one sentence each; the values of other sections are not looked at."""
    if unknown := rules.keys() - {*SECTIONS, *OTHER_SECTIONS, "risk"}:
        yield f"文件有不认识的节：{'、'.join(sorted(unknown))}"
    for name, wanted in OTHER_SECTIONS.items():
        if unknown := set(rules[name]) - wanted if isinstance(rules.get(name), dict) else set():
            yield f"[{name}] 有不认识的参数：{'、'.join(sorted(unknown))}"
    for name, ranges in SECTIONS.items():
        for problem in (*names(rules.get(name), set(ranges)), *numbers(rules.get(name), ranges)):
            yield f"[{name}] {problem}"


def names(section: Any, wanted: set[str]) -> Iterator[str]:
    """Whether a section has exactly the wanted parameters."""
    if not isinstance(section, dict):
        yield "应为一节，而不是一个值"
    elif missing := wanted - section.keys():
        yield f"缺少参数：{'、'.join(sorted(missing))}"
    elif unknown := section.keys() - wanted:
        yield f"有不认识的参数：{'、'.join(sorted(unknown))}"


def numbers(section: Any, ranges: Mapping[str, Range]) -> Iterator[str]:
    """Which of a section's numbers, where it has them, are out of range."""
    given = section if isinstance(section, dict) else {}
    for name, allowed in ranges.items():
        if name in given and not allowed.holds(given[name]):
            yield f"{name} 为 {given[name]!r}，应是 {allowed}"
