"""Does every answer say what a page may load, and does a configured tile host open no other door?"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.basemap import OWN_ADDRESS, BaseMap
from dashboard.headers import content_policy
from dashboard.server import create

FOREIGN = BaseMap("https://t0.tiles.test:8443/{z}/{x}/{y}?tk=secret", "", 0, 18, is_tms=False)
OWN = BaseMap(OWN_ADDRESS, "", 0, 18, is_tms=False)


def rules(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}


@pytest.fixture(scope="module")
def client(small_county: Path) -> Iterator[TestClient]:
    server = create(small_county, FOREIGN)

    async def crash(_request: Request) -> None:
        raise RuntimeError

    server.router.routes.insert(0, Route("/api/v1/crash", crash))
    with TestClient(server, raise_server_exceptions=False) as session:
        yield session


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 302), ("/map?kind=C", 200), ("/healthz", 200), ("/api/v1/pulse", 200), ("/api/v1/query", 400),
        ("/api/v1/nothing", 404), ("/tiles/1/1/1", 404), ("/assets/tokens.css", 200), ("/_dash-layout", 200),
        ("/api/v1/crash", 500),
    ],
)  # fmt: skip
def test_every_answer_has_the_headers(client: TestClient, path: str, status: int) -> None:
    said = client.get(path, follow_redirects=False)
    assert said.status_code == status
    assert said.headers["x-content-type-options"] == "nosniff"
    assert said.headers["referrer-policy"] == "no-referrer"
    assert rules(said.headers["content-security-policy"])["default-src"] == ["'none'"]


def test_every_inline_script_of_a_page_is_allowed_by_its_hash_and_nothing_else_is(client: TestClient) -> None:
    for path in ("/map?kind=C", "/definitions?kind=C", "/?kind=C"):
        said = client.get(path)
        allowed = rules(said.headers["content-security-policy"])["script-src"]
        inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>(.*?)</script>", said.text, re.DOTALL)
        hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in inline}
        assert hashes
        assert {"'self'", *hashes} == set(allowed)


def test_a_tile_host_may_send_pictures_and_nothing_else(client: TestClient) -> None:
    said = client.get("/healthz").headers["content-security-policy"]
    assert rules(said)["img-src"] == ["'self'", "data:", "blob:", "https://t0.tiles.test:8443"]
    assert said.count("tiles.test") == 1
    assert "secret" not in said


def test_tiles_of_our_own_name_no_host() -> None:
    policy = content_policy(["'sha256-x'"], OWN.origin)
    assert "//" not in policy
    assert "unsafe-eval" not in policy
    assert rules(policy)["img-src"] == ["'self'", "data:", "blob:"]
    assert rules(policy)["script-src"] == ["'self'", "'sha256-x'"]
