"""Does a load bring the risk map, computed from nothing but the snapshot's own cases?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.filters import Filters
from dashboard.replay import LongReplayError
from etl.demo import write_demo
from etl.demo.county import build_county
from tests import builders
from tests.risk_oracle import Item, risk

GRIDS = list(builders.GRIDS)
PEOPLE = {grid: 300 + 100 * n for n, grid in enumerate(GRIDS)}


def grid_rows(**changes: Any) -> list[builders.Record]:
    """The county's grids in a row of squares, with their persons."""
    rows = []
    for n, (grid, village) in enumerate(builders.GRIDS.items()):
        west, east = 112 + n / 100, 112.01 + n / 100
        square = f"POLYGON(({west} 37, {east} 37, {east} 37.01, {west} 37.01, {west} 37))"
        row = {"grid_code": grid, "village_code": village, "population": PEOPLE[grid], "households": n + 1}
        rows.append(row | {"boundary_wkt": square, "area_m2": 1e6} | changes)
    return rows


def cases(count: int = 400) -> list[builders.Record]:
    """Cases of two years on all grids; the first grid has far more than its share."""
    rng = np.random.default_rng(3)
    records = []
    for n in range(count):
        grid = GRIDS[0] if rng.random() < 0.3 else GRIDS[int(rng.integers(0, 12))]
        moment = builders.AS_OF - timedelta(days=float(rng.random() * 430))
        level = str(rng.choice(["blue", "blue", "yellow", "orange", "red"]))
        discovery = str(rng.choice(["self", "complaint", "transfer"]))
        fields = {"grid_code": grid, "discovery": discovery} | ({"level": level} if n % 9 else {})
        records.append(builders.case(f"R{n}", moment.replace(microsecond=0), **fields))
    return records


def loaded(folder: Path, grids: list[builders.Record], told: list[builders.Record], **more: Any) -> Path:
    delivery = builders.write_delivery(folder / "delivery", told)
    builders.write_records(delivery / "grids.csv", "grids", grids)
    for name, records in more.items():
        builders.write_records(delivery / f"{name}.csv", name, records)
    builders.load_quickly(delivery, folder / "warehouse")
    return folder / "warehouse"


@contextmanager
def rows(warehouse: Path) -> Iterator[Any]:
    with builders.asking(warehouse) as ask:
        yield lambda sql: ask._db.records(sql)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("risk"), grid_rows(), cases())


def test_there_is_a_run_for_every_setting_and_one_default(county: Path) -> None:
    with rows(county) as ask:
        runs = ask("select * from mart.fact_risk_run")
    assert len({run["run_id"] for run in runs}) == 12
    assert [run["run_id"] for run in runs if run["is_default"]] == ["h60-reported-none"]
    assert all(json.loads(run["params"])["severity"] == {"blue": 1, "yellow": 2, "orange": 4, "red": 8} for run in runs)
    assert {(run["basis"], run["since_at"]) for run in runs} == {
        ("population", builders.AS_OF - timedelta(days=180)),
    }


