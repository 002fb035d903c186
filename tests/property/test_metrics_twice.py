"""Every number is computed twice, by the product and by the oracle, over cases drawn onto the boundaries."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from dashboard.ask import Ask
from dashboard.filters import Filters
from dashboard.metrics.catalog import METRICS
from tests import builders, oracle
from tests.property.compare import PERIODS, load_and_compare, smallest
from tests.property.draws import Batch, batches

LOADS = int(os.environ.get("YIPING_LOADS", "8"))


@pytest.mark.parametrize("key", [m.key for m in METRICS])
def test_every_metric_of_the_catalogue_has_a_twin(key: str) -> None:
    assert key in oracle.twins(), f"{key} is in the catalogue but not in tests/oracle.py"


def test_the_oracle_has_no_twin_of_a_metric_that_is_gone() -> None:
    assert oracle.twins() <= {m.key for m in METRICS}


# Shrinking would reload for every step: the test narrows a failing batch itself, in about twenty loads.
@settings(max_examples=LOADS, phases=[Phase.explicit, Phase.generate])
@given(batches())
def test_the_compiled_sql_says_what_the_oracle_says(batch: Batch) -> None:
    if not load_and_compare(batch, most=1):
        return
    small = smallest(batch)
    words = "\n".join(map(str, load_and_compare(small)))
    pytest.fail(
        f"as of {small.as_of}, cubes {small.cubes}\n{words}\n" + "\n".join(map(repr, small.cases)), pytrace=False
    )


@pytest.fixture(scope="module")
def noon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference of a county whose days run from noon to noon."""
    folder = Path(shutil.copytree(oracle.REFERENCE, tmp_path_factory.mktemp("noon") / "reference"))
    rules = (folder / "rules.toml").read_text(encoding="utf-8")
    (folder / "rules.toml").write_text(rules.replace("report_cutoff_hour = 0", "report_cutoff_hour = 12"), "utf-8")
    return folder


@settings(max_examples=2, phases=[Phase.generate])
@given(batches())
def test_a_day_that_begins_at_noon_begins_at_noon_everywhere(noon: Path, batch: Batch) -> None:
    found = load_and_compare(batch, folder_of_rules=noon)
    assert not found, "\n".join(map(str, found))


@settings(max_examples=2, phases=[Phase.generate])
@given(batches())
def test_numbers_that_must_agree_do_agree(tmp_path_factory: pytest.TempPathFactory, batch: Batch) -> None:
    """Identities of the definitions, asked of the product alone."""
    folder = tmp_path_factory.mktemp("identities")
    delivery = builders.write_delivery(folder / "in", batch.records, batch.log)
    builders.load_quickly(delivery, folder / "warehouse", as_of=batch.as_of, now=batch.as_of)
    with builders.asking(folder / "warehouse", cubes=batch.cubes) as ask:
        for since, until in [p for p in PERIODS if p[0] and p[1]]:
            _check_stock(ask, since, until)
        for since, until in PERIODS:
            _check_rates(ask, Filters(since=since, until=until))


def _check_stock(ask: Ask, since: date, until: date) -> None:
    """Open at the end = open at the start + accepted + reopened − closed."""
    start, end = (ask.numbers(["open"], filters=Filters(until=day)).only("open").value for day in (since, until))
    moved = ask.numbers(["accepted", "closed"], filters=Filters(since=since, until=until))
    span = {"since": datetime.combine(since, time()), "until": datetime.combine(until, time())}
    sql = "select count(*) from mart.ledger where event = 'reopened' and event_at >= $since and event_at < $until"
    reopened = ask._db.rows(sql, span)[0][0]
    assert end == start + moved.only("accepted").value + reopened - moved.only("closed").value


def _check_rates(ask: Ask, filters: Filters) -> None:
    """K04 = 1 − K03, 问题限时化 ≡ K03 of problems, and the towns (with the unknown one) are the county."""
    rates = ask.numbers(["on_time_rate", "overdue_rate"], filters=filters)
    kept, missed = rates.only("on_time_rate"), rates.only("overdue_rate")
    assert (kept.N, kept.n + missed.n) == (missed.N, kept.N)
    problems = ask.numbers(["on_time_rate", "wuhua_on_time_rate"], filters=filters.replace(kind=("P",)))
    assert problems.only("on_time_rate") == problems.only("wuhua_on_time_rate")
    for metric in ("accepted", "closed", "open", "overdue_open", "wuhua_met", "wuhua_late", "wuhua_missed"):
        towns = ask.numbers([metric], by=("town",), filters=filters).rows
        assert (
            sum(row.values[metric].value for row in towns) == ask.numbers([metric], filters=filters).only(metric).value
        )
