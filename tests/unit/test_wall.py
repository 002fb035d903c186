"""Is a wall's configuration and address read or refused in words, and does it show aggregates of its period only?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboard import theme
from dashboard.factory import stage_targets
from dashboard.filters import Filters
from dashboard.server import create
from dashboard.wall import settings
from dashboard.wall.app import fill, find_screens
from dashboard.wall.preset import Preset, PresetError, read
from dashboard.wall.screen import days, today
from dashboard.warehouse import open_warehouse

GOOD = (
    '[wall]\ndays = 30\npulse_seconds = 5\nreload_at = "04:00"\ntown_seconds = 6\n[[page]]\nkey = "map"\nseconds = 9\n'
)


def test_the_shipped_configuration_shows_every_page_in_order() -> None:
    found = settings.read(settings.DEFAULT)
    assert [turn.key for turn in found.turns] == list(settings.PAGES)
    assert {turn.seconds for turn in found.turns} == {30}


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("days = 30", "days = 0", "days 应为 1–366"),
        ("days = 30", "dayz = 30", "不认识的设置 dayz"),
        ("04:00", "24:00", "reload_at"),
        ('key = "map"', 'key = "money"', "只能是"),
        ("seconds = 9", "seconds = true", "seconds 应为"),
        ("seconds = 9\n", "", "应有且只有"),
        ("[[page]]", "[page]", "至少要有一个"),
        ("[wall]", "[walls]", "应有 \\[wall\\]"),
        ("seconds = 9\n", 'seconds = 9\n[[page]]\nkey = "map"\nseconds = 9\n', "出现多次"),
        ("[wall]", "[wall", "TOML"),
    ],
)
def test_a_slip_in_the_configuration_is_a_sentence(tmp_path: Path, was: str, instead: str, said: str) -> None:
    file = tmp_path / "wall.toml"
    file.write_text(GOOD, encoding="utf-8")
    assert settings.read(file).turns == (settings.Turn("map", 9),)
    file.write_text(GOOD.replace(was, instead), encoding="utf-8")
    with pytest.raises(settings.WallConfigError, match=said):
        settings.read(file)


def test_a_wall_of_other_shape_than_its_signal_is_stretched() -> None:
    assert read("wall=6720x2160&signal=1920x1080").stretch == pytest.approx(1.75)
    assert read("wall=1080x1920&signal=1080x1920").stretch == 1.0
    assert read("page=risk&seconds=5&screen=%E4%B8%BB%E5%B1%8F") == Preset(page="risk", seconds=5, screen="主屏")


@pytest.mark.parametrize(
    "query",
    [
        "wall=6720x2160", "wall=6720x0&signal=1920x1080", "wall=99999x100&signal=1080x1920", "wall=a&signal=b",
        "seconds=0", "seconds=3601", "seconds=²", "page=money", "colour=red", "page=map&page=risk", "screen=%3Cb%3E",
        "&".join(f"page={n}" for n in range(30)),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_shown_is_refused_in_words(client: TestClient, query: str) -> None:
    with pytest.raises(PresetError, match=r"[一-龥]"):
        read(query)
    said = client.get(f"/screen?{query}")
    assert said.status_code == 400
    assert "<" not in said.text


@pytest.fixture(scope="module")
def client(small_county: Path) -> Iterator[TestClient]:
    with TestClient(create(small_county)) as session:
        yield session


def test_the_wall_loads_its_own_scripts_and_the_desk_none_of_them(client: TestClient) -> None:
    wall, desk = client.get("/screen?seconds=7"), client.get("/map?kind=C")
    mine, theirs = (set(re.findall(r"assets/([\w.-]+\.(?:js|css))", said.text)) for said in (wall, desk))
    assert mine & theirs == {"levels.css", "life.js", "map.js", "patience.js", "session.js", "states.css", "tokens.css"}
    assert {"keys.js", "intents.js"} <= theirs
    assert {"life.js", "wall.js"} <= mine
    assert 'data-theme="dark"' in wall.text
    assert 'data-seconds="7"' in wall.text
    assert 'data-theme="dark"' not in desk.text
    assert '"enabled"' not in wall.text.split("_dash-config", 1)[1].split("</script>", 1)[0]


def test_a_slash_keeps_the_question(client: TestClient) -> None:
    said = client.get("/screen/?page=risk", follow_redirects=False)
    assert (said.status_code, said.headers["location"]) == (302, "/screen?page=risk")


def test_today_is_the_last_day_of_the_period() -> None:
    own = Filters(since=date(2026, 3, 1), until=date(2026, 3, 15), kind=("R",))
    assert today(own) == Filters(since=date(2026, 3, 14), until=date(2026, 3, 15), kind=("R",))


def test_a_period_knows_its_days() -> None:
    assert days(Filters(since=date(2026, 2, 27), until=date(2026, 3, 2))) == 3


def test_every_panel_fills_what_it_names_and_tells_no_case(small_county: Path) -> None:
    warehouse = open_warehouse(small_county)
    with warehouse.lease() as ask:
        cases = ask.cases(Filters(), limit=1000).rows
    for screen in find_screens(settings.read(settings.DEFAULT)):
        drawn, shown = fill(screen.panels, warehouse, 366)
        targets = dict(zip(stage_targets(screen.panels), drawn, strict=True))
        assert {targets[f"{panel.id}-fault", "children"] for panel in screen.panels} == {""}, screen.key
        text = str(drawn)
        assert [row["case_id"] for row in cases if row["case_id"] in text or str(row["title"]) in text] == []
        assert shown["as_of"]
    warehouse.close()


def test_the_dark_theme_gives_every_role_but_the_desks_own_another_look() -> None:
    assert set(theme.DARK) == set(theme.TOKENS)
    same = {role for role in theme.TOKENS if theme.DARK[role] == theme.TOKENS[role]}
    assert {role for role in same if not role.startswith("brand-")} <= {"outline", "demo-line"}
    assert theme.colour("ground", "dark") == "#0b1622"
