"""How is an axis divided? Cases are counted in whole numbers, however few there are."""

from __future__ import annotations

from typing import Any


def whole_steps(top: float, *, most: int) -> dict[str, Any]:
    """Properties of an axis up to `top` with about `most` ticks, none of them between two whole numbers."""
    return {"tickformat": ",d", **({"dtick": 1} if top < most else {"nticks": most})}


def dates(bucket: str) -> dict[str, Any]:
    """Properties of an axis of dates: of months, the year stands below its first one."""
    return {"type": "date", "tickformat": "%-m月\n%Y年" if bucket == "month" else "%-m月%-d日", "tickangle": 0}
