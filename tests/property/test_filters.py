"""Is the URL the whole question? Round trips, and text of any kind."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.filters import AGAINST, DIMENSIONS, EARLIEST, LATEST, MAX_TEXT, VIEW_KEYS, Filters, parse, window

CODES = st.text(min_size=1, max_size=MAX_TEXT).filter(lambda t: t == t.strip() and t.isprintable())
DAYS = st.dates(EARLIEST, LATEST)
WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)
VIEWS = {"case": CODES, "against": st.sampled_from(AGAINST), "moment": DAYS.map(date.isoformat)}


@st.composite
def filters(draw: st.DrawFn) -> Filters:
    """Any question a page can ask."""
    days = sorted(draw(st.lists(DAYS, min_size=2, max_size=2, unique=True)))
    since, until = draw(st.sampled_from([(None, None), (days[0], None), (None, days[1]), tuple(days)]))
    codes = {d: draw(st.lists(CODES, max_size=3)) for d in draw(st.sets(st.sampled_from(list(DIMENSIONS)), max_size=4))}
    view = {key: draw(VIEWS.get(key, WORDS)) for key in draw(st.sets(st.sampled_from(list(VIEW_KEYS))))}
    return Filters().replace(since=since, until=until, **codes, **view)


@settings(max_examples=40)
@given(filters())
def test_what_is_asked_is_what_the_url_says(asked: Filters) -> None:
    found = parse(asked.to_query())
    assert (found.filters, found.notes) == (asked, ())
    assert found.filters.to_query() == asked.to_query()
    assert hash(found.filters) == hash(asked)


@settings(max_examples=40)
@given(filters(), st.randoms(use_true_random=False))
def test_the_order_of_the_keys_makes_no_difference(asked: Filters, chance: object) -> None:
    pairs = [p for p in asked.to_query().split("&") if p]
    chance.shuffle(pairs)  # type: ignore[attr-defined]
    assert parse("?" + "&".join(pairs)).filters == asked


@given(st.text(max_size=300))
@example("since=&until=&town=")
@example("%")
@example("a=%zz&since=\x00&town=%ed%a0%80")
@example("&".join(f"town={n}" for n in range(5000)))
def test_no_text_at_all_makes_parsing_fail(text: str) -> None:
    found = parse(text)
    assert isinstance(found.filters, Filters)
    parse(found.filters.to_query())
    found.filters.describe({})


@given(
    st.lists(
        st.tuples(st.sampled_from(["since", "until", *DIMENSIONS, *VIEW_KEYS, "planet"]), st.text(max_size=80)),
        max_size=8,
    )
)
def test_no_value_makes_parsing_fail_and_what_is_understood_is_stable(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{key}={quote(value.encode(errors='replace'))}" for key, value in pairs)
    found = parse(query)
    again = parse(found.filters.to_query())
    assert (again.filters, again.notes) == (found.filters, ())


@given(st.text(min_size=1).filter(lambda k: k.strip() and k not in {"since", "until", *DIMENSIONS, *VIEW_KEYS}))
def test_an_unknown_key_is_left_out_and_said_so(key: str) -> None:
    found = parse(urlencode({key: "1"}))
    assert found.filters == Filters()
    assert (len(found.notes), "不认识的筛选项" in found.notes[0]) == (1, True)


@pytest.mark.parametrize(
    "value", ["yesterday", "2026-02-30", "2026-13-01", "01/02/2026", "2026-3-1", "٢٠٢٦-٠٣-٠١", "1e9"]
)
@pytest.mark.parametrize("key", ["since", "until"])
def test_a_day_that_is_none_is_left_out_and_said_so(key: str, value: str) -> None:
    found = parse(urlencode({key: value}))
    assert (found.filters, len(found.notes)) == (Filters(), 1)


def test_a_code_the_snapshot_does_not_know_is_left_out_and_said_so() -> None:
    found = parse("town=1&town=2&kind=C", {"town": {"1": "云溪镇"}, "kind": {"C": "矛盾"}})
    assert (found.filters, len(found.notes)) == (Filters(town=("1",), kind=("C",)), 1)


def test_a_span_that_ends_before_it_begins_is_left_out_and_said_so() -> None:
    found = parse("since=2026-03-02&until=2026-03-02&kind=C")
    assert (found.filters, len(found.notes)) == (Filters(kind=("C",)), 1)


def test_a_day_given_twice_counts_as_the_last_and_is_said_so() -> None:
    found = parse("since=2026-03-01&since=2026-03-02")
    assert (found.filters.since, len(found.notes)) == (date(2026, 3, 2), 1)


@pytest.mark.parametrize("key", list(VIEW_KEYS))
def test_a_view_that_cannot_be_is_left_out_and_said_so(key: str) -> None:
    found = parse(urlencode({key: "x\ny"}))
    assert (found.filters, len(found.notes)) == (Filters(), 1)


def test_half_a_character_is_left_out_and_said_so() -> None:
    found = parse("town=\ud800")
    assert found.filters.to_query() == ""
    assert found.notes


@settings(max_examples=40)
@given(filters(), st.sampled_from(list(DIMENSIONS)), CODES)
def test_narrowing_twice_by_the_same_code_widens_again(asked: Filters, dimension: str, code: str) -> None:
    once = asked.narrow(dimension, code)
    assert (code in once.values(dimension)) != (code in asked.values(dimension))
    assert code not in once.narrow(dimension, code).values(dimension) or code not in once.values(dimension)


@settings(max_examples=40)
@given(filters(), st.integers(0, 23))
def test_a_period_is_whole_days_from_cut_off_to_cut_off(asked: Filters, hour: int) -> None:
    span = window(asked, hour)
    assert (span.start is None) == (asked.since is None)
    assert (span.end is None) == (asked.until is None)
    for moment, day in ((span.start, asked.since), (span.end, asked.until)):
        assert moment is None or (moment.date(), moment.hour) == (day, hour)
