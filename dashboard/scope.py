"""Which towns' rows may a person ask about?

`within` is the one place where what is asked meets what may be seen. Whatever reads cases or events takes `Scoped`
filters, which nothing else makes: mypy and tests/architecture hold everybody to it.
"""

from __future__ import annotations

from typing import NewType

from dashboard.filters import Filters

Towns = tuple[str, ...] | None
"""The codes of the towns that may be seen; None for the whole county."""

Scoped = NewType("Scoped", Filters)
"""Filters that ask for no more than may be seen."""

NOWHERE = " "
"""The town of nothing: the loader trims codes and an address cannot say it, so no row and no question has it."""


def within(filters: Filters, towns: Towns) -> Scoped:
    """What is asked, as far as it may be seen: without a town the towns of the scope, else those in both.

    Where nothing is in both it matches no row; it never comes to “any town”. Rows without a town belong to none.
    """
    if towns is None:
        return Scoped(filters)
    own = {town for town in towns if town}
    seen = own.intersection(filters.town) if filters.town else own
    return Scoped(filters.replace(town=tuple(seen) or (NOWHERE,)))


def holds(towns: Towns, town: str) -> bool:
    """May rows of this town be seen?"""
    return towns is None or (town != "" and town in towns)
