"""Is every step of the loop among the step before it, whatever the cases, the period and the filters?"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import Phase, given, settings

from dashboard.filters import Filters
from dashboard.loop import load_loop
from tests import builders, oracle
from tests.property.compare import FILTERS, PERIODS
from tests.property.draws import Batch, batches


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(batches())
def test_each_step_is_among_the_one_before(batch: Batch) -> None:
    with TemporaryDirectory() as folder:
        check(batch, Path(folder))


def check(batch: Batch, folder: Path) -> None:
    delivery = builders.write_delivery(folder / "in", batch.records, batch.log)
    builders.load_quickly(delivery, folder / "warehouse", as_of=batch.as_of)
    lives = batch.lives()
    with builders.asking(folder / "warehouse", cubes=batch.cubes) as ask:
        for since, until in PERIODS:
            for wanted in FILTERS:
                steps = load_loop(ask, Filters(since=since, until=until, **wanted)).steps
                counts = [step.count for step in steps]
                assert counts == sorted(counts, reverse=True)
                assert {step.overall.N for step in steps} == {counts[0]}
                assert [step.conversion.N for step in steps[1:]] == counts[:-1]
                assert all(0 <= step.broken <= before for step, before in zip(steps[1:], counts, strict=False))
        assert [step.count for step in load_loop(ask, Filters()).steps] == reached(lives)


def reached(lives: list[oracle.Case]) -> list[int]:
    """How many cases come as far as each step."""
    return [sum(case.loop_step >= step for case in lives) for step in (1, 2, 3, 4)]
