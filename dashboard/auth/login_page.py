"""What do people see who are not logged in? One plain page, drawn here: no script, no data, nothing of the county's.

The forms for one's own account look the same (account_page.py).
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from fastapi.responses import HTMLResponse

from dashboard.auth.attempts import Refusal
from dashboard.auth.walls import CODE_LENGTH

NO_REFUSAL = Refusal("", 200)

# The server's answers forbid a referrer; a form then sends `Origin: null` over plain HTTP, which is refused
# (dashboard/writes.py). So this page allows one to this server, and to no other.
_PAGE = """<!DOCTYPE html>
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
<form class="login-form" method="post" action="{action}">
<h1>{title}</h1>
{said}
{fields}
<button class="login-button" type="submit">{button}</button>
{after}
</form>
</main>
</body>
</html>
"""

_ACCOUNT = """<label for="name">账号</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">密码</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<input name="next" type="hidden" value="{next}">"""

_CODE = """<label for="code">激活码</label>
<input id="code" class="login-code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false"
 maxlength="{length}" required autofocus>"""


def login_page(*, next: str, refusal: Refusal = NO_REFUSAL, sso: str = "") -> HTMLResponse:
    """The page where people log in, with a sentence on what went wrong; `next` is where they go then.

    `sso` is what people call the single sign-on, where there is one.
    """
    other = (
        f'<a class="login-other" href="/login/sso?next={quote(next, safe="")}">用{escape(sso)}登录</a>' if sso else ""
    )
    return form_page(
        refusal,
        title="登录",
        action="/login",
        fields=_ACCOUNT.format(next=escape(next)),
        button="登录",
        after=f"{other}<p>30 分钟没有操作会自动退出。忘记密码请联系管理员。</p>"
        '<p>这里是大屏？<a href="/login/screen">用激活码打开</a></p>',
    )


def code_page(*, refusal: Refusal = NO_REFUSAL) -> HTMLResponse:
    """The page where a wall is activated."""
    return form_page(
        refusal,
        title="激活大屏",
        action="/login/screen",
        fields=_CODE.format(length=CODE_LENGTH + 4),
        button="激活",
        after="<p>激活码由管理员生成，10 分钟内有效，只能用一次。大屏只显示汇总数字。</p>"
        '<p>这里是个人电脑？<a href="/login">用账号登录</a></p>',
    )


def form_page(refusal: Refusal, *, title: str, action: str, fields: str, button: str, after: str) -> HTMLResponse:
    """A page with one form, and a sentence on what went wrong. `fields` and `after` are HTML, escaped already."""
    said = f'<p class="login-said" role="alert">{escape(refusal.said)}</p>' if refusal.said else ""
    page = _PAGE.format(title=title, action=action, said=said, fields=fields, button=button, after=after)
    headers = {"Cache-Control": "no-store", **({"Retry-After": str(refusal.wait)} if refusal.wait else {})}
    return HTMLResponse(page, refusal.status, headers)
