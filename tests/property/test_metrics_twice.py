"""Every number is computed twice, by the product and by the oracle, over cases drawn onto the boundaries."""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, given, settings

from dashboard.metrics.catalog import METRICS
from tests import oracle
from tests.property.compare import load_and_compare, smallest
from tests.property.draws import Batch, batches

LOADS = int(os.environ.get("YIPING_LOADS", "16"))


@pytest.mark.parametrize("key", [m.key for m in METRICS])
def test_every_metric_of_the_catalogue_has_a_twin(key: str) -> None:
    assert key in oracle.keys(), f"{key} is in the catalogue but not in tests/oracle.py"


def test_the_oracle_has_no_twin_of_a_metric_that_is_gone() -> None:
    assert oracle.keys() <= {m.key for m in METRICS}


# Shrinking would reload for every step: the test narrows a failing batch itself, in about twenty loads.
@settings(max_examples=LOADS, phases=[Phase.explicit, Phase.generate])
@given(batches())
def test_the_compiled_sql_says_what_the_oracle_says(batch: Batch) -> None:
    if not load_and_compare(batch, most=1):
        return
    small = smallest(batch)
    words = "\n".join(map(str, load_and_compare(small)))
    pytest.fail(f"as of {small.as_of}\n{words}\n" + "\n".join(map(repr, small.cases)), pytrace=False)
