"""May this request change something, and what does it say? For every route that writes: ours only, small, checked."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.api import in_words
from dashboard.refusal import RefusedError
from dashboard.store import StoreError
from dashboard.web import strict_json
from dashboard.web.answers import refusal
from dashboard.web.body import limited, media_type

READING = {"GET", "HEAD", "OPTIONS"}
OTHERS = {"cross-site", "same-site"}
LARGEST_BODY = 16_384

T = TypeVar("T", bound=BaseModel)


def is_from_here(headers: Headers) -> bool:
    """Was a request sent by a page of this server, or by a program? Browsers name the page; programs name none.

    Sec-Fetch-Site holds behind a proxy that changes Host, but is not sent over plain HTTP; then Origin has to do.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    host = headers.get("host")
    return origin is None or origin in (f"http://{host}", f"https://{host}")


class OwnPagesOnly:
    """An ASGI layer that lets no other site's page change anything here, nor ask the API: it is answered with 403.

    What the API is asked is on record (files with their purpose, cases looked at): a link elsewhere must not ask it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what only reads, and what comes from here."""
        if scope["type"] == "http" and not _may_pass(scope):
            await refusal("只接受本系统页面发出的请求", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _may_pass(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] not in READING:
        return is_from_here(headers)
    return not (scope["path"].startswith("/api/") and headers.get("sec-fetch-site") in OTHERS)


async def read(request: Request, model: type[T]) -> T:
    """The request's JSON as the model. Raises `RefusedError` with a sentence for whatever is wrong with it."""
    if media_type(request.headers) != "application/json":
        raise RefusedError("内容须为 JSON（Content-Type: application/json）", 415)
    said = strict_json.read(await limited(request, LARGEST_BODY))
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise RefusedError("；".join(dict.fromkeys(_words(model, e) for e in error.errors()[:3]))) from None


def _words(model: type[BaseModel], error: Any) -> str:
    """One pydantic error as a sentence; a field's title is its Chinese name."""
    key = str(error["loc"][0]) if error["loc"] else ""
    known = model.model_fields.get(key)
    name = (known.title if known else None) or "内容"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"不认识的项“{key[:20]}”"
    if kind == "value_error":
        return f"{name}{context['error']}"
    said = {
        "missing": "不能缺少",
        "string_too_short": "不能为空",
        "string_too_long": f"至多 {context.get('max_length')} 字",
        "string_pattern_mismatch": "的写法不对",
        "string_type": "须为文字",
        "bool_type": "须为 true 或 false",
        "literal_error": f"只能是 {context.get('expected')}",
    }
    fallback = "须为 2026-03-01 这样的日期" if kind.startswith("date") else "的取值不对"
    return f"{name}{said.get(kind, fallback)}"


def add_refusals(api: FastAPI) -> None:
    """Answer refusals with their status and sentence; a store that cannot be written is 503."""

    @api.exception_handler(RefusedError)
    async def refused(_request: Request, error: RefusedError) -> JSONResponse:
        return refusal(str(error), error.status, retry_after=error.retry_after)

    api.add_exception_handler(StoreError, in_words(503))


def with_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a route's body."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
