"""Where is every case? On the map, or in exactly one list that says why not; and in the system its source declares."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import pandas as pd
import pyproj
import pytest
import shapely
from dash.development.base_component import Component

from dashboard.ask import Ask
from dashboard.filters import Filters
from dashboard.pages import definitions
from dashboard.pages import map as map_page
from etl import cells, coordinate_check
from etl.__main__ import _load_json, _load_words
from etl.demo import AS_OF, write_demo
from etl.mapping import load_mappings
from tests import builders
from tests.conftest import Load

GRIDS = list(builders.GRIDS)[:3]
WEST, SOUTH, SIZE = 112.60, 37.80, 0.02
"""Three grids side by side, each 0.02° wide: about 1.8 km."""


def square(place: int) -> str:
    west, east, north = WEST + SIZE * place, WEST + SIZE * (place + 1), SOUTH + SIZE
    return f"POLYGON(({west} {SOUTH}, {east} {SOUTH}, {east} {north}, {west} {north}, {west} {SOUTH}))"


def write(folder: Path, cases: Sequence[Mapping[str, Any]], **centre: float) -> Path:
    """A delivery whose first three grids have polygons; the first may have a centre."""
    builders.write_delivery(folder, [builders.case(f"A{n}", builders.AS_OF, **c) for n, c in enumerate(cases)])
    rows = [{"grid_code": g, "village_code": v} for g, v in builders.GRIDS.items()]
    for place in range(3):
        rows[place] |= {"boundary_wkt": square(place), **({k: str(v) for k, v in centre.items()} if not place else {})}
    builders.write_records(folder / "grids.csv", "grids", rows)
    return folder


def sources(folder: Path, **lines: str) -> Path:
    """The shipped mapping files, with what stands at `src_crs` of cases and grids replaced."""
    shutil.copytree(builders.SOURCES, folder)
    for name, line in lines.items():
        path = folder / f"{name}.toml"
        text = re.sub(r'src_crs = "WGS84"', line, path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
    return folder


INSIDE = {"lon": 112.61, "lat": 37.81}
PLACED: list[tuple[dict[str, Any], str]] = [
    ({"grid_code": GRIDS[0], **INSIDE}, "point"),
    (INSIDE, "no_grid"),  # a good point, but on no map of grids: the tally of the map and this list agree
    ({"grid_code": GRIDS[0]}, "no_point"),
    ({"grid_code": GRIDS[0], "lon": 112.61}, "no_point"),
    ({"grid_code": GRIDS[0], "lon": 0, "lat": 0}, "no_point"),
    ({}, "no_grid"),
    ({"grid_code": "990108999999999"}, "no_grid"),
    ({"lon": 0, "lat": 0}, "no_grid"),
    ({"grid_code": GRIDS[0], "lon": 37.81, "lat": 112.61}, "outside"),
    ({"grid_code": GRIDS[0], "lon": 113.5, "lat": 37.81}, "outside"),
    ({"grid_code": GRIDS[1], **INSIDE}, "wrong_grid"),
]


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("placed")
    write(folder / "in", [case for case, _ in PLACED])
    builders.load_quickly(folder / "in", folder / "warehouse")
    with builders.asking(folder / "warehouse") as ask:
        yield ask


def test_every_case_has_one_place_and_the_places_add_up(placed: Ask) -> None:
    expected = [place for _, place in PLACED]
    rows = placed.cases(Filters(), limit=100).rows
    assert {row["case_id"]: row["place"] for row in rows} == {f"A{n}": place for n, place in enumerate(expected)}
    assert placed.place_states(Filters()) == {place: expected.count(place) for place in set(expected)}
    assert placed.numbers(["accepted"], filters=Filters()).only("accepted").value == len(PLACED)


@pytest.mark.parametrize("place", ["point", "no_point", "no_grid", "outside", "wrong_grid"])
def test_a_place_narrows_numbers_lists_and_points_alike(placed: Ask, place: str) -> None:
    filters = Filters(place=(place,))
    count = [p for _, p in PLACED].count(place)
    assert placed.numbers(["accepted"], filters=filters).only("accepted").value == count
    assert placed.cases(filters).total == count
    assert len(placed.points(filters)) == (count if place == "point" else 0)
    assert len(placed.unlocated(filters)) == (0 if place == "point" else count)


def buttons(part: Any) -> Iterator[Component]:
    """Every element that picks something."""
    for child in part if isinstance(part, (list, tuple)) else [part]:
        if isinstance(child, Component):
            if "data-pick" in child.to_plotly_json()["props"]:
                yield child
            yield from buttons(getattr(child, "children", None))


def test_each_reason_is_a_button_that_picks_it_and_the_reasons_stay_when_one_is_picked(placed: Ask) -> None:
    drawn = map_page.view_unlocated(map_page.load_unlocated(placed, Filters(place=("outside",))))
    found = [b.to_plotly_json()["props"] for b in buttons(drawn["unlocated-list"])]
    assert [p["data-pick"] for p in found] == [f"place:{code}" for code in placed.vocabulary["place"]]
    assert [p["data-pick"] for p in found if p["aria-pressed"] == "true"] == ["place:outside"]
    counts = [int(re.sub(r"\D", "", p["children"][1].children)) for p in found]
    assert sum(counts) == len(PLACED) and drawn["unlocated-note"].startswith("无点位 10 件")


# --- declared systems -------------------------------------------------------------------------------------------


def test_a_declared_zone_is_converted_once_and_the_findings_show_the_files_own_numbers(tmp_path: Path) -> None:
    to_zone = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    east, north = to_zone.transform(112.61, 37.81)
    far = to_zone.transform(113.5, 37.81)
    cases = [{"grid_code": GRIDS[0], "lon": f"{x:.3f}", "lat": f"{y:.3f}"} for x, y in ((east, north), (0, 0), far)] + [
        {"grid_code": GRIDS[0], "lon": f"{east:.3f}"},
        {"grid_code": GRIDS[0], "lon": 9e20, "lat": 9e20},
    ]
    write(tmp_path / "in", cases, lon=37.81, lat=112.61)
    folder = sources(
        tmp_path / "sources", cases='src_crs = "EPSG:4547"', grids='src_crs = "WGS84"\nsrc_axes = "lat_lon"'
    )
    report = builders.load_quickly(tmp_path / "in", tmp_path / "warehouse", sources=folder)
    with builders.asking(tmp_path / "warehouse") as ask:
        rows = {row["case_id"]: row for row in ask.cases(Filters()).rows}
        centres = ask._db.rows("select lon, lat from mart.dim_grid where lon is not null")
    assert [rows[f"A{n}"]["place"] for n in range(5)] == ["point", "no_point", "outside", "no_point", "no_point"]
    assert (rows["A0"]["lon"], rows["A0"]["lat"]) == (112.61, 37.81)
    assert centres == [(112.61, 37.81)]
    findings = (tmp_path / "warehouse" / report.quarantine_file).read_text(encoding="utf-8-sig")
    assert f"{float(f'{far[0]:.3f}')}, {float(f'{far[1]:.3f}')}" in findings


def _many(count: int, *, move: float = 0.0) -> list[dict[str, Any]]:
    """Cases spread over the first grid, moved east by some degrees."""
    return [
        {
            "grid_code": GRIDS[0],
            "lon": f"{WEST + SIZE * (n + 1) / (count + 2) + move:.6f}",
            "lat": f"{SOUTH + 0.01:.6f}",
        }
        for n in range(count)
    ]


def checked(
    *files: Sequence[dict[str, Any]], has_grids: bool = True, declared: tuple[str, str] = ("WGS84", "lon_lat")
) -> list[dict[str, Any]]:
    """The findings on one source with these files, without a load around them."""
    with duckdb.connect() as con:
        con.execute("create table file_crs (file_id int, source text, crs text, axes text, title text, file_name text)")
        frames = [pd.DataFrame(cases, columns=["lon", "lat", "grid_code"]) for cases in files]
        points = pd.concat(frames, keys=range(1, len(files) + 1), names=["file_id", None]).reset_index("file_id")
        con.register("points", points.astype({"lon": float, "lat": float}))
        con.execute("create table clean_case as select file_id, lon, lat, grid_code::text as grid_code from points")
        con.execute("create table clean_grid as select * from clean_case limit 0")
        for number in range(1, len(files) + 1):
            row = [number, "cases", *declared, "台账", f"{number}.csv"]
            con.execute("insert into file_crs values (?, ?, ?, ?, ?, ?)", row)
        shapes = shapely.from_wkt([square(place) for place in range(3 if has_grids else 0)])
        grids = gpd.GeoDataFrame({"grid": GRIDS[: len(shapes)]}, geometry=shapes, crs="EPSG:4490")
        coordinate_check.take_sample(con)
        coordinate_check.check_sources(con, grids)
        return con.sql("select * from fact_coordinate_check").df().to_dict("records")


@pytest.mark.parametrize(
    ("cases", "has_grids", "reason"),
    [
        ([{"grid_code": GRIDS[0]}, {"grid_code": GRIDS[0], "lon": 0, "lat": 0}], True, "该来源没有坐标"),
        (_many(40), False, "没有网格边界可供核对"),
        ([{**c, "grid_code": None} for c in _many(40)], True, "没有填网格，或所填网格没有边界"),
        ([{**c, "grid_code": "990108999999999"} for c in _many(40)], True, "没有填网格，或所填网格没有边界"),
        (_many(29), True, "只有 29 个不同的点可供核对（至少 30 个）"),
        (_many(20) * 3, True, "只有 20 个不同的点"),
        (_many(60, move=5 * SIZE), True, "只有 0.0% 的点落在所填网格内"),
    ],
)
def test_what_cannot_be_judged_says_why(cases: list[dict[str, Any]], has_grids: bool, reason: str) -> None:
    (said,) = checked(cases, has_grids=has_grids)
    assert said["verdict"] == "unknown"
    assert "无法判断" in said["sentence"] and reason in said["sentence"]


def test_a_large_source_is_sampled_evenly_over_its_files_and_points_with_a_grid_come_first() -> None:
    without = [{**c, "grid_code": None} for c in _many(9000)]
    (said,) = checked([*without, *_many(3000)], _many(1500, move=1e-6))
    assert (said["tested"], said["verdict"]) == (2000 + 1500, "ok")


def swapped(cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**c, "lon": c["lat"], "lat": c["lon"]} for c in cases]


def test_files_of_one_source_that_differ_are_told_apart() -> None:
    said = {row["best"]: row for row in checked(_many(40), swapped(_many(60)), _many(3))}
    tested = {code: (row["verdict"], row["tested"]) for code, row in said.items()}
    assert tested == {"WGS84": ("ok", 43), "WGS84 lat_lon": ("suspect", 60)}
    assert "台账（1.csv 等 2 个文件）" in said["WGS84"]["sentence"]
    assert "台账（2.csv）" in said["WGS84 lat_lon"]["sentence"]
    assert "先请来源单位统一各文件的坐标系" in said["WGS84 lat_lon"]["sentence"]


def test_a_line_that_swaps_columns_wrongly_is_to_be_changed_back() -> None:
    (said,) = checked(_many(40), declared=("CGCS2000", "lat_lon"))
    assert (said["declared"], said["best"]) == ("CGCS2000 lat_lon", "CGCS2000")
    assert 'src_axes = "lon_lat"' in said["sentence"] and "src_crs =" not in said["sentence"]


def test_a_zone_that_cannot_be_told_from_another_is_named_with_it() -> None:
    """111°E is the middle of zone 37 (3°) and of zone 19 (6°); their numbers without prefix are the same."""
    to_zone = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4546", always_xy=True)
    metres = [dict(zip(("lon", "lat"), to_zone.transform(c["lon"], c["lat"]), strict=True)) for c in _many(40)]
    (said,) = checked([{"grid_code": GRIDS[0], **pair} for pair in metres])
    assert said["best"] == "EPSG:4546" and "也可能是“EPSG:4508”" in said["sentence"]


def test_metres_are_no_degrees_even_where_no_polygon_says_so(load_county: Load) -> None:
    cases = [
        builders.case(f"A{n}", builders.AS_OF, grid_code=GRIDS[0], lon=x, lat=y)
        for n, (x, y) in enumerate([(112.61, 37.81), (500_000, 4_186_000), (37.81, 112.61), (180, -90)])
    ]
    warehouse, report = load_county(cases)
    with builders.asking(warehouse) as ask:
        assert ask.place_states(Filters()) == {"outside": 2, "point": 2}
    assert {q["rule"] for q in report.quality} >= {"point_outside", "point_swapped"}


@pytest.mark.parametrize("away", [(37.81, 112.61), (500_000, 4_186_000), (180.1, 37.81)])
def test_a_whole_source_that_is_no_degrees_gives_no_centres(away: tuple[float, float]) -> None:
    assert not cells.is_near_the_rest(pd.DataFrame([away] * 3, columns=["lon", "lat"])).any()
    assert cells.is_near_the_rest(pd.DataFrame([(112.61, 37.81)] * 3, columns=["lon", "lat"])).all()


# --- the demo county, written in another system -----------------------------------------------------------------


def written(folder: Path) -> dict[str, tuple[float, float]]:
    """Case → longitude and latitude as the demo's files give them."""
    found = {}
    for path in folder.glob("事件台账_*.csv"):
        with path.open(encoding="gb18030", errors="replace", newline="") as handle:
            for row in csv.DictReader(handle):
                if row["经度"] and row["纬度"] and row["事件编号"]:
                    found[row["事件编号"]] = (float(row["经度"]), float(row["纬度"]))
    return found


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 cases of the demo county with their points in GCJ-02, as files."""
    folder = tmp_path_factory.mktemp("shifted")
    write_demo(folder, cases=3000, seed=7, months=4, points_crs="GCJ02")
    return folder


WHEN = {"as_of": AS_OF, "now": AS_OF + timedelta(days=1)}


def test_gcj_sold_as_wgs_is_found_stored_and_shown_and_nothing_is_changed(shifted: Path, tmp_path: Path) -> None:
    report = builders.load_quickly(shifted, tmp_path, **WHEN)
    (said,) = (row for row in report.coordinates if row["source"] == "cases")
    assert (said["declared"], said["best"], said["verdict"]) == ("WGS84", "GCJ02", "suspect")
    sentence = str(said["sentence"])
    assert 'data/sources/cases.toml，把 src_crs 一行改为 src_crs = "GCJ02"' in sentence and "未改动任何数据" in sentence
    assert sentence in _load_words(report) and said in _load_json(report)["coordinates"]
    given = written(shifted)
    with builders.asking(tmp_path) as ask:
        assert [row for row in ask.coordinate_checks() if row["source"] == "cases"] == [said]
        assert sentence in str(definitions.view_loads(definitions.load(ask, Filters()))["load-table"])
        states = ask.place_states(Filters())
        assert states["wrong_grid"] > states["point"]
        assert sum(states.values()) == ask.numbers(["accepted"], filters=Filters()).only("accepted").value
        for row in ask.points(Filters()):
            assert (row["lon"], row["lat"]) == pytest.approx(given[row["case_id"]], abs=0.00051)


def test_what_was_proposed_once_declared_puts_every_point_where_it_truly_is(shifted: Path, tmp_path: Path) -> None:
    follow = sources(tmp_path / "sources", cases='src_crs = "GCJ02"')
    report = builders.load_quickly(shifted, tmp_path / "warehouse", sources=follow, **WHEN)
    assert {row["source"]: row["verdict"] for row in report.coordinates} == {"cases": "ok", "grids": "ok"}
    write_demo(tmp_path / "plain", cases=3000, seed=7, months=4)
    truth = written(tmp_path / "plain")
    with builders.asking(tmp_path / "warehouse") as ask:
        states, points = ask.place_states(Filters()), ask.points(Filters(), limit=5000)
    assert len(points) == states["point"] > 0.68 * sum(states.values())
    for row in points:
        assert (row["lon"], row["lat"]) == pytest.approx(truth[row["case_id"]], abs=0.00051)


def test_following_the_line_for_swapped_columns_mends_them(tmp_path: Path) -> None:
    """The sentence says to write a line under src_crs: exactly that is done."""
    write(tmp_path / "in", swapped(_many(40)))
    report = builders.load_quickly(tmp_path / "in", tmp_path / "warehouse")
    said = next(row for row in report.coordinates if row["source"] == "cases")
    assert (said["best"], said["verdict"]) == ("WGS84 lat_lon", "suspect")
    assert '在 src_crs 一行之下写明 src_axes = "lat_lon"' in str(said["sentence"])
    folder = sources(tmp_path / "sources", cases='src_crs = "WGS84"\nsrc_axes = "lat_lon"')
    assert load_mappings(folder)["cases"].src_axes == "lat_lon"
    report = builders.load_quickly(tmp_path / "in", tmp_path / "mended", sources=folder)
    assert next(row["verdict"] for row in report.coordinates if row["source"] == "cases") == "ok"
    with builders.asking(tmp_path / "mended") as ask:
        assert ask.place_states(Filters()) == {"point": 40}
