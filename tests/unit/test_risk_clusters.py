"""Are clusters those of esda and libpysal? And is change counted as the method says?"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from etl.risk.change import change, changes
from etl.risk.clusters import Neighbourhood, clusters, discovery_limit, gi_star, nearest, queen, two_sided
from etl.risk.inputs import Cases

geopandas = pytest.importorskip("geopandas")


def squares(rows: int, columns: int) -> np.ndarray:
    return np.array([shapely.box(x, y, x + 1, y + 1) for y in range(rows) for x in range(columns)], dtype=object)


def around(shapes: np.ndarray) -> Neighbourhood:
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    return Neighbourhood(np.arange(len(shapes)), centres, queen(shapes))


def as_pairs(neighbours: dict[int, list[int]]) -> set[tuple[int, int]]:
    return {(i, j) for i, others in neighbours.items() for j in others if i < j}


@pytest.mark.parametrize("seed", [1, 2])
def test_queen_neighbours_are_those_of_libpysal(seed: int) -> None:
    weights = pytest.importorskip("libpysal.weights")
    points = shapely.MultiPoint(np.random.default_rng(seed).random((60, 2)))
    cells = np.array(list(shapely.voronoi_polygons(points).geoms), dtype=object)
    for shapes in (cells, squares(5, 7)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = weights.Queen.from_dataframe(geopandas.GeoDataFrame(geometry=shapes), use_index=False)
        assert set(map(tuple, queen(shapes).T.tolist())) == as_pairs(theirs.neighbors)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_gi_star_is_that_of_esda(seed: int) -> None:
    esda, weights = pytest.importorskip("esda"), pytest.importorskip("libpysal.weights")
    rng = np.random.default_rng(seed)
    shapes, value = squares(6, 8), rng.gamma(4, 0.25, 48)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = weights.Queen.from_dataframe(geopandas.GeoDataFrame(geometry=shapes), use_index=False)
        theirs = esda.G_Local(value, w, transform="B", star=True, permutations=0)
    members, matrix = around(shapes).weights(np.ones(48, dtype=bool))
    assert members.tolist() == list(range(48))
    assert gi_star(value, matrix) == pytest.approx(theirs.Zs, rel=1e-9)
    assert two_sided(theirs.Zs) == pytest.approx(2 * theirs.p_norm, rel=1e-12)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=40), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_false_discovery_rate_is_that_of_esda(p: list[float], rate: float) -> None:
    esda = pytest.importorskip("esda")
    values = np.array(p)
    assume(not np.isin(values, rate * np.arange(1, len(values) + 1) / len(values)).any())  # theirs is < there, ours ≤
    assert (values <= discovery_limit(values, rate=rate)).sum() == (values < esda.fdr(values, rate)).sum()
    assert discovery_limit(values, rate=rate) == pytest.approx(esda.fdr(values, rate))


def test_a_hot_and_a_cold_corner_are_found_and_nothing_else() -> None:
    value = np.ones((12, 12)) + np.random.default_rng(1).normal(0, 0.05, (12, 12))
    value[:3, :3] += 1
    value[9:, 9:] -= 1
    z, p, found = clusters(value.ravel(), around(squares(12, 12)), rate=0.05)
    grid = found.reshape(12, 12)
    assert (grid[:2, :2] == "hot").all()
    assert (grid[10:, 10:] == "cold").all()
    assert (grid[5:7] == "").all()
    assert (z[found == "hot"] > 0).all()
    assert (p[found != ""] < 0.05).all()


def test_noise_alone_makes_no_clusters() -> None:
    """400 grids: some twenty p-values below 0.05 are to be expected, and none of them is a discovery."""
    value = np.random.default_rng(7).gamma(50, 0.02, 400)
    _, p, found = clusters(value, around(squares(20, 20)), rate=0.05)
    assert (p < 0.05).sum() > 5
    assert (found == "").all()


def test_an_island_looks_to_its_nearest() -> None:
    shapes = np.array([*squares(1, 3), shapely.box(9, 0, 10, 1)], dtype=object)
    _, matrix = around(shapes).weights(np.ones(4, dtype=bool))
    assert matrix.toarray().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]


def test_two_islands_that_look_to_each_other_count_once() -> None:
    apart = np.array([shapely.box(0, 0, 1, 1), shapely.box(5, 0, 6, 1)], dtype=object)
    _, matrix = around(apart).weights(np.ones(2, dtype=bool))
    assert matrix.toarray().tolist() == [[1, 1], [1, 1]]


def test_a_grid_without_a_value_is_no_neighbour() -> None:
    value = np.array([1.0, np.nan, 3.0, 1.0, 2.0])
    z, p, found = clusters(value, around(squares(1, 5)), rate=0.05)
    assert np.isnan([z[1], p[1]]).all()
    assert np.isfinite(z[[0, 2, 3, 4]]).all()
    assert found[1] == ""


@pytest.mark.parametrize("value", [[1.0, 1.0, 1.0], [np.nan] * 3, [2.0, np.nan, np.nan]])
def test_without_differences_there_are_no_clusters(value: list[float]) -> None:
    z, _, found = clusters(np.array(value), around(squares(1, 3)), rate=0.05)
    assert np.isnan(z).all()
    assert found.tolist() == ["", "", ""]


def test_without_polygons_the_nearest_centres_are_neighbours() -> None:
    places = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [100.0, 0.0]])
    assert nearest(places, count=1).T.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert nearest(places[:1]).shape == (2, 0)


# --- change -------------------------------------------------------------------------------------------------------


def test_change_by_hand() -> None:
    assert change(np.array([16, 0, 4]), np.array([4, 9, 4])).tolist() == [4.0, -6.0, 0.0]


def cases(ages: list[float]) -> Cases:
    n = len(ages)
    return Cases(np.zeros(n, dtype=np.int64), np.array(ages), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool))


def test_the_weeks_compared_open_after_their_first_moment_and_close_on_their_last() -> None:
    """Ages 0 … <28 are recent, 28 … <56 previous, 365 … <393 a year ago."""
    found = changes(
        cases([0.0, 27.99, 28.0, 55.99, 56.0, 364.99, 365.0, 392.99, 393.0]), grids=2, days=28, known_days=400
    )
    assert [found[k].tolist() for k in ("recent", "previous", "last_year")] == [[2, 0], [2, 0], [2, 0]]
    assert found["z_previous"].tolist() == [0.0, 0.0]


def test_no_comparison_with_a_time_before_the_data() -> None:
    found = changes(cases([1.0, 40.0]), grids=1, days=28, known_days=55.9)
    assert found["recent"].tolist() == [1]
    assert all(np.isnan(found[k]).all() for k in ("previous", "z_previous", "last_year", "z_last_year"))
    assert np.isfinite(changes(cases([1.0]), grids=1, days=28, known_days=56.0)["z_previous"]).all()
