"""T-05, H-30: can a count of 1–4 people be worked out from anything that is shown?

Three attackers, each stronger in one way. One knows the method and every table a tiny county could have had; one has a
solver and all published cells of a county; one has whatever the server hands out, under every filter and span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from dashboard.metrics import disclosure
from dashboard.metrics.disclosure import DONE, DUE, Count, Node, Rules, protect, publish
from dashboard.metrics.values import Value

RULES = Rules(threshold=5, base=5)
MONTH = date(2026, 3, 1)
Band = disclosure.Band


def place(*villages: tuple[int, int]) -> Node:
    """A town of villages, each (due, visited)."""
    return over([Node(due, done) for due, done in villages])


def over(children: list[Node]) -> Node:
    return Node(sum(c.due for c in children), sum(c.done for c in children), children)


def all_nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from all_nodes(child)


def unmerged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secondary suppression switched off: every band stays as it is."""
    monkeypatch.setattr(disclosure, "merged", lambda bands, _allows: list(bands))
    disclosure._alone.cache_clear()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No answer of a switched-off method is remembered."""
    yield
    disclosure._alone.cache_clear()


# --- the attacker who knows the method and every possible table ---------------------------------------------------

Table = tuple[tuple[int, int], ...]


def towns(rules: Rules, most: int, *shape: int) -> Iterator[tuple[Table, Node]]:
    """Every table of towns with so many villages, up to `most` due in each, published."""
    pairs = [(due, done) for due in range(most + 1) for done in range(due + 1)]
    for table in product(pairs, repeat=sum(shape)):
        rest, made = iter(table), []
        for count in shape:
            made.append(place(*(next(rest) for _ in range(count))))
        county = over(made)
        publish(county, rules)
        yield table, county


def singled_out(rules: Rules, most: int, *shape: int) -> list[tuple[int, ...]]:
    """The counts of 1 … threshold − 1 that are the same in every table that looks like theirs."""
    seen: dict[tuple[Value, ...], np.ndarray] = {}
    for _, county in towns(rules, most, *shape):
        look = tuple(v for node in all_nodes(county) for v in (node.said.due, node.said.done))
        counts = np.array([c for node in all_nodes(county) for c in (node.due, node.done, node.due - node.done)])
        least, highest = seen.get(look, (counts, counts))
        seen[look] = (np.minimum(least, counts), np.maximum(highest, counts))
    pinned = ((a, b, (a == b) & (a > 0) & (a < rules.threshold)) for a, b in seen.values())
    return [tuple(a[which].tolist()) for a, _, which in pinned if which.any()]


FEW = Rules(threshold=3, base=3)
SHAPES = [(FEW, 4, (2, 1)), (FEW, 4, (3,)), (FEW, 2, (2, 2)), (FEW, 2, (3, 1)), (RULES, 12, (2,)), (RULES, 4, (3,))]
"""The most that may be due ends a band: a reader knows of no other end."""


@pytest.mark.parametrize(("rules", "most", "shape"), SHAPES)
def test_t05_whoever_knows_the_method_cannot_tell_one_table_from_others(
    rules: Rules, most: int, shape: tuple[int, ...]
) -> None:
    assert singled_out(rules, most, *shape) == []


@pytest.mark.parametrize(("rules", "most", "shape"), [(FEW, 4, (3,)), (FEW, 2, (3, 1)), (RULES, 12, (2,))])
def test_t05_without_secondary_suppression_that_attacker_succeeds(
    monkeypatch: pytest.MonkeyPatch, rules: Rules, most: int, shape: tuple[int, ...]
) -> None:
    unmerged(monkeypatch)
    assert singled_out(rules, most, *shape)


# --- the attacker with a solver -----------------------------------------------------------------------------------


@dataclass
class System:
    """What is known of a county in one group and month: villages' visited and not visited, and bounds on sums."""

    villages: list[Node]
    matrix: np.ndarray
    least: np.ndarray
    most: np.ndarray

    def solve(self, objective: np.ndarray) -> np.ndarray:
        """Whole numbers that agree with everything known and make the objective least."""
        found = milp(
            objective,
            constraints=LinearConstraint(csr_array(self.matrix), self.least, self.most),
            bounds=Bounds(0, np.inf),
            integrality=np.ones(len(objective)),
        )
        assert found.success, found.message
        return np.rint(found.x)

    def reach(self, row: np.ndarray) -> tuple[int, int]:
        """The least and most a sum of villages' numbers can be."""
        return round(row @ self.solve(row)), round(row @ self.solve(-row))


def system(county: Node, known: dict[int, tuple[Band, Band]]) -> System:
    """The equations of a county: the bands of due and visited of each node, by the node's id."""
    villages = [node for node in all_nodes(county) if not node.children]
    index = {id(village): place for place, village in enumerate(villages)}
    rows, least, most = [], [], []
    for node in all_nodes(county):
        done, due = np.zeros(2 * len(villages)), np.zeros(2 * len(villages))
        for village in (n for n in all_nodes(node) if not n.children):
            at = index[id(village)]
            done[2 * at] = due[2 * at] = due[2 * at + 1] = 1
        for row, band in zip((due, done), known[id(node)], strict=True):
            rows.append(row)
            least.append(band[0])
            most.append(band[1])
    return System(villages, np.array(rows), np.array(least), np.array(most))


def bands_of(county: Node) -> dict[int, tuple[Band, Band]]:
    """What the method's publication says of due and visited of every node."""
    return {
        id(node): tuple((int(node.bounds[0, k]), int(node.bounds[1, k])) for k in (DUE, DONE))  # type: ignore[misc]
        for node in all_nodes(county)
    }


