"""P03, H-21, H-22, H-25, H-29: what does a town officer get of another town through the routes and the pages?"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from fastapi import FastAPI
from plotly.utils import PlotlyJSONEncoder
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api import create_api
from dashboard.auth.identity import Identity, acting
from dashboard.care_api import add_care
from dashboard.components import filter_bar
from dashboard.density_api import add_density
from dashboard.export.jobs import Jobs
from dashboard.export_api import add_export
from dashboard.export_jobs_api import add_export_jobs
from dashboard.factory import fill, find_pages, piece
from dashboard.map_api import add_maps
from dashboard.notes import Notes
from dashboard.notes_api import add_notes
from dashboard.page import Page
from dashboard.pictures_api import add_pictures
from dashboard.reader import Readers
from dashboard.scoped import ScopedWarehouse
from dashboard.stamps import Stamps
from dashboard.store import IN_MEMORY, Store
from dashboard.views import Views
from dashboard.views_api import add_views
from dashboard.warehouse import Warehouse
from dashboard.writes import add_refusals
from tests import builders

CLOCK = lambda: datetime(2026, 11, 1, 9, 30)  # noqa: E731
ANALYST = Identity(name="analyst", shown_name="分析员", role="analyst", kind="session")


def officer(town: str) -> Identity:
    return Identity(name=f"officer-{town}", shown_name="乡镇", role="town", town=town, kind="session")


class Known:
    """Stands where the gate will: says who sends a request, by a header of the test's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = dict(scope.get("headers", []))
        who = said.get(b"x-town", b"").decode()
        name = said.get(b"x-name", b"").decode()
        identity = officer(who) if who else ANALYST
        with acting(replace(identity, name=name) if name else identity):
            await self._app(scope, receive, send)


@dataclass(frozen=True)
class Place:
    """A served county: its cases' towns by number, the villages and grids below each town, and an officer's town."""

    door: Warehouse
    client: TestClient
    towns: dict[str, str]
    below: dict[str, set[str]]

    @property
    def own(self) -> str:
        return sorted(self.below)[0]

    @property
    def other(self) -> str:
        return sorted(self.below)[1]

    def foreign(self) -> set[str]:
        """Everything that names a foreign case, village or grid."""
        cases = {number for number, town in self.towns.items() if town != self.own}
        codes = {code for town, inside in self.below.items() if town != self.own for code in inside}
        return cases | codes

    def get(self, path: str, *, county: bool = False) -> Any:
        return self.client.get(path, headers={} if county else {"x-town": self.own})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("routes")
    with builders.demo_county(folder, cases=1500, seed=5, months=6, grids=300) as door:
        with door.lease() as ask:
            door.wait_until_warm()
            towns = dict(ask.database.rows("select case_id, town from mart.fact_case"))
            below = {town: {c for c, at in ask.parents.items() if at[1] == town} for town in ask.vocabulary["town"]}
        store = Store(IN_MEMORY)
        jobs = Jobs(store, folder / "exports", clock=CLOCK)
        with TestClient(Known(_served(ScopedWarehouse(door), store, jobs)), raise_server_exceptions=False) as client:
            yield Place(door, client, towns, below)
        jobs.close()
        store.close()


def _served(warehouse: Any, store: Store, jobs: Jobs) -> FastAPI:
    api, readers = create_api(warehouse, "b", CLOCK), Readers(store)
    stamps = Stamps("b", CLOCK)
    add_refusals(api)
    add_density(api, warehouse)
    add_maps(api, warehouse)
    add_care(api, warehouse, stamps=stamps)
    exporter = add_export(api, warehouse, stamps=stamps, pages=find_pages())
    add_export_jobs(api, exporter, jobs)
    add_pictures(api, warehouse, stamps=stamps)
    add_views(api, api, warehouse, views=Views(store), readers=readers, pages={"/map": "网格地图"})
    add_notes(api, warehouse, notes=Notes(store, CLOCK), readers=readers)
    return api


