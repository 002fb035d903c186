"""Is a wrong map file refused with the feature's number and the reason, and does the old snapshot stay?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import shapely

from etl.contract import read_pointer
from etl.errors import LoadError
from etl.extract import vector
from tests import builders, maps

CASES = [builders.case("A", datetime(2026, 3, 2, 10), grid_code=next(iter(builders.GRIDS)))]
CODES = list(maps.SQUARES)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good snapshot, which every test leaves as it is."""
    folder = tmp_path_factory.mktemp("maps")
    builders.load_quickly(builders.write_delivery(folder / "good", CASES), folder / "warehouse")
    return folder / "warehouse"


@pytest.fixture
def refuse(warehouse: Path, tmp_path: Path) -> Callable[..., str]:
    """Load a delivery with the file some function writes; gives the sentence it was refused with."""

    def do(write: Callable[[Path], Any], name: str = "网格边界.geojson", **options: Any) -> str:
        delivery = builders.write_delivery(tmp_path / "in", CASES)
        write(delivery / name)
        before = read_pointer(warehouse)
        with pytest.raises(LoadError) as refused:
            builders.load_quickly(delivery, warehouse, **options)
        assert read_pointer(warehouse) == before
        assert [p.name for p in warehouse.glob("*.duckdb")] == [before.file]
        assert name in str(refused.value)
        return str(refused.value)

    return do


@pytest.fixture
def named(tmp_path: Path) -> Callable[..., str]:
    """Read one file that some function writes, without the rest of a load; gives the sentence of its refusal."""

    def do(write: Callable[[Path], Any], name: str = "网格边界.geojson") -> str:
        write(tmp_path / name)
        with pytest.raises(LoadError) as refused:
            maps.place(tmp_path / name)
        assert name in str(refused.value)
        return str(refused.value)

    return do


def spoilt(third: Any) -> Callable[[Path], Path]:
    """Writes twelve squares of which the third is something else."""
    return lambda path: maps.write_geojson(path, maps.features(maps.SQUARES | {CODES[2]: third}))


METRES = maps.in_crs("EPSG:4546")
SWAPPED = {code: maps.moved(shape, lambda x, y: (y, x)) for code, shape in maps.SQUARES.items()}
NOT_A_NUMBER = {
    "type": "Polygon",
    "coordinates": [[[112.6, 37.8], [112.7, float("nan")], [112.7, 37.9], [112.6, 37.8]]],
}


