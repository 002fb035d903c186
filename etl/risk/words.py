"""What does the risk map say? One sentence per run, in the words of the screen."""

from __future__ import annotations

from etl.risk.estimate import Words
from etl.risk.parameters import Parameters

TIERS = {"red": "红", "orange": "橙", "yellow": "黄"}
AVERAGE = {"none": "全县平均", "urban_rural": "城乡各自平均"}


def refusal(state: str, parameters: Parameters) -> str:
    """Why no map is drawn; '' where one is."""
    return {
        "no_population": "网格没有实有人口，也没有户数，得不出期望，不画风险图；请补报人口",
        "one_grid": "只有一个网格有实有人口（或户数），没有可比较的网格，不画风险图",
        "too_few": f"近 {parameters.lookback_days} 天有基数的网格只有不到 {parameters.min_cases} 件事项，不画风险图",
    }.get(state, "")


def finding(state: str, tier: Words, *, strata: str) -> str:
    """What a drawn map shows."""
    if state == "flat":
        return "各网格差异未超出随机波动"
    counts = [f"{word} {(tier == name).sum()} 个" for name, word in TIERS.items() if (tier == name).any()]
    average = AVERAGE[strata]
    return f"有把握高于{average}的网格：{'、'.join(counts)}" if counts else f"没有网格有把握高于{average}"