PURPOSE = "purpose=数据核对"
ROUTES = (
    "/query?metrics=accepted,open&by=town",
    "/query?metrics=accepted&by=grid",
    "/query?metrics=accepted,on_time_rate&by=village",
    "/cases?limit=1000",
    "/cases?limit=1000&order=urgent",
    "/replay?measure=open&level=grid&pace=week",
    "/replay?measure=risk&level=grid&pace=week",
    "/risk",
    "/care?by=village",
    f"/care?by=town&months=3&format=csv&{PURPOSE}",
    f"/export?format=csv&{PURPOSE}",
    f"/export?format=geojson&{PURPOSE}",
    f"/export?format=csv&metrics=accepted&by=grid&{PURPOSE}",
    "/export/about?format=csv&metrics=accepted&by=village",
    "/export/offers?format=csv&view=/map",
)


@pytest.mark.parametrize("path", ROUTES)
def test_p03_h29_no_route_says_anything_of_a_foreign_place_even_after_the_county_asked(place: Place, path: str) -> None:
    county = place.get(path, county=True)
    got = place.get(path)
    assert (county.status_code, got.status_code) == (200, 200), got.text
    assert not [word for word in place.foreign() if word in got.text]
    assert "offers" in path or "about" in path or "by=town" in path or any(w in county.text for w in place.foreign())
    assert place.get(path, county=True).text == county.text


def test_p03_the_sums_of_the_county_that_risk_stands_on_are_not_told(place: Place) -> None:
    county, own = place.get("/risk", county=True).json()["run"], place.get("/risk").json()["run"]
    assert county["cases"] > 100 and county["score"] > 100
    assert (own["cases"], own["score"]) == (None, None) and own["mu"] == county["mu"]
    page = next(page for page in find_pages() if page.path == "/risk")
    said: dict[bool, str] = {}
    for is_county in (True, False):
        with acting(ANALYST if is_county else officer(place.own)):
            drawn = [fill(stage, ScopedWarehouse(place.door), "") for stage in page.stages]
        said[is_county] = json.dumps(drawn, cls=PlotlyJSONEncoder, ensure_ascii=False)
    for words in (f"{county['cases']:,} 件，Y = {county['score']:,.1f}", "若时间与地点无关应有"):
        assert words in said[True] and words not in said[False], words
    assert "按全县计算，这里不列出" in said[False] and "按全县计算，这里不列出" not in said[True]
    assert f"{county['score']:,.1f}" not in said[False]


LISTS = ("town={own}&town={other}", "town=", "town=%25", "town=*", "town=null", "town=%20", "town[]={other}")
FILTERED = ("/query?metrics=accepted", "/cases?limit=5", "/density?", f"/export?format=csv&{PURPOSE}", "/care?")


@pytest.mark.parametrize("path", FILTERED)
def test_h21_a_foreign_town_is_as_unknown_as_one_that_does_not_exist(place: Place, path: str) -> None:
    foreign, unknown = place.get(f"{path}&town={place.other}"), place.get(f"{path}&town=990108999")
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.text.replace(place.other, "") == unknown.text.replace("990108999", "")


@pytest.mark.parametrize("said", LISTS)
def test_h22_lists_and_nothings_never_mean_all(place: Place, said: str) -> None:
    asked = said.format(own=place.own, other=place.other)
    assert place.get(f"/query?metrics=accepted&{asked}").status_code == 400


def test_h25_a_foreign_number_is_a_number_that_does_not_exist(place: Place) -> None:
    for number, town in list(place.towns.items())[:250]:
        got = place.get(f"/cases/{number}")
        if town == place.own:
            assert got.status_code == 200 and got.json()["case"]["case_id"] == number
        else:
            assert (got.status_code, got.json()) == (404, {"error": f"没有这个事项：{number}"})
    assert place.get("/cases/EV-0").json() == {"error": "没有这个事项：EV-0"}
    grid = next(iter(place.below[place.other]))
    assert place.get(f"/risk/{grid}").json() == place.get("/risk/nowhere").json()


