"""T-07: is a purpose taken exactly where it is one line of 2–100 printable characters, fit for trail and file?"""

from __future__ import annotations

from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from dashboard.api import BadRequestError
from dashboard.audit.events import checked
from dashboard.stamps import ASKED, LEAST, MOST, purpose_of

PRINTED = st.characters(codec="utf-8").filter(str.isprintable)
EDGES = PRINTED.filter(lambda letter: letter != " ")
SPACES = st.text(" \u3000", max_size=3)
UNPRINTED = st.characters(codec="utf-8").filter(lambda letter: not letter.isprintable() and letter != "\u3000")


@st.composite
def lines(draw: st.DrawFn, least: int, most: int) -> str:
    """A line of printable characters that begins and ends with none that is blank."""
    inner = draw(st.text(PRINTED, min_size=least - 2, max_size=most - 2))
    return draw(EDGES) + inner + draw(EDGES)


def asking(purpose: str) -> Request:
    """A request for a file."""
    return Request({"type": "http", "query_string": urlencode({"purpose": purpose}).encode(), "headers": []})


def is_refused(purpose: str) -> bool:
    """Is it refused, with the sentence that says what to write?"""
    with pytest.raises(BadRequestError) as refusal:
        purpose_of(asking(purpose))
    return str(refusal.value) == ASKED


@given(lines(LEAST, MOST), SPACES, SPACES)
@example("会议", "", "")
@example("长" * MOST, "\u3000", " ")
@example("会\u3000议", "", "")
@example("👩" * MOST, "", "")
@example("=1+1", "", "")
@example("<b>&amp;", "", "")
def test_a_line_of_two_to_a_hundred_characters_is_taken_and_fits_trail_and_file(
    line: str, before: str, after: str
) -> None:
    found = purpose_of(asking(before + line + after))
    assert found == line.replace("\u3000", " ")
    assert '"purpose"' in checked("brief_made", {"format": "pdf", "filters": {}, "purpose": found})
    assert ElementTree.fromstring(f"<a>{escape(found)}</a>").text == found


@given(st.text(PRINTED, max_size=LEAST - 1) | lines(MOST + 1, MOST + 60), SPACES)
@example("", "")
@example("会", "\u3000")
@example("长" * (MOST + 1), "")
def test_what_is_too_short_or_too_long_is_refused(text: str, around: str) -> None:
    assert is_refused(around + text + around)


@given(st.text(PRINTED, min_size=1, max_size=49), UNPRINTED, st.text(PRINTED, min_size=1, max_size=49))
@example("会议", "\n", "材料")
@example("会议", "\x00", "材料")
@example("会议", "\u202e", "材料")
@example("会议", "\ufeff", "材料")
@example("会议", "\u2028", "材料")
def test_no_character_that_prints_nothing_comes_into_a_file(before: str, hidden: str, after: str) -> None:
    assert is_refused(before.strip() + "甲" + hidden + "甲" + after.strip())
