"""A button that opens a box beside it, by mouse and by keyboard."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component


def popover(word: str, id: str, inside: Component, *, position: str = "bottom-start") -> Component:
    """The button; `id` is that of its word. Escape closes the box and gives the focus back."""
    return dmc.Popover(
        [
            # The target itself is the button: it is what carries aria-expanded.
            dmc.PopoverTarget(
                html.Span(word, id=id),
                boxWrapperProps={"component": "button", "type": "button", "className": "bar-button"},
            ),
            dmc.PopoverDropdown(inside),
        ],
        position=position,
        shadow="md",
        trapFocus=True,
        keepMounted=True,
        closeOnClickOutside=True,
    )
