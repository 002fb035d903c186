"""How is a moment kept in the store? As text of one length, so that texts compare as the moments do."""

from __future__ import annotations

from datetime import datetime


def stamp(moment: datetime) -> str:
    """A moment as it is kept, to the microsecond."""
    return moment.isoformat(timespec="microseconds")


def moment(stamp: str) -> datetime:
    """A kept moment again."""
    return datetime.fromisoformat(stamp)
