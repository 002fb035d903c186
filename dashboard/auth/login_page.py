"""What do people see who are not logged in? One plain page: no script, no data, nothing of the county's.

The forms for one's own account look the same (account_page.py).
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from fastapi.responses import HTMLResponse

from dashboard.auth.attempts import Refusal
from dashboard.auth.walls import CODE_LENGTH
from dashboard.web.answers import plain_page

NO_REFUSAL = Refusal("", 200)
OVER = Refusal("登录已结束（退出、太久没有操作、已满最长时限，或账号有变更）。重新登录后回到原来的页面。", 200)
"""What is said to those whose page found out that they are logged in no more (assets/session.js)."""

_FORM = """<form class="login-form" method="post" action="{action}">
<h1>{title}</h1>
{said}
{fields}
<button class="login-button" type="submit">{button}</button>
{after}
</form>"""

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
    form = _FORM.format(title=title, action=action, said=said, fields=fields, button=button, after=after)
    return plain_page(title, form, refusal.status, retry_after=refusal.wait)
