"""What does a small form say? Read without trusting its size, its type or its fields."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl

from fastapi import Request

from dashboard.refusal import RefusedError
from dashboard.web.body import limited, media_type
from dashboard.writes import is_from_here

LARGEST_FORM = 8192


def refuse_other_sites(request: Request) -> None:
    """Raises `RefusedError` for a request that another site's page sent."""
    if not is_from_here(request.headers):
        raise RefusedError("只接受本系统页面发出的请求", 403)


async def read_form(request: Request, fields: Collection[str]) -> dict[str, str]:
    """The fields of a form of ours, each once, empty where it is missing.

    Raises `RefusedError` with a sentence: another site's form, too large, not a form, unknown or doubled fields.
    """
    refuse_other_sites(request)
    if media_type(request.headers) != "application/x-www-form-urlencoded":
        raise RefusedError("请从登录页面提交", 415)
    body = await limited(request, LARGEST_FORM)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=len(fields))
    except ValueError:
        raise RefusedError("内容不是合格的表单") from None
    said = dict(pairs)
    if len(said) < len(pairs) or not set(said) <= set(fields):
        raise RefusedError("内容不是合格的表单")
    return {field: said.get(field, "") for field in fields}