def test_t03b_one_drawing_of_the_heat_is_never_anothers(place: Place) -> None:
    county, own = place.get("/density", county=True).json(), place.get("/density").json()
    assert own["cases"] < county["cases"] and f"town={place.own}" in own["image"]
    whole, mine = (said["image"].removeprefix("/api/v1") for said in (county, own))
    bare = place.get(whole)
    assert bare.content == place.get(mine).content != place.get(whole, county=True).content
    assert "Cookie" in bare.headers["vary"]


def made_in_the_background(place: Place, who: dict[str, str]) -> dict[str, Any]:
    """The job of a file of all cases that `who` may see, done."""
    job = dict(place.client.post(f"/exports?format=csv&{PURPOSE}", headers=who).json())
    for _ in range(300):
        job = dict(place.client.get(f"/exports/{job['id']}", headers=who).json())
        if job["state"] not in ("waiting", "running"):
            break
        time.sleep(0.02)
    assert job["state"] == "done", job
    return job


def test_h27_who_may_see_less_than_before_has_no_file_of_before(place: Place) -> None:
    """Another role, another town, or an administrator who looks as a town officer: the name alone is not enough."""
    now, then = {"x-name": "mover"}, {"x-name": "mover", "x-town": place.own}
    for made, fetched in ((now, then), (then, now), (then, then | {"x-town": place.other})):
        job = made_in_the_background(place, made)
        for path in ("", "/file", "/about"):
            assert place.client.get(f"/exports/{job['id']}{path}", headers=made).status_code == 200
            assert place.client.get(f"/exports/{job['id']}{path}", headers=fetched).status_code == 404
        assert place.client.delete(f"/exports/{job['id']}", headers=fetched).status_code == 404


def test_h27_a_file_made_in_the_background_is_its_makers_and_holds_what_they_may_see(place: Place) -> None:
    job = made_in_the_background(place, {"x-town": place.own})
    for path in ("", "/file", "/about"):
        assert place.get(f"/exports/{job['id']}{path}", county=True).status_code == 404
    assert place.client.delete(f"/exports/{job['id']}", headers={"x-town": place.other}).status_code == 404
    rows = list(csv.reader(io.StringIO(place.get(f"/exports/{job['id']}/file").text)))
    assert len(rows) - 1 == sum(town == place.own for town in place.towns.values())
    assert not [word for word in place.foreign() if any(word in row for row in rows)]


def test_p03_an_officers_note_without_a_place_is_about_the_own_town(place: Place) -> None:
    wish = {"day": "2026-10-01", "text": "专项排查", "name": "甲", "public": True}
    assert place.client.post("/notes", json=wish, headers={"x-town": place.own}).status_code == 201
    assert place.get("/notes").json()["notes"][-1]["text"] == "专项排查"
    assert "专项排查" not in place.get("/notes", county=True).text
    assert "专项排查" not in place.client.get("/notes", headers={"x-town": place.other}).text
    assert "专项排查" in place.get(f"/notes?town={place.own}", county=True).text


def test_p03_the_pulse_is_the_same_for_all(place: Place) -> None:
    assert place.get("/pulse").json()["snapshot"] == place.get("/pulse", county=True).json()["snapshot"]


# --- the pages ----------------------------------------------------------------------------------------------------


def drawn(place: Place, page: Page, asked: str) -> str:
    """Everything that a page shows an officer."""
    door = ScopedWarehouse(place.door)
    with acting(officer(place.own)):
        found = [fill(stage, door, asked) for stage in page.stages]
        for _, rows in page.windows:
            found.append(list(piece(rows, door, {"startRow": 0, "endRow": 100}, asked)))
    return json.dumps(found, cls=PlotlyJSONEncoder, ensure_ascii=False)


@pytest.mark.parametrize("page", find_pages(), ids=lambda page: page.key)
@pytest.mark.parametrize("query", ["", "town={other}", "grid={grid}", "case={case}", "layer=grid&metric=open"])
def test_p03_no_page_draws_anything_of_a_foreign_place(place: Place, page: Page, query: str) -> None:
    number = next(number for number, town in place.towns.items() if town == place.other)
    grid = max(place.below[place.other], key=len)
    asked = query.format(other=place.other, grid=grid, case=number)
    text = drawn(place, page, asked)
    assert not [word for word in place.foreign() - {number} if word in text]
    assert "未更新" not in text


