"""Do 0, 无数据, 来源中断, 无权限 and the others look different to somebody who sees no colours?"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations

from tests.e2e.conftest import Visitor

LOOKS = """() => [...document.querySelectorAll('[data-sample]')].map(row => {
  const tile = row.querySelector('.sample-tile');
  const frame = getComputedStyle(tile);
  const mark = row.querySelector('th .state-shape');
  const sign = getComputedStyle(mark);
  const area = getComputedStyle(row.querySelector('.sample-area'));
  return {
    sample: row.dataset.sample, state: tile.dataset.state, words: tile.textContent,
    frame: [frame.borderTopStyle, frame.borderTopWidth].join(' '),
    sign: [sign.display, sign.clipPath, sign.borderTopStyle, sign.backgroundImage, sign.height].join(' '),
    area: [area.borderTopStyle, area.borderTopColor, area.backgroundImage, area.backgroundColor].join(' '),
  };
})"""
SAME_AREA = {frozenset(("ok", "partial")), frozenset(("none", "unknown")), frozenset(("small", "hidden"))}
"""What a map cannot tell apart, as the page says: its legend and its list do."""


def test_every_state_has_a_shape_and_words_of_its_own(desk: Visitor) -> None:
    desk.open("/definitions")
    looks = {look["sample"]: look for look in desk.tab.evaluate(LOOKS)}
    assert len(looks) == 9
    for one, other in combinations(looks, 2):
        assert looks[one]["words"] != looks[other]["words"] or {one, other} <= {"ok"}
        if {one, other} != {"ok", "zero"}:
            assert looks[one]["sign"] != looks[other]["sign"], (one, other)
        if frozenset((one, other)) not in SAME_AREA:
            assert looks[one]["area"] != looks[other]["area"], (one, other)
    assert {looks[name]["state"] for name in looks} == {*looks} - {"zero"}
    assert looks["none"]["frame"].startswith("dashed")
    assert looks["small"]["frame"].startswith("dotted")


def test_pages_tell_the_states_of_their_numbers(desk: Visitor) -> None:
    """A few days of one kind: some numbers are there, some are too few, some are not there at all."""
    as_of = datetime.fromisoformat(desk.api("/api/v1/query?metrics=accepted")["as_of"])
    desk.open(f"/?since={(as_of - timedelta(days=6)).date()}&kind=R")
    states = set(desk.tab.evaluate("() => [...document.querySelectorAll('[data-metric]')].map(m => m.dataset.state)"))
    assert states == {"ok", "small", "none"}
    mark = desk.tab.locator('#towns-list [data-state="none"]').first
    assert "无数据" in mark.inner_text()
    drawn = mark.evaluate("mark => getComputedStyle(mark, '::before').borderTopStyle")
    assert drawn == "solid"
