"""Is every bad request of the specification's corpus asked by a test that carries its number?"""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
REQUESTS = {*range(1, 17), *range(21, 69)}
"""H-01…H-16 and H-21…H-68."""
NAMED = re.compile(r'(?:\bH-|_h|"h)(\d\d)(?=[_",:-])')
"""In a module's docstring, in a test's name, as the name of one of its parameters."""


def test_every_bad_request_has_a_test() -> None:
    paths = [path for folder in ("security", "unit", "e2e") for path in (TESTS / folder).glob("test_*.py")]
    named = {int(number) for path in paths for number in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert REQUESTS - named == set()