def test_p03_the_same_pages_do_draw_other_places_for_the_county(place: Place) -> None:
    """Or the test above would find nothing for want of anything to find."""
    with acting(ANALYST):
        found = [fill(stage, ScopedWarehouse(place.door), "layer=grid") for p in find_pages() for stage in p.stages]
    text = json.dumps(found, cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert sum(word in text for word in place.foreign()) > 20


NOT_THE_COUNTYS = [page for page in find_pages() if page.key not in ("definitions", "risk")]
"""Of the risk page's method and of the definitions the whole county is a part."""


@pytest.mark.parametrize("page", NOT_THE_COUNTYS, ids=lambda page: page.key)
def test_p03_what_an_officer_sees_is_not_called_the_countys(place: Place, page: Page) -> None:
    grid = max(place.below[place.own], key=len)
    for asked in ("", f"town={place.own}", f"grid={grid}"):
        assert "全县" not in drawn(place, page, asked), asked


def test_p03_an_officers_file_is_called_after_the_own_town(place: Place) -> None:
    with place.door.lease() as ask:
        town = ask.label("town", place.own)
    frame = place.client.post(f"/pictures?format=png&panel=towns-panel&{PURPOSE}", headers={"x-town": place.own}).json()
    assert frame["county"].endswith(town) and town in frame["name"], frame
    offered = place.get("/export/offers?format=csv&view=/departments").json()
    assert [offer["label"] for offer in offered["offers"]][2] == f"{town}合计"


def test_p03_who_belongs_to_a_town_that_the_data_do_not_know_is_told_so(place: Place) -> None:
    with place.door.lease() as ask:
        for towns, said in ((None, 0), ((place.own,), 0), ((place.own, "990108999"), 0), (("990108999",), 1)):
            narrowed = ask.within(towns)
            told = filter_bar.missing(narrowed.towns, narrowed.vocabulary)
            assert len(told) == said and all("990108999" in text for text in told)


def test_p03_a_view_that_names_a_foreign_place_is_not_there(place: Place) -> None:
    """Nor in the list, nor by its link, nor as a home; one that an officer shares is about the own town."""

    def save(query: str, title: str, **head: str) -> Any:
        wish = {"title": title, "path": "/map", "query": query, "shared": True}
        return place.client.post("/views", json=wish, headers={k.replace("_", "-"): v for k, v in head.items()})

    own, other = {"x-town": place.own}, {"x-town": place.other}
    assert save(f"town={place.own}", "别处", x_town=place.other).status_code == 400
    theirs = save("kind=C", "果品社区", x_town=place.other).json()
    grids = [code for code in place.below[place.other] if len(code) == 15]
    of_county = save(f"grid={grids[0]}", "某网格", x_name="analyst").json()
    for_all = save("kind=D", "全部纠纷", x_name="analyst").json()
    listed = {view["title"] for view in place.get("/views").json()["views"]}
    assert listed == {"全部纠纷"}
    assert {view["title"] for view in place.get("/views", county=True).json()["views"]} >= {"果品社区", "某网格"}
    assert theirs["query"] == f"town={place.other}&kind=C"
    # What is no code cannot be held against the own places: a case, a word to find, a condition on a column.
    free = [
        save(query, "自由文字", x_name="analyst").json()
        for query in ("case=EV1", f"match={grids[0]}", "limits=accepted>%3D10;town~某")
    ]
    assert {view["title"] for view in place.get("/views").json()["views"]} == {"全部纠纷"}
    mine = save("match=物业", "自己的", x_town=place.own).json()
    assert "自己的" in place.get("/views").text and mine["id"] in place.get("/views").text
    for view, status in ((theirs, 404), (of_county, 404), *((one, 404) for one in free), (for_all, 302)):
        link = view["link"]
        assert place.client.get(link, headers=own, follow_redirects=False).status_code == status
    assert place.client.get(theirs["link"], headers=other, follow_redirects=False).status_code == 302
