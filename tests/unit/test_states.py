"""Is a number that is none told apart from zero, and from every other reason, by word and by shape?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash.development.base_component import Component

from dashboard import theme, words
from dashboard.components.state_samples import SAMPLES, samples
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import NO_DATA, Value, disclosed
from dashboard.pages import case
from tests.unit.test_figures import contrast


@pytest.mark.parametrize(("count", "text"), [(0, "0 件"), (1, "<5 件"), (4, "<5 件"), (5, "5 件"), (1_000, "1,000 件")])
def test_few_are_not_counted_aloud_and_none_are(count: int, text: str) -> None:
    assert words.shown(BY_KEY["accepted"], disclosed(Value(count), below=5)).line == text


def test_what_is_kept_back_is_gone_from_the_value() -> None:
    assert disclosed(Value(3), below=5) == Value(None, state="hidden", below=5)
    assert disclosed(NO_DATA, below=5) == NO_DATA


def elements(node: Any) -> Iterator[Component]:
    """A component and all below it."""
    if isinstance(node, Component):
        yield node
        node = getattr(node, "children", None)
    if isinstance(node, Component):
        yield from elements(node)
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from elements(child)


def test_every_state_says_its_name_wherever_it_stands() -> None:
    rows = {getattr(e, "data-sample"): e for e in elements(samples()) if getattr(e, "data-sample", "")}
    assert list(rows) == [sample.state for sample in SAMPLES]
    for state, row in rows.items():
        named = {getattr(e, "data-state") for e in elements(row) if hasattr(e, "data-state")}
        # A late source and a running period still have a number: it is ok, its tile is not.
        assert named - {"ok"} == {state} - {"ok", "zero"}


def test_no_two_states_share_name_meaning_or_way_out() -> None:
    for field in ("state", "name", "meaning"):
        assert len({getattr(sample, field) for sample in SAMPLES}) == len(SAMPLES)
    assert len({(sample.area, sample.line) for sample in SAMPLES}) >= len(SAMPLES) - 1


@pytest.mark.parametrize("tokens", [theme.TOKENS, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("over", "ground", "least"),
    [
        ("denied", "denied-soft", 4.5),
        ("notice", "notice-soft", 4.5),
        ("ink-soft", "surface", 4.5),
        ("ink-soft", "ground", 4.5),
        ("ink", "seq-1", 4.5),
        ("outline", "surface", 3),
        ("outline", "ground", 3),
        ("focus", "surface", 3),
        ("focus", "ground", 3),
    ],
)
def test_words_and_shapes_stand_out(tokens: dict[str, str], over: str, ground: str, least: float) -> None:
    assert contrast(tokens[over], tokens[ground]) >= least


def test_a_reader_without_the_right_sees_a_lock_and_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case, "may", lambda _right: False)
    model = case.load_case(_NoQuestions(), Filters(case="EV202610-0001462"))  # type: ignore[arg-type]
    head = case.view_case(model)["case-head"]
    marked = [e for e in elements(head) if getattr(e, "data-state", "") == "denied"]
    assert len(marked) == 1
    assert any(getattr(e, "className", "") == "state-shape is-denied" for e in elements(marked[0]))


class _NoQuestions:
    """A snapshot that must not be asked for the case."""

    vocabulary: dict[str, dict[str, str]] = {}  # noqa: RUF012
    place = "全县"
