"""A view is a link: kept with its dates as chosen, opened on any day, and only its owner removes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.reader import NOBODY, Reader
from dashboard.refusal import RefusedError
from dashboard.server import create
from dashboard.store import Store
from dashboard.views import FIXED, MOST_VIEWS, NoSuchViewError, Views
from dashboard.writes import LARGEST_BODY
from tests import builders

ANNA, BO = Reader("a", "安娜"), Reader("b", "博文")
WISH = {"title": "城关镇纠纷", "path": "/", "query": "kind=D", "dates": "days:-89:1", "name": "安娜"}


@pytest.fixture
def views() -> Iterator[Views]:
    store = Store()
    yield Views(store)
    store.close()


def save(views: Views, reader: Reader = ANNA, **other: Any) -> str:
    said = {"title": "一", "path": "/map", "query": "kind=D", "rule": FIXED, "is_shared": False} | other
    return views.save(reader, **said).id


def test_a_relative_view_opens_on_the_day_of_the_data(anna: TestClient, bo: TestClient, small_county: Path) -> None:
    kept = anna.post("/api/v1/views", json=WISH | {"shared": True}).json()
    with builders.asking(small_county) as ask:
        today = ask.info.as_of.date()
    answer = bo.get(kept["link"], follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].endswith("&kind=D")
    days = anna.get("/api/v1/views?" + answer.headers["location"].partition("?")[2]).json()["dates"]
    assert days[0] == {"dates": "days:-89:1", "words": "随日期滚动 · 近90天"}
    assert today.isoformat() in days[-1]["words"]


def test_the_reader_is_known_by_a_cookie_that_no_script_and_no_other_site_reads(anna: TestClient) -> None:
    cookie = anna.post("/api/v1/views", json=WISH).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    again = anna.post("/api/v1/views", json={k: v for k, v in WISH.items() if k != "name"})
    assert (again.status_code, again.json()["author"]) == (201, "安娜")
    assert "set-cookie" not in again.headers


def test_a_name_is_asked_for_before_the_first_view(anna: TestClient) -> None:
    answer = anna.post("/api/v1/views", json=WISH | {"name": " "})
    assert (answer.status_code, answer.json()["error"]) == (400, "请先写上姓名，别人才知道是谁写的")


def test_others_see_shared_views_only_and_delete_none(anna: TestClient, bo: TestClient) -> None:
    own = anna.post("/api/v1/views", json=WISH | {"title": "自用"}).json()
    shared = anna.post("/api/v1/views", json=WISH | {"title": "共用", "shared": True}).json()
    bo.post("/api/v1/views", json=WISH | {"name": "博文"})
    seen = {view["id"]: view for view in bo.get("/api/v1/views").json()["views"]}
    assert own["id"] not in seen
    assert (seen[shared["id"]]["author"], seen[shared["id"]]["is_mine"]) == ("安娜", False)
    assert bo.delete(f"/api/v1/views/{shared['id']}").status_code == 404
    assert anna.delete(f"/api/v1/views/{shared['id']}").status_code == 204
    gone = bo.get(shared["link"])
    assert gone.status_code == 404
    assert "没有这个视图" in gone.text


def test_the_home_view_opens_at_the_bare_address_for_its_reader_only(anna: TestClient, bo: TestClient) -> None:
    kept = anna.post("/api/v1/views", json=WISH).json()
    assert anna.put("/api/v1/home", json={"view": kept["id"]}).status_code == 204
    assert anna.get("/", follow_redirects=False).headers["location"] == kept["link"]
    assert anna.get("/?kind=C", follow_redirects=False).status_code == 200
    assert bo.get("/", follow_redirects=False).headers["location"].startswith("/?since=")
    anna.delete(f"/api/v1/views/{kept['id']}")
    assert anna.get("/", follow_redirects=False).headers["location"].startswith("/?since=")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "长" * 41}, "标题至多 40 字"),
        ({"title": " \x00\n"}, "标题不能为空"),
        ({"path": "https://other.example"}, "这个页面不能保存为视图"),
        ({"query": "town=1&odd=2"}, "不能保存不认识的筛选项“odd”"),
        ({"dates": "tomorrow"}, "不认识的相对日期“tomorrow”"),
        ({"shared": "yes"}, "共享须为 true 或 false"),
        ({"owner": "b"}, "不认识的项“owner”"),
        ({"name": "长" * 21}, "姓名至多 20 字"),
    ],
)
def test_a_wrong_wish_is_refused_with_a_sentence(anna: TestClient, change: dict[str, Any], said: str) -> None:
    answer = anna.post("/api/v1/views", json=WISH | change)
    assert (answer.status_code, answer.json()["error"]) == (400, said)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 9000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b" " * (LARGEST_BODY + 1), "application/json", 413),
    ],
)
def test_an_odd_body_is_never_a_crash(anna: TestClient, body: bytes, kind: str, status: int) -> None:
    answer = anna.post("/api/v1/views", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://other.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing_and_asks_nothing(anna: TestClient, headers: dict[str, str]) -> None:
    before = anna.get("/api/v1/views").json()
    assert anna.post("/api/v1/views", json=WISH, headers=headers).status_code == 403
    assert anna.get("/api/v1/views").json() == before
    # Browsers name the page of a form; of a link only `Sec-Fetch-Site` tells, over TLS and on this machine.
    asked = anna.get("/api/v1/export?format=csv&purpose=forged", headers=headers)
    assert asked.status_code == (403 if "sec-fetch-site" in headers else 200)
    assert anna.get("/api/v1/pulse", headers={"sec-fetch-site": "none"}).status_code == 200
    assert anna.get("/map", headers=headers, follow_redirects=False).status_code == 302


def test_a_private_views_link_opens_for_nobody_else(anna: TestClient, bo: TestClient) -> None:
    kept = anna.post("/api/v1/views", json=WISH).json()
    assert anna.get(kept["link"], follow_redirects=False).status_code == 302
    assert bo.get(kept["link"], follow_redirects=False).status_code == 404
    assert bo.put("/api/v1/home", json={"view": kept["id"]}).status_code == 404


@pytest.mark.parametrize(
    "title",
    [
        "张三110101199003071234",
        "张三 110101 19900307 123X",
        "电话１３８００１３８０００",
        "138-0013-8000 来电",
        "138 0013 8000",
    ],
)
def test_no_number_of_a_person_is_kept(anna: TestClient, title: str) -> None:
    answer = anna.post("/api/v1/views", json=WISH | {"title": title})
    assert (answer.status_code, answer.json()["error"]) == (400, "标题不能写身份证号、手机号")
    said = anna.post("/api/v1/views", json=WISH | {"title": "EV202610-0000124 990108100001001 专项"})
    assert said.status_code == 201


def test_dashs_own_route_is_not_open_to_others_either(anna: TestClient) -> None:
    answer = anna.post("/_dash-update-component", json={}, headers={"origin": "https://other.example"})
    assert answer.status_code == 403


def test_a_store_that_fails_is_said_and_the_first_page_still_opens(small_county: Path) -> None:
    made = create(small_county)
    with TestClient(made, raise_server_exceptions=False) as client:
        client.cookies.set("yiping_reader", "x" * 32)
        made.state.store.close()
        for path in ("/api/v1/views", "/api/v1/notes", "/v/abc"):
            assert (client.get(path).status_code, "未能保存或读取" in client.get(path).text) == (503, True)
        assert client.post("/api/v1/views", json=WISH).status_code == 503
        assert client.get("/", follow_redirects=False).headers["location"].startswith("/?since=")


def test_our_own_page_may_write(anna: TestClient) -> None:
    headers = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert anna.post("/api/v1/views", json=WISH, headers=headers).status_code == 201


def test_a_made_up_key_is_nobody(anna: TestClient) -> None:
    anna.cookies.set("yiping_reader", "x" * 32)
    assert anna.get("/api/v1/views").json()["name"] == ""


def test_the_limit_is_said(views: Views) -> None:
    for _ in range(MOST_VIEWS):
        save(views)
    with pytest.raises(RefusedError, match="至多保存 200 个视图"):
        save(views)
    assert save(views, BO)


def test_nobody_owns_nothing(views: Views) -> None:
    kept = save(views)
    with pytest.raises(NoSuchViewError):
        views.delete(NOBODY, kept)
    assert views.listed(NOBODY) == ()
