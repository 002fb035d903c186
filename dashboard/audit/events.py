"""What is ever written to the audit trail? A closed table of events, and of the facts that each may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dashboard.filters import DIMENSIONS

Facts = Mapping[str, Any]
"""The name of a fact → its value: text, a whole number, or the codes of a choice."""

_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,80}")
_HASH = re.compile(r"[0-9a-f]{64}")
# What looks like a telephone, identity or card number, however it is spaced; full-width digits are digits too.
_NUMBER = re.compile(r"\d(?:[\s-]?\d){6,}[Xx]?")
LONGEST_LINE = 100
LARGEST_COUNT = 2**53 - 1


class FactsError(ValueError):
    """An event, or a fact of it, that the table does not know: a mistake of the program, never of a person."""


def is_line(value: object) -> bool:
    """Is this one line of printable text, as a case number, an account or a code is?"""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_LINE and value.isprintable()


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def _is_codes(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(map(_is_code, value))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_filters(value: object) -> bool:
    """Only which rows are counted, in codes: what somebody searched for is text and stays out."""
    return isinstance(value, Mapping) and all(_is_filter(key, chosen) for key, chosen in value.items())


def _is_filter(key: object, chosen: object) -> bool:
    if key in ("since", "until"):
        return _is_day(chosen)
    return key in DIMENSIONS and isinstance(chosen, (list, tuple)) and all(map(is_line, chosen))


@dataclass(frozen=True)
class Kind:
    """One fact: what people call it, and whether a value is one."""

    name: str
    holds: Callable[[object], bool]


KINDS: Mapping[str, Kind] = {
    "account": Kind("账号", is_line),
    "action": Kind("操作", _is_code),
    "as_role": Kind("以角色", _is_code),
    "as_town": Kind("以乡镇", _is_code),
    "before": Kind("早于", _is_day),
    "build": Kind("程序版本", _is_code),
    "by": Kind("分组", _is_codes),
    "case": Kind("事项", is_line),
    "content": Kind("内容", _is_code),
    "events": Kind("事件", _is_codes),
    "filters": Kind("筛选", _is_filters),
    "format": Kind("格式", _is_code),
    "head": Kind("末条散列", _is_hash),
    "metrics": Kind("指标", _is_codes),
    "ends_at": Kind("有效期至", is_line),
    "method": Kind("方式", _is_code),
    "name": Kind("名称", is_line),
    "offset": Kind("此前行数", _is_count),
    "role_before": Kind("原角色", _is_code),
    "purpose": Kind("用途", is_line),
    "reason": Kind("原因", _is_code),
    "removed": Kind("清除条数", _is_count),
    "role": Kind("角色", _is_code),
    "rows": Kind("行数", _is_count),
    "sha256": Kind("内容散列", _is_hash),
    "since": Kind("自", _is_day),
    "snapshot": Kind("批次", _is_code),
    "through": Kind("清除至序号", _is_count),
    "token": Kind("令牌", is_line),
    "town": Kind("乡镇", _is_code),
    "trace": Kind("追溯号", _is_code),
    "unsigned": Kind("此前未签名条数", _is_count),
    "until": Kind("至（不含）", _is_day),
    "wall": Kind("大屏", is_line),
}
"""Every fact there is. No personal value, no text of a case."""


@dataclass(frozen=True)
class Event:
    """One event: its words, the facts it needs, and those it may have besides."""

    words: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = field(default=())


EVENTS: Mapping[str, Event] = {
    "login": Event("登录", may=("method",)),
    "login_failed": Event("登录失败", may=("method", "reason")),
    "login_locked": Event("被锁定"),
    "logout": Event("退出"),
    "refused": Event("被拒绝", needs=("action", "reason")),
    "case_viewed": Event("查看事项", needs=("case",), may=("purpose",)),
    "cases_listed": Event("查看清单", needs=("rows", "filters"), may=("offset",)),
    "exported": Event(
        "导出",
        needs=("content", "format", "rows", "filters"),
        may=("metrics", "by", "purpose", "sha256", "snapshot", "trace"),
    ),
    "brief_made": Event("生成简报", needs=("format", "filters"), may=("purpose", "sha256", "snapshot", "trace")),
    "picture_taken": Event("存为图片", needs=("content", "format", "filters"), may=("purpose", "snapshot", "trace")),
    "account_added": Event("新增账号", needs=("account", "role"), may=("town",)),
    "account_disabled": Event("停用账号", needs=("account",)),
    "account_enabled": Event("启用账号", needs=("account",)),
    "password_changed": Event("修改密码"),
    "password_reset": Event("重置密码", needs=("account",)),
    "role_changed": Event("变更角色", needs=("account", "role", "role_before"), may=("town",)),
    "token_added": Event("签发令牌", needs=("token", "role"), may=("town", "name", "ends_at")),
    "token_revoked": Event("吊销令牌", needs=("token",)),
    "wall_code_made": Event("签发大屏激活码", needs=("name",)),
    "wall_code_failed": Event("大屏激活码不对"),
    "wall_code_locked": Event("大屏激活被锁定"),
    "wall_activated": Event("激活大屏", needs=("wall",)),
    "wall_revoked": Event("停用大屏", needs=("wall",)),
    "viewed_as": Event("换角色查看", needs=("as_role",), may=("as_town",)),
    "viewed_as_oneself": Event("结束换角色查看"),
    "audit_read": Event(
        "查阅审计",
        needs=("content",),
        may=("rows", "events", "account", "since", "until", "purpose", "sha256", "trace"),
    ),
    "audit_pruned": Event("清除到期审计", needs=("before", "through", "head", "removed")),
    "audit_signed": Event("启用审计密钥", needs=("unsigned", "head")),
    "load_seen": Event("启用新批次", needs=("snapshot",), may=("rows",)),
    "started": Event("启动服务", needs=("build",)),
}
"""Every event there is. Whoever needs another adds it here, with its facts."""


WORDS: Mapping[str, str] = {
    "absolute": "到最长时限",
    "address": "同一地址失败过多",
    "care": "关爱走访",
    "case_viewed": "查看事项",
    "cases": "事项清单",
    "disabled": "账号已停用",
    "export": "导出文件",
    "idle": "长时间未操作",
    "limit": "次数过多",
    "list": "记录清单",
    "locked": "锁定中",
    "name": "同一账号失败过多",
    "numbers": "指标汇总",
    "password": "密码不对",
    "role": "角色无权",
    "scope": "不在管辖范围",
    "unknown": "没有这个账号",
    "verification": "核验结果",
}
"""What people call the codes of a reason or a content; others are shown as they are."""


def checked(event: str, facts: Facts) -> str:
    """The facts of an event as they are kept: canonical JSON, sorted keys, long numbers in typed words masked.

    Raises `FactsError` for an event, a fact or a value that the table does not allow.
    """
    known = EVENTS.get(event)
    if known is None:
        raise FactsError(f"unknown event {event!r}")
    if missing := set(known.needs) - set(facts):
        raise FactsError(f"{event} needs {sorted(missing)}")
    if foreign := set(facts) - {*known.needs, *known.may}:
        raise FactsError(f"{event} has no {sorted(foreign)}")
    if wrong := sorted(name for name, value in facts.items() if not KINDS[name].holds(value)):
        raise FactsError(f"{event}: {wrong} cannot hold that value")
    return canonical({name: _masked(event, name, value) for name, value in facts.items()})


def _masked(event: str, name: str, value: Any) -> Any:
    """Long numbers in what somebody typed freely: what a file is for, and whom they looked for in the trail."""
    is_typed = name == "purpose" or (event, name) == ("audit_read", "account")
    return _NUMBER.sub("***", value) if is_typed else value


def canonical(value: Any) -> str:
    """The one JSON text of a value: no two different values of text, whole numbers, lists and mappings share one.

    Characters stand for themselves: escaped, a character beyond U+FFFF and the two halves of it would look alike.
    """
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
