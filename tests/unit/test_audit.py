"""Is what is recorded closed, canonical, and readable; kept as long as it must be, and no longer than asked?"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.audit import head
from dashboard.audit import trail as trails
from dashboard.audit.command import add_commands
from dashboard.audit.events import EVENTS, KINDS, FactsError, canonical, checked
from dashboard.audit.head import START, Head, HeadFile, head_path
from dashboard.audit.reading import Asked, counts, piece, sentence
from dashboard.audit.record import NOBODY, AuditError, Record, Who, encoded
from dashboard.audit.trail import KEPT, Trail, trail_path
from dashboard.audit.verify import Broken, verify
from dashboard.store import IN_MEMORY

NOW = datetime(2026, 11, 26, 9, 0)
KEY = bytes(range(32))
WANG = Who("王敏", "analyst", "person")
EXPORT: dict[str, Any] = {"content": "cases", "format": "csv", "rows": 1200, "filters": {"town": ["T01"]}}

EXPORTED = "王敏（分析员，10.1.2.3）导出：内容 事项清单；格式 CSV；行数 1,200"

# --- the canonical encoding ---------------------------------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\,:[]{}01\u0000\ufeff\U0001f600'), max_size=6
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
records = st.builds(
    Record,
    seq=st.integers(0, 12),
    **dict.fromkeys(("at", "name", "role", "kind", "address", "event", "facts", "key", "previous"), texts),
)


def typed(value: Any) -> Any:
    """The value with its types told: Python takes True for 1."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    return [typed(inner) for inner in value] if isinstance(value, list) else (type(value), value)


@given(values, values)
def test_t06_no_two_values_encode_alike_and_each_can_be_read_back(one: Any, other: Any) -> None:
    assert json.loads(canonical(one)) == one
    assert canonical(json.loads(canonical(one))) == canonical(one)
    assert (canonical(one) == canonical(other)) == (typed(one) == typed(other))


@given(st.dictionaries(texts, st.integers(), max_size=5))
def test_t06_the_order_of_facts_does_not_matter(facts: dict[str, int]) -> None:
    assert canonical(dict(reversed(facts.items()))) == canonical(facts)


@given(records, records)
def test_t06_no_two_records_encode_alike(one: Record, other: Record) -> None:
    assert (encoded(one) == encoded(other)) == (one == other)
    assert one.sealed(KEY).hash != one.sealed(b"").hash


@given(records, st.sampled_from(["name", "role", "kind", "address", "event", "facts"]), st.integers(0, 6))
def test_t06_what_moves_from_one_field_to_the_next_encodes_otherwise(one: Record, field: str, cut: int) -> None:
    following = {
        "name": "role",
        "role": "kind",
        "kind": "address",
        "address": "event",
        "event": "facts",
        "facts": "key",
    }
    text = getattr(one, field)
    moved = replace(one, **{field: text[:cut], following[field]: text[cut:] + getattr(one, following[field])})
    assert (encoded(moved) == encoded(one)) == (moved == one)


def test_t06_halves_of_a_character_are_refused_and_true_is_not_one() -> None:
    assert canonical(True) != canonical(1) != canonical("1")
    with pytest.raises(UnicodeEncodeError):
        canonical("\ud83d\ude00").encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


# --- events -------------------------------------------------------------------------------------------------------