@pytest.mark.parametrize("scope", ["reported", "all"])
@pytest.mark.parametrize("half_life", [30, 60, 90])
def test_every_grid_is_what_plain_python_makes_of_the_cases(county: Path, scope: str, half_life: int) -> None:
    with rows(county) as ask:
        told = ask("select grid, level, discovery, accept_at from mart.fact_case")
        found = ask(f"select * from mart.fact_grid_risk where run_id = 'h{half_life}-{scope}-none'")
        (run,) = ask(f"select * from mart.fact_risk_run where run_id = 'h{half_life}-{scope}-none'")
    age = {id(c): (builders.AS_OF - c["accept_at"]) / timedelta(days=1) for c in told}
    inside = [c for c in told if age[id(c)] < 180]
    counted = [c for c in inside if scope == "all" or c["discovery"] != "self"]
    items = [Item(c["grid"], c["level"], age[id(c)]) for c in counted]
    twin = risk(items, PEOPLE, grids=GRIDS, half_life=half_life)
    assert [row["grid"] for row in found] == sorted(GRIDS)
    for row in found:
        grid = row["grid"]
        theirs = twin[grid]
        wanted = (theirs.score, theirs.expected, theirs.raw, theirs.smoothed, theirs.credibility)
        ours = [row[k] for k in ("score", "expected", "rr_raw", "rr", "credibility")]
        assert ours == pytest.approx(list(wanted), rel=1e-9)
        assert [row["p_10"], row["p_125"], row["p_15"]] == pytest.approx(list((theirs.chance or {}).values()), abs=1e-9)
        assert (row["tier"], row["why"]) == (theirs.tier, "")
        assert row["cases"] == sum(c["grid"] == grid for c in counted)
        assert row["self_found"] == sum(c["grid"] == grid and c["discovery"] == "self" for c in inside)
        assert row["recent"] == sum(c["grid"] == grid and age[id(c)] < 28 for c in counted)
    assert sum(row["score"] for row in found) == pytest.approx(run["score"])
    assert sum(row["cases"] for row in found) == run["cases"] == len(counted)
    assert run["state"] == "ok"
    assert next(row["tier"] for row in found if row["grid"] == GRIDS[0]) == "red"
    assert run["sentence"].startswith("有把握高于全县平均的网格：红 1 个")


def test_gi_star_by_plain_python(county: Path) -> None:
    """The grids are squares in a row: each has the one before and the one after as neighbours, and itself."""
    with rows(county) as ask:
        found = ask("select rr, gi_z from mart.fact_grid_risk where run_id = 'h60-all-none'")
    x = [row["rr"] for row in found]
    n, mean = len(x), sum(x) / len(x)
    deviation = math.sqrt(sum(v * v for v in x) / n - mean * mean)
    for i, row in enumerate(found):
        near = x[max(i - 1, 0) : i + 2]
        scale = deviation * math.sqrt(len(near) * (n - len(near)) / (n - 1))
        assert row["gi_z"] == pytest.approx((sum(near) - mean * len(near)) / scale)


def test_villages_are_compared_with_villages(tmp_path: Path) -> None:
    """With strata the expected of a grid adds up to the score within urban, within rural and within unclassed grids."""
    class_of = dict(zip(builders.VILLAGES, ["111", "122", "210", "220", "220", ""], strict=True))
    regions: list[builders.Record] = [{"region_code": builders.COUNTY, "region_name": "县", "region_level": "county"}]
    regions += [
        {"region_code": t, "region_name": t, "region_level": "town", "parent_code": builders.COUNTY}
        for t in builders.TOWNS
    ]
    regions += [
        {
            "region_code": v,
            "region_name": v,
            "region_level": "village",
            "parent_code": t,
            "urban_rural_code": class_of[v],
        }
        for v, t in builders.VILLAGES.items()
    ]
    with rows(loaded(tmp_path, grid_rows(), cases(), regions=regions)) as ask:
        found = ask("select grid, score, expected from mart.fact_grid_risk where run_id = 'h60-all-urban_rural'")
        whole = ask("select score, expected from mart.fact_grid_risk where run_id = 'h60-all-none'")
    assert [row["expected"] for row in found] != pytest.approx([row["expected"] for row in whole])
    for first in ("1", "2", ""):
        alike = [row for row in found if class_of[builders.GRIDS[row["grid"]]][:1] == first]
        assert len(alike) == {"1": 4, "2": 6, "": 2}[first]
        assert sum(row["score"] for row in alike) == pytest.approx(sum(row["expected"] for row in alike))
        people = sum(PEOPLE[row["grid"]] for row in alike)
        rate = sum(row["score"] for row in alike) / people
        assert all(row["expected"] == pytest.approx(rate * PEOPLE[row["grid"]]) for row in alike)


