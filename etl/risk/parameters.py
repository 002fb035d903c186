"""Which judgements does the risk map rest on? Section [risk] of `rules.toml`, checked once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from etl.errors import LoadError

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
    section = dict(rules.get("risk", {}))
    wanted = set(Parameters.__dataclass_fields__)
    for words, keys in (("缺少", wanted - section.keys()), ("有不认识的", section.keys() - wanted)):
        if keys:
            raise LoadError(
                f"rules.toml 的 [risk] {words}参数：{'、'.join(sorted(keys))}；请对照随附的 rules.toml 修改"
            )
    section["half_life_days"] = tuple(section["half_life_days"])
    found = Parameters(**section)
    for problem, sentence in _problems(found).items():
        if problem:
            raise LoadError(f"rules.toml 的 [risk] {sentence}")
    return found


def _problems(p: Parameters) -> dict[bool, str]:
    return {
        set(p.severity) != set(LEVELS) or min(p.severity.values()) <= 0: "severity 须给蓝、黄、橙、红各一个正数",
        p.default_half_life_days not in p.half_life_days: "default_half_life_days 须是 half_life_days 之一",
        min(p.half_life_days) <= 0 or p.lookback_days <= 0: "half_life_days 与 lookback_days 须为正数",
    }
