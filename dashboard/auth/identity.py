"""Who is asking? Set by the gate for the time of one request; worker threads of `asyncio.to_thread` see it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from dashboard.auth.roles import ROLES, Role, with_right

Kind = Literal["session", "token", "wall"]
"""By what somebody is known: a person who logged in, a program's token, or a wall that was activated."""


LONGEST_SHOWN = 40


class NobodyError(Exception):
    """Nobody is known to be asking: the request did not come through the gate, or by a public route."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who asks. `name` is the folded account name (a token's or a wall's own name), `town` a code or empty.

    `own_role` is the account's, where its person looks at things as another role sees them; else it is empty.
    """

    name: str
    shown_name: str
    role: str
    town: str = ""
    kind: Kind
    own_role: str = ""

    @property
    def account_role(self) -> str:
        """The role that was given to the account, as whatever role it looks."""
        return self.own_role or self.role

    @property
    def signature(self) -> str:
        """“王敏（wangmin）” on pages and files, “王敏” where the account is the same; cut to fit a line."""
        shown = (self.shown_name or self.name)[:LONGEST_SHOWN]
        return shown if shown.casefold() == self.name else f"{shown}（{self.name}）"

    @property
    def key(self) -> str:
        """What tells this one from everybody else, by whichever door they came."""
        return f"{self.kind}:{self.name}"

    @property
    def rights(self) -> Role:
        """What the role may do."""
        return ROLES[self.role]

    @property
    def towns(self) -> tuple[str, ...] | None:
        """The towns that may be seen; None for the whole county, none at all for who may see no numbers."""
        if not (self.rights.see_numbers or self.rights.view_wall):
            return ()
        return (self.town,) if self.rights.is_of_a_town else None


_identity: ContextVar[Identity] = ContextVar("identity")


def current() -> Identity:
    """Who sent the request that is being answered. Raises `NobodyError`."""
    try:
        return _identity.get()
    except LookupError:
        raise NobodyError("没有登录") from None


def known() -> Identity | None:
    """The same, or None where nobody is known."""
    return _identity.get(None)


def may(right: str) -> bool:
    """Has the one who asks a right, named as its field of `Role`? Without a gate everybody has every one."""
    identity = known()
    return identity is None or identity.role in with_right(right)


@contextmanager
def acting(identity: Identity) -> Iterator[None]:
    """Answer as for this person inside the block."""
    token = _identity.set(identity)
    try:
        yield
    finally:
        _identity.reset(token)