@pytest.mark.parametrize(
    ("third", "reason"),
    [
        (None, "没有几何"),
        (shapely.Point(112.6, 37.8), "几何是点，应为面"),
        (shapely.LineString([(112.6, 37.8), (112.7, 37.8)]), "几何是线，应为面"),
        (shapely.Polygon(), "几何为空"),
        (NOT_A_NUMBER, "非数值"),
        (METRES[CODES[2]], "以米计的投影坐标"),
        (SWAPPED[CODES[2]], "经纬度疑似颠倒"),
        (shapely.box(200, 10, 201, 11), "超出经纬度范围"),
        (shapely.Polygon([(112.6, 37.8), (112.7, 37.9), (112.6, 37.8)]), "面积为零"),
        ({"type": "Polygon", "coordinates": "x"}, "几何写法有误"),
        ({"type": "Polyhedron", "coordinates": []}, "几何写法有误"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_a_feature_that_is_no_polygon_on_this_earth_is_named(
    named: Callable[..., str], third: Any, reason: str
) -> None:
    sentence = named(spoilt(third))
    assert "第 3 个要素" in sentence
    assert reason in sentence


@pytest.mark.parametrize(
    ("code", "reason"),
    [("", "必填项“网格编码”为空"), (None, "为空"), ("9.90108E+14", "疑似被 Excel 改坏")],
)
def test_a_feature_without_a_readable_code_is_named(named: Callable[..., str], code: Any, reason: str) -> None:
    made = maps.features()
    made[4] = ({"网格编码": code}, made[4][1])
    sentence = named(lambda path: maps.write_geojson(path, made))
    assert "第 5 个要素" in sentence
    assert reason in sentence


def test_two_polygons_for_one_place_are_refused(refuse: Callable[..., str]) -> None:
    made = maps.features()
    made[6] = (made[1][0], made[6][1])
    assert "第 7 个要素" in refuse(lambda path: maps.write_geojson(path, made))


def test_the_same_place_in_two_files_is_refused_naming_both(refuse: Callable[..., str]) -> None:
    def write(path: Path) -> None:
        maps.write_geojson(path, maps.features())
        maps.write_vector(path.with_name("另一份.gpkg"), maps.features(maps.in_crs("EPSG:4546")), crs="EPSG:4546")

    sentence = refuse(write)
    assert "另一份.gpkg" in sentence
    assert "第 1 个要素重复" in sentence


def test_a_file_of_another_county_is_refused(refuse: Callable[..., str]) -> None:
    strangers = {f"110101{code[6:]}": shape for code, shape in maps.SQUARES.items()}
    sentence = refuse(lambda path: maps.write_geojson(path, maps.features(strangers)))
    assert "第 1 个要素" in sentence
    assert "12 个要素中有 12 个如此" in sentence


@pytest.mark.parametrize("stray", [(80.0, 20.0, 80.01, 20.01), (80.0, 20.0, 130.0, 50.0), (-179.0, -80.0, 179.0, 80.0)])
def test_a_polygon_far_beyond_the_others_is_named(named: Callable[..., str], stray: tuple[float, ...]) -> None:
    sentence = named(spoilt(shapely.box(*stray)))
    assert "第 3 个要素" in sentence and "远离本县其余边界" in sentence


@pytest.mark.parametrize("share", [0.3, 0.999])
def test_a_file_that_breaks_off_is_refused_with_the_place(refuse: Callable[..., str], share: float) -> None:
    def write(path: Path) -> None:
        text = maps.write_geojson(path, maps.features()).read_text()
        path.write_text(text[: int(len(text) * share)])

    assert "中断或有误" in refuse(write)


@pytest.mark.parametrize("name", ["网格边界.shp", "网格边界.gpkg"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6])
def test_a_binary_file_that_breaks_off_is_refused(named: Callable[..., str], name: str, share: float) -> None:
    def write(path: Path) -> None:
        whole = maps.write_vector(path, maps.features()).read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    assert "重新导出" in named(write, name)


@pytest.mark.parametrize("part", [".dbf", ".shx", ".prj"])
def test_a_shapefile_without_one_of_its_parts_is_refused(named: Callable[..., str], part: str) -> None:
    def write(path: Path) -> None:
        maps.write_vector(path, maps.features()).with_suffix(part).unlink()

    assert part in named(write, "网格边界.shp")


def test_degrees_in_a_file_that_claims_metres_are_refused(named: Callable[..., str]) -> None:
    sentence = named(lambda path: maps.write_vector(path, maps.features(), crs="EPSG:4546"), "网格边界.shp")
    assert "第 1 个要素" in sentence
    assert "像是经纬度" in sentence


@pytest.mark.parametrize(
    "content",
    [
        '{"type": "FeatureCollection", "features": []}',
        '{"type": "FeatureCollection"}',
        '{"type": "FeatureCollection", "features": [1]}',
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": [1], "geometry": null}]}',
        '{"type": "Polygon", "coordinates": []}',
        "[" * 100_000,
        "编码,几何\n",
        "",
    ],
)
def test_what_is_no_collection_of_features_is_refused(named: Callable[..., str], content: str) -> None:
    assert "请重新导出" in named(lambda path: path.write_text(content))


def test_a_map_whose_attributes_nobody_knows_is_refused_with_their_names(refuse: Callable[..., str]) -> None:
    sentence = refuse(lambda path: maps.write_geojson(path, maps.features(header="GRIDNO")))
    assert "GRIDNO" in sentence
    assert "data/sources/" in sentence


def test_a_reference_system_that_nobody_knows_is_refused(named: Callable[..., str]) -> None:
    system = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::99999"}}
    assert "坐标系" in named(lambda path: maps.write_geojson(path, maps.features(), crs=system))


def test_a_file_of_another_kind_under_a_map_s_name_is_never_shown_to_gdal(
    named: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector, "read_arrow", lambda *_a, **_k: pytest.fail("GDAL was asked"))
    monkeypatch.setattr(vector, "layers", lambda *_a, **_k: pytest.fail("GDAL was asked"))
    vrt = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://x/y</SrcDataSource></OGRVRTLayer>'
    assert "请重新导出" in named(lambda path: path.write_text(vrt), "网格边界.gpkg")
