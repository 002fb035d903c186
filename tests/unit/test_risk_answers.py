"""Do the parts of a grid's risk add up to what the load made of it, and does every page of it speak plainly?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.ask import Ask
from dashboard.components import risk_method, risk_why
from dashboard.filters import Filters
from dashboard.page import prop
from dashboard.pages import risk as page
from dashboard.risk import GridRisk, Parts, RiskQuestions, Run
from dashboard.risk import Tested as Trial
from dashboard.scope import Scoped
from tests import builders
from tests.unit.test_risk_load import GRIDS, cases, grid_rows, loaded

FLAT = [
    builders.case(f"F{n}", builders.AS_OF - timedelta(days=1 + n % 170), grid_code=GRIDS[n % 12], discovery="complaint")
    for n in range(240)
]
COUNTIES = {
    "ok": (grid_rows(), cases(2000)),
    "flat": (grid_rows(population=500), FLAT),
    "no_population": (grid_rows(population="", households=""), cases(60)),
    "too_few": (grid_rows(), cases(10)),
}


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A county for every state a run can be in."""
    return {name: loaded(tmp_path_factory.mktemp(name), *made) for name, made in COUNTIES.items()}


@pytest.fixture(scope="module")
def ask(counties: dict[str, Path]) -> Iterator[Ask]:
    with builders.asking(counties["ok"]) as asking:
        yield asking


