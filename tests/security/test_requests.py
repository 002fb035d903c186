"""Is every bad request of the corpus answered with a documented status, soon, and with one line in the access log?

Generated over the callbacks that are wired and the routes of the API: a new one is tested without a word here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard.server import Server
from tests.security.conftest import Lines

QUICK, TRIES = 2.0, 3
"""Seconds, and how often a slow answer may be asked for again: the machine does other things, too."""
INSIDE = (
    "Traceback", 'File "', "duckdb", "sqlite3", "Catalog Error", "Binder Error", "CURRENT.json", "snap-0", "pytest-of-",
    "site-packages",
)  # fmt: skip
"""What only the server itself knows: no refusal says any of it."""

QUERY = "?since=2026-03-01&until=2026-03-10"
GOOD: dict[str, Any] = {
    "url.href": f"http://localhost/{QUERY}",
    "url.pathname": "/map",
    "filters.data": QUERY.removeprefix("?"),
    "explore-table.getRowsRequest": {"startRow": 0, "endRow": 10, "sortModel": [], "filterModel": {}},
    "cases-table.getRowsRequest": {"startRow": 0, "endRow": 10, "sortModel": [], "filterModel": {}},
    "pulse.data": {"snapshot": "x", "as_of": "2026-03-14T08:00:00", "build": "x", "asked": 0},
}

INJECTIONS = {
    "h23-percent": "%", "h23-underscore": "_", "h23-star": "*",
    "h24-admin": "role=admin", "h28-pattern": '{"type":"x","index":"../"}',
    "h31-or": "' OR 1=1--", "h32-attach": "\"; ATTACH '/etc/passwd'", "h33-read": "read_csv('/etc/passwd')",
    "h34-select": "(select 1)", "h34-desc": "desc;", "h35-table": "information_schema.tables",
    "h36-copy": "COPY x TO 'x.wal' (FORMAT blob)", "h37-url": "http://127.0.0.1:1/",
    "h38-script": "<script>alert(1)</script>", "h38-javascript": "javascript:alert(1)", "h38-link": "](javascript:x)",
    "h39-lines": "a\r\nSet-Cookie: x=1", "h40-template": "{{7*7}}${7*7}%00\x00", "h49-rtl": "\u202egpj.exe",
    "h57-first": "0001-01-01", "h57-last": "9999-12-31", "h57-leap": "2025-02-29", "h57-time": "2026-03-01T00:00:00",
    "h63-nan": "nan", "h64-huge": "1000000000000", "h64-less": "-1", "long": "x" * 2000, "odd-url": "http://[",
}  # fmt: skip
SWAPS: dict[str, Any] = {
    "h22-null": None, "h22-list": ["A", "B"], "h22-empty": [], "h48-object": {"a": 1}, "h48-true": True,
    "h48-number": 7,
    "h47-minus-zero": -0.0, "h48-deep": [[[[["x"]]]]], "h48-mixed": ["a", 1, None, {}], "h46-many": ["x"] * 20_000,
    "h48-no-text": {"pick": 1, "drop": [], "set": {}, "period": [1, 2], "went": 3},
    "h57-overflow": {"period": ["9999-12-31", "9999-12-31"]}, "h57-reversed": {"period": ["2026-03-09", "2026-03-01"]},
    "many-fields": {"set": "&".join(f"a{n}=1" for n in range(60))},
    "h64-rows": {"startRow": 0, "endRow": 10**9}, "h64-less": {"startRow": -1, "endRow": 0},
    "h64-offset": {"startRow": 10**12, "endRow": 10**12 + 10, "sortModel": [], "filterModel": {}},
    "h33-sort": {"startRow": 0, "endRow": 9, "sortModel": [{"colId": "read_csv('x')", "sort": "desc;"}]},
    "h34-sort": {"startRow": 0, "endRow": 9, "sortModel": [{"colId": "(select 1)", "sort": "asc"}]},
    "h48-sort": {"startRow": 0, "endRow": 9, "sortModel": [[]], "filterModel": [1]},
    "h47-filter": {"startRow": 0, "endRow": 9, "filterModel": {"accepted": {"type": "equals", "filter": 1e308}}},
}  # fmt: skip
RAW = {
    "h41-empty": b"", "h42-open": b"{", "h42-list": b"[]", "h42-null": b"null", "h42-text": b'"x"', "h42-number": b"1",
    "h45-brackets": b"[" * 100_000, "h45-objects": b'{"a":' * 100_000, "h45-closed": b"[" * 500 + b"]" * 500,
    "h49-utf8": b'{"output":"\xff"}', "h50-gzip": b"\x1f\x8b\x08\x00",
}  # fmt: skip
TOKENS = {
    "h47-nan": "NaN", "h47-infinity": "Infinity", "h47-1e400": "1e400", "h47-whole": str(2**63), "h47-digits": "9" * 30,
    "h47-endless": "9" * 5000, "h49-half": '"\\ud800"', "h45-deep": "[" * 40 + "]" * 40,
    "h44-doubled": '{"a":1,"a":2}',
}  # fmt: skip


# --- callbacks ------------------------------------------------------------------------------------------------------


def callbacks(server: FastAPI) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Route, output and wiring of every callback that runs on the server."""
    assert isinstance(server, Server)
    for route, wired in server.rules.callbacks.items():
        yield from ((route, output, callback) for output, callback in wired.items() if "callback" in callback)


