"""Does the risk map find what the demo hid, and keep silent where it hid nothing? A few seeds of `bench.risk`."""

from __future__ import annotations

import numpy as np

from bench.risk import drawn_outcome


def test_true_hot_grids_are_found_more_often_than_by_counting() -> None:
    outcomes = [drawn_outcome(seed, cases=60_000) for seed in (3, 4, 5, 6)]
    found = {name: np.mean([one.found[name] for one in outcomes]) for name in ("counts", "rr_raw", "rr")}
    assert found["rr"] >= 1.6 * found["counts"]
    assert found["rr"] >= found["rr_raw"] - 1
    assert all(one.state == "ok" and one.red for one in outcomes)


def test_where_nothing_differs_nothing_is_painted_and_that_is_said() -> None:
    outcomes = [drawn_outcome(seed, cases=60_000, flat=True) for seed in (3, 4, 5, 6)]
    assert all(one.silent and one.coloured == 0 for one in outcomes)
