"""Who may come in, and who did what? The command line of whoever runs the server: `python -m dashboard users …`."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from dashboard.audit.command import add_commands
from dashboard.audit.of_doors import audit_of
from dashboard.audit.record import AuditError
from dashboard.audit.trail import open_trail, trail_path
from dashboard.auth.accounts import Account, AccountError
from dashboard.auth.audit import Audit, UnrecordedError
from dashboard.auth.doors import Doors, open_doors
from dashboard.auth.passwords import NOT_TEXT, PasswordError, is_text
from dashboard.auth.roles import ROLES, RoleError
from dashboard.auth.tokens import DAYS, TokenError
from dashboard.auth.walls import WallError
from dashboard.store import DEFAULT, Store, StoreError, state_file

WRONG_USE, UNABLE = 2, 1
WRONG = (AccountError, PasswordError, RoleError, TokenError, WallError)

Options = argparse.Namespace
Command = Callable[[Doors, Options], None]


def main(arguments: Sequence[str] | None = None, *, audit: Audit | None = None) -> int:
    """Carry out one command; gives the exit code. `audit` records every change before it is made (else the trail)."""
    logging.getLogger("yiping").addHandler(logging.NullHandler())  # what failed is said in a sentence below
    parser, typed = _parser(), sys.argv[1:] if arguments is None else arguments
    if not all(map(is_text, typed)):
        parser.error("参数不是 UTF-8 文字")
    options = parser.parse_args(typed)
    if "run" in options:  # the trail's own commands
        return int(options.run(options))
    os.umask(0o077)
    try:
        trail = open_trail(trail_path(options.state), clock=datetime.now)
        with closing(Store(options.state)) as store, closing(trail):
            record = partial(audit or audit_of(trail), by=getpass.getuser())
            options.command(open_doors(store, clock=datetime.now, audit=record), options)
    except WRONG as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    except (AuditError, StoreError, UnrecordedError) as error:
        print(error, file=sys.stderr)
        return UNABLE
    return 0


# --- people -------------------------------------------------------------------------------------------------------


def _add_user(doors: Doors, options: Options) -> None:
    account = doors.accounts.add(
        options.name, _password(), role=options.role, town=options.town, shown_name=options.shown
    )
    print(f"已建立账号：{_line(account)}")


def _disable(doors: Doors, options: Options) -> None:
    print(f"已停用，登录即刻失效：{_line(doors.accounts.disable(options.name))}")


def _enable(doors: Doors, options: Options) -> None:
    print(f"已启用：{_line(doors.accounts.enable(options.name))}")


def _reset(doors: Doors, options: Options) -> None:
    doors.accounts.find(options.name)
    print(f"已重设密码，原有登录即刻失效：{_line(doors.accounts.reset(options.name, _password()))}")


def _set_role(doors: Doors, options: Options) -> None:
    account = doors.accounts.set_role(options.name, role=options.role, town=options.town)
    print(f"已更改角色，原有登录即刻失效：{_line(account)}")


def _list_users(doors: Doors, _options: Options) -> None:
    for account in doors.accounts.listed():
        print(_line(account))


def _line(account: Account) -> str:
    marks = [*(["已停用"] if account.is_disabled else []), *(["演示"] if account.is_demo else [])]
    return "\t".join([account.name, account.shown_name, _role(account.role, account.town), *marks])


def _role(role: str, town: str) -> str:
    return f"{ROLES[role].name} {town}" if town else ROLES[role].name


def _password() -> str:
    """A password that is typed twice unseen, or the first line of what is piped in. Raises `PasswordError`."""
    if not sys.stdin.isatty():
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise PasswordError(NOT_TEXT) from None
    password = getpass.getpass("新密码：")
    if getpass.getpass("再输一次：") != password:
        raise PasswordError("两次输入的密码不同")
    return password


# --- programs and walls -------------------------------------------------------------------------------------------


def _add_token(doors: Doors, options: Options) -> None:
    token = doors.tokens.add(options.name, role=options.role, town=options.town, days=options.days)
    print(f"令牌只显示这一次，{options.days} 天内有效，请求时放在 Authorization: Bearer 之后：", file=sys.stderr)
    print(token)


def _list_tokens(doors: Doors, _options: Options) -> None:
    for token in doors.tokens.listed():
        state = "已吊销" if token.is_revoked else f"有效至 {token.ends_at[:10]}"
        used = f"最近使用 {token.used_at[:13]} 时" if token.used_at else "未使用"
        print(token.id, token.name, _role(token.role, token.town), state, used.replace("T", " "), sep="\t")


def _revoke_token(doors: Doors, options: Options) -> None:
    doors.tokens.revoke(options.id)
    print(f"已吊销令牌 {options.id}")


def _new_code(doors: Doors, options: Options) -> None:
    code = doors.walls.new_code(options.name)
    print("激活码 10 分钟内有效、只能用一次，请在大屏浏览器打开 /login/screen 输入：", file=sys.stderr)
    print(code)


def _list_walls(doors: Doors, _options: Options) -> None:
    for wall in doors.walls.listed():
        state = "已吊销" if wall.is_revoked else f"有效至 {wall.ends_at[:10]}"
        used = f"最近使用 {wall.used_at[:13]} 时".replace("T", " ")
        print(wall.id, wall.name, wall.address, state, used, sep="\t")


def _revoke_wall(doors: Doors, options: Options) -> None:
    doors.walls.revoke(options.id)
    print(f"已吊销大屏 {options.id}")


# --- what may be typed --------------------------------------------------------------------------------------------

_IN_CHINESE = (
    (r"the following arguments are required: (.*)", r"缺少 \1"),
    (r"unrecognized arguments: (.*)", r"不认识 \1"),
    (r"argument (.*): invalid choice: (\S+) \(choose from (.*)\)", r"\1 不能是 \2，可用：\3"),
    (r"argument (.*): expected one argument", r"\1 后面须有一个值"),
    (r"argument (.*): invalid int value: (.*)", r"\1 须为整数，不能是 \2"),
    (r"argument (.*): invalid state_file value: (.*)", r"\1 须写一个文件，不能是 \2"),
)


class _Parser(argparse.ArgumentParser):
    """Says in Chinese what is wrong, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        for pattern, said in _IN_CHINESE:
            message = re.sub(pattern, said, message)
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        sys.stderr.write(f"用法有误：{message}。\n用法：{usage}\n")
        sys.exit(WRONG_USE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m dashboard", description="账号、令牌与大屏")
    groups = parser.add_subparsers(metavar="users|token|tokens|wall|audit", required=True, parser_class=_Parser)
    _users(groups.add_parser("users", help="账号"))
    _token(groups.add_parser("token", help="新建程序用的令牌，只显示一次"))
    _tokens(groups.add_parser("tokens", help="查看、吊销令牌"))
    _wall(groups.add_parser("wall", help="大屏的激活码、查看、吊销"))
    add_commands(groups)
    return parser


def _users(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="add|disable|enable|reset|role|list", required=True, parser_class=_Parser)
    add = _action(actions.add_parser("add", help="新建，密码另行输入"), _add_user, "name")
    add.add_argument("--shown", default="", metavar="姓名", help="页面上显示的姓名，默认同账号")
    _with_role(add)
    _action(actions.add_parser("disable", help="停用，登录即刻失效"), _disable, "name")
    _action(actions.add_parser("enable", help="启用"), _enable, "name")
    _action(actions.add_parser("reset", help="重设密码，登录即刻失效"), _reset, "name")
    _with_role(_action(actions.add_parser("role", help="更改角色，登录即刻失效"), _set_role, "name"))
    _action(actions.add_parser("list", help="全部账号"), _list_users)


def _token(parser: argparse.ArgumentParser) -> None:
    _with_role(_action(parser, _add_token))
    parser.add_argument("--name", required=True, metavar="名称", help="哪个程序使用")
    parser.add_argument("--days", type=int, default=DAYS, metavar="天数", help=f"有效天数，默认 {DAYS}")


def _tokens(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="list|revoke", required=True, parser_class=_Parser)
    _action(actions.add_parser("list", help="全部令牌"), _list_tokens)
    _action(actions.add_parser("revoke", help="吊销，即刻失效"), _revoke_token, "id")


def _wall(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="code|list|revoke", required=True, parser_class=_Parser)
    _action(actions.add_parser("code", help="新的激活码；name 是大屏所在的地方"), _new_code, "name")
    _action(actions.add_parser("list", help="全部大屏"), _list_walls)
    _action(actions.add_parser("revoke", help="吊销，即刻失效"), _revoke_wall, "id")


def _action(parser: argparse.ArgumentParser, command: Command, *names: str) -> argparse.ArgumentParser:
    for name in names:
        parser.add_argument(name)
    state = Path(os.environ.get("YIPING_STATE", DEFAULT))
    parser.add_argument(
        "--state", type=state_file, default=state, metavar="FILE", help="保存账号的文件，与服务器的 --state 相同"
    )
    parser.set_defaults(command=command)
    return parser


def _with_role(parser: argparse.ArgumentParser) -> None:
    roles = "、".join(f"{key}（{role.name}）" for key, role in ROLES.items())
    parser.add_argument("--role", required=True, choices=list(ROLES), metavar="角色", help=roles)
    parser.add_argument("--town", default="", metavar="代码", help="乡镇代码，只用于角色 town")


if __name__ == "__main__":
    sys.exit(main())
