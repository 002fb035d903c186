"""Can a page of ours have sent this callback? Its body is checked against what is wired before Dash sees it.

Dash answers a malformed body with 500, and a failing callback with 500 and no word in the log (dash 4.4.1): both are
settled here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.refusal import RefusedError
from dashboard.web import strict_json
from dashboard.web.body import media_type, replayed, whole

CallbackMap = Mapping[str, Mapping[str, Any]]
"""Dash's `callback_map`: output → what is wired to it."""

KEYS = {"output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds"}
MOST_CHANGED = 100

_failed: ContextVar[list[Exception] | None] = ContextVar("failed", default=None)


def failed(error: Exception) -> None:
    """Dash's `on_error`: keep what a callback raised for the layer, and let Dash go on failing."""
    kept = _failed.get()
    if kept is not None:
        kept.append(error)
    raise error


class CallbackBodies:
    """An ASGI layer around the callback routes: 400 or 415 with a sentence for a body that no page of ours sends.

    `maps` holds the callbacks of each route. What a callback raises is raised again, outside of Dash.
    """

    def __init__(self, app: ASGIApp, maps: Mapping[str, CallbackMap]) -> None:
        self._app = app
        self._maps = maps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no callback, and a callback that is wired."""
        wired = self._maps.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if wired is None:
            await self._app(scope, receive, send)
            return
        _refuse_other_types(Headers(scope=scope))
        body = await whole(receive)
        check(strict_json.read(body), wired)
        await self._carry_out(scope, replayed(body, receive), send)

    async def _carry_out(self, scope: Scope, receive: Receive, send: Send) -> None:
        raised: list[Exception] = []

        async def sending(message: Message) -> None:
            if not raised:
                await send(message)

        token = _failed.set(raised)
        try:
            await self._app(scope, receive, sending)
        finally:
            _failed.reset(token)
        if raised:
            raise raised[0]


def _refuse_other_types(headers: Headers) -> None:
    if media_type(headers) != "application/json" or headers.get("content-encoding", "identity") != "identity":
        raise RefusedError("内容须为 JSON（Content-Type: application/json）", 415)


def check(said: Any, wired: CallbackMap) -> None:
    """Raises `RefusedError` unless `said` names a callback and brings exactly its inputs and states."""
    if not isinstance(said, dict) or not said.keys() <= KEYS:
        raise RefusedError("回调请求的格式不对")
    output = said.get("output")
    callback = wired.get(output) if isinstance(output, str) else None
    # What runs in the browser has no function here.
    if callback is None or "callback" not in callback:
        raise RefusedError("没有这个回调：页面可能已过期，请刷新")
    _check_dependencies(said.get("inputs"), callback["inputs"])
    _check_dependencies(said.get("state", []), callback["state"])
    _check_outputs(said.get("outputs"), str(output))
    _check_changed(said, callback["inputs"])


def _check_dependencies(said: Any, wired: Sequence[Mapping[str, Any]]) -> None:
    if not isinstance(said, list) or len(said) != len(wired):
        raise RefusedError("回调请求的输入项不对")
    for item, expected in zip(said, wired, strict=True):
        named = isinstance(item, dict) and item.keys() <= {"id", "property", "value"}
        if not named or _address(item) != _address(expected):
            raise RefusedError("回调请求的输入项不对")


def _address(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return item.get("id"), item.get("property")


def _check_outputs(said: Any, output: str) -> None:
    """The outputs must spell the name of the callback: Dash fills what they say, not what is wired."""
    if output.startswith(".."):
        items, names = said, output.removeprefix("..").removesuffix("..").split("...")
    else:
        items, names = [said], [output]
    if not isinstance(items, list) or len(items) != len(names):
        raise RefusedError("回调请求的输出项不对")
    for item, name in zip(items, names, strict=True):
        if not isinstance(item, dict) or item.keys() != {"id", "property"} or not _spells(item, name):
            raise RefusedError("回调请求的输出项不对")


def _spells(item: Mapping[str, Any], name: str) -> bool:
    # “@hash” marks one of several callbacks with the same output.
    return f"{item['id']}.{item['property']}" in (name, name.partition("@")[0])


def _check_changed(said: Mapping[str, Any], wired: Sequence[Mapping[str, Any]]) -> None:
    known = {f"{item['id']}.{item['property']}" for item in wired}
    ids = {str(item["id"]) for item in wired} | known
    changed, parsed = said.get("changedPropIds", []), said.get("parsedChangedPropsIds", [])
    if not _all_of(changed, known) or not _all_of(parsed, ids):
        raise RefusedError("回调请求的触发项不对")


def _all_of(said: Any, known: set[str]) -> bool:
    return (
        isinstance(said, list)
        and len(said) <= MOST_CHANGED
        and all(isinstance(item, str) and item in known for item in said)
    )
