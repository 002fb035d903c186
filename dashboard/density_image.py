"""What does a density look like? Five classes of one colour, each twice the one below, as a picture for a map."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from math import floor, log10

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard import theme
from dashboard.density import Surface

OPACITY = (100, 130, 155, 180, 205)
"""Alpha of the classes, 0…255: the map stays readable under the thickest."""


FINER, FINE_UP_TO = 3, 1_000_000
"""Pixels per cell and direction, so that class borders are lines rather than steps; one in rasters of more cells."""


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
    """The surface as a PNG of five colours with opacity, north up, interpolated between cells, else transparent."""
    classes = np.digitize(_finer(surface.values), [band.low for band in bands(surface)]).astype(np.uint8)
    image = Image.fromarray(classes)
    image.putpalette(b"".join(map(_rgb, (theme.SEQUENTIAL[0], *theme.SEQUENTIAL))))
    out = BytesIO()
    image.save(out, "PNG", transparency=bytes((0, *OPACITY)))
    return out.getvalue()


def _finer(values: NDArray[np.float64]) -> NDArray[np.float32]:
    height, width = values.shape
    times = FINER if values.size <= FINE_UP_TO else 1
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((width * times, height * times), Image.Resampling.BILINEAR))


def _rgb(colour: str) -> bytes:
    return bytes.fromhex(colour.removeprefix("#"))


def _two_digits(number: float) -> float:
    return round(number, 1 - floor(log10(number)))
