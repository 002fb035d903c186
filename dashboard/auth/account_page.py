"""What do people see who do something with their own account? A form in the looks of the log-in page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from fastapi.responses import HTMLResponse

from dashboard.auth.attempts import Refusal
from dashboard.auth.login_page import NO_REFUSAL, form_page
from dashboard.auth.passwords import LONGEST, SHORTEST
from dashboard.auth.roles import VIEWABLE

_BACK = '<p><a href="/">回到首页</a></p>'
_PASSWORDS = f"""<label for="current">当前密码</label>
<input id="current" name="current" type="password" autocomplete="current-password" required autofocus>
<label for="password">新密码（{SHORTEST} 至 {LONGEST} 个字符）</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="{SHORTEST}" required>
<label for="again">再输一次新密码</label>
<input id="again" name="again" type="password" autocomplete="new-password" minlength="{SHORTEST}" required>"""
_CHOICES = """<label for="role">角色</label>
<select id="role" name="role" autofocus>{roles}</select>
<label for="town">乡镇（只用于“乡镇”角色）</label>
<select id="town" name="town"><option value="">—</option>{towns}</select>"""


def password_page(*, refusal: Refusal = NO_REFUSAL) -> HTMLResponse:
    """The page where people change their own password, with a sentence on what went wrong."""
    return form_page(
        refusal,
        title="修改密码",
        action="/password",
        fields=_PASSWORDS,
        button="修改",
        after="<p>修改后，您在别处的登录都会退出。</p>" + _BACK,
    )


def view_as_page(towns: Mapping[str, str], *, refusal: Refusal = NO_REFUSAL) -> HTMLResponse:
    """The page where a role to look as is chosen; `towns` are the names by code."""
    return form_page(
        refusal,
        title="换角色查看",
        action="/view-as",
        fields=_CHOICES.format(roles=_options({role.key: role.name for role in VIEWABLE}), towns=_options(towns)),
        button="开始查看",
        after="<p>看到的页面和数字与该角色的人相同。期间的操作仍记在您名下，开始和结束都有审计记录。</p>" + _BACK,
    )


def _options(names: Mapping[str, str]) -> str:
    return "".join(f'<option value="{escape(key)}">{escape(name)}</option>' for key, name in names.items())
