"""What does a density look like? Five classes of one colour, each twice the one below, as a picture for a map."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from math import floor, log10

import numpy as np
from PIL import Image

from dashboard import theme
from dashboard.density import Surface

OPACITY = (100, 130, 155, 180, 205)
"""Alpha of the classes, 0…255: the map stays readable under the thickest."""


@dataclass(frozen=True)
class Band:
    """One class of the legend: from (included) to, in cases per km² and month, and the palette step 1…5."""

    low: float
    high: float
    step: int


def bands(surface: Surface) -> tuple[Band, ...]:
    """Classes from the highest value down by halves, at two significant digits; below 1/32 of it nothing is drawn."""
    top = float(surface.values.max())
    steps = len(theme.SEQUENTIAL)
    edges = [_two_digits(top / 2 ** (steps - n)) for n in range(steps + 1)]
    return tuple(Band(low, high, n) for n, (low, high) in enumerate(pairwise(edges), start=1))


def png(surface: Surface) -> bytes:
    """The surface as an RGBA picture, one pixel per cell, north up, transparent where nothing is drawn."""
    palette = np.array([(*_rgb(theme.SEQUENTIAL[0]), 0), *map(_rgba, theme.SEQUENTIAL, OPACITY)], dtype=np.uint8)
    classes = np.digitize(surface.values, [band.low for band in bands(surface)])
    out = BytesIO()
    Image.fromarray(palette[classes], "RGBA").save(out, "PNG", optimize=True)
    return out.getvalue()


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _rgba(colour: str, alpha: int) -> tuple[int, ...]:
    return (*_rgb(colour), alpha)


def _two_digits(number: float) -> float:
    return round(number, 1 - floor(log10(number)))
