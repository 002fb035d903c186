"""Is every number of the catalogue fully described, and every question checked before it is asked?"""

from __future__ import annotations

from datetime import datetime
from math import isclose
from pathlib import Path

import pytest

from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY, METRICS, Metric
from dashboard.metrics.query import GROUPS, UnknownQuestionError, compile_query, scope_of
from dashboard.metrics.values import Value, wilson_interval
from etl.contract import LEDGER
from tests import builders, oracle

WANTED = """
accepted closed open overdue_open closure_rate on_time_rate on_time_rate_original overdue_rate sign_on_time_rate
handling_hours_median handling_hours_p90 handling_hours_mean resolution_rate satisfaction_rate callback_rate
repeat_rate reopen_rate return_rate extension_rate supervised_rate self_found_rate closed_in_grid_rate
late_entry_rate uncomputable_rate wuhua_on_time_rate
"""


def test_the_keys_of_the_issue_are_all_there() -> None:
    assert set(WANTED.split()) <= BY_KEY.keys()


def test_no_key_and_no_name_is_used_twice() -> None:
    assert len(BY_KEY) == len(METRICS) == len({m.name for m in METRICS})


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.key)
def test_every_metric_says_what_it_means_and_how_it_is_counted(metric: Metric) -> None:
    assert all((metric.name, metric.meaning, metric.formula, metric.clock, metric.unit, metric.events, metric.of))
    assert metric.min_n >= 10
    assert metric.better in ("up", "down", "neither")
    assert (metric.kind == "rate") == bool(metric.among)
    assert (metric.kind == "rate") == (metric.unit == "%")
    assert (metric.kind == "duration") == bool(metric.statistic)


def test_satisfaction_needs_thirty_callbacks_and_the_rules_say_the_same() -> None:
    rules = oracle.Rules()
    assert BY_KEY["satisfaction_rate"].min_n == rules.min_n_satisfaction == 30
    assert {m.min_n for m in METRICS if m.key != "satisfaction_rate"} == {rules.min_n}


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.key)
def test_a_rate_s_predicates_name_its_events_and_no_others(metric: Metric) -> None:
    """The compiler reads only `events`; a predicate about another event would silently count nothing."""
    for predicate in filter(None, (metric.of, metric.among)):
        assert any(f"'{event}'" in predicate for event in metric.events)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.key)
def test_every_metric_compiles_with_all_values_bound(metric: Metric) -> None:
    filters = Filters(town=("x'; drop table ledger;--",), since=datetime(2026, 1, 1).date())
    query = compile_query([metric], by=("town", "month"), filters=filters, as_of=datetime(2026, 3, 1))
    assert "drop table" not in query.sql
    assert query.parameters["town"] == ["x'; drop table ledger;--"]


def test_every_grouping_is_a_column_of_the_ledger_or_derived_from_one() -> None:
    derived = {"day", "week", "month", "overdue_age", "elapsed_bin"}
    assert set(GROUPS) - derived <= {c.name for c in LEDGER}


@pytest.mark.parametrize(
    ("metrics", "by"),
    [
        ((), ()),
        (("nope",), ()),
        (("accepted", "nope"), ()),
        (("accepted",), ("planet",)),
        (("accepted",), ("town", "town")),
        (("accepted",), ("day", "month")),
        (("accepted",), ("town", "kind", "level")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_words(
    small_county: Path, metrics: tuple[str, ...], by: tuple[str, ...]
) -> None:
    with builders.asking(small_county) as ask, pytest.raises(UnknownQuestionError, match=r"\w"):
        ask.numbers(metrics, by=by, filters=Filters())


def test_no_data_is_no_number_and_few_data_is_only_counts(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        nothing = Filters(since=datetime(2030, 1, 1).date())
        keys = [m.key for m in METRICS]
        empty = ask.numbers(keys, filters=nothing).rows[0].values
        few = ask.numbers(["closure_rate", "accepted"], filters=Filters())
    for metric in METRICS:
        if metric.kind in ("rate", "duration"):
            assert (empty[metric.key].value, empty[metric.key].state) == (None, "none")
        elif scope_of(metric) == "span":
            assert empty[metric.key] == Value(0)
    assert few.only("closure_rate").state == "small"
    assert few.only("accepted").value == few.only("closure_rate").N


@pytest.mark.parametrize(
    ("n", "total", "low", "high"),
    [(2, 2, 0.342, 1.0), (90, 100, 0.826, 0.945), (0, 10, 0.0, 0.278), (0, 0, 0.0, 1.0), (8, 10, 0.490, 0.943)],
)
def test_wilson_s_interval_is_the_published_one(n: int, total: int, low: float, high: float) -> None:
    got = wilson_interval(n, total)
    assert isclose(got[0], low, abs_tol=6e-4)
    assert isclose(got[1], high, abs_tol=6e-4)


def test_ninety_of_a_hundred_ranks_above_two_of_two() -> None:
    assert Value(0.9, 90, 100).wilson[0] > Value(1.0, 2, 2).wilson[0]


def test_a_duration_without_rows_looks_the_same_with_and_without_a_grouping(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        nothing = Filters(since=datetime(2030, 1, 1).date())
        whole = ask.numbers(["handling_hours_median"], filters=nothing).only("handling_hours_median")
        by_town = ask.numbers(["handling_hours_median"], by=("town",), filters=nothing)
    assert {row.values["handling_hours_median"] for row in by_town.rows} == {whole}
