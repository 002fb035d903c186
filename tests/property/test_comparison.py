"""Is like compared with like, whatever the days, and do the parts of a change always add up to it?"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from dashboard.comparison.chance import BEYOND, discoveries, p_value, rate_score
from dashboard.comparison.festival import REACH
from dashboard.comparison.parts import Pair, contributions
from dashboard.comparison.spans import Span, spans, windows
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value

DAYS = st.dates(date(2016, 3, 1), date(2035, 1, 1))
HOURS = st.sampled_from([0, 6, 12])


def elapsed(span: Span, cutoff: int, end: datetime | None) -> timedelta:
    """From the beginning of a span to its end, or to the moment that cuts it."""
    whole = datetime.combine(span.until, time(cutoff))
    return min(span.at or whole, end or whole) - datetime.combine(span.since, time(cutoff))


@given(DAYS, st.integers(1, 400), st.datetimes(datetime(2016, 3, 1), datetime(2035, 1, 1)), HOURS)
def test_two_spans_that_are_compared_are_equally_long(since: date, days: int, as_of: datetime, cutoff: int) -> None:
    filters = Filters(since=since, until=since + timedelta(days=days))
    found = spans(filters, as_of, cutoff)
    if found is None:
        return
    now = elapsed(found.now, cutoff, as_of if found.is_running else None)
    assert found.previous.until <= found.now.since or found.previous_name == "去年同期"
    if "天" in found.previous_name:
        assert elapsed(found.previous, cutoff, None) == now
    assert abs(elapsed(found.last_year, cutoff, None) - now) <= timedelta(days=1)  # 29 February
    for window in windows(filters, as_of, cutoff)[:2]:
        is_cut = found.is_running and window.now.until == found.now.until
        assert elapsed(window.before, cutoff, None) == elapsed(window.now, cutoff, as_of if is_cut else None)


@given(st.integers(2016, 2035), st.integers(-40, 40), st.integers(1, 61))
def test_alignment_keeps_the_offset_and_the_number_of_days(year: int, first: int, days: int) -> None:
    from dashboard.comparison.festival import days as festivals

    day0, before = festivals()[year], festivals()[year - 1]
    since = day0 + timedelta(days=first)
    filters = Filters(since=since, until=since + timedelta(days=days), calendar="festival")
    found = spans(filters, datetime(2040, 1, 1))
    assert found is not None
    assert found.is_by_festival == (first >= -REACH and first + days - 1 <= REACH)
    if found.is_by_festival:
        assert found.now.days == found.last_year.days == days
        assert found.last_year.since - before == since - day0


@st.composite
def rates(draw: st.DrawFn) -> Value:
    total = draw(st.integers(0, 300))
    n = draw(st.integers(0, total))
    return Value(n / total, n, total) if total else Value(None, 0, 0, "none")


@given(st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(rates(), rates()), min_size=1))
def test_the_parts_of_a_rate_add_up_to_its_change(parts: dict[str, Pair]) -> None:
    found = contributions(BY_KEY["on_time_rate"], parts)
    sums = [(sum(p[s].n or 0 for p in parts.values()), sum(p[s].N or 0 for p in parts.values())) for s in (0, 1)]
    if not all(total for _, total in sums):
        assert found == ()
        return
    change = sums[0][0] / sums[0][1] - sums[1][0] / sums[1][1]
    assert isclose(sum(part.total for part in found), change, abs_tol=1e-12)
    assert isclose(sum(part.weight for part in found), 1.0)


@given(st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1))
def test_the_parts_of_a_count_add_up_to_its_change(counts: dict[str, tuple[int, int]]) -> None:
    parts = {code: (Value(now), Value(before)) for code, (now, before) in counts.items()}
    found = contributions(BY_KEY["accepted"], parts)
    assert sum(part.total for part in found) == sum(now - before for now, before in counts.values())


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0, 1))
def test_one_more_difference_that_is_surely_chance_names_no_more(p_values: list[float], share: float) -> None:
    named = discoveries(p_values, share=share)
    with_one = discoveries([*p_values, 1.0], share=share)[:-1]
    assert share == 1 or all(before or not after for before, after in zip(named, with_one, strict=True))
    if any(named):
        assert max(p for p, is_named in zip(p_values, named, strict=True) if is_named) <= share


@given(st.tuples(st.integers(0, 400), st.integers(1, 400)), st.tuples(st.integers(0, 400), st.integers(1, 400)))
def test_a_rate_against_itself_is_never_news_and_sides_mirror(one: tuple[int, int], other: tuple[int, int]) -> None:
    now, before = (min(one), max(one)), (min(other), max(other))
    score, mirrored = rate_score(now, before), rate_score(before, now)
    assert (score is None) == (mirrored is None)
    if score is not None and mirrored is not None:
        assert isclose(score, -mirrored, abs_tol=1e-9)
        assert (p_value(score) < 0.05) == (abs(score) > BEYOND)
    assert not rate_score(now, now)