def test_every_fact_of_every_event_is_of_a_known_kind_and_every_kind_is_used() -> None:
    used = {fact for event in EVENTS.values() for fact in (*event.needs, *event.may)}
    assert used == set(KINDS)
    assert len({event.words for event in EVENTS.values()}) == len(EVENTS)


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ("deleted", {}), ("login", {"case": "A1"}), ("case_viewed", {}), ("case_viewed", {"case": ""}),
        ("case_viewed", {"case": "A1\nA2"}), ("case_viewed", {"case": 7}), ("case_viewed", {"case": "A" * 101}),
        ("case_viewed", {"case": "\ud83d"}), ("case_viewed", {"case": "A1", "title": "某人投诉"}),
        ("exported", EXPORT | {"rows": True}), ("exported", EXPORT | {"rows": -1}),
        ("exported", EXPORT | {"rows": 1.0}),
        ("exported", EXPORT | {"rows": 2**53}), ("exported", EXPORT | {"sha256": "A" * 64}),
        ("exported", EXPORT | {"content": "某某"}), ("exported", EXPORT | {"filters": {"match": ["张三"]}}),
        ("exported", EXPORT | {"filters": {"town": "T01"}}), ("exported", EXPORT | {"filters": {"since": "gestern"}}),
        ("exported", EXPORT | {"filters": {"since": "20260301"}}), ("exported", EXPORT | {"metrics": "open"}),
        ("login_failed", {"reason": "wrong password"}), ("locked", {"reason": "name", "minutes": None}),
    ],
)  # fmt: skip
def test_t06_what_the_table_does_not_know_is_not_recorded(event: str, facts: dict[str, Any], trail: Trail) -> None:
    with pytest.raises(FactsError):
        trail.append(event, facts, who=WANG)
    assert piece(trail.path, Asked(), limit=1).total == 0


@pytest.mark.parametrize(
    ("name", "kind", "address"),
    [
        ("", "person", "10.1.2.3 "),
        ("王\n敏", "person", ""),
        ("王敏", "ghost", ""),
        ("王" * 101, "person", ""),
        ("", "person", "<x>"),
    ],
)
def test_t06_who_and_from_where_are_checked_too(name: str, kind: Any, address: str, trail: Trail) -> None:
    with pytest.raises(FactsError):
        trail.append("logout", {}, who=Who(name, "", kind), address=address)


def test_facts_are_kept_as_sorted_json() -> None:
    said = checked("exported", {**EXPORT, "filters": {"town": ("T01", "T02"), "since": "2026-03-01"}})
    assert said == (
        '{"content":"cases","filters":{"since":"2026-03-01","town":["T01","T02"]},"format":"csv","rows":1200}'
    )


@pytest.mark.parametrize(
    ("event", "facts", "who", "words"),
    [
        ("login", {}, WANG, "王敏（分析员，10.1.2.3）登录"),
        ("login_failed", {"reason": "password"}, NOBODY, "未登录（10.1.2.3）登录失败：原因 密码不对"),
        ("exported", EXPORT, WANG, f"{EXPORTED}；筛选 乡镇街道=T01"),
        ("exported", EXPORT | {"filters": {}}, WANG, f"{EXPORTED}；筛选 无"),
        ("load_seen", {"snapshot": "snap-3"}, Who("", "", "server"), "服务（10.1.2.3）启用新批次：批次 snap-3"),
    ],
)  # fmt: skip
def test_a_record_reads_as_a_sentence(trail: Trail, event: str, facts: dict[str, Any], who: Who, words: str) -> None:
    record = trail.append(event, facts, who=who, address="10.1.2.3")
    assert sentence(record, {"analyst": "分析员"}) == words


@pytest.mark.parametrize("facts", ["", "[1]", "{", '{"title":"x"}', '{"rows":null}'])
def test_a_record_that_somebody_spoilt_can_still_be_shown(trail: Trail, facts: str) -> None:
    record = replace(trail.append("logout", {}, who=WANG), facts=facts, event="gone", kind="ghost")
    assert sentence(record, {}).startswith("王敏（analyst）gone")


# --- the trail ----------------------------------------------------------------------------------------------------


