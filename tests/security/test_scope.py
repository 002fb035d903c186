"""P03, T-03, T-03b, H-21, H-22, H-25: does a town officer ever get a row, or a number, of another town?

One warehouse answers everybody, on eight threads and with warm caches. What comes out is held against plain Python over
the rows of the cases, and for the other metrics against the county's own answer about the officer's towns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from dashboard.ask import CASE_ORDERS, Answer, Ask
from dashboard.auth.identity import Identity, NobodyError, acting
from dashboard.case_file import NoSuchCaseError
from dashboard.filters import DIMENSIONS, Filters, parse
from dashboard.metrics.catalog import METRICS
from dashboard.metrics.query import GROUPS, TIME_GROUPS, UnknownQuestionError
from dashboard.scope import NOWHERE, Towns, within
from dashboard.scoped import ScopedWarehouse
from dashboard.warehouse import Warehouse
from tests import builders

QUESTIONS, TIMES, THREADS = 420, 6, 8
HOSTILE = ("", "%", "_", "*", "' or 1=1 --", "null", "\x00", NOWHERE, "全部", "990108%", "[]", "0")
NOBODYS = "没有这个镇"
"""A code of the county's that no row holds: what a question about foreign towns must come to."""
GROUPINGS = [(), *((g,) for g in GROUPS)] + [
    (a, b) for a in GROUPS for b in GROUPS if a < b and not {a, b} <= set(TIME_GROUPS)
]

Case = Mapping[str, Any]


@dataclass(frozen=True)
class County:
    """The opened warehouse, its cases as plain rows, and its places."""

    door: Warehouse
    cases: tuple[Case, ...]
    places: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, tuple[str, str]]
    days: tuple[date, ...]
    answers: dict[Any, Any] = field(default_factory=dict)

    @property
    def towns(self) -> tuple[str, ...]:
        return self.places["town"]

    def town_of(self, dimension: str, code: str) -> str:
        return code if dimension == "town" else self.parents[code][1]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with builders.demo_county(tmp_path_factory.mktemp("scope"), cases=1500, seed=5, months=6, grids=300) as door:
        with door.lease() as ask:
            door.wait_until_warm()
            rows = ask.database.records("select * from mart.fact_case order by case_key")
            places = {d: tuple(ask.vocabulary[d]) for d in ("town", "village", "grid")}
            last = ask.info.as_of.date()
            days = tuple(last - timedelta(days=n) for n in (200, 120, 61, 30, 7, 1, 0, -1))
            found = County(door, tuple(rows), places, ask.parents, days)
        assert len(found.towns) > 3 and any(not case["town"] for case in rows)
        yield found


def officer(town: str) -> Identity:
    return Identity(name=f"officer-{town}", shown_name="乡镇", role="town", town=town, kind="session")


ANALYST = Identity(name="analyst", shown_name="分析员", role="analyst", kind="session")


def asking(county: County, towns: Towns, question: Callable[[Ask], Any]) -> Any:
    """The outcome of a question through the door that routes and pages use."""
    alone = towns is not None and len(towns) == 1
    with acting(officer(towns[0]) if towns and alone else ANALYST), ScopedWarehouse(county.door).lease() as ask:
        return question(ask if alone else ask.within(towns))


# --- the questions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What is asked, with which filters, and what else it takes."""

    what: str
    filters: Filters
    more: tuple[Any, ...] = ()


def questions(county: County, count: int) -> list[Question]:
    chance = Random(20261126)
    return [_question(county, chance, number) for number in range(count)]


def _question(county: County, chance: Random, number: int) -> Question:
    what = (*["numbers"] * 9, *sorted(WAYS))[number % (len(WAYS) + 9)]
    metrics = [METRICS[(number + step * 7) % len(METRICS)].key for step in range(chance.randint(1, 3))]
    more = {
        "numbers": (tuple(dict.fromkeys(metrics)), GROUPINGS[number % len(GROUPINGS)]),
        "cases": (chance.choice(list(CASE_ORDERS)), chance.choice((1, 20, 5000)), chance.choice((0, 0, 3))),
        "case": (_case_id(county, chance),),
        "frames": (chance.choice(("open", "accepted")), chance.choice(("town", "village", "grid"))),
    }
    return Question(what, _filters(county, chance), more.get(what, ()))


