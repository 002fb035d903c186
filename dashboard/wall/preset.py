"""What does the address of one wall ask for? A page to hold, other seconds, the shape of a 拼接屏."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from dashboard.wall.settings import LONGEST, PAGES

TESTCARD = "testcard"
KEYS = ("page", "seconds", "wall", "signal", "screen")
"""What may stand in the address of a wall."""
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
_NAME = re.compile(r"[\w·-]{1,32}")
MOST_STRETCH = 4.0
"""A stretch beyond this on either axis is a slip of the pen, not a wall."""


class PresetError(Exception):
    """The address of a wall cannot be shown; the text says why, for a person."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What one wall's address asks for; `stretch` is how many times wider than high the wall shows a signal pixel."""

    page: str = ""
    seconds: int = 0
    stretch: float = 1.0
    screen: str = ""


def read(query: str) -> Preset:
    """The preset of a query string. Raises `PresetError` with a sentence for people."""
    said: dict[str, str] = {}
    for key, value in _pairs(query):
        if key not in KEYS:
            raise PresetError(f"不认识的参数“{key[:20]}”；大屏网址可用 {'、'.join(KEYS)}")
        if key in said:
            raise PresetError(f"参数 {key} 出现多次")
        said[key] = value
    return Preset(
        page=_page(said.get("page", "")),
        seconds=_seconds(said.get("seconds", "")),
        stretch=_stretch(said.get("wall", ""), said.get("signal", "")),
        screen=_screen(said.get("screen", "")),
    )


def _pairs(query: str) -> Sequence[tuple[str, str]]:
    try:
        return parse_qsl(query, max_num_fields=20)
    except ValueError as error:
        raise PresetError("网址中的参数过多") from error


def _page(text: str) -> str:
    if text and text not in (*PAGES, TESTCARD):
        raise PresetError(f"没有大屏页面“{text[:20]}”；可用：{'、'.join((*PAGES, TESTCARD))}")
    return text


def _seconds(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LONGEST):
        raise PresetError(f"seconds 应为 1–{LONGEST} 的整数")
    return int(text)


def _stretch(wall: str, signal: str) -> float:
    """(wall width ÷ height) ÷ (signal width ÷ height): 6720x2160 from 1920x1080 gives 1.75."""
    if not wall and not signal:
        return 1.0
    shapes = [_SIZE.fullmatch(text) for text in (wall, signal)]
    if not all(shapes):
        raise PresetError("拼接屏要同时写 wall 和 signal，如 wall=6720x2160&signal=1920x1080（宽x高，10–99999）")
    ratios = [int(shape[1]) / int(shape[2]) for shape in shapes if shape]
    found = ratios[0] / ratios[1]
    if not 1 / MOST_STRETCH <= found <= MOST_STRETCH:
        raise PresetError(f"拼接屏与信号的宽高比相差 {max(found, 1 / found):.1f} 倍，超过 {MOST_STRETCH:g} 倍，请核对")
    return found


def _screen(text: str) -> str:
    if text and not _NAME.fullmatch(text):
        raise PresetError("screen 是大屏的名称：至多 32 个字，只用文字、数字、“·”和“-”")
    return text
