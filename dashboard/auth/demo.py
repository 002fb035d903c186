"""How does one look around without an administrator? One account per role, with passwords that are printed once."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.auth.accounts import Accounts
from dashboard.auth.passwords import made_up
from dashboard.auth.roles import ROLES


@dataclass(frozen=True)
class Login:
    """A name and its password, to be printed once."""

    role: str
    name: str
    password: str


def first_accounts(accounts: Accounts, *, town: str) -> tuple[Login, ...]:
    """Make the demo accounts where there is no account at all, and give what to print; nothing otherwise.

    `town` is the code of the town that the town officer belongs to. Raises as `Accounts.add`.
    """
    if accounts.listed():
        return ()
    logins = tuple(Login(ROLES[key].name, key, made_up()) for key in ROLES)
    for login in logins:
        role = ROLES[login.name]
        accounts.add(
            login.name,
            login.password,
            role=role.key,
            town=town if role.is_of_a_town else "",
            shown_name=f"演示{role.name}",
            is_demo=True,
        )
    return logins
