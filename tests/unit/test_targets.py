"""Targets are read as written, or refused with a sentence that says what to mend."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from dashboard.components.lamp import lamp
from dashboard.filters import Filters
from dashboard.metrics.values import NO_DATA, Value
from dashboard.targets import Goal, TargetFileError, configured, target_for, target_of

GOOD = 'metric = "on_time_rate"\nat_least = 0.95\nsource = "县考核办〔2026〕3号"\nvalid_from = 2026-01-01\n'


def written(folder: Path, *entries: str) -> Path:
    path = folder / "targets.toml"
    path.write_text("".join(f"[[target]]\n{entry}\n" for entry in entries), encoding="utf-8")
    return path


def test_what_is_shipped_is_usable_and_says_that_it_is_a_default() -> None:
    assert configured()
    assert {goal.source for goal in configured()} == {"口径为本项目默认值"}


def test_the_newest_one_in_force_on_the_last_day_counts(tmp_path: Path) -> None:
    later = GOOD.replace("0.95", "0.97").replace("2026-01-01", "2026-07-01")
    goals = configured(written(tmp_path, GOOD, later))
    found = [target_of("on_time_rate", day, goals) for day in (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1))]
    assert [goal and goal.value for goal in found] == [None, 0.95, 0.97]
    assert target_of("reopen_rate", date(2026, 7, 1), goals) is None


def test_no_file_is_no_target(tmp_path: Path) -> None:
    assert configured(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("on_time_rate", "speed"), "“speed”不是指标键"),
        (GOOD.replace("0.95", "95"), "率写成 0 到 1 的小数"),
        (GOOD.replace("0.95", "true"), "率写成 0 到 1 的小数"),
        (GOOD + "at_most = 0.5\n", "at_least 或 at_most 之一"),
        (GOOD.replace("at_least", "at_most"), "方向与指标“按时办结率”相反"),
        (GOOD.replace('"县考核办〔2026〕3号"', '""'), "写明依据"),
        (GOOD.replace("2026-01-01", '"今年"'), "须为日期"),
        (GOOD + 'owner = "张三"\n', "不认识的项“owner”"),
        ("metric = ", "不是合格的 TOML"),
    ],
)
def test_a_wrong_entry_is_refused_with_a_sentence(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(TargetFileError, match=said):
        configured(written(tmp_path, wrong))


def test_a_file_in_another_encoding_or_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes("# 目标".encode("gb18030"))
    with pytest.raises(TargetFileError, match="UTF-8"):
        configured(path)
    other = tmp_path / "single.toml"
    other.write_text("target = 3\n", encoding="utf-8")
    with pytest.raises(TargetFileError, match=r"\[\[target\]\]"):
        configured(other)


RATE = Goal("on_time_rate", 0.95, True, "县考核办", date(2026, 1, 1))
LIMIT = Goal("reopen_rate", 0.05, False, "县考核办", date(2026, 1, 1))


def test_a_target_is_judged_by_the_value_and_said_by_shape_and_word() -> None:
    assert (RATE.words, LIMIT.words) == ("目标 ≥ 95%", "上限 ≤ 5%")
    assert [RATE.is_missed(Value(v, 0, 100)) for v in (0.949, 0.95)] == [True, False]
    assert [LIMIT.is_missed(Value(v, 0, 100)) for v in (0.05, 0.051)] == [False, True]
    assert RATE.is_missed(NO_DATA) is RATE.is_missed(Value(0.5, 1, 2, "small")) is None
    shown = [lamp(RATE, value).className for value in (Value(0.9, 90, 100), Value(0.99, 99, 100), NO_DATA)]
    assert shown == ["lamp is-missed", "lamp is-met", "lamp is-unknown"]


def test_a_period_that_ended_is_held_to_what_was_in_force_then() -> None:
    ended = Filters(since=date(2019, 1, 1), until=date(2019, 2, 1))
    assert target_for("on_time_rate", ended, datetime(2026, 3, 14)) is None
    assert target_for("on_time_rate", Filters(), datetime(2026, 3, 14)) is not None
