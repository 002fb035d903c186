"""A panel that fails says so in its place; the others go on."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.ask import Answer, Row
from dashboard.factory import fill_panel, find_pages
from dashboard.filters import Filters
from dashboard.metrics.values import Value
from dashboard.page import Panel, prop
from dashboard.pages import wuhua

ASK: Any = SimpleNamespace(info=SimpleNamespace(as_of=datetime(2026, 3, 14, 8, 0)))


def broken(_ask: Any, _filters: Filters) -> Any:
    raise ValueError("secret detail")


def panel(load: Any) -> Panel:
    return Panel(id="trend", title="受理与办结", load=load, view=lambda model: {"body": model}, fills=("body",))


def test_a_panel_that_fails_keeps_its_picture_and_gives_a_number_to_ask_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    drawn = fill_panel(panel(broken), ASK, Filters())
    assert drawn.keys() == {("trend-fault", "children")}
    words = drawn["trend-fault", "children"]
    assert words.startswith("受理与办结未更新，其余正常") and "secret" not in words
    assert words[-7:-1] in caplog.text and "secret" not in caplog.text


def test_a_panel_that_works_says_until_when_and_clears_its_fault() -> None:
    drawn = fill_panel(panel(lambda _ask, _filters: 7), ASK, Filters())
    assert drawn["body", "children"] == 7
    assert drawn["trend-fault", "children"] == ""
    assert drawn["trend-asof", "children"] == "截至 03-14 08:00"


def test_pages_have_their_own_paths_orders_and_elements() -> None:
    pages = find_pages()
    assert [page.path for page in pages] == [
        "/",
        "/brief",
        "/map",
        "/risk",
        "/departments",
        "/wuhua",
        "/explore",
        "/care",
        "/case",
        "/definitions",
        "/screens",
        "/audit",
    ]
    assert [page.path for page in pages if not page.in_nav] == ["/case"]
    for page in pages:
        targets = [target for panel in page.panels for target in panel.targets]
        assert len(set(targets)) == len(targets)


def test_a_target_without_a_property_is_an_elements_children() -> None:
    assert prop("sentence") == ("sentence", "children")
    assert prop(("chart", "figure")) == ("chart", "figure")


def test_the_last_tenth_before_the_deadline_is_counted() -> None:
    """Bin 9 ends at the deadline: 3 in it, 1 before, 4 late."""

    def row(bin_: str, count: int) -> Row:
        values = {key: Value(count if key == "wuhua_met" else 0) for key in wuhua.FINISHED}
        return Row(("R", bin_), ("风险", bin_), values)

    rows = (row("8", 1), row("9", 3), row("10", 4))
    answer = Answer(wuhua.FINISHED, ("kind", "elapsed_bin"), rows, "snap", datetime(2026, 3, 14))
    drawn = wuhua.view_used(wuhua.Used(answer, {"R": "风险即时化"}))
    assert str(drawn["used-tail"]).startswith("到期前最后一成时间内完成 3 件，占 37.5%")
