"""How does a risk level look? A shape, a word and a colour, never the colour alone."""

from __future__ import annotations

from typing import NamedTuple

from dash import html


class Level(NamedTuple):
    """A level's shape, its short word and what it asks for."""

    shape: str
    name: str
    word: str


LEVELS: dict[str, Level] = {
    "red": Level("▲", "红", "红 · 重点"),
    "orange": Level("◆", "橙", "橙 · 关注"),
    "yellow": Level("●", "黄", "黄 · 一般"),
    "blue": Level("■", "蓝", "蓝 · 平稳"),
    "none": Level("○", "不分级", "不分级"),
}
MARKED = ("red", "orange", "yellow")
"""The levels whose shape stands on a map."""


def level_mark(level: str, *, is_long: bool = False) -> html.Span:
    """Shape and word of a level."""
    shape, name, word = LEVELS[level]
    return html.Span(
        [
            html.Span(shape, className="level-shape", **{"aria-hidden": "true"}),
            html.Span(word if is_long else name),
        ],
        className=f"level is-{level}",
    )
