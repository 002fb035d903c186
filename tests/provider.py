"""Who vouches for people in tests? An OpenID provider on this machine that can also be made to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from dashboard.auth.oidc import Provider
from tests.doors import Hand

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
CLIENT, SECRET, HERE = "yiping", "a secret of sixteen or more", "https://yiping.example"


@dataclass
class Vouching:
    """The provider: what it knows of log-ins under way, and what it says otherwise than it should."""

    clock: Hand
    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: KEY)
    claims: dict[str, Any] = field(default_factory=dict)
    signs_with: Any = None
    algorithm: str = "RS256"
    description: dict[str, Any] = field(default_factory=dict)
    token_answer: tuple[int, Any] | None = None
    begun: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def provider(self) -> Provider:
        return Provider(issuer=self.issuer, client_id=CLIENT, secret=SECRET, here=HERE)

    def visited(self, url: str, name: str) -> tuple[str, str]:
        """Somebody logs in at the provider under this address; the state and the code they are sent back with."""
        said = dict(parse_qsl(urlsplit(url).query))
        assert (said["client_id"], said["response_type"], said["code_challenge_method"]) == (CLIENT, "code", "S256")
        assert said["redirect_uri"] == f"{HERE}/login/sso/back"
        assert "openid" in said["scope"].split()
        code = f"code-{len(self.begun)}"
        self.begun[code] = said | {"name": name}
        return said["state"], code

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            urls = {key: f"{self.issuer}/{name}" for key, name in endpoints.items()}
            return 200, {"issuer": self.issuer, **urls, **self.description}
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return self.token_answer or self._token(form, authorization)

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        begun = self.begun.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if begun is None or begun["code_challenge"] != proof.decode() or authorization != f"Basic {known}":
            return 400, {"error": "invalid_grant"}
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            "preferred_username": begun["name"],
        } | self.claims
        claims = {key: value for key, value in claims.items() if value is not None}
        signed = jwt.encode(
            {"alg": self.algorithm, "kid": "k1"}, claims, self.signs_with or self.key, algorithms=[self.algorithm]
        )
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": signed}


def another_key() -> RSAKey:
    """A key that the provider does not publish, under the name of the one it does."""
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


def the_secret_as_key() -> OctKey:
    """What both sides know, taken for a signing key."""
    return OctKey.import_key(SECRET, {"kid": "k1"})


@contextmanager
def vouching(clock: Hand) -> Iterator[Vouching]:
    """A provider at an address of this machine, for as long as the block lasts."""
    made = Vouching(clock)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say({key: values[0] for key, values in parse_qs(body).items()})

        def _say(self, form: dict[str, str]) -> None:
            status, said = made.answer(self.path, form, self.headers.get("Authorization", ""))
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
