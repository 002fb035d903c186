"""A note stands on the curves it belongs to, for those it is for, and only its writer removes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dashboard import events
from dashboard.filters import Filters
from dashboard.notes import MOST_NOTES, Mark, NoSuchNoteError, Notes, notes_for, of_events
from dashboard.reader import Reader
from dashboard.refusal import RefusedError
from dashboard.store import Store

ANNA, BO = Reader("a", "安娜"), Reader("b", "博文")
DAY = date(2026, 3, 4)
WISH = {"day": "2026-03-04", "text": "专项行动开始", "name": "安娜"}
SPAN = Filters(since=date(2026, 3, 1), until=date(2026, 3, 8))


@pytest.fixture
def notes() -> Iterator[Notes]:
    store = Store()
    yield Notes(store)
    store.close()


def told(who: TestClient, query: str = "") -> list[dict[str, Any]]:
    return [note for note in who.get(f"/api/v1/notes?{query}").json()["notes"] if note["kind"] == "note"]


def test_a_note_for_all_is_seen_by_others_and_removed_by_its_writer_only(anna: TestClient, bo: TestClient) -> None:
    kept = anna.post("/api/v1/notes", json=WISH).json()
    seen = {note["id"]: note for note in told(bo)}
    assert seen[kept["id"]] == kept | {"is_mine": False}
    assert (kept["author"], kept["made_at"], kept["is_mine"]) == ("安娜", "2026-04-01T08:30:00", True)
    assert bo.delete(f"/api/v1/notes/{kept['id']}").status_code == 404
    assert anna.delete(f"/api/v1/notes/{kept['id']}").status_code == 204
    assert kept["id"] not in {note["id"] for note in told(anna)}


def test_a_note_for_oneself_is_seen_by_nobody_else(anna: TestClient, bo: TestClient) -> None:
    kept = anna.post("/api/v1/notes", json=WISH | {"public": False}).json()
    bo.post("/api/v1/notes", json=WISH | {"name": "博文"})
    assert kept["id"] in {note["id"] for note in told(anna)}
    assert kept["id"] not in {note["id"] for note in told(bo)}


def test_the_text_is_kept_as_it_was_typed_whatever_it_looks_like(anna: TestClient) -> None:
    odd = "<img src=x onerror=alert(1)>'; drop table curve_note; --"
    kept = anna.post("/api/v1/notes", json=WISH | {"text": odd}).json()
    assert {note["id"]: note["text"] for note in told(anna)}[kept["id"]] == odd


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "长" * 141}, "批注至多 140 字"),
        ({"text": " \t "}, "批注不能为空"),
        ({"day": "2026-02-30"}, "日期须为 2026-03-01 这样的日期"),
        ({"day": "20260301"}, "日期须为 2026-03-01 这样的日期"),
        ({"day": 1772323200}, "日期须为 2026-03-01 这样的日期"),
        ({"day": "2099-01-01"}, "日期须在 1990-01-01 至数据截至日"),
        ({"metric": "nothing"}, "没有指标“nothing”"),
        ({"public": "yes"}, "公开须为 true 或 false"),
        ({"html": "x"}, "不认识的项“html”"),
    ],
)
def test_a_wrong_note_is_refused_with_a_sentence(anna: TestClient, change: dict[str, Any], said: str) -> None:
    answer = anna.post("/api/v1/notes", json=WISH | change)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)


def test_a_note_at_its_longest_is_kept(anna: TestClient) -> None:
    assert anna.post("/api/v1/notes", json=WISH | {"text": "长" * 140}).status_code == 201


def test_the_limit_is_said(notes: Notes) -> None:
    said = {"day": DAY, "text": "一", "metric": "", "places": Filters(), "is_public": True}
    for _ in range(MOST_NOTES):
        notes.write(ANNA, **said)
    with pytest.raises(RefusedError, match="至多写 500 条批注"):
        notes.write(ANNA, **said)
    kept = notes.write(BO, **said)
    with pytest.raises(NoSuchNoteError):
        notes.delete(ANNA, kept.id)


@pytest.mark.parametrize(
    ("mark", "filters", "belongs"),
    [
        (Mark(day=date(2026, 3, 1), text="头"), SPAN, True),
        (Mark(day=date(2026, 3, 7), text="尾"), SPAN, True),
        (Mark(day=date(2026, 3, 8), text="后"), SPAN, False),
        (Mark(day=date(2026, 2, 28), text="前"), SPAN, False),
        (Mark(day=DAY, text="一镇", places=Filters(town=("T1",))), SPAN, False),
        (Mark(day=DAY, text="一镇", places=Filters(town=("T1",))), SPAN.replace(town=("T1", "T2")), True),
        (Mark(day=DAY, text="全县"), SPAN.replace(town=("T1",)), True),
        (Mark(day=DAY, text="同指标", metrics=("accepted",)), SPAN, True),
        (Mark(day=DAY, text="他指标", metrics=("open",)), SPAN, False),
        (Mark(day=DAY, text="全时段"), Filters(), True),
    ],
)
def test_a_mark_stands_where_it_belongs(mark: Mark, filters: Filters, belongs: bool) -> None:
    assert notes_for([mark], filters, ("accepted", "closed")) == ((mark,) if belongs else ())


@given(days=st.lists(st.dates(date(2026, 2, 1), date(2026, 4, 1))))
def test_marks_come_in_the_order_of_their_days_and_none_is_lost_or_made_up(days: list[date]) -> None:
    found = notes_for([Mark(day=day, text="一") for day in days], SPAN)
    assert [mark.day for mark in found] == sorted(day for day in days if date(2026, 3, 1) <= day < date(2026, 3, 8))


def test_a_mark_as_a_line_of_text() -> None:
    mark = Mark(day=DAY, text="开始", author="安娜", made_at="2026-04-01T08:30:00")
    assert mark.words == "2026-03-04 批注：开始（安娜 2026-04-01）"
    assert of_events([events.Event(DAY, "action", "治理")])[0].words == "2026-03-04 行动：治理"


def test_the_files_events_and_the_targets_are_marks(tmp_path: Path) -> None:
    path = tmp_path / "events.toml"
    path.write_text('[[event]]\nday = 2026-03-04\nkind = "口径"\ntext = "改了"\nmetrics = ["on_time_rate"]\n')
    assert events.configured(path) == (events.Event(DAY, "change", "改了", ("on_time_rate",)),)
    assert events.configured() == ()
    assert {event.day for event in events.known()} == {date(2020, 1, 1)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[event]]\nday = 2026-03-04", "kind 只能是"),
        ('[[event]]\nday = "三月"', "day 须为日期"),
        ('[[event]]\nday = 2026-03-04\nkind = "行动"\ntext = ""', "text 须为"),
        ('[[event]]\nday = 2026-03-04\nkind = "行动"\ntext = "一"\nmetrics = ["x"]', "metrics 须为"),
        ("[[event]]\nwho = 1", "不认识的项"),
        ("event = 3", r"以 \[\[event\]\] 开头"),
        ("[[", "不能使用"),
    ],
)
def test_a_wrong_file_of_events_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "events.toml"
    path.write_text(text)
    with pytest.raises(events.EventFileError, match=said):
        events.configured(path)