def test_the_last_frame_is_the_default_run(county: Path) -> None:
    with rows(county) as ask:
        pairs = ask(
            "select f.rr as frame, g.rr, f.tier as shown, g.tier from mart.fact_risk_frame as f"
            " join mart.fact_grid_risk as g using (grid)"
            " where g.run_id = 'h60-reported-none' and f.day = (select max(day) from mart.fact_risk_frame)"
        )
        (days,) = ask("select min(day) as first, max(day) as last, count(distinct day) as n from mart.fact_risk_frame")
    assert len(pairs) == 12
    assert all(p["frame"] == pytest.approx(p["rr"], abs=0.00501) and p["shown"] == p["tier"] for p in pairs)
    assert days["last"] == builders.AS_OF.date()
    assert days["n"] == (days["last"] - days["first"]).days + 1


def test_the_back_test_covers_the_last_months(county: Path) -> None:
    with rows(county) as ask:
        found = ask("select * from mart.fact_risk_backtest")
    assert {row["month"] for row in found} == {date(2025, m, 1) for m in (9, 10, 11, 12)} | {
        date(2026, 1, 1),
        date(2026, 2, 1),
    }
    assert all(row["flagged"] == 2 and 0 <= row["hits"] <= row["cases"] for row in found)
    assert all(row["population_share"] < 1 and row["area_share"] == pytest.approx(2 / 12) for row in found)


# --- refusals and gaps --------------------------------------------------------------------------------------------


def test_without_persons_and_households_no_map_is_drawn(tmp_path: Path) -> None:
    warehouse = loaded(tmp_path, grid_rows(population="", households=""), cases(60))
    with rows(warehouse) as ask:
        runs = ask("select state, sentence, basis, cases from mart.fact_risk_run")
        assert {(run["state"], run["basis"]) for run in runs} == {("no_population", "")}
        assert all("没有实有人口，也没有户数" in run["sentence"] and run["cases"] > 0 for run in runs)
        for table in ("fact_grid_risk", "fact_risk_frame", "fact_risk_backtest"):
            assert ask(f"select * from mart.{table}") == []


def test_households_stand_in_for_persons(tmp_path: Path) -> None:
    warehouse = loaded(tmp_path, grid_rows(population=""), cases(60))
    with rows(warehouse) as ask:
        found = ask("select grid, expected from mart.fact_grid_risk where run_id = 'h60-all-none'")
        assert {run["basis"] for run in ask("select basis from mart.fact_risk_run")} == {"households"}
    shares = [row["expected"] / found[0]["expected"] for row in found]
    assert shares == pytest.approx(list(range(1, 13)))


def test_a_grid_without_persons_is_not_judged_and_its_cases_lift_nobody(tmp_path: Path) -> None:
    grids = [row | ({"population": "", "households": ""} if n == 0 else {}) for n, row in enumerate(grid_rows())]
    with rows(loaded(tmp_path, grids, cases(200))) as ask:
        found = ask("select * from mart.fact_grid_risk where run_id = 'h60-all-none'")
        (run,) = ask("select score from mart.fact_risk_run where run_id = 'h60-all-none'")
    first, *others = found
    assert (first["tier"], first["why"], first["expected"], first["rr"]) == ("none", "no_population", 0.0, None)
    assert first["score"] > 0
    assert sum(row["expected"] for row in others) == pytest.approx(sum(row["score"] for row in others))
    assert sum(row["score"] for row in found) == pytest.approx(run["score"])


def test_too_few_cases_are_said_to_be_too_few(tmp_path: Path) -> None:
    with rows(loaded(tmp_path, grid_rows(), cases(10))) as ask:
        runs = ask("select state, sentence from mart.fact_risk_run")
    assert {run["state"] for run in runs} == {"too_few"}
    assert all("不到 10 件" in run["sentence"] for run in runs)


def test_one_grid_is_not_said_to_have_too_few_cases(tmp_path: Path) -> None:
    told = [case | {"grid_code": GRIDS[0]} for case in cases(200)]
    with rows(loaded(tmp_path, grid_rows()[:1], told)) as ask:
        runs = ask("select state, sentence, cases from mart.fact_risk_run where scope = 'all'")
    assert {run["state"] for run in runs} == {"one_grid"}
    assert all(run["cases"] > 10 and "只有一个网格" in run["sentence"] for run in runs)