def outputs(output: str) -> Any:
    names = output.strip(".").split("...")
    parts = [name.partition("@")[0].partition(".") for name in names]
    items = [{"id": id, "property": name} for id, _, name in parts]
    return items if output.startswith("..") else items[0]


def body(output: str, wired: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    """What a page would send."""

    def items(named: str) -> list[dict[str, Any]]:
        return [item | {"value": good(item)} for item in wired[named]]

    changed = [f"{item['id']}.{item['property']}" for item in wired["inputs"][:1]]
    said = {"output": output, "outputs": outputs(output), "inputs": items("inputs"), "state": items("state")}
    return said | {"changedPropIds": changed, "parsedChangedPropsIds": changed} | other


def good(item: Mapping[str, Any]) -> Any:
    name = f"{item['id']}.{item['property']}"
    if name.startswith("cue-"):
        return GOOD["pulse.data"]
    return GOOD.get(name, GOOD["filters.data"] if "-stage-" in name else None)


class Prober:
    """Posts to a callback and keeps what is not as it must be."""

    def __init__(self, client: TestClient, access: Lines) -> None:
        self._client, self._access = client, access
        self.wrong: list[str] = []
        self.sent = 0

    def check(self, what: str, allowed: set[int], method: str, path: str, **request: Any) -> httpx.Response:
        for _ in range(TRIES):
            before, began = len(self._access.texts), perf_counter()
            said = self._client.request(method, path, **request)
            took, lines = perf_counter() - began, self._access.said[before:]
            if took <= QUICK:
                break
        self.sent += 1
        if said.status_code not in allowed:
            self.wrong.append(f"{what}: {said.status_code} {said.text[:200]}")
        if said.status_code >= 400 and (told := [word for word in INSIDE if word in said.text]):
            self.wrong.append(f"{what}: tells {told}")
        if took > QUICK:
            self.wrong.append(f"{what}: {took:.1f} s")
        if [line["status"] for line in lines] != [said.status_code]:
            self.wrong.append(f"{what}: access log {lines}")
        if said.status_code >= 400 and "json" in said.headers.get("content-type", "") and not said.json().get("error"):
            self.wrong.append(f"{what}: no sentence")
        return said

    def post(self, what: str, route: str, said: Any, allowed: set[int]) -> httpx.Response:
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return self.check(what, allowed, "POST", route, content=content, headers={"content-type": "application/json"})


@pytest.fixture
def prober(client: TestClient, access: Lines) -> Iterator[Prober]:
    made = Prober(client, access)
    yield made
    assert made.sent > 0
    assert made.wrong == [], "\n".join(made.wrong)


def test_what_a_page_sends_is_answered(guarded: FastAPI, prober: Prober) -> None:
    for route, output, wired in callbacks(guarded):
        prober.post(output[:40], route, body(output, wired), {200})


def test_h41_h42_h44_h45_h47_h49_h50_no_body_at_all(guarded: FastAPI, prober: Prober) -> None:
    route, output, wired = next(callbacks(guarded))
    for route in guarded.rules.callbacks:  # type: ignore[attr-defined]
        for name, raw in RAW.items():
            prober.post(name, route, raw, {400})
    text = json.dumps(body(output, wired)).replace(json.dumps(GOOD["url.href"]), "%TOKEN%")
    for name, token in TOKENS.items():
        prober.post(name, "/_dash-update-component", text.replace("%TOKEN%", token).encode(), {400})
    doubled = text.replace("%TOKEN%", "null")[:-1] + ', "output": "x"}'
    prober.post("h44", "/_dash-update-component", doubled.encode(), {400})


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/jsonx", "application/json-patch+json", "multipart/form-data"]
)
def test_h50_only_json_is_read(guarded: FastAPI, prober: Prober, kind: str) -> None:
    for route in guarded.rules.callbacks:  # type: ignore[attr-defined]
        prober.check(kind, {415}, "POST", route, content=b"{}", headers={"content-type": kind})
    packed = {"content-type": "application/json", "content-encoding": "gzip"}
    prober.check("gzip", {415}, "POST", "/_dash-update-component", content=b"{}", headers=packed)


