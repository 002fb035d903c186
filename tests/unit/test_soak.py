"""Does the soak's judge tell a wall that leaks from one that does not?"""

from __future__ import annotations

import pytest

from bench.soak import Soak, judge


def soak(*, mb_per_1000: float = 0.0, last_nodes: int = 1000, faults: tuple[str, ...] = ()) -> Soak:
    steps = [200 * n for n in range(1, 21)]
    heap = [30 + step * mb_per_1000 / 1000 for step in steps]
    return Soak(steps, heap, [1000] * 19 + [last_nodes], [390.0] * 20, list(faults), 60.0)


def test_a_flat_wall_breaks_no_promise() -> None:
    said = judge(soak(mb_per_1000=0.9, last_nodes=1049))
    assert said["broken"] == []
    assert said["heap_mb_per_1000_snapshots"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    "seen", [soak(mb_per_1000=1.1), soak(last_nodes=1051), soak(last_nodes=949), soak(faults=("error: x",))]
)
def test_a_leak_a_pile_of_nodes_or_a_fault_is_told(seen: Soak) -> None:
    assert len(judge(seen)["broken"]) == 1