def recovered(county: Node, known: dict[int, tuple[Band, Band]]) -> list[tuple[int, int, int]]:
    """(due, visited, which number) of every protected count of villages and towns that has one possible value."""
    solver = system(county, known)
    width = 2 * len(solver.villages)
    found = []
    for node in all_nodes(county):
        inside = {id(n) for n in all_nodes(node)}
        for which, parts in enumerate([(0, 1), (0,), (1,)]):
            count = (node.due, node.done, node.due - node.done)[which]
            if not 0 < count < RULES.threshold:
                continue
            row = np.zeros(width)
            for at, village in enumerate(solver.villages):
                if id(village) in inside:
                    row[[2 * at + part for part in parts]] = 1
            least, most = solver.reach(row)
            assert least <= count <= most
            if least == most:
                found.append((node.due, node.done, which))
    return found


def visits(most: int) -> st.SearchStrategy[tuple[int, int]]:
    due = st.one_of(st.integers(0, 4), st.integers(0, most))
    return due.flatmap(lambda n: st.tuples(st.just(n), st.one_of(st.just(n), st.integers(0, n))))


counties = st.lists(st.lists(visits(20), min_size=1, max_size=5), min_size=1, max_size=4)


@settings(max_examples=60)
@given(counties)
def test_t05_a_solver_finds_no_count_of_one_to_four(drawn: list[list[tuple[int, int]]]) -> None:
    county = over([place(*villages) for villages in drawn])
    publish(county, RULES)
    assert recovered(county, bands_of(county)) == []


@settings(max_examples=30)
@given(counties)
def test_t05_what_the_method_deduces_is_what_the_solver_deduces(drawn: list[list[tuple[int, int]]]) -> None:
    county = over([place(*villages) for villages in drawn])
    publish(county, RULES)
    solver = system(county, bands_of(county))
    narrowed = {id(village): bounds for village, bounds in deduced(county)}
    for at, village in enumerate(solver.villages):
        for which, parts in ((DUE, (0, 1)), (DONE, (0,))):
            row = np.zeros(2 * len(solver.villages))
            row[[2 * at + part for part in parts]] = 1
            assert solver.reach(row) == tuple(narrowed[id(village)][:, which])


def deduced(node: Node) -> Iterator[tuple[Node, disclosure.Bounds]]:
    """The villages with the bounds that one pass down the tree leaves them."""

    def down(one: Node, bounds: disclosure.Bounds) -> Iterator[tuple[Node, disclosure.Bounds]]:
        if not one.children:
            yield one, bounds
            return
        parts = disclosure.possible(np.stack([child.bounds for child in one.children]), bounds)
        for child, narrowed in zip(one.children, parts, strict=True):
            yield from down(child, narrowed)

    return down(node, node.bounds)


def hide_small_only(county: Node) -> dict[int, tuple[Band, Band]]:
    """The naive rule: counts of 1–4 are hidden, all others printed."""

    def band(count: int) -> Band:
        return (1, 4) if 0 < count < 5 else (count, count)

    return {id(node): (band(node.due), band(node.done)) for node in all_nodes(county)}


def test_t05_with_suppression_alone_the_solver_recovers() -> None:
    county = over([place((2, 2), (7, 7)), place((1, 1), (1, 0), (1, 1), (1, 1)), place((12, 9))])
    assert len(recovered(county, hide_small_only(county))) >= 6
    publish(county, RULES)
    assert recovered(county, bands_of(county)) == []


@pytest.mark.parametrize(
    "villages",
    [
        [(1, 1)] * 4,  # four hidden under a hidden total: each is one
        [(4, 4)] * 2,  # two hidden under 10: each is four
    ],
)
def test_t05_rounding_without_secondary_suppression_recovers(
    monkeypatch: pytest.MonkeyPatch, villages: list[tuple[int, int]]
) -> None:
    kept = place(*villages)
    publish(kept, RULES)
    assert recovered(kept, bands_of(kept)) == []
    unmerged(monkeypatch)
    town = place(*villages)
    publish(town, RULES)
    assert recovered(town, bands_of(town))


def test_t05_visited_is_not_said_where_due_is_hidden_or_it_would_give_due_away() -> None:
    """Due is at most 7, at least 5 are visited elsewhere: two villages where nobody was visited have one each."""
    town = place((1, 0), (1, 0), (5, 5))
    publish(town, RULES)
    assert [child.said.done.value for child in town.children] == [None, None, 5]
    assert recovered(town, bands_of(town)) == []
    said_too = {id(child): ((1, 4), (0, 0)) for child in town.children[:2]}
    assert recovered(town, {id(town): ((5, 7), (5, 7)), id(town.children[2]): ((5, 7), (5, 7)), **said_too})


def blocks(rows: Sequence[Count]) -> Iterator[Node]:
    """The county of every month and care group."""
    inside: dict[tuple[date, str], dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for town, _, group, month, due, done in rows:
        inside[month, group][town].append(Node(due, done))
    for made in inside.values():
        yield over([over(villages) for villages in made.values()])


def same_published(rows: Sequence[Count]) -> None:
    """Twice is the same: there is no noise to average out, and no order to read from."""
    once, again = protect(rows, RULES), protect(list(reversed(rows)), RULES)
    assert once._cells == again._cells


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("12"), visits(12)), max_size=12))
def test_t05_the_same_counts_are_published_the_same_whatever_their_order(
    drawn: list[tuple[str, str, tuple[int, int]]],
) -> None:
    rows = {(town, town + village): (town, town + village, "C1", MONTH, *pair) for town, village, pair in drawn}
    same_published(list(rows.values()))
