"""Does a base map work as configured, refuse what cannot work, and never reach past its own tiles?"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from starlette.testclient import TestClient

import app
from dashboard.basemap import BaseMap, MapConfigError, read
from dashboard.basemap_api import add_basemap
from dashboard.tiles import media_type
from tests import builders


def picture(shade: int, kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (2, 2), (shade, 0, 0)).save(out, kind)
    return out.getvalue()


TILES = {(3, 6, 3): picture(10), (4, 12, 6): picture(20), (4, 13, 6): picture(30, "JPEG")}
"""Zoom, column, row counted from the north."""


def write_folder(path: Path) -> None:
    for (z, x, y), body in TILES.items():
        suffix = media_type(body).split("/")[1].replace("jpeg", "jpg")
        file = path / str(z) / str(x) / f"{y}.{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)


def write_mbtiles(path: Path, tiles: Mapping[tuple[int, int, int], bytes] = TILES) -> None:
    with sqlite3.connect(path) as con:
        con.execute("create table tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        rows = [(z, x, 2**z - 1 - y, body) for (z, x, y), body in tiles.items()]
        con.executemany("insert into tiles values (?, ?, ?, ?)", rows)
    con.close()


def write_pmtiles(path: Path, *, kind: TileType = TileType.PNG, packing: Compression = Compression.NONE) -> None:
    with path.open("wb") as handle:
        writer = Writer(handle)
        for place in sorted(TILES, key=lambda place: zxy_to_tileid(*place)):
            writer.write_tile(zxy_to_tileid(*place), TILES[place])
        header = {
            "tile_type": kind, "tile_compression": packing, "center_zoom": 3, "center_lon_e7": 0, "center_lat_e7": 0,
            "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 1, "max_lat_e7": 1,
        }  # fmt: skip
        writer.finalize(header, {})


WRITERS = {"folder": write_folder, "mbtiles": write_mbtiles, "pmtiles": write_pmtiles}


def configure(folder: Path, text: str) -> Path:
    path = folder / "map.toml"
    path.write_text(f"[basemap]\n{text}", encoding="utf-8")
    return path


def own(folder: Path, kind: str) -> BaseMap:
    WRITERS[kind](folder / "county")
    basemap = read(configure(folder, f'kind = "{kind}"\npath = "county"\ncrs = "WGS84"\n'), {})
    assert basemap is not None
    return basemap


@contextmanager
def serving(basemap: BaseMap | None) -> Iterator[TestClient]:
    server, api = FastAPI(), FastAPI()
    add_basemap(server, api, basemap)
    server.mount("/api/v1", api)
    with TestClient(server, raise_server_exceptions=False) as client:
        yield client


# --- tiles of our own ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WRITERS)
def test_every_tile_comes_back_as_it_was_written_with_its_own_type(tmp_path: Path, kind: str) -> None:
    basemap = own(tmp_path, kind)
    assert (basemap.url, basemap.is_tms, basemap.min_zoom, basemap.max_zoom) == ("/tiles/{z}/{x}/{y}", False, 3, 4)
    with serving(basemap) as client:
        for (z, x, y), body in TILES.items():
            said = client.get(f"/tiles/{z}/{x}/{y}")
            assert (said.status_code, said.content) == (200, body)
            assert said.headers["content-type"] == media_type(body)
            assert "max-age" in said.headers["cache-control"]


@pytest.mark.parametrize("kind", WRITERS)
def test_where_the_tiles_end_the_picture_is_transparent(tmp_path: Path, kind: str) -> None:
    with serving(own(tmp_path, kind)) as client:
        said = client.get("/tiles/4/0/0")
        assert said.status_code == 200
        assert Image.open(BytesIO(said.content)).convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    "place",
    [
        "../map.toml", "..%2fmap.toml", "4/../../map.toml", "4/12/..%2f..%2f..%2fmap.toml", "%2e%2e/%2e%2e/etc/passwd",
        "4/12/6.png", "4/12", "4/12/6/1", "-1/0/0", "4/-1/6", "4/16/6", "4/12/16", "23/0/0", "4/12/٦", "",
        "99/1/1", "4/12/6%00",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_tiles(tmp_path: Path, kind: str, place: str) -> None:
    with serving(own(tmp_path, kind)) as client:
        said = client.get(f"/tiles/{place}")
        assert said.status_code == 404
        assert b"basemap" not in said.content


def test_what_else_lies_in_a_folder_of_tiles_does_not_stop_the_start(tmp_path: Path) -> None:
    """A year's backup beside the zoom levels, a folder in a tile's place, what file managers leave behind."""
    for odd in ("county/2024/1/1.png", "county/4/12/8.png/x.txt", "county/3/.DS_Store", "county/Thumbs.db"):
        (tmp_path / odd).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / odd).write_text("x")
    basemap = own(tmp_path, "folder")
    assert (basemap.min_zoom, basemap.max_zoom) == (3, 4)
    with serving(basemap) as client:
        said = client.get("/tiles/4/12/8")
        assert (said.status_code, said.headers["content-type"]) == (200, "image/png")


def test_a_file_that_is_no_picture_is_not_handed_out(tmp_path: Path) -> None:
    basemap = own(tmp_path, "folder")
    (tmp_path / "county" / "4" / "12" / "7.png").write_text("<script>alert(1)</script>")
    with serving(basemap) as client:
        said = client.get("/tiles/4/12/7")
        assert (said.headers["content-type"], b"script" in said.content) == ("image/png", False)


def test_a_folder_whose_rows_count_from_the_south_is_turned(tmp_path: Path) -> None:
    write_folder(tmp_path / "county")
    text = 'kind = "folder"\npath = "county"\ncrs = "WGS84"\nscheme = "tms"\n'
    with serving(read(configure(tmp_path, text), {})) as client:
        assert client.get("/tiles/4/12/9").content == TILES[4, 12, 6]


def test_an_mbtiles_file_on_a_read_only_disk_stays_untouched(tmp_path: Path) -> None:
    basemap = own(tmp_path, "mbtiles")
    before = (tmp_path / "county").read_bytes()
    (tmp_path / "county").chmod(0o400)
    with serving(basemap) as client:
        assert client.get("/tiles/3/6/3").content == TILES[3, 6, 3]
    assert (tmp_path / "county").read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"county", "map.toml"}


# --- the configuration --------------------------------------------------------------------------------------------

WMTS = "https://t0.tianditu.gov.cn/vec_w/wmts?LAYER=vec&TILEMATRIXSET=w&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
REMOTE = 'kind = "xyz"\ncrs = "WGS84"\nurl = "http://tiles.local:8080/{z}/{x}/{y}.png"\n'


def test_the_shipped_configuration_has_no_base_map_and_names_no_host() -> None:
    assert read(builders.REFERENCE / "map.toml", {}) is None
    with serving(None) as client:
        assert client.get("/api/v1/basemap").json() == {"basemap": None}
        assert client.get("/tiles/3/6/3").status_code == 404


def test_a_template_gets_its_key_from_the_environment_before_the_file(tmp_path: Path) -> None:
    path = configure(tmp_path, f'kind = "wmts"\ncrs = "CGCS2000"\nkey = "file key"\nmax_zoom = 17\nurl = "{WMTS}"\n')
    plain, other = read(path, {}), read(path, {"YIPING_MAP_KEY": "env&key"})
    assert plain is not None
    assert other is not None
    assert plain.url == WMTS.replace("{key}", "file%20key")
    assert other.url == WMTS.replace("{key}", "env%26key")
    assert (plain.origin, plain.max_zoom, plain.tiles) == ("https://t0.tianditu.gov.cn", 17, None)


def test_the_browser_is_told_what_it_draws_and_no_more(tmp_path: Path) -> None:
    text = REMOTE + 'attribution = "<b>县局</b>"\nscheme = "tms"\nmin_zoom = 5\n'
    with serving(read(configure(tmp_path, text), {})) as client:
        assert client.get("/api/v1/basemap").json()["basemap"] == {
            "url": "http://tiles.local:8080/{z}/{x}/{y}.png",
            "attribution": "<b>县局</b>",
            "min_zoom": 5,
            "max_zoom": 18,
            "is_tms": True,
        }
        assert client.get("/tiles/3/6/3").status_code == 404


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kind = "google"', "只能是 none、xyz"),
        ("", "kind 为“None”"),
        ('kind = "none"\nurl = "http://a/{z}"', "不认识的设置 url"),
        (REMOTE + 'adress = "x"', "不认识的设置 adress"),
        (REMOTE + 'min_zoom = "3"', "min_zoom 应为整数"),
        (REMOTE + "max_zoom = true", "max_zoom 应为整数"),
        (REMOTE + "attribution = 3", "attribution 应为加引号的文字"),
        (REMOTE + "min_zoom = 9\nmax_zoom = 8", "缩放级别 9–8"),
        (REMOTE + "max_zoom = 23", "缩放级别 0–23"),
        (REMOTE + 'scheme = "wms"', "只能是 xyz 或 tms"),
        (REMOTE.replace("{y}", "y"), "缺少 {y}"),
        (REMOTE.replace("{x}", "{s}"), "缺少 {x}"),
        (REMOTE.replace("tiles.", "{z}."), "主机名"),
        (REMOTE.replace("tiles.local", "user@tiles.local"), "主机名"),
        (REMOTE.replace("http:", "ftp:"), "http:// 或 https://"),
        (REMOTE.replace("http:", "javascript:"), "http:// 或 https://"),
        (REMOTE.replace("http://tiles.local:8080", ""), "http:// 或 https://"),
        (REMOTE.replace(".png", "{r}.png"), "四种占位符"),
        (REMOTE.replace(".png", "; script-src *"), "不能有空格"),
        (REMOTE.replace(".png", ".png?k={key}"), "没有密钥"),
        (REMOTE.replace("8080/", "8080/vec_c/"), "经纬度切片"),
        (REMOTE.replace(".png", "?TILEMATRIXSET=c&a=1"), "经纬度切片"),
        (REMOTE.replace("WGS84", "GCJ02"), "约 500 米"),
        (REMOTE.replace("WGS84", "GCJ-02"), "约 500 米"),
        (REMOTE.replace("WGS84", "EPSG:4326"), "请写明"),
        (REMOTE.replace('crs = "WGS84"\n', ""), "请写明"),
        ('kind = "folder"\ncrs = "WGS84"', "要写 path"),
        ('kind = "folder"\ncrs = "WGS84"\npath = "nowhere"', "nowhere 不存在"),
        ('kind = "folder"\ncrs = "WGS84"\npath = "."', "没有 z/x/y.png"),
        ('kind = "mbtiles"\ncrs = "WGS84"\npath = "nowhere"', "nowhere 不存在"),
        ('kind = "mbtiles"\ncrs = "WGS84"\npath = "map.toml"', "不是可读的 MBTiles"),
        ('kind = "pmtiles"\ncrs = "WGS84"\npath = "map.toml"', "不是可读的 PMTiles"),
        ("kind = ", "不是有效的 TOML"),
        ('kind = "none"\n[layers]', "只有 \\[basemap\\]"),
    ],
)
def test_a_configuration_that_cannot_work_stops_the_start_with_a_sentence(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(MapConfigError, match=words) as stopped:
        read(configure(tmp_path, text), {})
    assert "map.toml 有误" in str(stopped.value)


def test_a_configuration_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(MapConfigError, match="无法读取"):
        read(tmp_path / "map.toml", {})


def test_the_server_does_not_start_on_a_wrong_configuration(tmp_path: Path, small_county: Path) -> None:
    with pytest.raises(SystemExit, match="不认识的设置 adress"):
        settings = configure(tmp_path, REMOTE + 'adress = "x"')
        app.main(["--warehouse", str(small_county), "--map", str(settings), "--state", str(tmp_path / "state.sqlite")])


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("mbtiles", lambda path: write_mbtiles(path, {(3, 6, 3): gzip.compress(b"\x1a")})),
        ("pmtiles", lambda path: write_pmtiles(path, kind=TileType.MVT)),
        ("folder", lambda path: [(path / "3" / "6").mkdir(parents=True), (path / "3" / "6" / "3.pbf").touch()]),
        ("folder", lambda path: [(path / "3" / "6").mkdir(parents=True), (path / "3" / "6" / "3.png").touch()]),
    ],
)
def test_vector_tiles_are_refused_with_a_sentence(tmp_path: Path, kind: str, write: Any) -> None:
    write(tmp_path / "county")
    with pytest.raises(MapConfigError, match="矢量瓦片"):
        read(configure(tmp_path, f'kind = "{kind}"\npath = "county"\ncrs = "WGS84"\n'), {})


def test_an_mbtiles_file_without_tiles_is_refused(tmp_path: Path) -> None:
    write_mbtiles(tmp_path / "county", {})
    with pytest.raises(MapConfigError, match="没有瓦片"):
        read(configure(tmp_path, 'kind = "mbtiles"\npath = "county"\ncrs = "WGS84"\n'), {})


def test_packed_tiles_are_refused(tmp_path: Path) -> None:
    write_pmtiles(tmp_path / "county", packing=Compression.GZIP)
    with pytest.raises(MapConfigError, match="另有压缩"):
        read(configure(tmp_path, 'kind = "pmtiles"\npath = "county"\ncrs = "WGS84"\n'), {})
