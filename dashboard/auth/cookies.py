"""Which key did the request bring along? Read from the headers as they came: two of one name are not chosen from."""

from __future__ import annotations

from datetime import timedelta

from starlette.datastructures import Headers
from starlette.responses import Response

SESSION, WALL = "yiping_session", "yiping_wall"


class AmbiguousError(Exception):
    """The request brings two keys for one lock; the text says so, for a person."""


def cookie_name(name: str, *, is_secure: bool) -> str:
    """A cookie's full name; over TLS with the prefix that lets no other host and no plain connection set it."""
    return f"__Host-{name}" if is_secure else name


def sent(headers: Headers, name: str) -> str:
    """The value of a cookie; empty where there is none. Raises `AmbiguousError` where there are two."""
    pairs = [pair.strip().partition("=") for line in headers.getlist("cookie") for pair in line.split(";")]
    values = [value for key, _, value in pairs if key == name]
    if len(values) > 1:
        raise AmbiguousError("浏览器发来了两份登录凭据，无法确定用哪一份：请清除本站的 Cookie 后重新登录")
    return values[0] if values else ""


def give(response: Response, name: str, key: str, *, is_secure: bool, life: timedelta | None = None) -> None:
    """Send a key with the answer; without `life` the browser forgets it when it closes, with none at all at once."""
    response.set_cookie(
        cookie_name(name, is_secure=is_secure),
        key,
        max_age=None if life is None else int(life.total_seconds()),
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def take_back(response: Response, name: str, *, is_secure: bool) -> None:
    """Make the browser forget a key."""
    give(response, name, "", is_secure=is_secure, life=timedelta(0))
