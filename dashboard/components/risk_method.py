"""Can the risk map be trusted? The test against later months, the Knox test in words, the method and its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from dashboard import words
from dashboard.components.panel import empty
from dashboard.risk import TIERS, Run, Tested

METHODS = {"risk": "风险图", "rate": "原始比率", "counts": "近期件数", "last_year": "上年同月件数"}
SURE = 0.05
OF_COUNTY = "按全县计算，这里不列出"
"""What stands for figures of the county where some towns only may be seen."""
HEADS = ("选网格的办法", "命中/全部", "命中率", "面积比", "人口比")


def back_test(tested: Sequence[Tested] | None) -> list[Any]:
    """A row per way of choosing grids over the months that the risk map was tested in, and whether it did better."""
    if tested is None:
        return [empty(f"回测{OF_COUNTY}")]
    months = sorted({t.month for t in tested if t.method == "risk"})
    if not months:
        return [empty("数据不足一个回看期加一个月，或各月都未分级，无法回测")]
    sums = sums_of(tested)
    body = [
        html.Tr([html.Td(METHODS[m]), *(html.Td(text, className="is-right") for text in _cells(s))])
        for m, s in sums.items()
    ]
    head = html.Thead(html.Tr([html.Th(h, className="is-right" if n else "") for n, h in enumerate(HEADS)]))
    left_out = len({t.month for t in tested}) - len(months)
    span = f"{months[0]:%Y-%m} 至 {months[-1]:%Y-%m}，共 {len(months)} 个月"
    span += f"（另 {left_out} 个月风险图未分级，不计）" if left_out else ""
    return [
        html.P(verdict(sums), className="say-sentence"),
        html.Div(html.Table([head, html.Tbody(body)], className="table"), className="table-box", tabIndex="0"),
        html.P(
            f"{span}合计。面积比、人口比 = 命中率 ÷ 所选网格占全县面积、人口的比例（PAI），大于 1 即比随意选好。",
            className="panel-caption",
        ),
    ]


@dataclass(frozen=True)
class Summed:
    """A way of choosing grids over several months; the ratios are None where area or persons are not known."""

    hits: int
    cases: int
    rate: float
    area: float | None
    population: float | None


def sums_of(tested: Sequence[Tested]) -> Mapping[str, Summed]:
    """Method → its sums over the months of the risk map; a way that lacks one of them cannot be compared."""
    months = {t.month for t in tested if t.method == "risk"}
    found = {method: [t for t in tested if t.method == method and t.month in months] for method in METHODS}
    return {method: _summed(rows) for method, rows in found.items() if rows and len(rows) == len(months)}


def _summed(rows: Sequence[Tested]) -> Summed:
    hits, cases = sum(t.hits for t in rows), sum(t.cases for t in rows)
    rate = hits / cases if cases else 0.0

    def over(shares: Sequence[float | None]) -> float | None:
        known = [share for share in shares if share]
        return rate / (sum(known) / len(known)) if known else None

    return Summed(
        hits, cases, rate, area=over([t.area_share for t in rows]), population=over([t.population_share for t in rows])
    )


def _cells(s: Summed) -> tuple[str, ...]:
    return (words.parts(s.hits, s.cases), f"{words.percent(s.rate)}%", _ratio(s.area), _ratio(s.population))


def _ratio(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}"


def verdict(sums: Mapping[str, Summed]) -> str:
    """Whether the risk map beat last year's counts (the recent counts where there are none), plainly."""
    other = "last_year" if "last_year" in sums else "counts"
    ours, theirs = sums["risk"], sums[other]
    name = METHODS[other]
    caught = "多于" if ours.rate > theirs.rate else "未超过"
    dense = "高于" if (ours.population or 0) > (theirs.population or 0) else "未超过"
    return (
        f"命中件数{caught}{name}（{words.percent(ours.rate)}% 对 {words.percent(theirs.rate)}%），"
        f"按人口折算{dense}{name}（{_ratio(ours.population)} 对 {_ratio(theirs.population)}）。"
        "要接住最多的事项看工作量图，要找出与人口不相称的网格看风险图。"
    )


def knox_sentence(knox: Sequence[Mapping[str, Any]] | None, *, has_list: bool) -> str:
    """The Knox test in words, held against chance over all categories together (Bonferroni).

    `has_list`: pairs are listed beside it.
    """
    if knox is None:
        return f"Knox 检验{OF_COUNTY}。"
    tested = [row for row in knox if row["p_value"] is not None]
    if not tested:
        return "Knox 检验：定位到点的事项太少，未做。"
    sure = [row for row in tested if row["p_value"] * len(tested) <= SURE]
    pairs = sum(int(row["observed"]) for row in tested)
    expected = sum(float(row["expected"]) for row in tested)
    found = f"Knox 检验：近邻且近时的同类事项 {words.full(pairs)} 对，若时间与地点无关应有 {words.full(expected)} 对；"
    if not sure:
        return found + "没有一个类别超出随机波动" + ("，所列各对只供核实。" if has_list else "。")
    return found + f"{len(sure)} 个类别超出随机波动。"


FORMULAS = (
    ("加权件数", "y = Σ s·r；s 为严重程度，r = 0.5^(受理至今天数 ÷ 半衰期)"),
    ("期望", "E = Y × 网格人口 ÷ 总人口；Y 为全县（或城、乡各自）加权件数之和"),
    (
        "收缩",
        "经验贝叶斯（Marshall 1991）：RR* = k·y/E + (1−k)·μ，k = v ÷ (v + φμ/E)；v 为超出随机的方差，φ = Σw² ÷ Σw",
    ),
    ("先看有没有差异", "把事项按人口随机重放多次；实际差异不比重放的大，就说“未超出随机波动”，全部按平均看"),
    ("分级", "RR 的后验为伽马分布；按超过各倍数的把握分红、橙、黄，其余为蓝"),
    ("聚集", "Getis–Ord Gi*，共边为邻，按错误发现率校正"),
)


def method(run: Run) -> list[Any]:
    """The formulas, the thresholds and the figures of this run."""
    p = run.params
    tiers = "；".join(f"{name} RR＞{p[key]['rr']:g} 的把握 ≥{p[key]['probability']:.0%}" for key, name in TIERS.items())
    lines = [
        *FORMULAS,
        ("门槛", tiers + "（本项目默认值，可在 data/reference/rules.toml 修改）"),
        ("本次", _figures(run)),
    ]
    why_half_life = "半衰期是判断：风险在变时近因权重更准，长期不变时平均更准，所以给出三档对照。"
    return [
        html.Dl([part for name, text in lines for part in (html.Dt(name), html.Dd(text))], className="formulas"),
        html.P(why_half_life, className="panel-caption"),
    ]


def _figures(run: Run) -> str:
    if run.state not in ("ok", "flat"):
        return run.sentence
    chance = "-" if run.p_flat is None else f"{run.p_flat:.3f}"
    if run.cases is None or run.score is None:
        sums = f"件数与 Y {OF_COUNTY}"
    else:
        sums = f"{words.full(run.cases)} 件，Y = {run.score:,.1f}"
    return f"{sums}，μ = {run.mu:.3f}，φ = {run.phi:.3f}，v = {run.variance:.4f}，随机化检验 p = {chance}"