def _case_id(county: County, chance: Random) -> str:
    known = chance.choice(county.cases)["case_id"]
    return str(chance.choice((known, known, known, known + "1", known.lower() + "%", "%", "' or 1=1 --", "")))


def _filters(county: County, chance: Random) -> Filters:
    wanted: dict[str, Any] = {}
    for dimension, share in (("town", 0.6), ("village", 0.2), ("grid", 0.15)):
        if chance.random() < share:
            codes = [*chance.sample(county.places[dimension], chance.randint(1, 3)), chance.choice(HOSTILE)]
            wanted[dimension] = chance.sample(codes, chance.randint(1, len(codes)))
    for dimension, codes in (("kind", "RHCDP"), ("severity", ("general", "major")), ("status", ("closed", "overdue"))):
        if chance.random() < 0.15:
            wanted[dimension] = [chance.choice(codes)]
    since, until = sorted(chance.sample(county.days, 2))
    filters = Filters().replace(**wanted)
    return filters.shifted(since=chance.choice((None, since)), until=chance.choice((None, until)))


def seen_towns(filters: Filters, towns: Towns) -> tuple[str, ...]:
    """What may be seen of what is asked, said once more and otherwise; empty for all of the county."""
    if towns is None:
        return filters.town
    return tuple(t for t in towns if t and (not filters.town or t in filters.town)) or (NOBODYS,)


# --- how each is answered, and by whom it is known ----------------------------------------------------------------


def in_plain(county: County, question: Question, towns: Towns) -> list[Case]:
    """The cases accepted in the period that may be seen, by plain Python."""
    filters = question.filters
    wanted = {d: set(filters.values(d)) for d in DIMENSIONS if filters.values(d)}
    if towns is not None or filters.town:
        wanted["town"] = set(seen_towns(filters, towns))
    return [
        case
        for case in county.cases
        if all(case[d] in codes for d, codes in wanted.items())
        and (filters.since is None or case["accept_at"].date() >= filters.since)
        and (filters.until is None or case["accept_at"].date() < filters.until)
    ]


