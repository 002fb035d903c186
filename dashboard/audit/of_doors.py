"""How does what the doors tell become a record? Who did it is taken out of the facts, the rest is kept."""

from __future__ import annotations

from dashboard.audit.record import NOBODY, SERVER, Who
from dashboard.audit.trail import Trail
from dashboard.auth.audit import Audit

BY_THEMSELVES = {
    "login", "login_failed", "login_locked", "logout", "password_changed", "viewed_as", "viewed_as_oneself",
}  # fmt: skip
"""What people do to get in and out, and with their own accounts; the account in the facts is who did it."""

BY_STRANGERS = {"wall_code_failed", "wall_code_locked"}


def audit_of(trail: Trail) -> Audit:
    """What `open_doors` wants: writes each event into the trail. Raises what `Trail.append` raises."""

    def audit(event: str, /, **facts: str) -> None:
        address, by = facts.pop("address", ""), facts.pop("by", "")
        who = _who(event, facts, by)
        trail.append(event, {name: fact for name, fact in facts.items() if fact}, who=who, address=address)

    return audit


def _who(event: str, facts: dict[str, str], by: str) -> Who:
    """Takes the person of a log-in out of the facts: they are told as the one who did it."""
    if event in BY_THEMSELVES:
        account, role = facts.pop("account", ""), facts.pop("role", "")
        return Who(account, role, "person") if account else NOBODY
    if event == "wall_activated":
        return Who(facts.pop("name", ""), "screen", "wall")
    if event in BY_STRANGERS:
        return NOBODY
    return Who(by, "", "operator") if by else SERVER
