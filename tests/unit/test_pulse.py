"""When is a source 中断, and what may never say so?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.ask import SnapshotInfo
from dashboard.pulse import LATE_HOURS, is_late, pulse
from tests import builders


@pytest.fixture(scope="module")
def info(small_county: Path) -> SnapshotInfo:
    with builders.asking(small_county) as ask:
        return ask.info


@pytest.mark.parametrize(("minutes", "late"), [(-600, False), (0, False), (60 * 26, False), (60 * 26 + 1, True)])
def test_a_county_is_late_when_the_next_daily_delivery_should_have_come(
    info: SnapshotInfo, minutes: int, late: bool
) -> None:
    assert LATE_HOURS == info.rules["clock"]["late_hours"] == 26
    county = replace(info, is_demo=False)
    assert is_late(county, info.as_of + timedelta(minutes=minutes)) is late


def test_invented_data_of_a_past_day_is_no_broken_source(info: SnapshotInfo) -> None:
    assert not is_late(replace(info, is_demo=True), info.as_of + timedelta(days=400))


def test_a_county_may_set_its_own_limit_and_an_old_snapshot_without_one_has_the_default(info: SnapshotInfo) -> None:
    county = replace(info, is_demo=False)
    now = info.as_of + timedelta(hours=25)
    assert is_late(replace(county, rules={"clock": {"late_hours": 24}}), now)
    assert not is_late(replace(county, rules={"clock": {}}), now)


def test_without_a_clock_nothing_is_late_and_no_time_is_told(info: SnapshotInfo) -> None:
    said = pulse(replace(info, is_demo=False), build="b", now=None)
    assert (said["is_late"], said["server_time"]) == (False, None)
