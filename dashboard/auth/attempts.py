"""Does an attempt to get in succeed? It is counted, judged and recorded, in that order, before anybody hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.auth.accounts import Account, AccountError
from dashboard.auth.audit import UnrecordedError
from dashboard.auth.cookies import AmbiguousError
from dashboard.auth.doors import Doors
from dashboard.auth.identity import Identity
from dashboard.auth.passwords import PasswordError, fold
from dashboard.refusal import RefusedError
from dashboard.store import StoreError


class TurnedAwayError(Exception):
    """The attempt failed, or has to wait `wait` seconds; the text is the same whatever was wrong."""

    def __init__(self, text: str, *, wait: int = 0) -> None:
        super().__init__(text)
        self.wait = wait


REFUSALS = (TurnedAwayError, RefusedError, AmbiguousError, PasswordError, StoreError, UnrecordedError)
"""Everything for which nobody gets in, nobody out, and nothing is changed."""


@dataclass(frozen=True)
class Refusal:
    """What to answer: a sentence, the HTTP status, and the seconds to wait (0: it need not be said)."""

    said: str
    status: int
    wait: int = 0


def refusal(error: Exception) -> Refusal:
    """What to answer to one of `REFUSALS`."""
    match error:
        case TurnedAwayError():
            return Refusal(str(error), 429 if error.wait else 401, error.wait)
        case RefusedError():
            return Refusal(str(error), error.status)
        case AmbiguousError() | PasswordError():
            return Refusal(str(error), 400)
        case UnrecordedError():
            return Refusal(str(error), 503)
        case _:
            return Refusal("暂时无法登录，请稍后再试或联系管理员", 503)


def log_in(doors: Doors, name: str, password: str, address: str) -> str:
    """The key of a new session. Raises `TurnedAwayError`, `StoreError`, `UnrecordedError`; then there is none."""
    account = _verified(doors, name, password, address, "账号或密码不对，或账号已停用")
    doors.audit("login", account=account.name, role=account.role, address=address)
    return doors.sessions.start(account)


def change_password(doors: Doors, name: str, password: str, new: str, address: str) -> str:
    """The key of the only session left, after somebody logged in chose a new password. Raises as `log_in`.

    A wrong old one counts as a failed log-in: who finds a screen unlocked cannot try for long. Raises `PasswordError`.
    """
    account = _verified(doors, name, password, address, "当前密码不对")
    if new == password:
        raise PasswordError("新密码不能与当前密码相同")
    try:
        return doors.sessions.start(doors.accounts.change(account, new, address))
    except AccountError as error:
        raise TurnedAwayError(str(error)) from error


def look_as(doors: Doors, person: Identity, key: str, *, role: str, town: str, address: str) -> None:
    """Let a session see what a role sees from its next request on; its own again where there is no role.

    Raises `StoreError`, `UnrecordedError`; then it sees what it saw before.
    """
    who = {"account": person.name, "role": person.account_role, "address": address}
    if role:
        doors.audit("viewed_as", as_role=role, as_town=town, **who)
        doors.sessions.look_as(key, role=role, town=town)
    elif person.own_role:
        doors.audit("viewed_as_oneself", **who)
        doors.sessions.look_as_oneself(key)


def _verified(doors: Doors, name: str, password: str, address: str, said: str) -> Account:
    """The account, if this is its password; the attempt is counted first, and a failure recorded."""
    folded = fold(name)
    wait = doors.logins.admit(folded, address)
    if wait:
        known = doors.accounts.known(name)
        if doors.logins.is_news(known, address):
            doors.audit("login_locked", account=known, address=address)
        raise TurnedAwayError(_locked(wait), wait=wait)
    account = doors.accounts.verified(name, password)
    if account is None:
        doors.audit("login_failed", account=doors.accounts.known(name), address=address)
        raise TurnedAwayError(said)
    doors.logins.forgive(folded, address)
    return account


def vouched(doors: Doors, name: str, address: str) -> str:
    """The key of a new session for somebody whom the single sign-on vouches for. Raises as `log_in`."""
    account = doors.accounts.open(name)
    if account is None:
        doors.audit("login_failed", account=doors.accounts.known(name), address=address, method="sso")
        raise TurnedAwayError("您的账号还没有在本系统开通，或已停用：请联系管理员")
    doors.audit("login", account=account.name, role=account.role, address=address, method="sso")
    return doors.sessions.start(account)


def log_out(doors: Doors, key: str, address: str) -> None:
    """End a session, if the key is one's. Raises `StoreError`, `UnrecordedError`; then the session goes on."""
    person = doors.sessions.find(key, is_used=False) if key else None
    if person:
        doors.audit("logout", account=person.name, address=address)
        doors.sessions.end(key)


def activate(doors: Doors, code: str, address: str) -> str:
    """The key of a wall at this address. Raises as `log_in`."""
    wait = doors.codes.admit(address, address)
    if wait:
        if doors.codes.is_news(address, address):
            doors.audit("wall_code_locked", address=address)
        raise TurnedAwayError(_locked(wait), wait=wait)
    key = doors.walls.activate(code, address)
    if key is None:
        doors.audit("wall_code_failed", address=address)
        raise TurnedAwayError("激活码不对、已用过或已过期")
    doors.codes.forgive(address, address)
    return key


def _locked(wait: int) -> str:
    return f"失败次数过多，请 {-(-wait // 60)} 分钟后再试"