def test_h02_h03_h28_h43_h66_every_callback_takes_its_own_items_only(guarded: FastAPI, prober: Prober) -> None:
    for route, output, wired in callbacks(guarded):
        said = body(output, wired)
        first = said["inputs"][0]
        for name, odd in {
            "h43-no-inputs": {k: v for k, v in said.items() if k != "inputs"},
            "h43-fewer": said | {"inputs": []},
            "h43-more": said | {"inputs": [*said["inputs"], first]},
            "h43-null": said | {"inputs": None},
            "h43-object": said | {"inputs": {"0": first}},
            "h43-texts": said | {"inputs": ["x"] * len(said["inputs"])},
            "h43-state": said | {"state": [*said["state"], first]},
            "h43-key": said | {"admin": True},
            "h02-id": said | {"inputs": [first | {"id": "url"}, *said["inputs"][1:], first]},
            "h02-property": said | {"inputs": [first | {"property": "pathname2"}, *said["inputs"][1:]]},
            "h28-id": said | {"inputs": [first | {"id": {"type": "x", "index": "../"}}, *said["inputs"][1:]]},
            "h28-list": said | {"inputs": [[first], *said["inputs"][1:]]},
            "h66-output": said | {"output": "removed.children"},
            "h03-output": said | {"output": f"..{output}.."},
            "h03-object": said | {"output": {"id": "x"}},
            "h03-outputs": said | {"outputs": [{"id": "x", "property": "children"}]},
            "h03-none": said | {"outputs": None},
            "h03-changed": said | {"changedPropIds": ["secret.children"]},
            "h48-changed": said | {"changedPropIds": {"a": 1}},
            "h46-changed": said | {"changedPropIds": said["changedPropIds"] * 1000},
        }.items():
            prober.post(f"{output[:30]} {name}", route, odd, {400})


def test_h66_what_runs_in_the_browser_is_no_callback_here(guarded: FastAPI, prober: Prober) -> None:
    for route, wired in guarded.rules.callbacks.items():  # type: ignore[attr-defined]
        for output, callback in wired.items():
            if "callback" not in callback:
                prober.post(output[:40], route, body(output, callback), {400})


def with_value(said: dict[str, Any], part: str, place: int, value: Any) -> dict[str, Any]:
    """The same with one value, which is also the one that changed."""
    items = [item | {"value": value} if n == place else item for n, item in enumerate(said[part])]
    changed = [f"{said[part][place]['id']}.{said[part][place]['property']}"] if part == "inputs" else []
    return said | {part: items, "changedPropIds": changed, "parsedChangedPropsIds": changed}


def post_in_every_place(guarded: FastAPI, prober: Prober, value: Any) -> None:
    """The value as each input and each state of each callback."""
    for route, output, wired in callbacks(guarded):
        said = body(output, wired)
        for part in ("inputs", "state"):
            for place in range(len(said[part])):
                prober.post(
                    f"{output[:30]} {part} {place}", route, with_value(said, part, place, value), {200, 204, 400}
                )


@pytest.mark.parametrize("value", SWAPS.values(), ids=SWAPS.keys())
def test_type_swaps_in_every_value(guarded: FastAPI, prober: Prober, value: Any) -> None:
    post_in_every_place(guarded, prober, value)


@pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS.keys())
def test_texts_in_every_value(guarded: FastAPI, prober: Prober, value: str) -> None:
    post_in_every_place(guarded, prober, value)


@pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS.keys())
def test_texts_in_what_a_click_or_an_address_says(guarded: FastAPI, prober: Prober, value: str) -> None:
    route, output, wired = next(callbacks(guarded))
    said = body(output, wired)
    keys = [
        f"{key}={quote(value)}" for key in ("since", "until", "town", "metric", "sorted", "limits", "case", "match")
    ]
    for wish in (
        {"pick": f"town:{value}"}, {"drop": f"town:{value}"}, {"set": f"town={value}"}, {"period": [value, value]},
        {"went": f"town={quote(value)}"}, {"set": "&".join(keys)},
    ):  # fmt: skip
        prober.post(f"intent {wish}", route, with_value(said, "inputs", 1, wish), {200, 204})
    prober.post("days", route, with_value(said, "inputs", 2, [value, value]), {200, 204})
    prober.post("codes", route, with_value(said, "inputs", 3, [value]), {200, 204})
    for address in keys:
        answered = prober.post("address", route, with_value(said, "inputs", 0, f"http://localhost/?{address}"), {200})
        if answered.status_code == 200:
            assert "<script>" not in json.dumps(answered.json()["response"].get("chips", ""))


# --- the API --------------------------------------------------------------------------------------------------------


def operations(client: TestClient) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and parameters of everything that the API describes."""
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    return [
        (method.upper(), path, said.get("parameters", []))
        for path, methods in paths.items()
        for method, said in methods.items()
    ]


ANSWERED = {200, 201, 202, 204, 400, 403, 404, 405, 409, 413, 415, 422}


@pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS.keys())
def test_texts_in_every_parameter_of_the_api(client: TestClient, prober: Prober, value: str) -> None:
    for method, path, parameters in operations(client):
        own = [p["name"] for p in parameters if p["in"] == "query"]
        held = {"bandwidth", "metrics"} & set(own)
        filled = path
        for parameter in (p for p in parameters if p["in"] == "path"):
            filled = filled.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        good = {"metrics": "accepted", "bandwidth": "300"}
        queries = [{name: value} for name in own] if method == "GET" else []
        for query in [dict.fromkeys(own, value), *queries]:
            said = urlencode({key: good[key] for key in held} | query)
            prober.check(f"{method} {filled} {said[:60]}", ANSWERED, method, f"/api/v1{filled}?{said}", json={})


def test_h41_to_h50_bodies_of_every_write(client: TestClient, prober: Prober) -> None:
    for method, path, _ in operations(client):
        if method in ("POST", "PUT"):
            for name, raw in (RAW | {name: token.encode() for name, token in TOKENS.items()}).items():
                head = {"content-type": "application/json"}
                # Starting an export reads no body.
                allowed = {400, 413} if path != "/exports" else {202, 400, 409}
                prober.check(f"{path} {name}", allowed, method, f"/api/v1{path}", content=raw, headers=head)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_h05_methods_that_no_route_has(client: TestClient, prober: Prober, method: str) -> None:
    for path in ("/", "/map", "/healthz", "/readyz", "/screen", "/api/v1/query", "/assets/map.js", "/tiles/1/1/1"):
        prober.check(f"{method} {path}", {405}, method, path)


@pytest.mark.parametrize(
    "place", ["-1/0/0", "99/0/0", "1/1e9/0", "nan/0/0", "0/0/0/0", "%2e%2e/0/0", "00/00/00", "9999999999/0/0", ""]
)
def test_h63_tiles_that_cannot_be(prober: Prober, place: str) -> None:
    prober.check(place, {404}, "GET", f"/tiles/{place}")


@pytest.mark.parametrize(
    "head", [{"range": "bytes=0-0"}, {"range": "bytes=9999999999-"}, {"range": "x" * 500}, {"if-none-match": "*"}]
)
def test_h65_range_and_etag_tricks_on_files_and_exports(prober: Prober, head: dict[str, str]) -> None:
    for path in ("/assets/map.js", "/api/v1/export?format=csv", "/api/v1/geometry/town"):
        prober.check(f"{path} {head}", {200, 206, 304, 400, 416}, "GET", path, headers=head)


def test_h57_periods_at_the_edge_of_time(prober: Prober) -> None:
    for since, until in (
        ("0001-01-01", "9999-12-31"), ("9999-12-31", "0001-01-01"), ("1990-01-01", "2100-01-01"),
        ("2024-02-29", "2024-03-01"), ("2026-03-01", "2026-03-01"),
    ):  # fmt: skip
        for path in ("query?metrics=accepted&", "cases?", "density?", "replay?", "brief?", "export/about?", "risk?"):
            prober.check(f"{path} {since}", ANSWERED, "GET", f"/api/v1/{path}since={since}&until={until}")


def test_h24_a_role_in_the_address_or_a_header_gives_nothing(client: TestClient) -> None:
    plain = client.get("/api/v1/cases").json()
    assert client.get("/api/v1/cases", headers={"x-role": "admin", "remote-user": "root"}).json() == plain
    assert client.get("/api/v1/cases?role=admin").status_code == 400
