"""What does a layer say when it answers by itself? JSON with a sentence, or a small page for people."""

from __future__ import annotations

from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

# The server's answers forbid a referrer; a form then sends `Origin: null` over plain HTTP, which is refused
# (dashboard/writes.py). So these pages allow one to this server, and to no other.
PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<title>{title} · 态势一屏尽观</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/tokens.css">
<link rel="stylesheet" href="/assets/login.css">
</head>
<body class="login-body">
<main class="login">
<div class="login-brand">
<p class="login-product">态势一屏尽观</p>
<p class="login-lead">一张屏，看清全县的事</p>
<ol class="login-loop" aria-label="全程闭环">
<li>群众指尖报</li><li>平台精准分</li><li>部门协同办</li><li>全程可追踪</li>
</ol>
</div>
{beside}
</main>
</body>
</html>
"""

SAID = """<div class="login-form"><h1>{title}</h1><p>{text}</p><p><a href="/">回到首页</a></p></div>"""


def refusal(text: str, status: int, *, retry_after: int = 0) -> JSONResponse:
    """{"error": sentence} with its status."""
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return JSONResponse({"error": text}, status_code=status, headers=headers)


def cut_off(text: str, status: int) -> JSONResponse:
    """The same where the rest of the request is not read any more: the connection ends with it."""
    return JSONResponse({"error": text}, status_code=status, headers={"Connection": "close"})


def page(title: str, text: str, status: int) -> HTMLResponse:
    """A page that says something and leads home."""
    return plain_page(title, SAID.format(title=escape(title), text=escape(text)), status)


def plain_page(title: str, beside: str, status: int, *, retry_after: int = 0) -> HTMLResponse:
    """A page without script or data: what the product is, and `beside` it HTML that is escaped already."""
    headers = {"Cache-Control": "no-store", **({"Retry-After": str(retry_after)} if retry_after else {})}
    return HTMLResponse(PAGE.format(title=escape(title), beside=beside), status, headers)


def nothing_here(scope: Scope) -> Response:
    """404: a page for a browser, JSON for a program."""
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return page("没有这个页面", "可能已被删除，或者链接不完整。", 404)
    return refusal("没有这个地址", 404)