class Time:
    """A clock that is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time(NOW)


@pytest.fixture
def trail(tmp_path: Path, time: Time) -> Iterator[Trail]:
    with closing(Trail(trail_path(tmp_path / "yiping.sqlite"), clock=time, key=KEY)) as made:
        yield made


def test_a_trail_in_memory_goes_when_it_is_closed(time: Time) -> None:
    trail = Trail(IN_MEMORY, clock=time)
    trail.append("logout", {}, who=WANG)
    assert verify(trail.path).count == 1
    trail.close()
    assert not trail.path.parent.exists()


def test_a_trail_goes_on_after_a_restart(tmp_path: Path, time: Time) -> None:
    path = tmp_path / "state" / "audit.sqlite"
    hashes = [START]
    for _ in range(3):
        with closing(Trail(path, clock=time, key=KEY)) as trail:
            record = trail.append("started", {"build": "b1"}, who=Who("", "", "server"))
        assert (record.previous, record.at) == (hashes[-1], "2026-11-26T09:00:00.000")
        hashes.append(record.hash)
    assert verify(path, key=KEY).head == Head(3, hashes[-1])


def test_a_head_that_lags_after_a_crash_is_no_fault_and_catches_up(trail: Trail) -> None:
    lagging = []
    for _ in range(3):
        lagging.append(head_path(trail.path).read_bytes())
        trail.append("logout", {}, who=WANG)
    for said in lagging:
        head_path(trail.path).write_bytes(said)
        assert verify(trail.path, key=KEY).broken is None
        record = trail.append("logout", {}, who=WANG)
        assert HeadFile(trail.path, KEY).read() == Head(record.seq, record.hash)


def test_p05_whoever_holds_the_head_too_long_makes_the_others_refuse(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "PATIENCE_SECONDS", 0.01)
    for holder in (HeadFile(trail.path, KEY), trail._head):
        with holder.held(), pytest.raises(AuditError, match="等待其他写入超时"):
            trail.append("logout", {}, who=WANG)
    assert trail.append("logout", {}, who=WANG).seq == 1


@pytest.mark.parametrize("said", [b"", b"x", b"0" * 200, b"\xff" * 151])
def test_t06_a_spoilt_head_is_not_written_over(trail: Trail, said: bytes) -> None:
    trail.append("logout", {}, who=WANG)
    head_path(trail.path).write_bytes(said)
    with pytest.raises(AuditError, match="留底"):
        trail.append("logout", {}, who=WANG)
    assert head_path(trail.path).read_bytes() == said
    found = verify(trail.path, key=KEY)
    assert (found.broken, found.count) == (Broken(1, "head"), 1)


def test_p05_a_head_that_cannot_be_written_refuses(trail: Trail) -> None:
    head_path(trail.path).unlink()
    head_path(trail.path).mkdir()
    with pytest.raises(AuditError, match="未能写入"):
        trail.append("logout", {}, who=WANG)
    with pytest.raises(AuditError, match="末尾留底"):
        verify(trail.path, key=KEY)


def test_what_is_no_trail_is_said_in_words(tmp_path: Path, time: Time) -> None:
    with pytest.raises(AuditError, match="无法读取审计记录"):
        verify(tmp_path / "audit.sqlite")
    (tmp_path / "audit.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(AuditError, match="无法读取审计记录"):
        verify(tmp_path / "audit.sqlite")
    with pytest.raises(AuditError, match="无法打开审计记录"):
        Trail(tmp_path / "audit.sqlite", clock=time)


# --- retention ----------------------------------------------------------------------------------------------------


def months(trail: Trail, time: Time) -> None:
    """A record on the first of every month from January to November 2026."""
    for month in range(1, 12):
        time.now = datetime(2026, month, 1)
        trail.append("case_viewed", {"case": f"A{month}"}, who=WANG)
    time.now = NOW


def seqs(trail: Trail) -> list[int]:
    return [record.seq for record in reversed(piece(trail.path, Asked(), limit=100).records)]


def test_p05_old_records_go_as_a_whole_beginning_and_the_chain_still_holds(trail: Trail, time: Time) -> None:
    months(trail, time)
    hashes = {record.seq: record.hash for record in piece(trail.path, Asked(), limit=100).records}
    assert trail.prune(datetime(2026, 3, 1), who=WANG) == 2
    assert seqs(trail) == [*range(3, 12), 12]
    anchor = piece(trail.path, Asked(events=("audit_pruned",)), limit=1).records[0]
    assert json.loads(anchor.facts) == {"before": "2026-03-01", "head": hashes[2], "removed": 2, "through": 2}
    found = verify(trail.path, key=KEY)
    assert (found.broken, found.count, found.first_at[:10]) == (None, 10, "2026-03-01")
    assert trail.prune(datetime(2026, 5, 1), who=WANG) == 2
    trail.append("logout", {}, who=WANG)
    assert verify(trail.path, key=KEY).broken is None
    assert b'"A4"' not in trail.path.read_bytes() and b'"A5"' in trail.path.read_bytes() + wal(trail)


def wal(trail: Trail) -> bytes:
    return trail.path.with_name("audit.sqlite-wal").read_bytes()


def test_p05_a_removal_that_was_cut_short_breaks_nothing_and_goes_on_later(
    trail: Trail, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    months(trail, time)
    monkeypatch.setattr(trails, "REMOVED_AT_ONCE", 2)
    whole = trail._remove
    monkeypatch.setattr(trail, "_remove", lambda *, through: whole(through=through) and 0)
    assert trail.prune(datetime(2026, 6, 1) - timedelta(days=8), who=WANG) == 5
    assert seqs(trail) == [*range(3, 13)]
    assert verify(trail.path, key=KEY).broken is None
    monkeypatch.setattr(trail, "_remove", whole)
    assert trail.prune(datetime(2026, 6, 1) - timedelta(days=8), who=WANG) == 3
    assert seqs(trail) == [*range(6, 14)]
    assert verify(trail.path, key=KEY).broken is None


def test_p05_nothing_younger_than_six_months_ever_goes(trail: Trail, time: Time) -> None:
    months(trail, time)
    with pytest.raises(AuditError, match=r"六个月.*2026-05-26"):
        trail.prune(NOW - KEPT + timedelta(seconds=1), who=WANG)
    assert len(seqs(trail)) == 11
    assert trail.prune(NOW - KEPT, who=WANG) == 5
    assert seqs(trail) == [*range(6, 13)]


def test_p05_an_old_time_behind_a_young_one_stays(trail: Trail, time: Time) -> None:
    """A clock that was put back does not make a young record old."""
    for day in (datetime(2026, 1, 1), datetime(2026, 11, 1), datetime(2026, 1, 2)):
        time.now = day
        trail.append("logout", {}, who=WANG)
    time.now = NOW
    assert trail.prune(datetime(2026, 3, 1), who=WANG) == 1
    assert seqs(trail) == [2, 3, 4]
    assert verify(trail.path, key=KEY).broken is None


def test_p05_pruning_nothing_leaves_no_anchor_and_all_may_go(trail: Trail, time: Time) -> None:
    time.now = datetime(2026, 1, 1)
    trail.append("logout", {}, who=WANG)
    time.now = NOW
    assert trail.prune(datetime(2026, 1, 1), who=WANG) == 0
    assert seqs(trail) == [1]
    assert trail.prune(datetime(2026, 2, 1), who=WANG) == 1
    assert seqs(trail) == [2]
    found = verify(trail.path, key=KEY)
    assert (found.broken, found.count) == (None, 1)


def test_t06_a_beginning_that_is_gone_without_its_anchor_is_named(trail: Trail, time: Time) -> None:
    months(trail, time)
    trail.prune(datetime(2026, 3, 1), who=WANG)
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("drop trigger record_is_kept")
        connection.execute("delete from record where seq <= 5")
        connection.commit()
    assert verify(trail.path, key=KEY).broken == Broken(3, "missing")


def test_t06_an_anchor_that_was_made_up_is_found(trail: Trail, time: Time) -> None:
    months(trail, time)
    last, sixth = (piece(trail.path, Asked(through=seq), limit=1).records[0] for seq in (11, 5))
    with closing(sqlite3.connect(trail.path)) as connection:
        facts = canonical({"before": "2026-06-01", "through": 5, "head": sixth.hash, "removed": 5})
        forged = replace(last, seq=12, event="audit_pruned", facts=facts, previous=last.hash).sealed(b"guess")
        connection.execute(f"insert into record values ({','.join('?' * len(vars(forged)))})", [*vars(forged).values()])
        connection.execute("delete from record where seq <= 5")
        connection.commit()
    assert verify(trail.path, key=KEY).broken == Broken(12, "changed")


# --- reading ------------------------------------------------------------------------------------------------------


def test_pieces_are_those_asked_for_newest_first(trail: Trail, time: Time) -> None:
    months(trail, time)
    trail.append("logout", {}, who=Who("李强", "leader", "person"))
    cases = [
        (Asked(), 12), (Asked(events=("logout",)), 1), (Asked(events=("logout", "case_viewed")), 12),
        (Asked(name="李"), 1),
        (Asked(name="%"), 0), (Asked(since=date(2026, 11, 1)), 2), (Asked(until=date(2026, 11, 1)), 10),
        (Asked(since=date(2026, 2, 1), until=date(2026, 3, 1)), 1), (Asked(through=4), 4), (Asked(through=0), 0),
    ]  # fmt: skip
    for asked, total in cases:
        found = piece(trail.path, asked, limit=100)
        numbers = [record.seq for record in found.records]
        assert (found.total, len(numbers), numbers) == (total, total, sorted(numbers, reverse=True)), asked
    assert [record.seq for record in piece(trail.path, Asked(through=9), limit=2, offset=3).records] == [6, 5]


def test_counts_name_every_event(trail: Trail, time: Time) -> None:
    months(trail, time)
    found = counts(trail.path, NOW - timedelta(days=60))
    assert found.keys() == EVENTS.keys()
    assert (found["case_viewed"], found["login"]) == (2, 0)


# --- the key and the command line ---------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, trail: Trail) -> Callable[..., int]:
    """Runs a command over the trail as `python -m dashboard` does."""
    key = tmp_path / "key"
    key.write_bytes(KEY)
    key.chmod(0o600)

    def do(command: str, *more: str, state: Path = tmp_path / "yiping.sqlite") -> int:
        parser = argparse.ArgumentParser()
        add_commands(parser.add_subparsers(), clock=lambda: NOW)
        options = parser.parse_args(["audit", command, "--state", str(state), "--key", str(key), *more])
        code: int = options.run(options)
        return code

    return do


def test_t06_the_command_verifies_and_says_so_with_its_code(
    run: Callable[..., int], trail: Trail, capsys: pytest.CaptureFixture[str]
) -> None:
    record = trail.append("case_viewed", {"case": "A1"}, who=WANG)
    assert run("verify") == 0
    assert capsys.readouterr().out == (
        f"审计链完整：1 条，2026-11-26 09:00:00 至 2026-11-26 09:00:00\n末条 第 1 条 {record.hash}\n"
    )
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("drop trigger record_stays")
        connection.execute("update record set name = '张三'")
        connection.commit()
    assert run("verify") == 1
    assert "第 1 条内容被改动" in capsys.readouterr().out
    assert run("verify", state=Path("/nowhere/yiping.sqlite")) == 2
    assert "无法读取审计记录" in capsys.readouterr().err


def test_the_command_shows_and_exports(
    run: Callable[..., int], trail: Trail, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for number in range(600):
        trail.append("case_viewed", {"case": f"=A{number}"}, who=Who("=王", "analyst", "person"))
    assert run("show", "--last", "2", "--event", "case_viewed") == 0
    said = capsysbinary.readouterr().out.decode()
    assert said.splitlines()[1] == "     600 2026-11-26 09:00:00 =王（分析员）查看事项：事项 =A599"
    assert run("export", "--since", "2026-11-26", "--until", "2026-11-27") == 0
    rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode("utf-8-sig"))))
    assert [row["序号"] for row in rows] == [str(number) for number in range(600, 0, -1)]
    assert not [cell for row in rows for cell in row.values() if cell.startswith("=")]


def test_p05_the_command_prunes_and_leaves_an_anchor_by_the_operator(
    run: Callable[..., int], trail: Trail, time: Time, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    months(trail, time)
    assert run("prune", "--before", "2026-11-01") == 2
    assert "六个月" in capsys.readouterr().err
    assert run("prune", "--before", "2026-03-01") == 0
    assert "已清除 2 条" in capsys.readouterr().out
    assert piece(trail.path, Asked(), limit=1).records[0].kind == "operator"
    assert run("prune", "--before", "2026-03-01") == 0
    assert "没有这么早的记录" in capsys.readouterr().out
    assert run("prune", "--before", "2026-03-01", state=tmp_path / "other" / "yiping.sqlite") == 2
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("more", [("prune",), ("prune", "--before", "gestern"), ("show", "--last", "0"), ("nothing",)])
def test_a_command_that_makes_no_sense_is_refused(run: Callable[..., int], more: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        run(*more)
