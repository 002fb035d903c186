"""Does every page make sense in words when there is nothing, one case, or many? No page may say “None” or “0/0”."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from dash.development.base_component import Component

from dashboard.ask import Ask
from dashboard.factory import find_pages
from dashboard.filters import Filters
from tests import builders

AT = builders.AS_OF - timedelta(days=40)
GRIDS = list(builders.GRIDS)
CASES = [
    builders.case(
        f"E{n:03d}",
        AT + timedelta(hours=n),
        "RHCDP"[n % 5],
        grid_code=GRIDS[n % 11],
        channel="01",
        category="02",
        lead_department="D01",
        level="red" if n % 7 == 0 else None,
        dispatch_at=AT + timedelta(hours=n + 1),
        close_at=AT + timedelta(days=3, hours=n) if n % 3 else None,
    )
    for n in range(60)
]
CASES.append(builders.case("ALONE", AT, "P", grid_code=GRIDS[11]))
QUESTIONS = {
    "nothing": Filters(since=date(2030, 1, 1), until=date(2030, 2, 1)),
    "before everything": Filters(since=date(2001, 1, 1), until=date(2001, 2, 1)),
    "one": Filters(grid=(GRIDS[11],)),
    "a day": Filters(since=AT.date(), until=AT.date() + timedelta(days=1)),
    "many": Filters(),
}
NONSENSE = re.compile(
    r"\b(None|nan|NaN|inf|null|undefined|True|False)\b|\b0/0\b|（）|（/）|\{\w*\}|datetime\.|，，|；；|、、"
)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with builders.asking_about(tmp_path_factory.mktemp("sentences"), CASES) as questions:
        yield questions


def texts(node: Any) -> Iterator[str]:
    """All that a reader can read or hear of what a panel gives."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from texts(child)
    elif isinstance(node, dict):
        yield from texts(list(node.values()))
    elif isinstance(node, go.Figure):
        yield from texts([a.text for a in node.layout.annotations])
        yield from texts([(node.layout.meta or {}).get(part, "") for part in ("finding", "heads", "rows")])
    elif isinstance(node, Component):
        names = ("children", "title", "aria-label", "alt")
        yield from texts([getattr(node, name) for name in names if getattr(node, name, None) is not None])


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("page", find_pages(), ids=lambda page: page.key)
def test_a_page_makes_sense_whatever_there_is_to_say(ask: Ask, page: Any, question: str) -> None:
    asked = page.opens_with.shifted(since=None, until=None).replace(**chosen(QUESTIONS[question]))
    for panel in page.panels:
        said = panel.view(panel.load(ask, asked))
        for target, content in said.items():
            for text in texts(content):
                assert not NONSENSE.search(text), (panel.id, target, text)


def chosen(filters: Filters) -> dict[str, Any]:
    return {name: getattr(filters, name) for name in ("since", "until", "grid")}
