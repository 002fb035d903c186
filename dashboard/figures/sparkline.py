"""How did it go, in the space of a word? An SVG picture as a data address: no chart library for 30 points."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from dashboard import theme

WIDTH, HEIGHT, PAD = 96, 28, 3


def sparkline(values: Sequence[float | None], *, is_partial: bool = False, look: theme.Theme = "light") -> str:
    """A line through the values (gaps where there is none), its last point marked; hollow while the period runs."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return ""
    points = _points(values, min(known), max(known))
    line = theme.colour("accent", look)
    drawn = "".join(
        f'<polyline points="{run}" fill="none" stroke="{line}" stroke-width="1.5" stroke-linejoin="round"/>'
        for run in _runs(points)
    )
    x, y = [p for p in points if p][-1]
    inside = theme.colour("surface", look) if is_partial else line
    end = f'<circle cx="{x}" cy="{y}" r="2.2" fill="{inside}" stroke="{line}" stroke-width="1.2"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{drawn}{end}</svg>'
    return "data:image/svg+xml," + quote(svg)


Point = tuple[float, float]


def _points(values: Sequence[float | None], low: float, high: float) -> list[Point | None]:
    across = (WIDTH - 2 * PAD) / (len(values) - 1)
    spread = (high - low) or 1.0

    def y(value: float) -> float:
        share = 0.5 if high == low else (value - low) / spread
        return round(HEIGHT - PAD - share * (HEIGHT - 2 * PAD), 1)

    return [None if v is None else (round(PAD + i * across, 1), y(v)) for i, v in enumerate(values)]


def _runs(points: Sequence[Point | None]) -> list[str]:
    """Unbroken stretches as SVG point lists: a gap in the data stays a gap in the line."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{point[0]},{point[1]}")
    return [" ".join(run) for run in runs if len(run) > 1]
