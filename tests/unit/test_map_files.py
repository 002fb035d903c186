"""Does every kind of map file, in every reference system, give the same county? And what is drawn without one?"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import pytest
import shapely

from dashboard.components import grid_map
from dashboard.filters import Filters
from etl import cells
from etl.build import FileReport, LoadReport
from etl.errors import LoadError
from tests import builders, maps

AT = datetime(2026, 3, 2, 10)
GRIDS = list(builders.GRIDS)
CASES = [builders.case("A", AT, grid_code=GRIDS[0])]
VILLAGES = {
    village: shapely.union_all([maps.SQUARES[g] for g, v in builders.GRIDS.items() if v == village])
    for village in builders.VILLAGES
}
Drawn = dict[str, dict[str, Any]]


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., tuple[Drawn, LoadReport]]:
    """Load the county with the files a function adds; gives the shapes and basis of each layer, and the report."""

    def do(
        add: Callable[[Path], Any] = lambda _folder: None, *, sources: dict[str, str] | None = None
    ) -> tuple[Drawn, LoadReport]:
        delivery = builders.write_delivery(tmp_path / "in", CASES)
        add(delivery)
        folder = _with(tmp_path / "sources", sources) if sources else builders.SOURCES
        report = builders.load_quickly(delivery, tmp_path / "warehouse", sources=folder)
        with builders.asking(tmp_path / "warehouse") as ask:
            rows = ask._db.rows("select layer, code, basis, geojson from mart.dim_geometry order by layer, code")
            assert ask.info.has_geometry == bool(rows)
        layers: Drawn = {}
        for layer, code, basis, geojson in rows:
            layers.setdefault(layer, {})[code] = (basis, shapely.from_geojson(geojson))
        return layers, report

    return do


def _with(folder: Path, systems: dict[str, str]) -> Path:
    """The shipped mappings, some of them with another declared reference system."""
    folder.mkdir()
    for path in builders.SOURCES.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if path.stem in systems:
            text = f'src_crs = "{systems[path.stem]}"\n' + text.replace('src_crs = "WGS84"', "")
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def basis(layers: Drawn) -> dict[str, set[str]]:
    """What the shapes of each layer were made of."""
    return {layer: {how for how, _ in shapes.values()} for layer, shapes in layers.items()}


def assert_squares(layers: Drawn) -> None:
    """Every grid is drawn where it is, within the rounding of the map."""
    assert layers["grid"].keys() == maps.SQUARES.keys()
    for code, (how, shape) in layers["grid"].items():
        assert how == "boundary"
        assert shapely.symmetric_difference(shape, maps.SQUARES[code]).area < 1e-7, code


def map_report(report: LoadReport) -> list[FileReport]:
    """The files that were read as boundaries."""
    return [f for f in report.files if f.source.startswith("boundaries")]


def gbk_shapefile(folder: Path, crs: str = "EPSG:4546", *, cpg: bool = True) -> Path:
    """As surveying offices write them."""
    made = [({"网格编码": c, "网格名称": "东关网格"}, s) for c, s in maps.in_crs(crs).items()]
    path = maps.write_vector(folder / "界线.shp", made, crs=crs, encoding="GBK")
    if not cpg:
        path.with_suffix(".cpg").unlink()
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "geojson": lambda f: maps.write_geojson(f / "g.geojson", maps.features()),
    "json": lambda f: maps.write_geojson(f / "g.json", maps.features()),
    "codes as numbers": lambda f: maps.write_geojson(
        f / "g.json", [({"code": int(c)}, s) for c, s in maps.SQUARES.items()]
    ),
    "codes as floats": lambda f: maps.write_vector(
        f / "g.gpkg", [({"code": float(c)}, s) for c, s in maps.SQUARES.items()]
    ),
    "older geojson with a crs": lambda f: maps.write_geojson(
        f / "g.geojson",
        maps.features(maps.in_crs("EPSG:4547")),
        crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
    ),
    "shapefile, UTF-8": lambda f: maps.write_vector(f / "g.shp", maps.features()),
    "shapefile, GBK, zone": gbk_shapefile,
    "shapefile, GBK, no cpg": lambda f: gbk_shapefile(f, cpg=False),
    "shapefile, zone with its number in the easting": lambda f: gbk_shapefile(f, "EPSG:4525"),
    "geopackage": lambda f: maps.write_vector(f / "g.gpkg", maps.features()),
    "geopackage, CGCS2000": lambda f: maps.write_vector(f / "g.gpkg", maps.features(), crs="EPSG:4490"),
    "geopackage, Web Mercator": lambda f: maps.write_vector(
        f / "g.gpkg", maps.features(maps.in_crs("EPSG:3857")), crs="EPSG:3857"
    ),
}

LOCAL = (
    'PROJCS["Our own zone",GEOGCS["CGCS2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],'
    'PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",112.5],PARAMETER["scale_factor",1],'
    'PARAMETER["false_easting",50000],PARAMETER["false_northing",-4000000],UNIT["Meter",1]]'
)
FORMATS["shapefile, a zone of the county's own"] = lambda f: maps.write_vector(
    f / "g.shp", maps.features(maps.in_crs(LOCAL)), crs=LOCAL, encoding="GBK"
)


def assert_same(shapes: dict[str, Any]) -> None:
    """Every grid has its square, to the millimetre."""
    assert shapes.keys() == maps.SQUARES.keys()
    for code, shape in shapes.items():
        assert shapely.hausdorff_distance(shape, maps.SQUARES[code]) < 1e-8, code


@pytest.mark.parametrize("add", FORMATS.values(), ids=FORMATS.keys())
def test_every_format_gives_the_same_polygons(tmp_path: Path, add: Callable[[Path], Path]) -> None:
    placed = maps.place(add(tmp_path))
    assert_same(placed.shapes)
    assert [(f.rows_in, f.refused) for f in placed.files] == [(12, "")]
    assert not any("src_crs" in remark for remark in placed.files[0].remarks)
    assert placed.rules == []


@pytest.mark.parametrize("crs", ["GCJ02", "BD09", "EPSG:4546"])
def test_the_mapping_s_reference_system_wins_and_a_difference_is_said(tmp_path: Path, crs: str) -> None:
    placed = maps.place(maps.write_geojson(tmp_path / "g.geojson", maps.features(maps.in_crs(crs))), system=crs)
    assert_same(placed.shapes)
    assert f"文件自称 EPSG:4326，按映射文件的 src_crs={crs} 换算" in placed.files[0].remarks


@pytest.mark.parametrize(
    ("crs", "name"), [("EPSG:2431", "北京 54"), ("EPSG:2379", "西安 80"), ("EPSG:4610", "西安 80")]
)
def test_an_old_datum_whose_shift_nobody_publishes_is_said(tmp_path: Path, crs: str, name: str) -> None:
    path = maps.write_vector(tmp_path / "g.gpkg", maps.features(maps.in_crs(crs)), crs=crs)
    assert any(remark.startswith(f"{name}坐标系") for remark in maps.place(path).files[0].remarks)


def test_a_reference_system_only_the_mapping_knows_is_no_difference(tmp_path: Path) -> None:
    path = gbk_shapefile(tmp_path)
    path.with_suffix(".prj").unlink()
    placed = maps.place(path, system="EPSG:4546")
    assert_same(placed.shapes)
    assert placed.files[0].remarks == []


def test_a_county_with_grid_polygons_is_drawn_from_the_ground_up(draw: Callable[..., Any]) -> None:
    layers, report = draw(gbk_shapefile)
    assert_squares(layers)
    assert basis(layers) == {"grid": {"boundary"}, "village": {"merged"}, "town": {"merged"}, "county": {"merged"}}
    (file,) = map_report(report)
    assert (file.rows_in, file.loaded, file.quarantined, file.verdict) == (12, 12, 0, "loaded")
    assert report.passed_over == ()


@pytest.mark.parametrize("crs", ["GCJ02", "EPSG:4546"])
def test_outlines_in_the_grid_list_are_converted_by_its_own_declaration(draw: Callable[..., Any], crs: str) -> None:
    shapes = maps.in_crs(crs)
    layers, _ = draw(lambda f: write_outlines(f, shapes), sources={"grids": crs})
    assert_squares(layers)


def write_outlines(folder: Path, shapes: dict[str, Any]) -> None:
    """The grid list with an outline for some grids, as WKT (or what stands there instead)."""
    records = [
        {"grid_code": g, "village_code": v, "boundary_wkt": getattr(shapes.get(g, ""), "wkt", shapes.get(g, ""))}
        for g, v in builders.GRIDS.items()
    ]
    builders.write_records(folder / "grids.csv", "grids", records)


def found(report: LoadReport, rule: str) -> int:
    """How many findings of a rule."""
    return sum(int(str(q["rows"])) for q in report.quality if q["rule"] == rule)


def test_an_outline_in_the_grid_list_that_is_wrong_costs_only_itself(draw: Callable[..., Any]) -> None:
    wrong = {GRIDS[0]: "POLYGON((", GRIDS[1]: shapely.Point(112, 37), GRIDS[2]: shapely.box(4e5, 4e6, 5e5, 5e6)}
    layers, report = draw(lambda f: write_outlines(f, maps.SQUARES | wrong))
    assert found(report, "geometry_unreadable") == 3
    assert layers["grid"].keys() == set(GRIDS[3:])


def test_a_map_file_goes_before_the_outline_in_the_grid_list(draw: Callable[..., Any]) -> None:
    def add(folder: Path) -> None:
        write_outlines(folder, {GRIDS[0]: shapely.box(112, 37, 112.1, 37.1)})
        maps.write_geojson(folder / "g.geojson", maps.features())

    layers, report = draw(add)
    assert_squares(layers)
    assert found(report, "geometry_twice") == 1


def test_a_self_crossing_border_is_repaired_and_said_so(draw: Callable[..., Any]) -> None:
    bow = shapely.Polygon([(112.6, 37.9), (112.61, 37.91), (112.61, 37.9), (112.6, 37.91)])
    layers, report = draw(lambda f: maps.write_geojson(f / "g.geojson", maps.features(maps.SQUARES | {GRIDS[0]: bow})))
    shape = layers["grid"][GRIDS[0]][1]
    assert shape.is_valid
    assert shape.area == pytest.approx(0.01 * 0.01 / 2, rel=1e-3)
    assert found(report, "geometry_repaired") == 1
    assert map_report(report)[0].flagged == 1


def test_single_strangers_are_kept_out_by_name_and_the_rest_is_drawn(draw: Callable[..., Any]) -> None:
    more = maps.SQUARES | {"110101001001001": shapely.box(112.7, 37.8, 112.71, 37.81)}
    layers, report = draw(lambda f: maps.write_geojson(f / "g.geojson", maps.features(more)))
    assert_squares(layers)
    (file,) = map_report(report)
    assert (file.rows_in, file.loaded, file.quarantined) == (13, 12, 1)
    assert found(report, "boundary_unknown") == 1


def test_the_same_feature_twice_is_a_duplicate(draw: Callable[..., Any]) -> None:
    made = maps.features()
    layers, report = draw(lambda f: maps.write_geojson(f / "g.geojson", [*made, made[3]]))
    assert_squares(layers)
    (file,) = map_report(report)
    assert (file.rows_in, file.loaded, file.duplicates) == (13, 12, 1)


def test_a_mapping_forced_on_the_tables_leaves_the_polygons_their_own(tmp_path: Path) -> None:
    delivery = city(tmp_path / "in", without="ward", rows=5).parent
    maps.write_geojson(delivery / "p.geojson", [({"code": "nowhere"}, maps.SQUARES[GRIDS[0]])])
    with pytest.raises(LoadError, match="nowhere 不在网格表"):
        builders.load_quickly(delivery, tmp_path / "warehouse", source="boston311", as_of=datetime(2016, 1, 13))


# --- what is drawn where a level has no polygons of its own -------------------------------------------------------


def with_centres(folder: Path) -> None:
    """A grid list that knows the middle of each grid and nothing more."""
    records = [
        {"grid_code": g, "village_code": v, "lon": maps.SQUARES[g].centroid.x, "lat": maps.SQUARES[g].centroid.y}
        for g, v in builders.GRIDS.items()
    ]
    builders.write_records(folder / "grids.csv", "grids", records)


def test_villages_alone_are_drawn_and_their_grids_as_circles(draw: Callable[..., Any]) -> None:
    def add(folder: Path) -> None:
        with_centres(folder)
        maps.write_geojson(folder / "v.geojson", maps.features(VILLAGES, header="区划编码"))

    layers, _ = draw(add)
    assert basis(layers) == {"grid": {"centroid"}, "village": {"boundary"}, "town": {"merged"}, "county": {"merged"}}
    for code, (_, circle) in layers["grid"].items():
        assert maps.SQUARES[code].contains(circle), code


def test_a_geopackage_may_hold_every_level_and_a_layer_of_roads(draw: Callable[..., Any]) -> None:
    towns = {"990108100000": shapely.box(112.6, 37.8, 112.64, 37.81)}  # filled up to twelve digits
    county = {builders.COUNTY: shapely.box(112.59, 37.79, 112.65, 37.84)}

    def add(folder: Path) -> None:
        path = folder / "all.gpkg"
        maps.write_vector(path, maps.features(), layer="grids")
        for name, shapes in (("villages", VILLAGES), ("towns", towns), ("county", county)):
            maps.write_vector(path, maps.features(shapes, header="区划编码"), layer=name, append=True)
        maps.write_vector(path, [({"road": "G307"}, shapely.box(0, 0, 1, 1))], layer="roads", append=True)

    layers, report = draw(add)
    assert basis(layers) == {
        "grid": {"boundary"}, "village": {"boundary"}, "town": {"boundary", "merged"}, "county": {"boundary"},
    }  # fmt: skip
    assert {f.file.split("图层 ")[-1]: f.verdict for f in report.files if "图层" in f.file} == {
        "grids）": "loaded", "villages）": "loaded", "towns）": "loaded", "county）": "loaded", "roads）": "refused",
    }  # fmt: skip


def test_without_any_polygon_every_level_is_circles_at_the_known_centres(draw: Callable[..., Any]) -> None:
    layers, _ = draw(with_centres)
    assert basis(layers) == {layer: {"centroid"} for layer in ("grid", "village", "town", "county")}
    circles = np.array([shape for _, shape in layers["grid"].values()])
    pairs = shapely.STRtree(circles).query(circles, predicate="intersects")
    assert (pairs[0] == pairs[1]).all()
    hull = layers["county"]["county"][1]
    assert all(hull.buffer(1e-4).contains(circle) for circle in circles)


@pytest.mark.parametrize("slip", [(0, 0), (37.8, 112.6), (126.0, 37.8)])
def test_a_centre_far_from_all_others_is_not_drawn(draw: Callable[..., Any], slip: tuple[float, float]) -> None:
    def add(folder: Path) -> None:
        records = [{"grid_code": g, "village_code": v, "lon": 112.6 + n / 100, "lat": 37.8}
                   for n, (g, v) in enumerate(builders.GRIDS.items())]  # fmt: skip
        records[3] |= {"lon": slip[0], "lat": slip[1]}
        builders.write_records(folder / "grids.csv", "grids", records)

    layers, _ = draw(add)
    assert layers["grid"].keys() == set(GRIDS) - {GRIDS[3]}


def test_grids_digitised_each_for_itself_make_villages_without_slivers(draw: Callable[..., Any]) -> None:
    rough = {
        code: maps.moved(shape, lambda x, y, n=n: (x + n % 3 * 3e-6, y - n % 2 * 4e-6))
        for n, (code, shape) in enumerate(maps.SQUARES.items())
    }
    layers, _ = draw(lambda f: maps.write_geojson(f / "g.geojson", maps.features(rough)))
    for level in ("village", "town", "county"):
        for code, (_, shape) in layers[level].items():
            assert shape.geom_type == "Polygon", code
            assert not shape.interiors, code


def test_a_grid_whose_polygon_is_missing_is_a_circle_among_polygons(draw: Callable[..., Any]) -> None:
    def add(folder: Path) -> None:
        with_centres(folder)
        some = {code: shape for code, shape in maps.SQUARES.items() if code != GRIDS[5]}
        maps.write_geojson(folder / "g.geojson", maps.features(some))

    layers, _ = draw(add)
    assert {code for code, (how, _) in layers["grid"].items() if how == "centroid"} == {GRIDS[5]}


def test_with_nothing_known_nothing_is_drawn(draw: Callable[..., Any]) -> None:
    layers, _ = draw()
    assert layers == {}


def test_overlaps_and_holes_between_grids_are_named_with_their_size(tmp_path: Path) -> None:
    """The sixth square is missing; the first reaches 0.001° into the second."""
    first = shapely.box(maps.WEST, maps.SOUTH, maps.WEST + 0.011, maps.SOUTH + 0.01)
    shapes = {code: shape for code, shape in maps.SQUARES.items() if code != GRIDS[5]} | {GRIDS[0]: first}
    delivery = builders.write_delivery(tmp_path / "in", CASES)
    maps.write_geojson(delivery / "g.geojson", maps.features(shapes))
    report = builders.load_quickly(delivery, tmp_path / "warehouse")
    text = (tmp_path / "warehouse" / report.quarantine_file).read_text(encoding="utf-8-sig")
    lines = {rule: line for line in text.splitlines() for rule in ("geometry_overlap", "geometry_gap") if rule in line}
    assert len(text.splitlines()) == 3
    # 0.001° of longitude at 37.805° N are 88.0 m, 0.01° of latitude 1110 m; at 37.815° N 0.01° are 880 m.
    assert area_of(lines["geometry_overlap"]) == pytest.approx(88.0 * 1110, rel=0.005)
    assert lines["geometry_overlap"].startswith(f"g.geojson,1,边界,{GRIDS[0]} 与 {GRIDS[1]}：")
    assert area_of(lines["geometry_gap"]) == pytest.approx(880 * 1110, rel=0.005)
    assert all(GRIDS[place] in lines["geometry_gap"] for place in (1, 4, 6, 9))


def area_of(line: str) -> float:
    """The area a finding states, in square metres."""
    return float(line.split("：")[1].split(" ")[0])


def test_a_closed_grid_has_given_its_ground_to_others(draw: Callable[..., Any]) -> None:
    def add(folder: Path) -> None:
        records = [{"grid_code": g, "village_code": v} for g, v in builders.GRIDS.items()]
        records[0] |= {"valid_to": "2025-12-31"}
        builders.write_records(folder / "grids.csv", "grids", records)
        maps.write_geojson(folder / "g.geojson", maps.features())

    layers, _ = draw(add)
    assert layers["grid"].keys() == set(GRIDS[1:])


def test_a_map_of_grids_without_a_list_of_them_is_the_list(draw: Callable[..., Any]) -> None:
    def add(folder: Path) -> None:
        (folder / "grids.csv").unlink()
        strangers = {"110101001001001": shapely.box(116, 40, 116.1, 40.1)}
        maps.write_geojson(
            folder / "g.geojson",
            [({"网格编码": c, "网格名称": f"格{c[-1]}"}, s) for c, s in (maps.SQUARES | strangers).items()],
        )

    layers, report = draw(add)
    assert found(report, "boundary_unknown") == 1
    assert_squares(layers)
    assert basis(layers) == {"grid": {"boundary"}, "village": {"merged"}, "town": {"merged"}, "county": {"merged"}}


# --- a source without any list of its own -------------------------------------------------------------------------

SAMPLE = builders.ROOT / "tests" / "data" / "boston311_requests_2015q1.csv"


def city(folder: Path, *, without: str, rows: int = 800) -> Path:
    """The first requests of a city's file, one column emptied."""
    with SAMPLE.open(encoding="utf-8", newline="") as handle:
        header, *lines = [row for row, _ in zip(csv.reader(handle), range(rows + 1), strict=False)]
    place = header.index(without)
    return builders.write_csv(folder / "city.csv", [header, *[[*r[:place], "", *r[place + 1 :]] for r in lines]])


