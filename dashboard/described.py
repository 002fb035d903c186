"""What does the API's description say alike of many routes? How a request is refused, and what a parameter may be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

BY_ANY = {
    "400": "请求有误，或不满足条件",
    "401": "未登录，或登录已结束",
    "403": "角色不能使用这个功能",
    "429": "请求太多，请按 Retry-After 再试",
    "503": "暂时不能回答：没有数据、太慢或不能记录审计",
}
WITH_PARTS = {"404": "没有这个东西，或不在您能看的范围内"}
WITH_BODY = {"413": "请求体太大", "415": "请求体不是 JSON"}
REFUSAL = "Refusal"
_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "minLength": 1, "description": "一句话，说明原因和怎么办"}},
}
_OF_THE_LIBRARY = ("HTTPValidationError", "ValidationError")


def _as_written(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return value
    raise PydanticCustomError("date_as_written", "须为 2026-03-01 这样的日期")


Day = Annotated[date, BeforeValidator(_as_written)]
"""A day as text; the library would read 20261101 as seconds since 1970, and answer for a day of that year."""


def one_of(values: Iterable[str | int], default: Any = ..., *, words: str = "", **more: Any) -> Any:
    """A parameter that is one of these; the route itself refuses others, with a sentence that names them."""
    known = list(values)
    said = words or "、".join(str(value) for value in known if value != "")
    return Query(default, description=said, json_schema_extra={"enum": known}, **more)


def list_of(values: Iterable[str], default: Any = ..., *, most: int, words: str) -> Any:
    """A parameter of at most so many of these, separated by commas."""
    one = f"({'|'.join(values)})"
    pattern = f"^{one}(,{one}){{0,{most - 1}}}$"
    if default == "":
        pattern = f"^({pattern[1:-1]})?$"
    return Query(default, description=words, max_length=2000, json_schema_extra={"pattern": pattern})


def groups_of(values: Iterable[str]) -> Any:
    """The parameter that says by what an answer is grouped: by none, one or two of these."""
    known = list(values)
    return list_of(known, "", most=2, words=f"分组，最多两个，逗号分隔：{'、'.join(known)}")


def describe_refusals(api: FastAPI) -> None:
    """Let the description name, for each route, every status of a refusal; what a route says itself stands.

    The framework's 422 is left out: wrong parameters are answered with 400 here.
    """
    plain = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema:  # made once, and kept by the framework
            return api.openapi_schema
        said = plain()
        schemas = said.setdefault("components", {}).setdefault("schemas", {})
        for name in _OF_THE_LIBRARY:
            schemas.pop(name, None)
        schemas[REFUSAL] = _SCHEMA
        for path, methods in said["paths"].items():
            for operation in methods.values():
                _describe(operation, has_parts="{" in path)
        return said

    api.openapi = openapi  # type: ignore[method-assign]


def _describe(operation: dict[str, Any], *, has_parts: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    refusals = BY_ANY | (WITH_PARTS if has_parts else {}) | (WITH_BODY if "requestBody" in operation else {})
    for status, words in refusals.items():
        own = responses.setdefault(status, {"description": words})
        own.setdefault("content", {"application/json": {"schema": {"$ref": f"#/components/schemas/{REFUSAL}"}}})
