"""Does the fictional county hand over its map in every format, and is the map that comes out light and whole?"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import shapely

from etl import geometry
from etl.coverage import Plane, gaps, overlaps
from etl.demo import write_demo
from etl.demo.geography import build_geography
from etl.demo.shapes import Boundaries
from tests import builders

KINDS: tuple[Boundaries, ...] = ("wkt", "geojson", "shapefile", "gpkg", "none")
MAP_FILES = {"geojson": {"网格边界.geojson"}, "gpkg": {"边界.gpkg"}, "wkt": set(), "none": set()}
MAP_FILES["shapefile"] = {f"网格边界.{part}" for part in ("shp", "shx", "dbf", "prj", "cpg")}
BASIS = {"wkt": "boundary", "geojson": "boundary", "shapefile": "boundary", "gpkg": "boundary", "none": "centroid"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same small county in a folder per format."""
    folder = tmp_path_factory.mktemp("demo_maps")
    for kind in KINDS:
        write_demo(folder / kind, cases=60, months=1, grids=300, boundaries=kind)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """Name → hash of every file of a delivery; `truth.json` tells the number of rows by file and is left out."""
    paths = (p for p in folder.iterdir() if p.name != "truth.json")
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_map_differs_between_the_formats(demo: Path, kind: str) -> None:
    plain, other = hashes(demo / "wkt"), hashes(demo / kind)
    assert other.keys() - plain.keys() == MAP_FILES[kind]
    assert {name for name in plain if plain[name] != other[name]} == (set() if kind == "wkt" else {"网格.csv"})


@pytest.mark.parametrize("kind", ["shapefile", "gpkg"])
def test_a_map_file_has_the_same_bytes_on_any_day(demo: Path, tmp_path: Path, kind: Boundaries) -> None:
    write_demo(tmp_path, cases=60, months=1, grids=300, boundaries=kind)
    assert hashes(tmp_path) == hashes(demo / kind)


def test_an_outline_left_out_of_the_list_leaves_the_rest_of_its_row(demo: Path) -> None:
    def rows(kind: str) -> list[dict[str, str]]:
        with (demo / kind / "网格.csv").open(encoding="gb18030", newline="") as handle:
            return [row | {"网格边界": ""} for row in csv.DictReader(handle)]

    assert rows("none") == rows("wkt")


@pytest.mark.parametrize("kind", ["geojson", "shapefile", "gpkg", "none"])
def test_a_demo_county_in_any_format_loads_and_is_drawn(demo: Path, tmp_path: Path, kind: str) -> None:
    report = builders.load_quickly(demo / kind, tmp_path, as_of=datetime(2026, 10, 30, 20), now=datetime(2026, 11, 1))
    rules = {str(q["rule"]) for q in report.quality}
    assert not {rule for rule in rules if rule.startswith(("geometry", "boundary"))}
    assert not [f for f in report.files if f.verdict == "refused"]
    assert report.passed_over == ("truth.json",)
    with builders.asking(tmp_path) as ask:
        village = "boundary" if kind == "gpkg" else "merged" if kind != "none" else "centroid"
        above = "merged" if kind != "none" else "centroid"
        assert ask.info.geometry_basis == {"grid": BASIS[kind], "village": village, "town": above, "county": above}
        layers = dict(ask._db.rows("select layer, count(*) from mart.dim_geometry group by layer"))
        assert (layers["village"], layers["town"], layers["county"]) == (130, 13, 1)
        assert ask._db.rows("select count(*) from mart.dim_grid where valid_to is null") == [(layers["grid"],)]


@pytest.mark.parametrize("grids", [900, 2000])
def test_every_layer_is_light_and_without_seams(grids: int) -> None:
    """The shapes and their names as the server sends them, below 300 kB; neighbours keep touching."""
    county = build_geography(np.random.default_rng(3), grids=grids)
    plane = Plane(county.grids)
    shapes = geometry.light(plane.metres(county.grids), "grid", plane)
    flat = shapely.make_valid(plane.metres(shapes))
    assert overlaps(flat) == []
    assert gaps(flat) == []
    features = [
        {"type": "Feature", "id": f"{n:015}", "geometry": shapely.geometry.mapping(shape),
         "properties": {"code": f"{n:015}", "name": f"某某社区第{n}网格", "village": f"{n:012}", "town": f"{n:09}",
                        "lon": shape.centroid.x, "lat": shape.centroid.y}}
        for n, shape in enumerate(shapes)
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    assert len(gzip.compress(text.encode())) < 300_000


def test_a_layer_that_would_be_too_heavy_is_simplified_further(monkeypatch: pytest.MonkeyPatch) -> None:
    county = build_geography(np.random.default_rng(3), grids=300)
    plane = Plane(county.grids)
    usual = geometry.light(plane.metres(county.grids), "grid", plane)
    monkeypatch.setattr(geometry, "MAX_LAYER_BYTES", 15_000)
    light = geometry.light(plane.metres(county.grids), "grid", plane)
    assert shapely.get_num_coordinates(light).sum() < 0.5 * shapely.get_num_coordinates(usual).sum()
    assert len(gzip.compress("".join(shapely.to_geojson(light)).encode())) < 16_000
    assert overlaps(shapely.make_valid(plane.metres(light))) == []
