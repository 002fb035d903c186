"""What does axe-core hold against a page? WCAG 2.2, A and AA."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """(tags) => window.axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], rules: {'target-size': {enabled: true}},
}).then(found => found.violations)"""


def violations(tab: Page) -> list[str]:
    """Each violation in a line: the rule, the element, and what is wrong with it. The policy of the page allows no
    script of ours: the debugger brings it in."""
    if not tab.evaluate("() => Boolean(window.axe)"):
        tab.evaluate(AXE_SCRIPT)
    return [_line(rule, node) for rule in tab.evaluate(RUN, TAGS) for node in rule["nodes"]]


def _line(rule: dict[str, Any], node: dict[str, Any]) -> str:
    said = node["failureSummary"].split("\n")[1].strip()
    return f"{rule['id']} {node['target']} {said}"
