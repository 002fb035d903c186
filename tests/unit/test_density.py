"""Is the heat surface a Gaussian in ground metres, of whole months, of places known finely enough?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from itertools import pairwise
from math import exp, hypot, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyproj import Geod
from starlette.testclient import TestClient

from dashboard import theme
from dashboard.api import create_api
from dashboard.ask import Ask
from dashboard.density import BANDWIDTHS, Bins, NoSurfaceError, Surface, surface, whole_months
from dashboard.density_api import add_density
from dashboard.density_image import OPACITY, bands, png
from dashboard.filters import Filters
from dashboard.warehouse import open_warehouse
from tests import builders

PRECISION = {"point": 10, "building": 50, "grid": 500, "village": 2000}
LAT = 37.8
SIDE = 100 / np.cos(np.radians(LAT))
JUNE, JULY, SEPTEMBER = date(2026, 6, 1), date(2026, 7, 1), date(2026, 9, 1)
AS_OF = datetime(2026, 9, 20, 8)


def cells(*rows: tuple[int, int, str, int], end: date = JULY) -> Bins:
    return Bins(LAT, SIDE, JUNE, end, rows)


def draw(bins: Bins, bandwidth: int = 300) -> Surface:
    return surface(bins, bandwidth=bandwidth, precision_m=PRECISION)


def at(column: int, row: int) -> tuple[int, int]:
    """A cell of the county, whose south-west corner is near 112.5° E 37.8° N."""
    return 98_960 + column, 35_966 + row


# --- the kernel ---------------------------------------------------------------------------------------------------


def test_two_halves_far_apart_show_one_and_count_the_other() -> None:
    """Half of the points in a wrong zone: the middle of all lies where nothing is."""
    found = draw(cells((*at(0, 0), "point", 3), (*at(20_000, 0), "point", 2)))
    assert (found.cases, found.too_far) in {(3, 2), (2, 3)}


@pytest.mark.parametrize("bandwidth", BANDWIDTHS)
@pytest.mark.parametrize("axis", [0, 1], ids=["north-south", "east-west"])
def test_one_case_spreads_as_wide_as_asked_on_the_ellipsoid(bandwidth: int, axis: int) -> None:
    """The distance at which the density is exp(−1/2) of its peak, measured with a geodesic, is the bandwidth."""
    found = draw(cells((*at(0, 0), "point", 1)), bandwidth)
    line = found.values[found.values.shape[0] // 2] if axis else found.values[:, found.values.shape[1] // 2]
    middle = len(line) // 2
    tail = line[middle:]
    edge = np.interp(exp(-0.5) * line[middle], tail[::-1], np.arange(len(tail))[::-1])
    (south, west), (north, east) = found.bounds
    lat, lon = (south + north) / 2, (west + east) / 2
    share = edge / len(line)
    there = (lon + share * (east - west), lat) if axis else (lon, lat + share * (north - south))
    metres = Geod(ellps="WGS84").inv(lon, lat, *there)[2]
    # Linear interpolation between cells and the sphere of Web Mercator cost less than 3 %.
    assert metres == pytest.approx(bandwidth, rel=0.03)


def test_the_picture_lies_where_its_cells_are() -> None:
    x, y = at(5, 9)
    found = draw(cells((x, y, "point", 1)))
    (south, west), (north, east) = found.bounds
    row, column = np.unravel_index(found.values.argmax(), found.values.shape)
    rows, columns = found.values.shape
    to_degrees = 180 / pi / 6378137
    assert west + (column + 0.5) / columns * (east - west) == pytest.approx((x + 0.5) * SIDE * to_degrees, abs=1e-6)
    mercator = [np.log(np.tan(pi / 4 + np.radians(lat) / 2)) * 6378137 for lat in (south, north)]
    middle = mercator[1] - (row + 0.5) / rows * (mercator[1] - mercator[0])
    assert middle == pytest.approx((y + 0.5) * SIDE, abs=0.01)


def test_a_mistyped_point_does_not_stretch_the_picture_over_a_continent() -> None:
    found = draw(cells((*at(0, 0), "point", 3), (*at(3, 1), "point", 2), (0, 0, "point", 1)))
    assert (found.cases, found.too_far) == (5, 1)
    assert max(found.values.shape) < 40


# --- which cases count --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bandwidth", "kept"), [(150, 6), (300, 6), (500, 6 + 3 + 1 + 1), (1000, 6 + 3 + 1 + 1)])
def test_places_coarser_than_the_bandwidth_are_left_out(bandwidth: int, kept: int) -> None:
    told = {"point": 4, "building": 2, "grid": 3, "": 1, "none": 1, "village": 1}
    found = draw(cells(*((*at(n, 0), word, cases) for n, (word, cases) in enumerate(told.items()))), bandwidth)
    assert (found.cases, found.too_coarse) == (kept, 12 - kept)


def test_where_most_places_are_coarse_there_is_no_surface_and_the_reason_has_the_numbers() -> None:
    bins = cells((*at(0, 0), "grid", 5), (*at(1, 0), "point", 4))
    with pytest.raises(NoSurfaceError, match=r"9 件中有 5 件.*带宽 300 米"):
        draw(bins)
    assert draw(bins, 500).cases == 9
    assert draw(cells((*at(0, 0), "grid", 4), (*at(1, 0), "point", 4))).cases == 4


def test_without_any_point_the_reason_says_so() -> None:
    with pytest.raises(NoSurfaceError, match="没有坐标可用"):
        draw(cells())


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        (None, None, (None, SEPTEMBER)),
        (date(2026, 6, 1), date(2026, 7, 1), (JUNE, JULY)),
        (date(2026, 5, 2), date(2026, 7, 31), (JUNE, JULY)),
        (date(2026, 5, 31), date(2026, 8, 1), (JUNE, date(2026, 8, 1))),
        (date(2026, 6, 1), date(2030, 1, 1), (JUNE, SEPTEMBER)),
        (date(2025, 12, 2), date(2026, 2, 1), (date(2026, 1, 1), date(2026, 2, 1))),
    ],
)
def test_only_whole_months_count(since: date | None, until: date | None, months: tuple[date | None, date]) -> None:
    assert whole_months(Filters(since=since, until=until), AS_OF) == months


@pytest.mark.parametrize(("since", "until"), [(date(2026, 6, 2), JULY), (JUNE, date(2026, 6, 30)), (SEPTEMBER, None)])
def test_a_period_without_a_whole_month_has_no_surface(since: date, until: date | None) -> None:
    with pytest.raises(NoSurfaceError, match="没有完整的月份"):
        whole_months(Filters(since=since, until=until), AS_OF)


def test_the_day_of_the_data_ends_its_month() -> None:
    assert whole_months(Filters(since=JUNE), datetime(2026, 6, 30, 8)) == (JUNE, JULY)


# --- the picture --------------------------------------------------------------------------------------------------


def test_the_picture_has_the_palette_and_the_classes_of_the_legend() -> None:
    found = draw(cells((*at(0, 0), "point", 40), (*at(30, 2), "point", 7)))
    image = Image.open(BytesIO(png(found))).convert("RGBA")
    height, width = found.values.shape
    assert image.size == (3 * width, 3 * height)
    pixels = np.asarray(image)[1::3, 1::3]  # the middle of every cell
    legend = bands(found)
    assert [b.step for b in legend] == [1, 2, 3, 4, 5]
    assert all(a.high == b.low for a, b in pairwise(legend))
    for band in legend:
        inside = (found.values >= band.low) & (found.values < (band.high if band.step < 5 else np.inf))
        colour = (*bytes.fromhex(theme.SEQUENTIAL[band.step - 1][1:]), OPACITY[band.step - 1])
        assert inside.any()
        assert (pixels[inside] == colour).all()
    assert (pixels[found.values < legend[0].low][:, 3] == 0).all()


# --- from the load to the API -------------------------------------------------------------------------------------

CENTRE = (112.5, 37.8)


def place(east_m: float, north_m: float) -> dict[str, float]:
    lon, lat, _ = Geod(ellps="WGS84").fwd(*CENTRE, np.degrees(np.arctan2(east_m, north_m)), hypot(east_m, north_m))
    return {"lon": round(lon, 6), "lat": round(lat, 6)}


def located(number: int, at: datetime, **fields: Any) -> builders.Record:
    grid = list(builders.GRIDS)[number % len(builders.GRIDS)]
    spot = place(400 * (number % 5), 300 * (number % 7))
    return builders.case(f"A{number}", at, "CDHP"[number % 4], grid_code=grid, precision="point", **spot, **fields)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("density")
    cases = [located(n, datetime(2026, 1 + n % 3, 1 + n % 12, 9)) for n in range(48)]
    cases.append(builders.case("B1", datetime(2026, 1, 5, 9)))
    cases.append(builders.case("B2", datetime(2026, 1, 5, 9), lon=0, lat=0))
    builders.load_quickly(builders.write_delivery(folder / "delivery", cases), folder / "warehouse")
    return folder / "warehouse"


@pytest.fixture(scope="module")
def client(county: Path) -> Iterator[TestClient]:
    door = open_warehouse(county)
    api = create_api(door, "build-1")
    add_density(api, door)
    with TestClient(api, raise_server_exceptions=False) as session:
        yield session
    door.close()


@pytest.fixture(scope="module")
def ask(county: Path) -> Iterator[Ask]:
    with builders.asking(county) as question:
        yield question


def test_a_cell_is_a_hundred_metres_and_holds_the_cases_in_it(ask: Ask) -> None:
    lat, side = ask._db.rows("select centre_lat, cell_side from mart.density_raster")[0]
    assert side * np.cos(np.radians(lat)) == pytest.approx(100)
    expected: Counter[tuple[int, int]] = Counter()
    for n in range(48):
        spot = place(400 * (n % 5), 300 * (n % 7))
        x = 6378137 * np.radians(spot["lon"])
        y = 6378137 * np.log(np.tan(pi / 4 + np.radians(spot["lat"]) / 2))
        expected[int(x // side), int(y // side)] += 1
    found = ask._db.rows("select cell_x, cell_y, sum(cases)::integer from mart.fact_density_bin group by all")
    assert {(x, y): n for x, y, n in found} == expected


def test_bins_of_whole_months_towns_and_kinds_are_the_cases_of_the_oracle(ask: Ask) -> None:
    towns = {grid: village[:9] for grid, village in builders.GRIDS.items()}
    grids = list(builders.GRIDS)
    for town in [(), ("990108100",), ("990108100", "990108200")]:
        for kind in [(), ("C",), ("D", "P")]:
            filters = Filters(since=date(2026, 1, 1), until=date(2026, 3, 1), town=town, kind=kind)
            wanted = [
                n
                for n in range(48)
                if n % 3 < 2 and (not town or towns[grids[n % 12]] in town) and (not kind or "CDHP"[n % 4] in kind)
            ]
            assert sum(row[3] for row in ask.density(filters).rows) == len(wanted)


def test_more_cases_in_the_same_cells_are_not_more_rows(tmp_path: Path) -> None:
    def rows(times: int) -> int:
        cases = [located(n % 35, datetime(2026, 1, 5, 9)) | {"case_id": f"A{n}"} for n in range(35 * times)]
        for case in cases:
            case["kind"], case["grid_code"] = "C", ""
        folder = tmp_path / str(times)
        builders.load_quickly(builders.write_delivery(folder / "delivery", cases), folder / "warehouse")
        with builders.asking(folder / "warehouse") as ask:
            assert sum(row[3] for row in ask.density(Filters()).rows) == 35 * times
            return int(ask._db.rows("select count(*) from mart.fact_density_bin")[0][0])

    assert rows(1) == rows(8)


def test_the_legend_says_where_when_how_many_and_what_was_not_followed(client: TestClient) -> None:
    said = client.get("/density?since=2025-12-20&until=2026-03-10&department=D01&kind=C&metric=accepted").json()
    assert (said["state"], said["bandwidth"], said["ignored"]) == ("ok", 300, ["部门"])
    assert said["period"] == {"since": "2026-01-01", "until": "2026-03-01"}
    assert said["cases"] == sum(1 for n in range(48) if n % 3 < 2 and n % 4 == 0)
    assert [band["colour"] for band in said["legend"]] == [f"seq-{n}" for n in range(1, 6)]
    (south, west), (north, east) = said["bounds"]
    assert south < 37.8 < north
    assert west < 112.5 < east


def test_the_picture_of_the_legend_opens_and_is_kept_while_the_snapshot_stays(client: TestClient) -> None:
    said = client.get("/density?bandwidth=500").json()
    picture = client.get(said["image"].removeprefix("/api/v1"))
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert Image.open(BytesIO(picture.content)).convert("RGBA").getextrema()[3] == (0, OPACITY[-1])
    assert "max-age" in picture.headers["cache-control"]
    stale = re.sub("v=[^&]+", "v=snap-0", said["image"].removeprefix("/api/v1"))
    assert client.get(stale).headers["cache-control"] == "no-store"


def test_a_hidden_surface_has_a_reason_and_no_picture(client: TestClient) -> None:
    said = client.get("/density?since=2026-03-02").json()
    assert said["state"] == "hidden"
    assert "完整的月份" in said["reason"]
    assert "image" not in said
    picture = client.get("/density.png?since=2026-03-02")
    assert (picture.status_code, picture.json()) == (404, {"error": said["reason"]})


@pytest.mark.parametrize("path", ["/density", "/density.png"])
@pytest.mark.parametrize(
    "query", ["bandwidth=200", "bandwidth=wide", "bandwidth=-300", "kind=X", "colour=red", "kind="]
)
def test_a_wrong_question_gets_400_and_words(client: TestClient, path: str, query: str) -> None:
    said = client.get(f"{path}?{query}")
    assert said.status_code == 400
    assert said.json()["error"]


def test_a_county_without_points_has_no_surface(small_county: Path) -> None:
    with builders.asking(small_county) as ask, pytest.raises(NoSurfaceError, match="没有坐标可用"):
        ask.density(Filters())


def test_both_routes_are_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/density", "/density.png"):
        names = {p["name"] for p in paths[path]["get"]["parameters"]}
        assert {"bandwidth", "since", "until", "town", "kind"} <= names
