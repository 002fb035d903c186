"""Which judgements does the risk map rest on? Section [risk] of `rules.toml`, checked once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from etl import thresholds
from etl.errors import LoadError
from etl.thresholds import Range

TIERS = ("red", "orange", "yellow")
LEVELS = ("blue", "yellow", "orange", "red")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The section as it stands; names are its keys."""

    severity: Mapping[str, float]
    half_life_days: tuple[int, ...]
    default_half_life_days: int
    lookback_days: int
    red: Mapping[str, float]
    orange: Mapping[str, float]
    yellow: Mapping[str, float]
    min_expected: float
    min_cases: int
    min_basis_share: float
    flat_level: float
    flat_simulations: int
    fdr: float
    recent_days: int
    near_metres: float
    near_days: float
    near_pairs: int
    knox_permutations: int
    knox_pairs: int
    backtest_months: int
    top_share: float
    replay_days: int

    def limits(self) -> list[tuple[str, float, float]]:
        """(tier, relative risk, probability) from the worst tier down."""
        return [
            (tier, float(rule["rr"]), float(rule["probability"])) for tier in TIERS if (rule := getattr(self, tier))
        ]

    def to_json(self) -> str:
        """All of it, to be stored beside what was computed with it."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_parameters(rules: Mapping[str, Any]) -> Parameters:
    """The parameters of a `rules.toml`. Raises `LoadError` naming what is missing, unknown or impossible."""
    section = rules.get("risk", {})
    for problems in (_names, _numbers, _half_lives, _weights):
        for problem in problems(section):
            raise LoadError(f"rules.toml 的 [risk] {problem}；请对照随附的 rules.toml 修改")
    return Parameters(**section | {"half_life_days": tuple(section["half_life_days"])})


RANGES: Mapping[str, Range] = {
    "default_half_life_days": Range(1, 3650),
    "lookback_days": Range(1, 3650),
    "min_expected": Range(0, 1_000_000, is_whole=False),
    "min_cases": Range(1, 1_000_000),
    "min_basis_share": Range(0, 1, is_whole=False),
    "flat_level": Range(0.0001, 1, is_whole=False),
    "flat_simulations": Range(1, 9999),
    "fdr": Range(0, 1, is_whole=False),
    "recent_days": Range(1, 366),
    "near_metres": Range(1, 10_000, is_whole=False),
    "near_days": Range(0.01, 366, is_whole=False),
    "near_pairs": Range(0, 1_000_000),
    "knox_permutations": Range(1, 9999),
    "knox_pairs": Range(0, 100_000_000),
    "backtest_months": Range(0, 120),
    "top_share": Range(0.001, 1, is_whole=False),
    "replay_days": Range(0, 3660),
}


def _names(section: Any) -> Iterator[str]:
    return thresholds.names(section, set(Parameters.__dataclass_fields__))


def _numbers(section: Mapping[str, Any]) -> Iterator[str]:
    yield from thresholds.numbers(section, RANGES)
    if section["flat_level"] * (section["flat_simulations"] + 1) < 1:
        yield "flat_simulations 太少，p 值达不到 flat_level，会把任何差异都当作随机波动"


def _half_lives(section: Mapping[str, Any]) -> Iterator[str]:
    given = section["half_life_days"]
    if not isinstance(given, list) or not given or not all(type(d) is int and 1 <= d <= 3650 for d in given):
        yield "half_life_days 应是一列 1 到 3650 之间的整数"
    elif len(set(given)) < len(given) or section["default_half_life_days"] not in given:
        yield "half_life_days 不能重复，且须含 default_half_life_days"


def _weights(section: Mapping[str, Any]) -> Iterator[str]:
    severity = section["severity"]
    if not _has_numbers(severity, LEVELS, 0.001, 1000):
        yield "severity 须给蓝、黄、橙、红各一个正数（0.001 到 1000）"
    for tier in TIERS:
        if not _has_numbers(section[tier], ("rr", "probability"), 0, 100) or not 0 < section[tier]["probability"] < 1:
            yield f"{tier} 须写 rr（0 到 100）与 probability（0 到 1 之间，如 0.95）"
            return
    limits = [section[tier]["rr"] for tier in TIERS]
    if limits != sorted(limits, reverse=True):
        yield "红、橙、黄的 rr 须依次不增，否则较轻的等级永远不会出现"


def _has_numbers(table: Any, names: Iterable[str], least: float, most: float) -> bool:
    allowed = Range(least, most, is_whole=False)
    return isinstance(table, dict) and set(table) == set(names) and all(map(allowed.holds, table.values()))
