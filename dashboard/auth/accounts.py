"""Who has an account? A name, a role, and an epoch that ends all their sessions when it is raised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dashboard.auth import passwords, roles
from dashboard.auth.audit import Audit
from dashboard.auth.passwords import Hashes, fold
from dashboard.auth.times import stamp
from dashboard.clock import Clock
from dashboard.store import Store

LONGEST_NAME = 32

TABLE = """create table if not exists account (
  name text primary key, shown_name text not null, role text not null, town text not null, hash text not null,
  epoch integer not null, is_disabled integer not null, is_demo integer not null, made_at text not null
) strict"""


_GIVE = "update account set hash = :hash, is_demo = 0, epoch = epoch + 1"
_CHANGED_SINCE = "账号刚刚已被停用、重设或改动，密码未改：请重新登录"


class AccountError(Exception):
    """The account cannot be made or changed as asked; the text says why, for a person."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """One person's account. `name` is folded; `shown_name` is as it was typed."""

    name: str
    shown_name: str
    role: str
    town: str
    epoch: int
    is_disabled: bool
    is_demo: bool
    made_at: str


class Accounts:
    """The accounts. Every change is recorded before it is made; what changes a person's rights ends their sessions.

    All changes raise `AccountError`, `RoleError` or `PasswordError` for what cannot be, `StoreError` where it cannot
    be kept, and whatever `audit` raises.
    """

    def __init__(self, store: Store, *, clock: Clock, audit: Audit, hashes: Hashes | None = None) -> None:
        self._store, self._clock, self._audit, self._hashes = store, clock, audit, hashes or Hashes()
        store.declare(TABLE)

    def add(
        self, name: str, password: str, *, role: str, town: str = "", shown_name: str = "", is_demo: bool = False
    ) -> Account:
        """Make an account."""
        folded = _allowed(name)
        roles.checked(role, town)
        passwords.check(password, name)
        if self._found(folded):
            raise AccountError(f"账号“{folded}”已存在（不分大小写和全角半角）")
        shown = shown_name.strip() or name.strip()
        if len(shown) > LONGEST_NAME or not shown.isprintable():
            raise AccountError(f"姓名须为至多 {LONGEST_NAME} 个可见字符")
        hash = self._hashes.of(password)
        self._audit("account_added", account=folded, role=role, town=town)
        made = self._store.write(
            "insert into account values (:name, :shown_name, :role, :town, :hash, 1, 0, :is_demo, :made_at)"
            " on conflict (name) do nothing",
            {
                "name": folded,
                "shown_name": shown,
                "role": role,
                "town": town,
                "hash": hash,
                "is_demo": int(is_demo),
                "made_at": stamp(self._clock()),
            },
        )
        if not made:
            raise AccountError(f"账号“{folded}”刚刚已被别人建立")
        return self.find(folded)

    def disable(self, name: str) -> Account:
        """Let the person in no more; their sessions end at the next request."""
        account = self.find(name)
        self._audit("account_disabled", account=account.name)
        self._store.write(
            "update account set is_disabled = 1, epoch = epoch + 1 where name = :name", {"name": account.name}
        )
        return self.find(name)

    def enable(self, name: str) -> Account:
        """Let the person in again; sessions that ended stay ended. Not a demo account: its password was printed."""
        account = self.find(name)
        if account.is_demo:
            raise AccountError(f"“{account.name}”是演示账号，密码打印过：请先用 users reset 给它新密码，再启用")
        self._audit("account_enabled", account=account.name)
        self._store.write("update account set is_disabled = 0 where name = :name", {"name": account.name})
        return self.find(name)

    def reset(self, name: str, password: str) -> Account:
        """Give a new password and end all sessions. A demo account is one no more: its password is not the printed."""
        account = self.find(name)
        hash = self._hashed(password, account)
        self._audit("password_reset", account=account.name)
        self._store.write(f"{_GIVE} where name = :name", {"name": account.name, "hash": hash})
        return self.find(name)

    def change(self, account: Account, password: str, address: str) -> Account:
        """The same, done by the account's own person from an address; `account` is as its old password was verified.

        Where it was reset, disabled or given another role since, that stands: raises `AccountError`.
        """
        hash = self._hashed(password, account)
        if self.open(account.name) != account:
            raise AccountError(_CHANGED_SINCE)
        self._audit("password_changed", account=account.name, role=account.role, address=address)
        given = self._store.write(
            f"{_GIVE} where name = :name and epoch = :epoch and is_disabled = 0",
            {"name": account.name, "hash": hash, "epoch": account.epoch},
        )
        if not given:
            raise AccountError(_CHANGED_SINCE)
        return replace(account, epoch=account.epoch + 1, is_demo=False)

    def _hashed(self, password: str, account: Account) -> str:
        passwords.check(password, account.name)
        return self._hashes.of(password)

    def set_role(self, name: str, *, role: str, town: str = "") -> Account:
        """Give another role and end all sessions."""
        account = self.find(name)
        roles.checked(role, town)
        self._audit("role_changed", account=account.name, role=role, town=town, role_before=account.role)
        self._store.write(
            "update account set role = :role, town = :town, epoch = epoch + 1 where name = :name",
            {"name": account.name, "role": role, "town": town},
        )
        return self.find(name)

    def find(self, name: str) -> Account:
        """The account of a name. Raises `AccountError`."""
        found = self._found(fold(name))
        if not found:
            raise AccountError(f"没有账号“{name[:LONGEST_NAME]}”")
        return _account(found)

    def listed(self) -> tuple[Account, ...]:
        """All accounts, in the order of their names."""
        return tuple(_account(row) for row in self._store.rows("select * from account order by name"))

    def verified(self, name: str, password: str) -> Account | None:
        """The account, if this is its password and it is not disabled; None after the same time for any reason."""
        found = self._found(fold(name))
        fits = self._hashes.fits(password, str(found["hash"]) if found else None)
        return _account(found) if fits and found and not found["is_disabled"] else None

    def open(self, name: str) -> Account | None:
        """The account of a name, if there is one and it is not disabled."""
        found = self._found(fold(name))
        return _account(found) if found and not found["is_disabled"] else None

    def known(self, name: str) -> str:
        """The folded name where there is such an account, empty otherwise: what else was typed is nobody's to read."""
        found = self._found(fold(name))
        return str(found["name"]) if found else ""

    def has_demo_accounts(self) -> bool:
        """Is there an account whose password was printed by the demo mode and that still lets somebody in?"""
        return bool(self._store.rows("select 1 from account where is_demo = 1 and is_disabled = 0 limit 1"))

    def _found(self, folded: str) -> dict[str, Any] | None:
        rows = self._store.rows("select * from account where name = :name", {"name": folded})
        return rows[0] if rows else None


def _allowed(name: str) -> str:
    """A new account's folded name: letters, digits, Chinese, and `.`, `_`, `-` between them."""
    folded = fold(name)
    if not 1 <= len(folded) <= LONGEST_NAME:
        raise AccountError(f"账号须为 1 至 {LONGEST_NAME} 个字符")
    if not all(c.isalnum() or c in "._-" for c in folded) or not folded[0].isalnum():
        raise AccountError("账号只能用文字、数字和 . _ -，并以文字或数字开头")
    return folded


def _account(row: dict[str, Any]) -> Account:
    facts = {key: row[key] for key in ("name", "shown_name", "role", "town", "epoch", "made_at")}
    return Account(**facts, is_disabled=bool(row["is_disabled"]), is_demo=bool(row["is_demo"]))
