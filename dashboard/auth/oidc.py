"""Does the county's single sign-on vouch for somebody? OpenID Connect: the code flow, with PKCE, state and nonce.

It says only who somebody is. Whether they may come in, and as what, is said by their account here.
"""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from dashboard.clock import Clock
from dashboard.config import ConfigError, entries

FILE = Path(__file__).resolve().parent.parent.parent / "data" / "reference" / "sso.toml"
BACK = "/login/sso/back"
LIFE = timedelta(minutes=10)
PATIENCE = 10.0
"""Seconds that the provider is waited for."""
ALGORITHMS = ("RS256", "ES256")
CLOCKS_MAY_DIFFER = 60
NEEDED = {"issuer", "client_id", "secret_file", "here"}


class ProviderFileError(ConfigError):
    """The file of the single sign-on cannot be used; the text says where and why, for a person."""


class OidcError(Exception):
    """The provider vouches for nobody, or cannot be asked; the text says so, for a person."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Who vouches. `here` is the address of this server as browsers know it; `claim` holds the account's name."""

    issuer: str
    client_id: str
    secret: str
    here: str
    claim: str = "preferred_username"
    name: str = "统一身份认证"


@dataclass(frozen=True)
class Begun:
    """A log-in that was begun: where the browser goes, and what its cookie keeps until it comes back."""

    url: str
    kept: str


def configured(path: Path = FILE) -> Provider | None:
    """The provider of a file; none where there is no file. Raises `ProviderFileError`."""
    rows = entries(path, "provider", name="单点登录文件", error=ProviderFileError)
    if not rows:
        return None
    row, where = rows[0], f"单点登录文件 {path}"
    known = NEEDED | {"claim", "name"}
    if len(rows) > 1 or not isinstance(row, dict) or not NEEDED <= set(row) <= known:
        raise ProviderFileError(f"{where} 须有且只有一个 [[provider]]，其中须有 {'、'.join(sorted(NEEDED))}")
    if not all(isinstance(value, str) and value.strip() for value in row.values()):
        raise ProviderFileError(f"{where} 的各项须为文字")
    for key in ("issuer", "here"):
        if not _is_safe(row[key]):
            raise ProviderFileError(f"{where} 的 {key} 须为 https 地址，末尾不带斜杠")
    rest = {key: value for key, value in row.items() if key != "secret_file"}
    return Provider(**rest, secret=_secret(path.parent / row["secret_file"], where))


class Oidc:
    """Log-in by a provider. All methods block, for `PATIENCE` seconds at most per question; they raise `OidcError`."""

    def __init__(self, provider: Provider, *, clock: Clock) -> None:
        self.provider, self._clock = provider, clock

    def begin(self, next: str) -> Begun:
        """Begin to log in, to go on to `next`."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._session() as session:
            try:
                endpoint = _address(self._discovered(session), "authorization_endpoint")
            except _FAULTS as error:
                raise OidcError(f"{self.provider.name}暂时无法连接，请稍后再试，或用账号登录") from error
            url, _ = session.create_authorization_url(endpoint, state=state, code_verifier=verifier, nonce=nonce)
        return Begun(str(url), ".".join([state, nonce, verifier, quote(next, safe="")]))

    def finish(self, kept: str, *, state: str, code: str) -> tuple[str, str]:
        """The name that the provider vouches for, and where to go on to. `kept` is what the cookie kept."""
        parts = kept.split(".", 3)
        if len(parts) < 4 or not code or not secrets.compare_digest(parts[0].encode(), state.encode()):
            raise OidcError("登录没有完成或已过期，请重新登录")
        _, nonce, verifier, next = parts
        with self._session() as session:
            try:
                claims = self._claims(session, code=code, verifier=verifier, nonce=nonce)
            except _FAULTS as error:
                raise OidcError(f"{self.provider.name}没有确认您的身份，请重新登录") from error
        name = claims.get(self.provider.claim)
        if not isinstance(name, str) or not name:
            raise OidcError(f"{self.provider.name}没有给出账号（{self.provider.claim}），请联系管理员")
        return name, unquote(next)

    def _claims(self, session: OAuth2Session, *, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """What the provider signed about the person, once everything about the signature is as it must be."""
        found = self._discovered(session)
        answer = session.fetch_token(
            _address(found, "token_endpoint"),
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
        )
        keys = KeySet.import_key_set(_json(session, _address(found, "jwks_uri")))
        claims: dict[str, Any] = jwt.decode(answer["id_token"], keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=CLOCKS_MAY_DIFFER,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        if claims.get("azp", self.provider.client_id) != self.provider.client_id:
            raise ValueError("the token was issued for another client")
        return claims

    def _discovered(self, session: OAuth2Session) -> dict[str, Any]:
        """The provider's own description."""
        found: dict[str, Any] = _json(session, f"{self.provider.issuer}/.well-known/openid-configuration")
        if found.get("issuer") != self.provider.issuer:
            raise ValueError("the description is of another issuer")
        return found

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            client_id=self.provider.client_id,
            client_secret=self.provider.secret,
            scope="openid profile",
            redirect_uri=self.provider.here + BACK,
            code_challenge_method="S256",
            default_timeout=PATIENCE,
        )


_FAULTS = (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError, TypeError)
"""All that a provider's answer can be wrong in."""


def _json(session: OAuth2Session, url: str) -> Any:
    answer = session.get(url, withhold_token=True, allow_redirects=False)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _address(found: dict[str, Any], key: str) -> str:
    url = found[key]
    if not isinstance(url, str) or not _is_safe(url):
        raise ValueError(f"{key} is not an https address")
    return url


def _is_safe(url: str) -> bool:
    """An https address without a slash at its end; http only on this machine."""
    said = urlsplit(url)
    try:
        is_here = ipaddress.ip_address(said.hostname or "").is_loopback
    except ValueError:
        is_here = False
    return (
        bool(said.hostname)
        and not url.endswith("/")
        and (said.scheme == "https" or (said.scheme == "http" and is_here))
    )


def _secret(path: Path, where: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
        is_open = bool(path.stat().st_mode & 0o077)
    except OSError as error:
        raise ProviderFileError(f"{where} 的 secret_file 不能读取（{error}）") from error
    if is_open:
        raise ProviderFileError(f"{where} 的 secret_file 须只有本用户能读（chmod 600 {path}）")
    if len(secret) < 16:
        raise ProviderFileError(f"{where} 的 secret_file 过短，至少 16 个字符")
    return secret
