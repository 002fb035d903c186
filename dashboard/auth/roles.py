"""What may people of each role do? One small table; everything that asks about a right reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role and its rights; `home` is where its people arrive.

    `is_of_a_town`: its people belong to one town and see that town only.
    """

    key: str
    name: str
    home: str = "/"
    see_numbers: bool = False
    see_cases: bool = False
    export: bool = False
    write_notes: bool = False
    view_wall: bool = False
    read_audit: bool = False
    manage_accounts: bool = False
    view_as: bool = False
    is_of_a_town: bool = False


ROLES = MappingProxyType(
    {
        role.key: role
        for role in (
            Role(key="screen", name="大屏", home="/screen", view_wall=True),
            Role(key="leader", name="领导", see_numbers=True, view_wall=True, see_cases=True, write_notes=True),
            Role(
                key="analyst",
                name="分析员",
                see_numbers=True,
                view_wall=True,
                see_cases=True,
                write_notes=True,
                export=True,
            ),
            Role(
                key="town",
                name="乡镇",
                is_of_a_town=True,
                see_numbers=True,
                see_cases=True,
                write_notes=True,
                export=True,
            ),
            Role(key="auditor", name="审计员", home="/audit", read_audit=True),
            Role(
                key="admin",
                name="管理员",
                see_numbers=True,
                view_wall=True,
                see_cases=True,
                write_notes=True,
                export=True,
                read_audit=True,
                manage_accounts=True,
                view_as=True,
            ),
        )
    }
)
"""Every role under its key, from the narrowest view to the widest."""

EVERYONE = frozenset(ROLES)
NAMES = MappingProxyType({key: role.name for key, role in ROLES.items()})
"""What people call each role, under its key."""
VIEWABLE = tuple(role for role in ROLES.values() if role.home != "/screen" and not role.view_as)
"""As which roles one can look: not as a wall, which looks the same to everybody, nor as one that may do this itself."""


_TOWN = re.compile(r"[A-Za-z0-9_-]{1,32}")


class RoleError(Exception):
    """There is no such role, or it and the town do not go together; the text says so, for a person."""


def checked(role: str, town: str) -> Role:
    """The role under a key. Raises `RoleError` where it is unknown, lacks its town, or has one that it cannot have.

    Whether there is such a town is known to the data only, which change: its people are told on every page.
    """
    if role not in ROLES:
        raise RoleError(f"没有角色“{role[:20]}”；可用：{'、'.join(ROLES)}")
    found = ROLES[role]
    if found.is_of_a_town and not town:
        raise RoleError(f"角色“{found.name}”须指定一个乡镇（--town 代码）")
    if town and not found.is_of_a_town:
        raise RoleError(f"角色“{found.name}”看全县，不能指定乡镇")
    if town and not _TOWN.fullmatch(town):
        raise RoleError("乡镇须写代码（如 330901100），不能写名称")
    return found


def with_right(right: str) -> frozenset[str]:
    """The keys of the roles that have a right, named as its field of `Role`."""
    return frozenset(key for key, role in ROLES.items() if getattr(role, right))
