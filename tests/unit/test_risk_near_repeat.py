"""Are near repeats the pairs one would list by hand, and is the Knox test that of pointpats?"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.reference import Reference
from etl.risk import near_repeat
from etl.risk.near_repeat import Points, close_pairs, knox, soon_pairs
from etl.risk.parameters import read_parameters
from etl.risk.places import to_metres
from tests import builders
from tests.conftest import Load

PARAMETERS = read_parameters(Reference().rules)


def points(place: Any, age: Any) -> Points:
    order = np.argsort(-np.asarray(age, dtype=np.float64), kind="stable")
    n = len(order)
    words = np.full(n, "01", dtype=object)
    return Points(np.arange(1, n + 1), words, words, np.asarray(place, dtype=np.float64)[order], np.asarray(age)[order])


@st.composite
def scattered(draw: st.DrawFn) -> Points:
    n = draw(st.integers(2, 25))
    step = st.sampled_from([0.0, 50.0, 200.0, 300.0, 1000.0])
    place = [(draw(step), draw(step)) for _ in range(n)]
    return points(place, [float(draw(st.sampled_from([0, 1, 14, 15, 27, 28, 29, 60]))) for _ in range(n)])


@given(scattered())
def test_pairs_are_those_one_would_list_by_hand(drawn: Points) -> None:
    row, listed = knox(drawn, PARAMETERS)
    near = {
        (i, j): math.dist(drawn.place[i], drawn.place[j])
        for i in range(len(drawn.age))
        for j in range(i + 1, len(drawn.age))
        if math.dist(drawn.place[i], drawn.place[j]) <= 200
    }
    both = {p: d for p, d in near.items() if drawn.age[p[0]] - drawn.age[p[1]] <= 14}
    recent = {p: d for p, d in both.items() if drawn.age[p[1]] < 28}
    assert (row["near_space"], row["observed"]) == (len(near), len(both))
    found = zip(listed["other_key"], listed["case_key"], listed["metres"], strict=True)
    assert {(i - 1, j - 1): m for i, j, m in found} == pytest.approx(recent)
    assert sorted(listed["case_key"], reverse=True) == list(listed["case_key"])


@given(st.lists(st.sampled_from([0.0, 1.0, 14.0, 15.0, 14.5, 60.0]), min_size=1, max_size=20))
def test_pairs_in_time_are_counted_without_listing_them(age: list[float]) -> None:
    expected = sum(abs(a - b) <= 14 for i, a in enumerate(age) for b in age[i + 1 :])
    assert soon_pairs(np.array(age), days=14) == expected


def test_the_knox_test_is_that_of_pointpats() -> None:
    """Counts and expectation exactly; both p-values are reshuffles, so that they agree within their errors."""
    spacetime = pytest.importorskip("pointpats")
    rng = np.random.default_rng(4)
    place, age = rng.random((150, 2)) * 1500, rng.random(150) * 180
    for crowd in (0, 12):
        place[:crowd], age[:crowd] = [700, 700], 20 + np.arange(crowd)
        drawn = points(place, age)
        row, _ = knox(drawn, replace(PARAMETERS, knox_permutations=399))
        np.random.seed(1)
        theirs = spacetime.Knox(drawn.place, drawn.age[:, None], delta=200, tau=14, permutations=399)
        assert row["observed"] == theirs.nst
        assert row["near_space"] == theirs.observed[0].sum()
        assert row["near_time"] == theirs.observed[:, 0].sum()
        assert row["expected"] == pytest.approx(theirs.expected[0, 0])
        assert row["p_value"] == pytest.approx(theirs.p_sim, abs=4 * math.sqrt(0.25 / 400))
    assert row["p_value"] < 0.01


def test_the_chance_is_that_of_all_orders() -> None:
    """Six cases, two and three of them near each other: every order of their times, by hand."""
    drawn = points([(0, 0), (10, 0), (900, 0), (910, 0), (920, 0), (5000, 0)], [90.0, 85.0, 60.0, 50.0, 3.0, 1.0])
    row, _ = knox(drawn, replace(PARAMETERS, knox_permutations=1999))
    near = [(i, j) for i in range(6) for j in range(i + 1, 6) if math.dist(drawn.place[i], drawn.place[j]) <= 200]
    reached = [
        sum(abs(order[i] - order[j]) <= 14 for i, j in near) >= row["observed"] for order in permutations(drawn.age)
    ]
    assert row["observed"] == 2
    assert row["p_value"] == pytest.approx(sum(reached) / len(reached), abs=0.04)


def test_cases_piled_on_one_place_are_taken_in_pieces() -> None:
    age = np.linspace(170, 0, 60)
    whole, listed = knox(points(np.zeros((60, 2)), age), PARAMETERS)
    with patch.object(near_repeat, "CHUNK", 100):
        assert len(list(close_pairs(np.zeros((60, 2)), metres=200))) > 20
        pieces, other = knox(points(np.zeros((60, 2)), age), PARAMETERS)
    assert whole["near_space"] == 60 * 59 / 2
    assert pieces == whole
    assert other["case_key"].tolist() == listed["case_key"].tolist()


def test_too_many_pairs_give_counts_but_no_chance() -> None:
    row, listed = knox(
        points(np.zeros((30, 2)), np.linspace(100, 0, 30)), replace(PARAMETERS, knox_pairs=10, near_pairs=7)
    )
    assert (row["near_space"], np.isnan(row["p_value"])) == (435, True)
    assert len(listed["case_key"]) == 7
    assert listed["case_key"].min() >= 28


def test_one_case_is_near_nothing() -> None:
    row, listed = knox(points([(0.0, 0.0)], [3.0]), PARAMETERS)
    assert (row["near_space"], row["near_time"], row["observed"], row["expected"]) == (0, 0, 0, 0.0)
    assert len(listed["case_key"]) == 0


def test_lengths_on_the_local_plane_are_those_of_the_ellipsoid() -> None:
    geod = pytest.importorskip("pyproj").Geod(ellps="WGS84")
    lon, lat = np.array([112.3, 112.302, 112.7, 112.7]), np.array([37.7, 37.7, 38.1, 38.1018])
    place = to_metres(lon, lat)
    for i, j in ((0, 1), (2, 3)):
        _, _, true = geod.inv(lon[i], lat[i], lon[j], lat[j])
        assert math.dist(place[i], place[j]) == pytest.approx(true, rel=0.005)


def test_what_is_listed_after_a_load(load_county: Load) -> None:
    """Same category, 100 m and 3 days apart, exact points: listed. Another category, a grid's centre, 15 days: not."""
    lon, lat = 112.5, 37.9
    metre = 1 / 111_000
    at = builders.AS_OF - timedelta(days=5)

    def one(name: str, days: float, north: float, **changes: Any) -> builders.Record:
        fields = {"category": "01", "lon": lon, "lat": lat + north * metre, "precision": "point"} | changes
        grid = next(iter(builders.GRIDS))
        return builders.case(name, at - timedelta(days=days), grid_code=grid, **fields)

    warehouse, _ = load_county(
        [
            one("A", 0, 0),
            one("B", 3, 100, precision="building"),
            one("C", 3, 20, category="02"),
            one("D", 2, 10, precision="grid"),
            one("E", 18, 10),
            one("F", 1, 250),
        ]
    )
    with builders.asking(warehouse) as ask:
        names = "(select case_id from mart.fact_case as c where c.case_key = n.{})"
        found = ask._db.rows(
            f"select {names.format('case_key')}, {names.format('other_key')}, round(metres), days, grid"
            " from mart.fact_near_repeat as n order by 1, 2"
        )
        tested = ask._db.rows("select category, cases, near_space, near_time, observed from mart.fact_knox order by 1")
    grid = next(iter(builders.GRIDS))
    assert [(a, b, round(m / 10), d, g) for a, b, m, d, g in found] == [
        ("A", "B", 10, 3.0, grid),
        ("F", "B", 15, 2.0, grid),
    ]
    assert tested == [("01", 4, 4, 3, 2), ("02", 1, 0, 0, 0)]
