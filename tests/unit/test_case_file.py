"""Does a case's page tell its way truly, whatever its log lacks?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ask import Ask
from dashboard.auth.identity import Identity, acting, may
from dashboard.case_file import CaseFile, NoSuchCaseError, Spell, holdings, spells
from dashboard.components import clocks, holders, steps
from dashboard.components.cases import case_link, case_list
from dashboard.filters import MAX_TEXT, Filters, parse
from dashboard.pages import case as page
from tests import builders
from tests.conftest import Load

START, AS_OF = datetime(2026, 3, 1, 8), builders.AS_OF
HOUR = timedelta(hours=1)


def hop(number: int, department: str, at: int, returned: int | None = None) -> dict[str, Any]:
    """A dispatch `at` hours after the start, sent back `returned` hours after it."""
    back = None if returned is None else START + returned * HOUR
    return {
        "hop": number,
        "department": department,
        "assigned_at": START + at * HOUR,
        "sign_at": None,
        "returned_at": back,
    }


def words(component: Any) -> str:
    """Every text of a component tree, in order."""
    if isinstance(component, (list, tuple)):
        return " ".join(words(part) for part in component)
    if isinstance(component, (str, int, float)):
        return str(component)
    return words(getattr(component, "children", None) or "")


def opened(file: CaseFile, filters: Filters, ask: Ask) -> str:
    """All that the page says about a case."""
    return words(list(page.view_case(page.Opened(filters, ask.vocabulary, ask.place, file=file)).values()))


# --- open times and holders ---------------------------------------------------------------------------------------


def test_a_case_closed_and_reopened_in_one_second_has_two_open_times() -> None:
    events = [("accepted", START), ("reopened", START + HOUR), ("closed", START + HOUR), ("closed", START + 3 * HOUR)]
    found = [(s.since, s.until, s.is_closed) for s in spells(events, AS_OF)]
    assert found == [(START, START + HOUR, True), (START + HOUR, START + 3 * HOUR, True)]


def test_a_case_that_nobody_got_is_unowned_to_this_day() -> None:
    (only,) = holdings([], spells([("accepted", START)], AS_OF))
    assert (only.is_unowned, only.since, only.until, only.end) == (True, START, AS_OF, "open")


def test_a_return_after_the_next_dispatch_frees_nobody_but_the_one_who_returned() -> None:
    """fact_case_dept gives a return to the hop before it, so a return is never later than the next dispatch."""
    held = holdings([hop(1, "D01", 0, 2), hop(2, "D02", 2)], spells([("accepted", START)], AS_OF))
    assert [(h.department, h.end) for h in held] == [("D01", "returned"), ("D02", "open")]


def test_what_happens_while_the_case_is_closed_counts_from_the_reopening() -> None:
    events = [("accepted", START), ("closed", START + 2 * HOUR), ("reopened", START + 9 * HOUR)]
    held = holdings([hop(1, "D01", 0), hop(2, "D02", 5)], spells(events, AS_OF))
    assert [(h.department, h.since) for h in held] == [("D01", START), ("D02", START + 9 * HOUR)]


MOMENTS = st.lists(st.integers(0, 200), min_size=0, max_size=6, unique=True).map(sorted)


@given(MOMENTS, MOMENTS, st.booleans())
def test_holders_fill_every_open_time_without_gap_or_overlap(sent: list[int], turns: list[int], back: bool) -> None:
    hops = [hop(n, f"D{n}", at, at + 1 if back else None) for n, at in enumerate(sent[::2], start=1)]
    events = [("accepted", START)]
    events += [("reopened" if n % 2 else "closed", START + (t + 1) * HOUR) for n, t in enumerate(turns)]
    open_times = spells(events, AS_OF)
    held = holdings(hops, open_times)
    assert sum(h.hours for h in held) == pytest.approx(sum((s.until - s.since) / HOUR for s in open_times))
    for spell in open_times:
        inside = [h for h in held if spell.since <= h.since < spell.until]
        assert [h.since for h in inside[1:]] == [h.until for h in inside[:-1]]
        assert (inside[0].since, inside[-1].until) == (spell.since, spell.until)
    assert all(h.hours > 0 for h in held)


# --- what a page says ---------------------------------------------------------------------------------------------


@pytest.fixture
def tell(load_county: Load) -> Iterator[Any]:
    """Load one case and its log, and tell what its page says."""

    def do(case: builders.Record, log: list[builders.Record]) -> str:
        warehouse, _ = load_county([case], log)
        with builders.asking(warehouse) as ask:
            return opened(ask.case(case["case_id"]), Filters(), ask)

    yield do


def test_a_source_without_a_log_says_so_and_still_shows_who_has_it(tell: Any) -> None:
    said = tell(builders.case("L1", START, "C", lead_department="D01", close_at=START + 30 * HOUR), [])
    assert "该来源没有流转记录" in said
    assert "县司法局" in said and "矛盾及时化" in said


def test_a_case_that_waits_for_a_department_is_called_unowned(tell: Any) -> None:
    log = [
        builders.step("U1", START, "dispatch", to_department="D01"),
        builders.step("U1", START + HOUR, "return", from_department="D01"),
    ]
    said = tell(builders.case("U1", START, "P"), log)
    assert "1 个部门经手，退回 1 次；无主合计 13.0 天" in said
    assert "无主（此前县司法局）" in said
    assert "退回后待派" in said and "未签收，退回" in said
    assert "没有新记录" in said


def test_a_clock_that_cannot_start_says_so(tell: Any) -> None:
    said = tell(builders.case("N1", START, "P"), [])
    assert "○" in said and "不可计算" in said and "尚未起算" in said


def test_a_kind_that_changed_keeps_both_clocks(tell: Any) -> None:
    fields = {"prior_kind": "C", "kind_changed_at": START + 40 * HOUR, "session_planned_at": START + 50 * HOUR}
    said = tell(builders.case("K1", START, "D", **fields), [])
    assert "矛盾及时化" in said and "纠纷适时化" in said and "原为矛盾" in said


def test_a_problem_has_one_clock_under_both_names(tell: Any) -> None:
    log = [builders.step("P1", START, "dispatch", to_department="D01")]
    said = tell(builders.case("P1", START, "P"), log)
    assert "办理期限（即问题限时化）" in said
    assert said.count("起算") == 1


def test_a_case_kept_at_its_deadline_and_reopened_later_is_explained() -> None:
    assert clocks._outcome("met", 5.0) == [("说明", "到期时已办结，之后重开")]
    assert clocks._outcome("late", -5.0) == [("说明", "办结后不久重开，不算按时")]
    assert clocks._outcome("missed", 48.0) == [("超期", "2.0 天")]
    assert clocks._outcome("running", -1.0) == [("剩余", "60 分钟")]


@pytest.mark.parametrize(("used", "said"), [(0.43, "43.0%"), (1.0, "100.0%"), (9.994, "999.4%"), (225.2, "225 倍")])
def test_a_share_of_a_limit_is_written_in_percent_and_then_in_times(used: float, said: str) -> None:
    assert clocks.share(used) == said


def test_every_verdict_of_a_snapshot_has_a_word(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        found = {row[0] for row in ask._db.rows("select verdict from mart.fact_case_clock")}
    assert found <= clocks.VERDICTS.keys()


def test_the_clocks_of_the_cases_are_the_numbers_of_the_five_hua_page(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        files = [ask.case(row["case_id"]) for row in ask.cases(Filters(), limit=100).rows]
        verdicts = [clock["verdict"] for file in files for clock in file.clocks if clock["clock"] == "wuhua"]
        keys = ("wuhua_met", "wuhua_late", "wuhua_missed", "wuhua_due_soon", "wuhua_not_due", "wuhua_uncomputable")
        told = ask.numbers(keys, filters=Filters())
    names = ("met", "late", "missed", "due_soon", "running", "unknown")
    assert [verdicts.count(name) for name in names] == [told.only(key).value for key in keys]
    assert len(files) == 8


def test_a_stretch_is_where_its_time_is_and_a_far_deadline_does_not_squeeze_it() -> None:
    time = holders.Axis(START, START + 10 * HOUR)
    assert time.box(START + HOUR, START + 3 * HOUR) == {"left": "10.000%", "width": "20.000%"}
    assert holders.Axis(START, START).box(START, START) == {"left": "0.000%", "width": "0.000%"}
    (held,) = holdings([], (Spell(since=START, until=START + HOUR, is_closed=True),))
    base = {"steps": (), "assists": (), "pauses": (), "clocks": (), "as_of": AS_OF, "holdings": (held,)}
    open_times = (Spell(since=START, until=START + HOUR, is_closed=True),)
    near = CaseFile(case={"due_at": START + 2 * HOUR}, spells=open_times, **base)  # type: ignore[arg-type]
    far = CaseFile(case={"due_at": START + 99 * HOUR}, spells=open_times, **base)  # type: ignore[arg-type]
    assert [holders.axis(file).end for file in (near, far)] == [START + 2 * HOUR, START + HOUR]


def test_only_the_longest_gap_is_named_and_only_from_a_day_on() -> None:
    def at(gap: float | None) -> dict[str, Any]:
        return {
            "event_at": START,
            "action": "sign",
            "action_name": "签收",
            "from_department_name": "县司法局",
            "to_department_name": "",
            "extension_amount": None,
            "gap_hours": gap,
        }

    assert "最长" in words(steps._item(at(30.0), 30.0))
    assert "最长" not in words(steps._item(at(29.0), 30.0))
    assert "最长" not in words(steps._item(at(3.0), 3.0))


# --- doors --------------------------------------------------------------------------------------------------------


def test_an_unknown_number_is_said_to_be_unknown(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        with pytest.raises(NoSuchCaseError, match="没有这个事项"):
            ask.case("A0' or 1=1 --")
        assert "没有这个事项" in words(page.view_case(page.load_case(ask, Filters(case="ZZ")))["case-head"])
        assert "还没有选择事项" in words(page.view_case(page.load_case(ask, Filters()))["case-head"])


def test_the_way_up_keeps_the_period_and_names_the_place(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        asked = parse("since=2026-03-01&kind=C&case=A0&town=990108200").filters
        crumbs = page._crumbs(page.load_case(ask, asked), ask.case("A0").case)
    links = [crumb.href for crumb in crumbs if getattr(crumb, "href", None)]
    grid = next(iter(builders.GRIDS))
    way = f"since=2026-03-01&town={grid[:9]}&village={grid[:12]}&grid={grid}&kind=C"
    assert links[0] == "/map?since=2026-03-01&kind=C"
    assert links[-1] == f"/map?{way}"


def test_a_wall_may_not_see_single_cases(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with acting(Identity(name="hall", shown_name="大厅", role="screen", kind="wall")):
        is_seen_by_a_wall = may("see_cases")
    assert (may("see_cases"), is_seen_by_a_wall) == (True, False)
    monkeypatch.setattr(page, "may", lambda _right: False)
    with builders.asking(small_county) as ask:
        said = words(list(page.view_case(page.load_case(ask, Filters(case="A0"))).values()))
    assert "无权限" in said and "A0" not in said


def test_a_list_opens_the_case_and_keeps_the_question() -> None:
    row = {"case_id": "A 0/1", "title": "<b>", "status": "closed"}
    listed = case_list([row], total=1, as_of=AS_OF, filters=Filters(kind=("C",)))
    (link,) = [part for part in listed._traverse() if getattr(part, "href", None)]
    path, query = link.href.split("?")
    assert (path, parse(query).filters) == ("/case", Filters(kind=("C",), case="A 0/1"))


@pytest.mark.parametrize("number", ["", "9" * (MAX_TEXT + 1), "a\u3000b", "a\nb", " a"])
def test_a_number_that_no_address_can_hold_is_no_link(number: str) -> None:
    assert not hasattr(case_link(number, Filters(), "标题"), "href")
    assert parse(Filters(case=number).to_query()).filters.case in ("", number.strip())
