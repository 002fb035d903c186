"""Does the loop say how far cases came, and where it breaks, whatever there is to say?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.ask import Ask
from dashboard.filters import Filters
from dashboard.loop import Loop, load_loop
from etl.errors import LoadError
from etl.reference import Reference
from tests import builders

AT = datetime(2026, 3, 2, 10)
DAY = timedelta(days=1)
GRIDS = list(builders.GRIDS)


def whole(name: str, **fields: object) -> builders.Record:
    """A case that went all the way round, unless told otherwise."""
    done = {"dispatch_at": AT, "close_at": AT + DAY, "callback_at": AT + 2 * DAY}
    return builders.case(name, AT, **done | {"callback_valid": True, "satisfaction": "satisfied"} | fields)


CASES = [
    *(whole(f"whole-{n}", grid_code=GRIDS[0]) for n in range(11)),
    whole("one", grid_code=GRIDS[1]),
    whole("never-sent", grid_code=GRIDS[2], dispatch_at=None),
    whole("never-asked", grid_code=GRIDS[3], callback_valid=False),
    builders.case("late", AT, grid_code=GRIDS[4], dispatch_at=AT),
    builders.case("in-time", AT + 10 * DAY, grid_code=GRIDS[5], dispatch_at=AT + 10 * DAY),
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with builders.asking_about(tmp_path_factory.mktemp("loop"), CASES) as questions:
        yield questions


def loop(ask: Ask, *places: int) -> Loop:
    return load_loop(ask, Filters(grid=tuple(GRIDS[place] for place in places)))


@pytest.mark.parametrize(
    ("place", "finding"),
    [
        (0, "受理 11 件，全程闭环 100.0%（11/11）；没有断点"),
        (1, "受理 1 件，全程闭环 样本不足（1/1）；没有断点"),
        (2, "受理 1 件，全程闭环 样本不足（0/1）；断点在“平台精准分”：1 件未派遣"),
        (3, "受理 1 件，全程闭环 样本不足（0/1）；断点在“全程可追踪”：1 件未有效回访"),
        (4, "受理 1 件，全程闭环 样本不足（0/1）；断点在“部门协同办”：1 件超期未结"),
        (5, "受理 1 件，全程闭环 样本不足（0/1）；没有断点"),
        (6, "本期没有受理事项"),
    ],
)
def test_the_loop_in_a_sentence(ask: Ask, place: int, finding: str) -> None:
    """Many, one, each of the breaks, one still in time, none."""
    assert loop(ask, place).finding == finding


def test_shares_are_from_the_step_before_and_from_the_first(ask: Ask) -> None:
    steps = loop(ask, 0, 1, 2, 3, 4).steps
    assert [step.count for step in steps] == [15, 14, 13, 12]
    assert [(step.conversion.n, step.conversion.N) for step in steps] == [(15, 15), (14, 15), (13, 14), (12, 13)]
    assert [(step.overall.n, step.overall.N) for step in steps] == [(15, 15), (14, 15), (13, 15), (12, 15)]


def test_no_period_no_data_and_no_number(ask: Ask) -> None:
    steps = load_loop(ask, Filters(since=date(2030, 1, 1))).steps
    assert {(step.count, step.overall.state, step.hours.state) for step in steps} == {(0, "none", "none")}


def test_the_county_says_which_channels_are_the_people_s_own(tmp_path: Path) -> None:
    (tmp_path / "reference").mkdir()
    for path in builders.REFERENCE.iterdir():
        text = path.read_text(encoding="utf-8").replace('channels = ["01"]', 'channels = ["01", "02"]')
        (tmp_path / "reference" / path.name).write_text(text, encoding="utf-8")
    cases = [builders.case(code, AT, channel=code) for code in ("01", "02", "04")]
    with builders.asking_about(tmp_path, cases, reference=Reference(tmp_path / "reference")) as ask:
        own = load_loop(ask, Filters()).steps[0].beside
    assert (own.n, own.N) == (2, 3)


@pytest.mark.parametrize("channels", ['"01"', "[1]"])
def test_a_list_of_channels_that_is_none_is_refused_in_words(tmp_path: Path, channels: str) -> None:
    text = (builders.REFERENCE / "rules.toml").read_text(encoding="utf-8")
    (tmp_path / "rules.toml").write_text(text.replace('channels = ["01"]', f"channels = {channels}"), encoding="utf-8")
    with pytest.raises(LoadError, match="须列出渠道代码"):
        _ = Reference(tmp_path).rules
