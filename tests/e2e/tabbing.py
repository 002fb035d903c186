"""Where does Tab lead on a page, and can one see where one is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

LOOK = """() => {
  const box = document.activeElement;
  if (!box || box === document.body) return null;
  const around = box.closest('.mantine-Input-input') || box;
  const rings = [box, around].map(one => getComputedStyle(one));
  const ring = Math.max(...rings.map(s => s.outlineStyle === 'none' ? 0 : parseFloat(s.outlineWidth)));
  const at = box.getBoundingClientRect();
  const x = (Math.max(at.left, 0) + Math.min(at.right, innerWidth)) / 2;
  const y = (Math.max(at.top, 0) + Math.min(at.bottom, innerHeight)) / 2;
  const top = document.elementFromPoint(x, y);
  box.dataset.tabbed = '';
  return {
    what: box.tagName + '.' + box.className + '#' + box.id + ' ' + box.textContent.slice(0, 20),
    ring: ring, isSeen: Boolean(top) && (box.contains(top) || top.contains(box)),
  };
}"""
MISSED = """() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex]')].filter(box =>
    box.tabIndex >= 0 && !box.disabled && box.checkVisibility({visibilityProperty: true}) &&
    !('tabbed' in box.dataset) && !box.closest('.ag-root-wrapper')
  ).map(box => box.tagName + '.' + box.className + '#' + box.id)"""


@dataclass(frozen=True)
class Stop:
    """Where the focus rests: which element, how thick its ring is, whether anything lies over it."""

    what: str
    ring: float
    is_seen: bool


def walk(tab: Page, *, most: int) -> tuple[list[Stop], list[str]]:
    """The stops of Tab from the top of the page, and the controls it never came to; none where `most` cut it short."""
    tab.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    stops: list[Stop] = []
    for _ in range(most):
        tab.keyboard.press("Tab")
        seen: dict[str, Any] | None = tab.evaluate(LOOK)
        if seen is None:
            return stops, list(tab.evaluate(MISSED))
        stops.append(Stop(seen["what"], seen["ring"], seen["isSeen"]))
    return stops, []