def test_cases_without_any_grid_are_counted_and_drawn_by_h3_cell(tmp_path: Path) -> None:
    builders.load_quickly(
        city(tmp_path / "in", without="precinct"), tmp_path / "warehouse", as_of=datetime(2016, 1, 13)
    )
    with builders.asking(tmp_path / "warehouse") as ask:
        assert ask.info.geometry_basis == {"grid": "cell", "town": "merged", "county": "merged"}
        drawn = dict(ask._db.rows("select code, geojson from mart.dim_geometry where layer = 'grid'"))
        cases = ask._db.rows("select grid, lon, lat from mart.fact_case where grid != ''")
        assert all(h3.is_valid_cell(code) for code in drawn)
        assert all(shapely.from_geojson(drawn[g]).buffer(8e-4).covers(shapely.Point(x, y)) for g, x, y in cases)
        counted = ask.numbers(["accepted"], by=("grid",), filters=Filters()).rows
        assert sum(r.values["accepted"].value or 0 for r in counted if r.codes != ("",)) == len(cases) > 700
        assert {r.labels[0] for r in counted if r.codes != ("",)} == {f"H3 单元 {code}" for code in drawn}
        assert grid_map.level_for(Filters(), ask.vocabulary) == "town"


def test_a_map_opens_at_the_first_level_the_county_has() -> None:
    county = {"town": {"T": "云溪镇"}, "village": {"V": "一村"}, "grid": {"G": "1"}}
    cells_only = {"town": {}, "village": {}, "grid": {"G": "1"}}
    for filters, level in ((Filters(), "town"), (Filters(town=("T",)), "village"), (Filters(village=("V",)), "grid")):
        assert grid_map.level_for(filters, county) == level
        assert grid_map.level_for(filters, cells_only) == "grid"


def test_grids_known_by_code_alone_are_circles_at_the_middle_of_their_cases(tmp_path: Path) -> None:
    builders.load_quickly(city(tmp_path / "in", without="ward"), tmp_path / "warehouse", as_of=datetime(2016, 1, 13))
    with builders.asking(tmp_path / "warehouse") as ask:
        assert ask.info.geometry_basis == {"grid": "centroid", "town": "centroid", "county": "centroid"}
        grids = ask._db.rows("select count(*) from mart.dim_grid")
        assert ask._db.rows("select count(*) from mart.dim_geometry where layer = 'grid'") == grids


@pytest.mark.parametrize(
    ("spread", "count", "expected"), [(0.02, 20_000, 10), (0.02, 200, 8), (0.3, 5_000, 8), (1.9, 20_000, 7)]
)
def test_cells_are_as_fine_as_the_points_are_dense(spread: float, count: int, expected: int) -> None:
    rng = np.random.default_rng(1)
    points = pd.DataFrame({"lon": 112.6 + rng.uniform(0, spread, count), "lat": 37.8 + rng.uniform(0, spread, count)})
    assert {h3.get_resolution(cell) for cell in cells.choose(points)} == {expected}
