"""Does a map say what it shows: a class and words per area, every case counted, towns' lines on areas' borders?"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely

from dashboard.ask import Ask
from dashboard.components import grid_map
from dashboard.factory import find_pages, stage_targets
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.outlines import town_outlines
from dashboard.page import Page, Panel, prop
from tests import builders
from tests.unit.test_risk_answers import text_of
from tests.unit.test_risk_load import cases, grid_rows, loaded

VIEW = grid_map.View(level="town", chosen=(), within={}, place="", key="k")


ON_MAP = {"counted": "accepted", "located": 9, "unlocated": 1}


def scene(metric: str, values: dict[str, Value], **changes: Any) -> grid_map.Scene:
    return grid_map.Scene(**({"view": VIEW, "metric": metric, "values": values} | ON_MAP | changes))


def data(made: grid_map.Scene) -> dict[str, Any]:
    return dict(grid_map.view("big", made)["big-scene", "data"])


RATES = {
    "T1": Value(0.5, 10, 20, "ok"),
    "T2": Value(0.9, 18, 20, "ok"),
    "T3": Value(0.7, 14, 20, "ok"),
    "T4": Value(1.0, 2, 2, "small"),
    "T5": Value(None, 0, 0, "none"),
}


def test_a_rate_of_too_few_has_its_own_class_and_no_data_has_none() -> None:
    found = data(scene("on_time_rate", RATES))
    assert {code: name for code, name in found["paint"].items() if code in ("T1", "T2", "T4")} == {
        "T1": "seq-5",  # darker is lower, where more is better
        "T2": "seq-1",
        "T4": "small",
    }
    assert set(found["paint"]) == {"T1", "T2", "T3", "T4"}
    assert found["paint"]["T3"] not in ("seq-1", "seq-5")
    assert set(found["texts"]) == set(RATES)
    assert (
        found["texts"]["T1"] == "50.0%（10/20）" and "2/2" in found["texts"]["T4"] and "%" not in found["texts"]["T4"]
    )
    assert "无数据" in found["texts"]["T5"]


def test_the_legend_counts_every_area_once() -> None:
    legend = grid_map.view("big", scene("on_time_rate", RATES))["big-legend"]
    assert sum(int(text_of(item.children[2]).removesuffix("个乡镇")) for item in legend.children) == len(RATES)
    assert "样本不足1个乡镇" in text_of(legend) and "无数据1个乡镇" in text_of(legend)


def test_more_cases_are_darker_and_equal_ones_alike() -> None:
    values = {f"T{n}": Value(number) for n, number in enumerate((0, 3, 3, 50, 400))}
    found = data(scene("accepted", values))
    steps = [int(found["paint"][code][-1]) for code in values]
    assert (steps == sorted(steps), steps[1] == steps[2], steps[0], steps[-1]) == (True, True, 1, 5)
    assert {found["paint"][code] for code in values} <= {f"seq-{n}" for n in range(1, 6)}


def test_without_areas_the_map_says_that_the_list_still_works() -> None:
    bare = grid_map.View(level="town", chosen=(), within={}, place="", key="")
    said = text_of(grid_map.view("big", scene("accepted", {}, view=bare))["big-legend"])
    assert "没有网格边界" in said and "列表不受影响" in said


@pytest.mark.parametrize(
    ("basis", "words"), [("boundary", ""), ("", ""), ("centroid", "圆的大小没有含义"), ("cell", "六边形单元（H3）统计")]
)
def test_what_stands_in_for_borders_is_said(basis: str, words: str) -> None:
    view = grid_map.View(level="grid", chosen=(), within={}, place="", key="k", basis=basis)
    said = grid_map.tally(scene("accepted", {}, view=view, located=1162, unlocated=38))
    assert said.startswith("受理 1,200 件：上图 1,162 / 网格未匹配 38（3.2%）")
    assert said.endswith(words) and ("；" in said) == bool(words)


def test_nothing_accepted_has_no_share() -> None:
    assert grid_map.tally(scene("accepted", {}, located=0, unlocated=0)) == "受理 0 件：上图 0 / 乡镇街道未匹配 0"


def test_a_scene_says_where_it_looks_and_what_can_be_picked() -> None:
    view = grid_map.View(level="grid", chosen=("G1",), within={"town": ("T1",)}, place="grid:G1", key="k")
    found = data(scene("accepted", {"G1": Value(1)}, view=view))
    assert {key: found[key] for key in ("id", "picks", "level", "chosen", "within", "place", "title")} == {
        "id": "big", "picks": True, "level": "grid", "chosen": ("G1",), "within": {"town": ("T1",)},
        "place": "grid:G1", "title": "受理量",
    }  # fmt: skip
    assert (found["marks"], found["rings"]) == ({}, {})


@pytest.mark.parametrize(
    ("filters", "level"),
    [
        (Filters(), "town"),
        (Filters(town=("T",)), "village"),
        (Filters(village=("V",)), "grid"),
        (Filters(grid=("G",)), "grid"),
        (Filters(town=("T",), layer="town"), "town"),
        (Filters(layer="planet"), "town"),
        (Filters(layer="town", replay="risk"), "grid"),
        (Filters(replay="open"), "town"),
    ],
)
def test_the_level_is_the_one_asked_for_or_the_one_below_the_place(filters: Filters, level: str) -> None:
    everywhere = {place: {"x": "x"} for place in grid_map.LEVELS}
    assert grid_map.level_for(filters, everywhere) == level


# --- with data ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lost = [builders.case(f"L{n}", builders.AS_OF.replace(day=1 + n)) for n in range(5)]
    return loaded(tmp_path_factory.mktemp("map"), grid_rows(), cases(300) + lost)


QUESTIONS = (
    Filters(),
    Filters(kind=("C",), since=date(2026, 1, 1)),
    Filters(town=("990108100",)),
    Filters(grid=("990108100001001",)),
)


@pytest.mark.parametrize("level", list(grid_map.LEVELS))
@pytest.mark.parametrize("filters", QUESTIONS)
def test_located_and_unlocated_are_all_that_was_accepted(county: Path, filters: Filters, level: str) -> None:
    with builders.asking(county) as ask:
        found = grid_map.load(ask, filters, level=level, metric="on_time_rate")
        asked = grid_map.without_choice(filters, level)
        accepted = ask.numbers(["accepted"], filters=asked).only("accepted").value
        lost = ask.numbers(["accepted"], by=(level,), filters=asked).rows
    assert found.located + found.unlocated == accepted
    assert found.unlocated == sum(row.values["accepted"].value or 0 for row in lost if not row.codes[0])
    if filters == Filters():
        assert found.unlocated == 5
    assert found.metric == "on_time_rate" and set(found.values) <= set(ask.vocabulary[level])


@pytest.mark.parametrize("metric", ["open", "closed", "overdue_open"])
def test_on_a_map_of_a_count_those_counted_are_told(county: Path, metric: str) -> None:
    with builders.asking(county) as ask:
        found = grid_map.load(ask, Filters(), level="grid", metric=metric)
        whole = ask.numbers([metric], filters=Filters()).only(metric).value
    assert found.located == sum(value.value or 0 for value in found.values.values())
    assert found.located + found.unlocated == whole
    assert grid_map.tally(found).startswith(f"{BY_KEY[metric].name.removesuffix('量')} {whole} 件：")


def test_a_choice_keeps_its_neighbours_and_looks_at_itself(county: Path) -> None:
    grid = "990108100001001"
    with builders.asking(county) as ask:
        found = grid_map.load(ask, Filters(town=("990108100",), grid=(grid,)), level="grid", metric="accepted")
    assert found.view.chosen == (grid,) and found.view.place == f"grid:{grid}"
    assert found.view.within == {"town": ("990108100",)}
    assert len(found.values) == 4


def borders(shape: Any) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    """Every stretch between two corners, whichever way it runs."""
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return {(min(a, b), max(a, b)) for ring in rings for a, b in pairwise(ring.coords)}


def outlines_of(ask: Ask, level: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    towns = {
        f["properties"]["code"]: shapely.geometry.shape(f["geometry"])
        for f in ask.geometry(f"outline-{level}")["features"]
    }
    members: dict[str, list[Any]] = {}
    for feature in ask.geometry(level)["features"]:
        members.setdefault(feature["properties"]["town"], []).append(shapely.geometry.shape(feature["geometry"]))
    return towns, members


@pytest.mark.parametrize("level", ["grid", "village"])
def test_every_stretch_of_a_towns_outline_is_one_of_its_areas(county: Path, level: str) -> None:
    """And none between two areas of the same town is left in it."""
    with builders.asking(county) as ask:
        towns, members = outlines_of(ask, level)
    assert set(towns) == set(members) == set(builders.TOWNS)
    for town, outline in towns.items():
        stretches = [borders(area) for area in members[town]]
        shared = {s for n, one in enumerate(stretches) for other in stretches[n + 1 :] for s in one & other}
        assert borders(outline) == set().union(*stretches) - shared
        assert outline.area == pytest.approx(sum(area.area for area in members[town]))


def test_an_area_of_no_town_has_no_outline() -> None:
    square = shapely.geometry.mapping(shapely.box(0, 0, 1, 1))
    areas = [{"properties": {"town": town}, "geometry": square} for town in ("", "T")]
    assert [f["properties"]["code"] for f in town_outlines(areas)["features"]] == ["T"]
    assert town_outlines([]) == {"type": "FeatureCollection", "features": []}


# --- stages of a page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", find_pages(), ids=lambda page: page.key)
def test_every_target_is_filled_by_exactly_one_stage(page: Page) -> None:
    told = [target for stage in page.stages for target in stage_targets(stage)]
    assert len(told) == len(set(told))
    assert sorted(told) == sorted(target for panel in page.panels for target in panel.targets)
    assert {panel.id for stage in page.stages for panel in stage} == {panel.id for panel in page.panels}
    assert len(page.cues) == len(page.stages) - 1
    first = [panel.id for panel in page.panels if panel.comes_first]
    assert [panel.id for panel in page.stages[0]] == (first or [panel.id for panel in page.panels])


def a_panel(id: str, *, comes_first: bool = False) -> Panel:
    return Panel(
        id=id,
        title=id,
        load=lambda _ask, _filters: 0,
        view=lambda _model: {id: 0},
        fills=(id,),
        comes_first=comes_first,
    )


def test_what_comes_first_is_a_stage_of_its_own() -> None:
    def page(*panels: Panel) -> Page:
        return Page(path="/p", name="p", order=1, frame=lambda: None, panels=panels)  # type: ignore[arg-type,return-value]

    plain = page(a_panel("a"), a_panel("b"))
    assert ([[p.id for p in stage] for stage in plain.stages], plain.cues) == ([["a", "b"]], ())
    staged = page(a_panel("a"), a_panel("b", comes_first=True))
    assert ([[p.id for p in stage] for stage in staged.stages], staged.cues) == ([["b"], ["a"]], ("p-stage-2",))
    only = page(a_panel("a", comes_first=True))
    assert (len(only.stages), only.cues) == (1, ())
    assert prop("a") in stage_targets(staged.stages[1]) and prop("a") not in stage_targets(staged.stages[0])