def test_a_replay_of_risk_too_large_to_send_is_refused_before_it_is_fetched(
    county: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.replay.MOST_VALUES", 12 * 20)
    with builders.asking(county) as ask:
        assert ask.frames("risk", level="grid", pace="day", filters=Filters(since=date(2026, 3, 1))).starts
        with pytest.raises(LongReplayError, match="缩短时段"):
            ask.frames("risk", level="grid", pace="day", filters=Filters())


def test_one_rate_for_all_is_said_and_nothing_painted(tmp_path: Path) -> None:
    told = [
        builders.case(
            f"F{n}", builders.AS_OF - timedelta(days=1 + n % 170), grid_code=GRIDS[n % 12], discovery="complaint"
        )
        for n in range(240)
    ]
    with rows(loaded(tmp_path, grid_rows(population=500), told)) as ask:
        runs = ask("select * from mart.fact_risk_run")
        found = ask("select distinct tier, why, round(rr, 9) as rr, cluster, p_10 from mart.fact_grid_risk")
    assert {(run["state"], run["sentence"], run["variance"]) for run in runs} == {
        ("flat", "各网格差异未超出随机波动", 0.0)
    }
    assert found == [{"tier": "none", "why": "flat", "rr": 1.0, "cluster": "", "p_10": None}]


def test_persons_are_those_of_the_newest_month_not_after_the_data(tmp_path: Path) -> None:
    counts = [("2025-12", 900), ("2026-03", 1800), ("2026-04", 9)]
    told = [{"grid_code": GRIDS[0], "month": month, "population": people, "households": 1} for month, people in counts]
    with rows(loaded(tmp_path, grid_rows(population=600), cases(60), population=told)) as ask:
        found = ask("select grid, expected from mart.fact_grid_risk where run_id = 'h60-all-none'")
    assert found[0]["expected"] / found[1]["expected"] == pytest.approx(3)


def test_a_grid_no_longer_in_force_has_no_row(tmp_path: Path) -> None:
    closed = [row | ({"valid_to": "2026-02-28"} if n == 3 else {}) for n, row in enumerate(grid_rows())]
    with rows(loaded(tmp_path, closed, cases(200))) as ask:
        found = ask("select grid from mart.fact_grid_risk where run_id = 'h60-all-none'")
        (run,) = ask("select cases from mart.fact_risk_run where run_id = 'h60-all-none'")
        told = ask("select grid from mart.fact_case where accept_at > timestamp '2026-03-14 08:00' - interval 180 day")
    assert [row["grid"] for row in found] == [g for g in GRIDS if g != GRIDS[3]]
    assert run["cases"] == sum(row["grid"] != GRIDS[3] for row in told) < len(told)


def test_a_mistyped_year_neither_grows_the_replay_nor_makes_a_last_year(tmp_path: Path) -> None:
    recent = [c for c in cases(1500) if c["accept_at"] > builders.AS_OF - timedelta(days=300)]
    slip = [builders.case("OLD", datetime(1926, 3, 1), grid_code=GRIDS[0], discovery="complaint")]
    slip += [builders.case("OLD2", datetime(2024, 3, 1), grid_code=GRIDS[0], discovery="complaint")]
    with rows(loaded(tmp_path, grid_rows(), recent + slip)) as ask:
        (days,) = ask("select min(day) as first from mart.fact_risk_frame")
        found = ask("select distinct last_year, z_last_year from mart.fact_grid_risk")
    assert days["first"] >= date(2025, 11, 14)  # 300 days before the end, and a look-back later
    assert found == [{"last_year": None, "z_last_year": None}]


# --- the demo -----------------------------------------------------------------------------------------------------


def test_a_flat_county_is_the_same_county_with_one_rate(tmp_path: Path) -> None:
    report = write_demo(tmp_path, cases=30, seed=3, months=2, flat=True)
    truth = json.loads(report.truth.read_text(encoding="utf-8"))
    plain = build_county(seed=3, months=2)
    assert (truth["hot_spots"], truth["late_entry_towns"]) == ([], [])
    assert truth["grid_rate"] == dict.fromkeys(plain.grid_codes, 1.0)
    assert len(plain.hot_spots) == 10
