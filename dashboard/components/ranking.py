"""Who stands where? A dot for the rate, a band for its 95 % interval; the rank is by the cautious bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dash import html

from dashboard.ask import Row
from dashboard.comparison.change import Change
from dashboard.comparison.earlier import Beside
from dashboard.components import moved
from dashboard.components.measure import measure
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.targets import Goal


@dataclass(frozen=True, kw_only=True)
class Place:
    """One unit of a ranking; `word` calls what `change` compares with, and is empty where nothing is compared."""

    dimension: str
    code: str
    name: str
    rate: Value
    volume: Value | None = None
    is_chosen: bool = False
    word: str = ""
    change: Change | None = None


def places(
    rows: Iterable[Row],
    dimension: str,
    *,
    key: str,
    volume_key: str = "",
    chosen: Sequence[str] = (),
    beside: Beside | None = None,
) -> list[Place]:
    """The known units of an answer by one dimension, with the rate they are ranked by."""
    return [
        Place(
            dimension=dimension,
            code=row.codes[0],
            name=row.labels[0],
            rate=row.values[key],
            volume=row.values[volume_key] if volume_key else None,
            is_chosen=row.codes[0] in chosen,
            word=beside.word if beside else "",
            change=beside.change(key, row.values[key], row.codes) if beside else None,
        )
        for row in rows
        if row.codes[0]
    ]


@dataclass(frozen=True)
class Ranked:
    """A unit with its rank; None where the sample is too small to rank."""

    rank: int | None
    place: Place


def cautious(metric_better: str, rate: Value) -> float:
    """What a ranking goes by: the Wilson bound on the bad side, larger = better."""
    low, high = rate.wilson
    return -high if metric_better == "down" else low


def ranked(places: Sequence[Place], key: str) -> tuple[Ranked, ...]:
    """Best first by the Wilson bound; equal bounds share a rank; small samples follow unranked."""
    better = BY_KEY[key].better
    sure = [place for place in places if place.rate.state == "ok"]
    rest = [place for place in places if place.rate.state != "ok"]
    sure.sort(key=lambda place: (-round(cautious(better, place.rate), 9), place.code))
    found: list[Ranked] = []
    for position, place in enumerate(sure, start=1):
        tied = found and _tied(better, found[-1].place, place)
        found.append(Ranked(found[-1].rank if tied else position, place))
    return tuple(found + [Ranked(None, place) for place in rest])


def _tied(better: str, one: Place, other: Place) -> bool:
    return round(cautious(better, one.rate), 9) == round(cautious(better, other.rate), 9)


def axis_start(places: Sequence[Place]) -> float:
    """Where the shared axis starts: the lowest bound, down to the next 5 %."""
    lows = [place.rate.wilson[0] for place in places if place.rate.state == "ok"]
    return max(0.0, int(20 * min(lows, default=0.0)) / 20) if lows else 0.0


def table(
    places: Sequence[Ranked],
    *,
    key: str,
    volume_key: str = "",
    reference: Value | None = None,
    target: Goal | None = None,
) -> html.Div:
    """The ranking as rows of buttons; `reference` (the whole county) is a dotted line, the target a dashed one."""
    start = axis_start([row.place for row in places])
    if target:
        start = min(start, max(0.0, target.value - 0.05))
    metric = BY_KEY[key]
    head = [
        html.Span("序", className="rank-no"),
        html.Span("单位", className="rank-name"),
        html.Span(BY_KEY[volume_key].name if volume_key else "", className="rank-volume"),
        html.Span([html.Span(f"{start:.0%}"), *_target_head(target), html.Span("100%")], className="rank-axis"),
        html.Span(metric.name, className="rank-rate"),
        html.Span(places[0].place.word if places else "", className="rank-moved"),
    ]
    axis = Axis(start, reference, target)
    rows = [_row(row, key=key, volume_key=volume_key, axis=axis) for row in places]
    return html.Div([html.Div(head, className="rank-row rank-head"), *rows], className="rank")


@dataclass(frozen=True)
class Axis:
    """The shared axis of a ranking: where it starts, and the lines across its rows."""

    start: float
    reference: Value | None
    target: Goal | None


def _target_head(target: Goal | None) -> list[html.Span]:
    if target is None:
        return []
    return [html.Span(target.words, className="rank-target", title=target.source)]


def _row(row: Ranked, *, key: str, volume_key: str, axis: Axis) -> html.Button:
    place = row.place
    group = (place.dimension, place.code)
    children = [
        html.Span("–" if row.rank is None else str(row.rank), className="rank-no"),
        html.Span(place.name, className="rank-name", title=place.name),
        html.Span(
            measure(volume_key, place.volume, group=group) if volume_key and place.volume else "",
            className="rank-volume",
        ),
        dot(place.rate, axis),
        html.Span(measure(key, place.rate, group=group), className="rank-rate"),
        html.Span(moved.mark(place.word, place.change) if place.word else "", className="rank-moved"),
    ]
    return html.Button(
        children,
        type="button",
        className="rank-row" + (" is-chosen" if place.is_chosen else ""),
        **{"data-pick": f"{place.dimension}:{place.code}", "aria-pressed": str(place.is_chosen).lower()},
    )


def dot(rate: Value, axis: Axis) -> html.Span:
    """A rate on the axis with its 95 % interval as a band; a point that misses the target is a diamond."""
    start, reference, target = axis.start, axis.reference, axis.target
    parts: list[html.Span] = []
    if reference and reference.state == "ok" and reference.value is not None:
        parts.append(html.Span(className="dot-reference", style={"left": _at(reference.value, start)}))
    if target:
        parts.append(html.Span(className="dot-target", style={"left": _at(target.value, start)}))
    if rate.state == "ok" and rate.value is not None:
        low, high = rate.wilson
        width = f"{_share(high, start) - _share(low, start):.2f}%"
        parts.append(html.Span(className="dot-band", style={"left": _at(low, start), "width": width}))
        is_missed = " is-missed" if target and target.is_missed(rate) else ""
        parts.append(html.Span(className="dot" + is_missed, style={"left": _at(rate.value, start)}))
    return html.Span(parts, className="rank-dot", **{"aria-hidden": "true"})


def _share(value: float, start: float) -> float:
    return 100 * min(max((value - start) / (1 - start), 0.0), 1.0)


def _at(value: float, start: float) -> str:
    return f"{_share(value, start):.2f}%"