@pytest.fixture(params=list(COUNTIES))
def any_county(counties: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[tuple[str, Ask]]:
    with builders.asking(counties[request.param]) as asking:
        yield request.param, asking


def text_of(part: Any) -> str:
    """Every word a reader sees of a component tree."""
    if part is None:
        return ""
    if isinstance(part, (list, tuple)):
        return "".join(text_of(one) for one in part)
    return text_of(part.children) if hasattr(part, "children") else str(part)


# --- the questions ------------------------------------------------------------------------------------------------


def test_the_parts_of_every_grid_in_every_run_give_its_score(any_county: tuple[str, Ask]) -> None:
    name, ask = any_county
    seen = 0
    for run in ask.risk.runs:
        for code, grid in ask.risk.grids(run.run_id).items():
            parts = ask.risk.parts(run, code)
            assert sum(score for _, score, _ in parts.categories) == pytest.approx(grid.score, rel=1e-9)
            assert sum(count for *_, count in parts.categories) == grid.cases
            weights = [case["weight"] for case in parts.cases]
            assert weights == sorted(weights, reverse=True)
            assert len(weights) == min(grid.cases, 5)
            if grid.cases <= 5:
                assert sum(weights) == pytest.approx(grid.score, rel=1e-9)
            seen += grid.cases
    assert (seen > 0) == (name in ("ok", "flat"))


def test_a_run_has_a_name_for_addresses_and_its_neighbours_exist(ask: Ask) -> None:
    keys = {run.key for run in ask.risk.runs}
    assert len(keys) == 12 and all(re.fullmatch("[a-z0-9_]+", key) for key in keys)
    for run in ask.risk.runs:
        assert ask.risk.run(run.key) is run
        assert run.other() == run.key
        assert {run.other(half_life_days=30), run.other(scope="all"), run.other(strata="urban_rural")} <= keys


UNKNOWN = ["", "h60", "h61_reported_none", "h60-reported-none", "' or 1=1"]


@pytest.mark.parametrize("key", UNKNOWN)
def test_a_page_says_that_a_run_is_unknown(ask: Ask, key: str) -> None:
    note = str(page.view_map(page.load_map(ask, Filters(run=key)))["riskmap-note"])
    assert (f"没有测算“{key}”" in note) == bool(key)


@pytest.mark.parametrize("key", UNKNOWN)
def test_an_unknown_run_is_the_default(ask: Ask, key: str) -> None:
    assert ask.risk.run(key).is_default
    assert ask.risk.run(key).run_id == "h60-reported-none"


def test_a_snapshot_without_runs_says_so() -> None:
    class Nothing:
        def records(self, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
            return []

    with pytest.raises(LookupError, match="重新加载"):
        RiskQuestions(Nothing(), lambda _dimension, code: code, scoped=Scoped).run("")


# --- every panel, in every state ----------------------------------------------------------------------------------


def drawn(ask: Ask, filters: Filters) -> dict[tuple[str, str], Any]:
    """What all panels of the page show."""
    found: dict[tuple[str, str], Any] = {}
    for panel in page.PAGE.panels:
        found |= {prop(target): value for target, value in panel.view(panel.load(ask, filters)).items()}
    return found


def words_in(found: dict[tuple[str, str], Any]) -> str:
    return "\n".join(text_of(value) for (_, name), value in found.items() if name == "children")


NAMES = {"Getis", "Ord", "Gi", "Marshall", "RR", "Knox", "PAI", "data", "reference", "rules", "toml"}


@pytest.mark.parametrize(
    "query", [Filters(), Filters(run="h30_all_urban_rural", town=("990108101",), grid=(GRIDS[5],))]
)
def test_the_page_speaks_chinese_in_every_state(any_county: tuple[str, Ask], query: Filters) -> None:
    name, ask = any_county
    found = drawn(ask, query)
    words = words_in(found)
    assert {w for w in re.findall(r"[A-Za-z]{2,}", words) if w not in NAMES} <= set()
    assert not re.search(r"\b(nan|None|inf)\b", words + json.dumps(found["risk-scene", "data"], ensure_ascii=False))
    assert ask.risk.run(query.run).sentence in words
    if name in ("no_population", "too_few"):
        assert found["standing-grid", "rowData"] == []
        assert "没有可说明的网格" in words
    json.dumps([found["risk-scene", "data"], found["standing-grid", "rowData"]])


def test_a_run_that_draws_no_map_says_why_under_the_map(any_county: tuple[str, Ask]) -> None:
    name, ask = any_county
    found = drawn(ask, Filters())
    legend, scene = text_of(found["risk-legend", "children"]), found["risk-scene", "data"]
    if name == "ok":
        assert "▲ 红 · 重点" in legend and set(scene["marks"].values()) <= {"▲", "◆", "●"} and scene["marks"]
        return
    assert scene["marks"] == {}
    expected = {"flat": "差异未超出随机波动12格", "no_population": "没有实有人口", "too_few": "不到 10 件"}
    assert expected[name] in legend
    assert set(scene["paint"].values()) == ({"level-flat"} if name == "flat" else set())


def test_the_legend_counts_every_grid_in_view_once(ask: Ask) -> None:
    for filters, count in ((Filters(), 12), (Filters(town=("990108100",)), 4)):
        here = page.load_here(ask, filters)
        legend = page._legend(here)
        counts = [
            text_of(item.children[2]) for item in legend.children if "ring" not in str(item.children[0].className)
        ]
        assert sum(int(text.removesuffix("格")) for text in counts) == count == len(here.inside)


def test_a_chosen_town_keeps_the_list_and_the_reasons_to_itself(ask: Ask) -> None:
    whole = drawn(ask, Filters())["standing-grid", "rowData"]
    assert whole[0]["pick"] == f"grid:{GRIDS[0]}"  # 30 % of all cases and the fewest persons
    other = drawn(ask, Filters(town=("990108200",)))
    assert {row["pick"] for row in other["standing-grid", "rowData"]} == {
        row["pick"] for row in whole if row["pick"].startswith("grid:990108200")
    }
    assert "未选网格" in other["why-note", "children"]
    assert page.load_why(ask, Filters(town=("990108200",))).risk.grid.startswith("990108200")  # type: ignore[union-attr]


def test_a_choice_is_explained_whatever_its_tier(ask: Ask) -> None:
    for code, risk in ask.risk.grids("h60-reported-none").items():
        model = page.load_why(ask, Filters(grid=(code,)))
        assert (model.risk, model.is_chosen) == (risk, True)
        assert "未选网格" not in page.view_why(model)["why-note"]


# --- single grids, by hand ----------------------------------------------------------------------------------------


def a_grid(**changes: Any) -> GridRisk:
    plain = GridRisk(
        grid="G", score=8.0, expected=4.0, rr_raw=2.0, rr=1.5, credibility=0.5, p_10=0.99, p_125=0.9, p_15=0.45,
        tier="orange", why="", gi_z=-1.5, gi_p=0.1, cluster="", cases=3, self_found=1, recent=2, previous=1,
        last_year=1, z_previous=0.5, z_last_year=0.5,
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.fixture(scope="module")
def run(ask: Ask) -> Run:
    return ask.risk.run("")


def told(run: Run, risk: GridRisk, parts: Parts | None = None) -> str:
    parts = parts or Parts((("C1", 8.0, 3),), ())
    return text_of(risk_why.explanation(run, risk, parts, categories={"C1": "邻里"}, filters=Filters()))


@pytest.mark.parametrize(
    ("why", "words", "paint", "line"),
    [
        ("no_population", "没有实有人口或户数", "hatch", "无人口数，不分级"),
        ("small_expected", "期望加权件数 0.20，小于", "hatch", "期望件数不足，不分级"),
        ("flat", "各网格差异未超出随机波动", "level-flat", "差异未超出随机波动"),
    ],
)
def test_a_grid_without_a_tier_says_why(run: Run, why: str, words: str, paint: str, line: str) -> None:
    none = {"rr_raw": None, "rr": None, "credibility": None, "p_10": None, "p_125": None, "p_15": None, "gi_z": None}
    risk = a_grid(tier="none", why=why, expected=0.2, **none)
    said = told(run, risk)
    assert words in said and "的把握" not in said
    assert (page.paint(risk), page.in_words(risk)) == (paint, line)


@pytest.mark.parametrize(
    ("tier", "words"),
    [("red", "有 45.0% 的把握高于平均的 1.5 倍"), ("orange", "有 90.0% 的把握高于平均的 1.25 倍"),
     ("yellow", "有 99.0% 的把握高于平均加权"), ("blue", "有 99.0% 的把握高于平均加权")],
)  # fmt: skip
def test_a_tier_is_told_with_its_chance(run: Run, tier: str, words: str) -> None:
    assert words in told(run, a_grid(tier=tier))


@pytest.mark.parametrize(
    ("z", "words"),
    [(None, "无数据"), (0.0, "▬ 持平"), (1.0, "▬ 持平"), (-1.0, "▬ 持平"),
     (1.01, "▲ 上升"), (2.99, "▲ 上升"), (3.0, "▲ 骤增"), (-1.01, "▼ 下降")],
)  # fmt: skip
def test_a_change_is_told_as_chance_or_more(run: Run, z: float | None, words: str) -> None:
    counted = "" if z is None else " 1 件"
    for name, changes in (("前 28 天", {"z_previous": z}), ("上年同期", {"z_last_year": z})):
        assert f"{name}{counted}：{words}" in told(run, a_grid(**changes))


def test_a_grid_without_a_case_in_the_look_back_says_so(run: Run) -> None:
    said = told(run, a_grid(score=0.0, cases=0), Parts((), ()))
    assert "回看期内没有计入的事项" in said and "近 28 天 2 件" in said


def test_more_categories_than_shown_are_added_up(run: Run) -> None:
    parts = Parts(tuple((f"K{n}", 2.0, 1) for n in range(8)), ())
    said = told(run, a_grid(), parts)
    assert said.count("12.5%") == 5 and "其余 3 类37.5%3 件" in said
    assert "其余" not in told(run, a_grid(), Parts(parts.categories[:5], ()))
    assert "类别未知100" in told(run, a_grid(), Parts((("", 8.0, 3),), ()))


# --- near repeats -------------------------------------------------------------------------------------------------


def knox(*chances: float | None) -> list[dict[str, Any]]:
    return [{"category": str(n), "observed": 3, "expected": 2.5, "p_value": p} for n, p in enumerate(chances)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "定位到点的事项太少，未做"),
        (knox(None, None), "定位到点的事项太少，未做"),
        (knox(0.05, None), "3 对，若时间与地点无关应有 2 对；1 个类别超出"),
        (knox(0.05, 0.5), "没有一个类别超出随机波动"),
        (knox(0.025, 0.5), "1 个类别超出随机波动"),
        (knox(0.001, 0.01, 0.9), "2 个类别超出随机波动"),
    ],
)
def test_the_knox_test_holds_each_category_against_all_of_them(rows: list[dict[str, Any]], words: str) -> None:
    """Bonferroni: one of n categories must be n times less likely than 5 %."""
    assert words in risk_method.knox_sentence(rows, has_list=True)
    assert "所列各对" not in risk_method.knox_sentence(rows, has_list=False)


def near_row(number: int) -> dict[str, Any]:
    return {
        "case_id": f"N{number}", "title": "", "category": "C1", "category_name": "邻里", "grid": GRIDS[0],
        "grid_name": "一格", "accept_at": datetime(2026, 3, 1), "others": 1, "metres": 12.4, "days": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(("count", "more"), [(0, None), (1, None), (8, None), (9, "另 1 件"), (208, "另 200 件")])
def test_near_repeats_are_counted_whole(run: Run, count: int, more: str | None) -> None:
    shown = page.view_near(([near_row(n) for n in range(count)], [], Filters(), run))
    said = text_of(shown["near-list"])
    assert f"另有同类的 {count} 件" in shown["near-note"]
    assert ("近期没有近重复的事项" in said) == (count == 0)
    assert (more or "邻里") in said or count == 0
    assert said.count("最近 12 米、相隔 0.5 天") == min(count, 8)
    assert ("另 " in said) == bool(more)


def test_every_near_repeat_of_the_county_is_listed(tmp_path: Path) -> None:
    """Six spots a kilometre apart with forty cases of one category each: all but the first of a spot have company."""
    at = builders.AS_OF - timedelta(days=2)
    spots: list[dict[str, Any]] = [
        {"grid_code": grid, "lon": 112.005 + n / 100, "lat": 37.005} for n, grid in enumerate(GRIDS[:6])
    ]
    exact: dict[str, Any] = {"category": "01", "precision": "point"}
    told = [builders.case(f"P{n:03d}", at + timedelta(minutes=n), **exact, **spots[n % 6]) for n in range(240)]
    with builders.asking(loaded(tmp_path, grid_rows(), told)) as ask:
        found = ask.risk.near_repeats()
    assert (len(found), found[0]["others"], found[-1]["others"]) == (234, 39, 1)


# --- the back-test ------------------------------------------------------------------------------------------------


def month(number: int, method: str, hits: int, *, area: float | None = 0.1, people: float | None = 0.1) -> Trial:
    return Trial(date(2026, number, 1), method, 9, area, people, hits, 100, hits / 100, None, None)


@pytest.mark.parametrize(("ours", "word"), [(31, "命中件数多于"), (30, "命中件数未超过"), (29, "命中件数未超过")])
@pytest.mark.parametrize(("other", "name"), [("last_year", "上年同月件数"), ("counts", "近期件数")])
def test_the_verdict_says_whether_the_map_did_better(ours: int, word: str, other: str, name: str) -> None:
    rows = [month(1, "risk", ours), month(1, other, 30)]
    if other == "last_year":
        rows.append(month(1, "counts", 99))
    said = text_of(risk_method.back_test(rows))
    assert f"{word}{name}（{ours}.0% 对 30.0%）" in said
    dense = "高于" if ours > 30 else "未超过"
    assert f"按人口折算{dense}{name}（{ours / 10:.2f} 对 3.00）" in said


def test_the_map_may_win_by_persons_and_lose_by_cases() -> None:
    rows = [month(1, "risk", 20, people=0.05), month(1, "last_year", 30)]
    said = risk_method.verdict(risk_method.sums_of(rows))
    assert "命中件数未超过" in said and "按人口折算高于上年同月件数（4.00 对 3.00）" in said


def test_only_the_months_of_the_map_are_compared_and_the_others_are_counted() -> None:
    """A month in which the map was flat has no risk; last year's counts of one month are no rival over two."""
    rows = [
        month(1, "risk", 20),
        month(2, "risk", 40),
        *(month(n, "counts", 10) for n in (1, 2)),
        month(3, "counts", 90),
    ]
    said = text_of(risk_method.back_test([*rows, month(2, "last_year", 99)]))
    assert "近期件数（30.0% 对 10.0%）" in said and "60/200" in said and "20/200" in said
    assert "2026-01 至 2026-02，共 2 个月（另 1 个月风险图未分级，不计）" in said
    assert "上年同月件数" not in said


def test_a_ratio_that_is_not_known_is_no_number() -> None:
    said = text_of(risk_method.back_test([month(1, m, 20, area=None) for m in ("risk", "counts")]))
    assert "20/10020.0%-2.00" in said and "nan" not in said


@pytest.mark.parametrize("rows", [[], [month(1, "counts", 5)]])
def test_without_a_month_of_the_map_there_is_no_verdict(rows: list[Trial]) -> None:
    said = text_of(risk_method.back_test(rows))
    assert "无法回测" in said and "命中件数" not in said
