"""What does a layer say when it answers by itself? JSON with a sentence, or a small page for people."""

from __future__ import annotations

from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p><p><a href="/">回到总览</a></p></body></html>
"""


def refusal(text: str, status: int, *, retry_after: int = 0) -> JSONResponse:
    """{"error": sentence} with its status."""
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return JSONResponse({"error": text}, status_code=status, headers=headers)


def cut_off(text: str, status: int) -> JSONResponse:
    """The same where the rest of the request is not read any more: the connection ends with it."""
    return JSONResponse({"error": text}, status_code=status, headers={"Connection": "close"})


def page(title: str, text: str, status: int) -> HTMLResponse:
    """A page of plain words."""
    body = PAGE.format(title=escape(title), text=escape(text))
    return HTMLResponse(body, status_code=status, headers={"Cache-Control": "no-store"})


def nothing_here(scope: Scope) -> Response:
    """404: a page for a browser, JSON for a program."""
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return page("没有这个页面", "可能已被删除，或者链接不完整。", 404)
    return refusal("没有这个地址", 404)