def check_numbers(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    metrics, by = question.more
    filters = question.filters
    known = Filters().replace(**{d: filters.values(d) for d in DIMENSIONS} | {"town": seen_towns(filters, towns)})
    known = known.shifted(since=filters.since, until=filters.until)
    got = outcome(lambda: ask.numbers(metrics, by=by, filters=filters))
    expected = of_the_county(county, metrics, by, known)
    if isinstance(got, str) or isinstance(expected, str):
        assert got == expected
        return
    said, all_said = told(got), expected
    assert said == {codes: row for codes, row in all_said.items() if codes in said}
    for codes in all_said.keys() - said.keys():
        assert not holds(county, by, codes, towns), (codes, "a row of one's own is missing")
        assert not any(all_said[codes][1].values()), (codes, "counts of a foreign place")
    assert all(holds(county, by, row.codes, towns) for row in got.rows)
    if "accepted" in metrics and not by:
        assert got.only("accepted").value == len(in_plain(county, question, towns))


def of_the_county(county: County, metrics: tuple[str, ...], by: tuple[str, ...], filters: Filters) -> Any:
    """The whole county's answer about some towns, read once."""
    key = (metrics, by, filters)
    if key not in county.answers:
        with county.door.lease() as whole:
            found = outcome(lambda: whole.numbers(metrics, by=by, filters=filters))
        county.answers[key] = found if isinstance(found, str) else told(found)
    return county.answers[key]


def outcome(work: Callable[[], Answer]) -> Answer | str:
    try:
        return work()
    except UnknownQuestionError as error:
        return str(error)


def told(answer: Answer) -> dict[tuple[str, ...], tuple[Sequence[str], dict[str, Any]]]:
    return {
        row.codes: (row.labels, {k: (v.value or v.n or v.N) and (v.value, v.n, v.N) for k, v in row.values.items()})
        for row in answer.rows
    }


def holds(county: County, by: Sequence[str], codes: Sequence[str], towns: Towns) -> bool:
    """Are all places among these codes of these towns?"""
    places = [(g, c) for g, c in zip(by, codes, strict=True) if g in county.places and c in county.places[g]]
    return towns is None or all(county.town_of(g, c) in towns for g, c in places)


def check_cases(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    order, limit, offset = question.more
    page = ask.cases(question.filters, order=order, limit=limit, offset=offset)
    expected = in_plain(county, question, towns)
    if order != "urgent":
        expected = sorted(expected, key=lambda c: (c["accept_at"], c["case_key"]), reverse=order == "newest")
        assert [row["case_id"] for row in page.rows] == [c["case_id"] for c in expected[offset:][:limit]]
    assert page.total == len(expected)
    assert {row["case_id"] for row in page.rows} <= {case["case_id"] for case in expected}


def check_whole(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    got = [row["case_id"] for batch in ask.whole_cases(question.filters) for row in batch]
    assert Counter(got) == Counter(case["case_id"] for case in in_plain(county, question, towns))


def check_drawn(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    expected = in_plain(county, question, towns)
    points, others = ask.points(question.filters), ask.unlocated(question.filters, limit=5000)
    assert {r["case_id"] for r in points} == {c["case_id"] for c in expected if c["place"] == "point"}
    assert {r["case_id"] for r in others} == {c["case_id"] for c in expected if c["place"] != "point"}
    assert ask.place_states(question.filters) == Counter(case["place"] for case in expected)


def check_due_soon(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    with county.door.lease() as whole:
        towns_seen = seen_towns(question.filters, towns)
        expected = whole.due_soon(question.filters.replace(town=towns_seen))
    assert ask.due_soon(question.filters) == expected
    assert towns is None or all(row["town"] in towns for row in expected.rows)


def check_watch(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    open_cases = [
        case
        for case in in_plain(county, replace(question, filters=question.filters.shifted(since=None, until=None)), towns)
        if case["status"] != "closed"
    ]
    assert ask.watch.red(filters=question.filters).total == sum(case["level"] == "red" for case in open_cases)


def check_case(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    (number,) = question.more
    town = next((case["town"] for case in county.cases if case["case_id"] == number), None)
    if town is None or (towns is not None and (not town or town not in towns)):
        with pytest.raises(NoSuchCaseError) as refused:
            ask.case(number)
        assert str(refused.value) == f"没有这个事项：{number}"
    else:
        assert (ask.case(number).case["case_id"], ask.case(number).case["town"]) == (number, town)


def check_frames(county: County, question: Question, towns: Towns, ask: Ask) -> None:
    measure, level = question.more
    if question.filters.since is None:
        question = replace(question, filters=question.filters.shifted(since=county.days[2], until=county.days[-1]))
    found = ask.frames(measure, level=level, pace="week", filters=question.filters)
    assert all(holds(county, (level,), (code,), towns) for code in found.codes)
    if measure == "accepted":
        expected = Counter(case[level] for case in in_plain(county, question, towns) if case[level])
        assert {c: n for c, n in zip(found.codes, found.values.sum(axis=0).tolist(), strict=True) if n} == expected


WAYS: Mapping[str, Callable[[County, Question, Towns, Ask], None]] = {
    "numbers": check_numbers,
    "cases": check_cases,
    "whole": check_whole,
    "drawn": check_drawn,
    "due_soon": check_due_soon,
    "watch": check_watch,
    "case": check_case,
    "frames": check_frames,
}


def test_p03_t03_ten_thousand_questions_of_several_scopes_at_once_give_no_foreign_row(county: County) -> None:
    """The same question by the county, two officers and one of two towns, six times over, in no order."""
    a, b, c = county.towns[:3]
    asked = [(q, towns) for q in questions(county, QUESTIONS) for towns in (None, (a,), (b,), (a, c))] * TIMES
    Random(7).shuffle(asked)

    def answer(one: tuple[Question, Towns]) -> None:
        question, towns = one
        asking(county, towns, lambda ask: WAYS[question.what](county, question, towns, ask))

    with ThreadPoolExecutor(THREADS) as pool:
        answered = sum(1 for _ in pool.map(answer, asked))
    assert answered == QUESTIONS * TIMES * 4 >= 10_000


# --- one question, asked by one after the other -------------------------------------------------------------------


def totals(county: County, towns: Towns, metrics: Sequence[str], filters: Filters) -> dict[str, Any]:
    row = asking(county, towns, lambda ask: ask.numbers(metrics, filters=filters).rows[0])
    return {key: value.value for key, value in row.values.items()}


@pytest.mark.parametrize("by", [(), ("town",), ("grid",), ("department", "month")])
def test_t03b_the_same_question_of_county_and_town_one_after_the_other_never_mixes(
    county: County, by: tuple[str, ...]
) -> None:
    a, b = county.towns[:2]
    filters = Filters(since=county.days[0])

    def answer(towns: Towns) -> Answer:
        found: Answer = asking(county, towns, lambda ask: ask.numbers(["accepted", "open"], by=by, filters=filters))
        return found

    first = {towns: answer(towns) for towns in ((a,), None, (b,))}
    again = {towns: answer(towns) for towns in (None, (b,), (a,))}
    assert first == again
    assert len({str(found.rows) for found in first.values()}) == 3
    for towns, found in first.items():
        mine = [c for c in county.cases if c["accept_at"].date() >= county.days[0] and within_towns(c, towns)]
        assert sum(row.values["accepted"].value or 0 for row in found.rows) == len(mine)


def within_towns(case: Case, towns: Towns) -> bool:
    return towns is None or case["town"] in towns


def test_t03b_an_ask_is_made_once_per_scope_and_no_scope_grows(county: County) -> None:
    a, b = county.towns[:2]
    with county.door.lease() as ask:
        assert ask.within((a, b)) is ask.within((b, a, a)) and ask.within(None) is ask
        officer_ask = ask.within((a,))
        assert officer_ask.within(None) is officer_ask and officer_ask.within((a, b)).towns == (a,)
        assert officer_ask.within((b,)).towns == () and officer_ask.cubes is ask.cubes
        assert officer_ask.within((b,)).cases(Filters()).total == 0


@pytest.mark.parametrize("span", [(None, None), (0, 3), (1, 6)])
def test_t03_all_towns_and_what_has_none_come_to_the_county(county: County, span: tuple[Any, Any]) -> None:
    since, until = (None if n is None else county.days[n] for n in span)
    keys = [m.key for m in METRICS if m.kind in ("flow", "stock", "current")]
    filters = Filters(since=since, until=until)
    parts = [totals(county, (town,), keys, filters) for town in county.towns]
    parts.append(totals(county, None, keys, filters.replace(town=("",))))
    assert {key: sum(part[key] for part in parts) for key in keys} == totals(county, None, keys, filters)
    assert len(keys) > 5


@pytest.mark.parametrize("towns", [(), ("",), (NOWHERE,), ("990108999",), ("%",)])
def test_h22_a_scope_of_nothing_sees_nothing(county: County, towns: tuple[str, ...]) -> None:
    """An account whose town is empty or gone is nobody's, not everybody's."""
    with county.door.lease() as whole:
        ask = whole.within(towns)
        for town in ((), ("",), county.towns, (NOWHERE,)):
            assert ask.cases(Filters(town=town)).total == 0
            assert ask.numbers(["accepted"], filters=Filters(town=town)).only("accepted").value == 0
        assert not any(ask.vocabulary[d] for d in ("town", "village", "grid")) and not ask.parents
        assert not ask.risk.grids(ask.risk.run("").run_id) and not ask.risk.near_repeats()


@pytest.mark.parametrize("town", [(), ("",), ("A", "B"), ("B",), ("%",), (NOWHERE,)])
def test_h21_h22_no_filter_comes_to_any_town(town: tuple[str, ...]) -> None:
    seen = within(Filters(town=town), ("A",)).town
    assert seen == (("A",) if not town or "A" in town else (NOWHERE,))
    assert within(within(Filters(town=town), ("A",)), ("A",)).town == seen


def test_p03_who_is_not_known_gets_no_lease(county: County) -> None:
    with pytest.raises(NobodyError), ScopedWarehouse(county.door).lease():
        pass


def test_t03_addresses_that_name_foreign_places_are_notes(county: County) -> None:
    a, b = county.towns[:2]
    foreign = [f"{d}={next(c for c in county.places[d] if county.town_of(d, c) == b)}" for d in county.places]
    parsed = asking(county, (a,), lambda ask: parse("&".join(foreign), ask.vocabulary))
    assert parsed.filters == Filters() and len(parsed.notes) == 3
    unknown = asking(county, (a,), lambda ask: parse("town=990108999", ask.vocabulary))
    assert parsed.notes[0].replace(b, "") == unknown.notes[0].replace("990108999", "")


# --- what is not asked by filters ---------------------------------------------------------------------------------


def test_p03_risk_is_of_ones_own_grids(county: County) -> None:
    for town in county.towns:
        ours = {grid for grid in county.places["grid"] if county.town_of("grid", grid) == town}
        foreign = next(grid for grid in county.places["grid"] if grid not in ours)

        def check(ask: Ask, town: str = town, ours: set[str] = ours, foreign: str = foreign) -> None:
            run = ask.risk.run("")
            with county.door.lease() as whole:
                known = whole.risk.grids(run.run_id)
                assert ask.risk.grids(run.run_id) == {g: risk for g, risk in known.items() if g in ours}
                some = next(iter(ask.risk.grids(run.run_id)))
                assert ask.risk.parts(run, some) == whole.risk.parts(run, some)
            assert ask.risk.parts(run, foreign).cases == ()
            numbers = {case["case_id"] for case in county.cases if case["town"] == town}
            near = ask.risk.near_repeats()
            assert {row["case_id"] for row in near} | {row["other_id"] for row in near} <= numbers
            span = Filters(since=county.days[2], until=county.days[-1])
            codes = set(ask.frames("risk", level="grid", pace="week", filters=span).codes)
            assert codes and codes <= ours

        asking(county, (town,), check)


@pytest.mark.parametrize("months", [1, 3, 12])
@pytest.mark.parametrize("by", [(), ("care_group",), ("village",), ("town", "month"), ("village", "care_group")])
def test_p03_care_is_of_ones_own_villages_and_what_the_county_publishes_of_them(
    county: County, months: int, by: tuple[str, ...]
) -> None:
    for town in county.towns[:3]:
        with county.door.lease() as whole:
            expected = whole.care.ask(by, months=months, filters=Filters(town=(town,)))
        assert any(value.value for row in expected.rows for value in row.values.values())
        for asked in ((), (town,), county.towns):
            filters = Filters(town=asked)
            got = asking(county, (town,), lambda ask, f=filters: ask.care.ask(by, months=months, filters=f))
            assert got == expected


def test_p03_care_of_foreign_places_is_nothing(county: County) -> None:
    a, b = county.towns[:2]
    village = next(v for v in county.places["village"] if county.town_of("village", v) == b)
    for filters in (Filters(town=(b,)), Filters(village=(village,)), Filters(town=(a,), village=(village,))):
        found = asking(county, (a,), lambda ask, f=filters: ask.care.ask(["village"], months=12, filters=f))
        assert not any(value.value for row in found.rows for value in row.values.values())
        assert all(county.town_of("village", row.codes[0]) == a for row in found.rows)


def test_p03_no_rows_of_files_are_told_to_those_who_see_some_towns(county: County) -> None:
    with county.door.lease() as ask:
        assert any(row["rows_in"] for row in ask.loads())
        own = ask.within(county.towns[:1])
        assert all(row["rows_in"] is None and row["loaded"] is None for row in own.loads())
        assert any(row["rows"] for row in ask.quality()) and all(row["rows"] is None for row in own.quality())
        assert any(row["sentence"] for row in ask.coordinate_checks())
        assert not any(row["sentence"] for row in own.coordinate_checks())
        assert own.geometry("town") == ask.geometry("town")
