"""A choice of one among a few, as a row of buttons that say which is pressed."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html


def segments(key: str, options: Sequence[tuple[str, str]], current: str, *, label: str) -> html.Div:
    """Buttons for (value, word) pairs; a click sets `key` in the address."""
    buttons = [
        html.Button(
            word,
            type="button",
            className="segment",
            **{"data-set": f"{key}={value}", "aria-pressed": str(value == current).lower()},
        )
        for value, word in options
    ]
    return html.Div(buttons, className="segments", role="group", **{"aria-label": label})
