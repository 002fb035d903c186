"""Who may see what? Today by the kind of screen; people and their roles come with the log-in."""

from __future__ import annotations

from typing import Literal

Profile = Literal["desk", "wall"]
"""A desk has one reader, at this machine (the server listens on loopback only); a wall is read by whoever passes."""


def may_see_cases(profile: Profile) -> bool:
    """May a reader of this screen see single cases: titles, who had them, step by step (privacy level 2)?"""
    return profile == "desk"
