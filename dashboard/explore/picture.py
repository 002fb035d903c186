"""Which picture answers the question? The cut's rows as bars, lines, a heat table or stacks, few enough to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import plotly.graph_objects as go

from dashboard import words
from dashboard.ask import Row
from dashboard.course import bucket_end
from dashboard.explore.arrange import pick
from dashboard.explore.cut import Cut
from dashboard.figures import comparison_chart as draw
from dashboard.filters import window
from dashboard.metrics.catalog import Metric
from dashboard.metrics.query import TIME_GROUPS
from dashboard.metrics.values import Value

MOST_BARS, MOST_LINES, MOST_CELLS = 20, 6, 20
REST = "其他"


def picture(model: Cut) -> tuple[go.Figure, str]:
    """The figure, and a note on what is not drawn."""
    makers = {"bars": _bars, "lines": _lines, "heat": _heat, "stack": _stack}
    if not model.view.by:
        return draw.nothing(), "不分组时没有图形，选一个分组即可"
    if not model.rows:
        return draw.nothing(), "没有符合条件的行"
    return makers[model.view.chart](model)


def _number(metric: Metric, value: Value) -> float | None:
    """A value on an axis: percent, days or a count; none where there is no number to draw."""
    if value.state != "ok" or value.value is None:
        return None
    return {"rate": 100.0, "duration": 1 / 24}.get(metric.kind, 1.0) * value.value


def axis_name(metric: Metric) -> str:
    """The unit of a metric on an axis."""
    return {"rate": "%", "duration": "天"}.get(metric.kind, metric.unit)


def _mark(model: Cut, row: Row) -> draw.Mark:
    metric = model.view.main
    value = row.values[metric.key]
    return draw.Mark(
        " · ".join(row.labels),
        _number(metric, value),
        words.brief(metric, value),
        words.shown(metric, value).line,
        pick(row, model.view.by),
    )


def _bars(model: Cut) -> tuple[go.Figure, str]:
    marks = [_mark(model, row) for row in model.rows[:MOST_BARS]]
    rest = len(model.rows) - len(marks)
    return draw.bars(
        marks, unit=axis_name(model.view.main)
    ), f"图中为前 {MOST_BARS} 项，其余 {rest:,} 项见表" if rest else ""


def _parts(model: Cut, place: int) -> list[tuple[str, str]]:
    """Codes and names of one grouping, the largest first (by count, or by denominator for rates and durations)."""
    size: dict[tuple[str, str], float] = {}
    for row in model.rows:
        value = row.values[model.view.metrics[0]]
        part = (row.codes[place], row.labels[place])
        size[part] = size.get(part, 0.0) + float((value.value if value.N is None else value.N) or 0)
    return sorted(size, key=lambda part: (-size[part], part[0]))


def _by_key(rows: Iterable[Row], places: Sequence[int]) -> Mapping[tuple[str, ...], Row]:
    return {tuple(row.codes[place] for place in places): row for row in rows}


def _lines(model: Cut) -> tuple[go.Figure, str]:
    time = next(place for place, group in enumerate(model.view.by) if group in TIME_GROUPS)
    starts = sorted({row.codes[time] for row in model.rows if row.codes[time]})
    days, metric = [date.fromisoformat(start) for start in starts], model.view.main
    if len(model.view.by) == 1:
        found = _by_key(model.rows, (time,))
        lines = [draw.Line(metric.name, [_at(metric, found.get((start,))) for start in starts])]
        return _drawn(model, days, lines, "")
    other = 1 - time
    found, parts = _by_key(model.rows, (other, time)), _parts(model, other)
    shown = parts[: MOST_LINES if len(parts) <= MOST_LINES or not _is_count(metric) else MOST_LINES - 1]
    lines = [draw.Line(name, [_at(metric, found.get((code, start))) for start in starts]) for code, name in shown]
    rest = parts[len(shown) :]
    if rest and _is_count(metric):
        lines.append(draw.Line(REST, [_sum(metric, found, rest, start) for start in starts]))
    note = f"{'“其他”合并' if _is_count(metric) else '只画件数最多的 6 项，另有'} {len(rest)} 项" if rest else ""
    return _drawn(model, days, lines, note)


def _drawn(model: Cut, days: Sequence[date], lines: Sequence[draw.Line], note: str) -> tuple[go.Figure, str]:
    """The lines, with what must be said of their axis and of their end."""
    metric, is_partial = model.view.main, _is_partial(model, days)
    notes = (note, _start(lines, metric), "末点空心：该时间段本期未满" if is_partial else "")
    figure = draw.lines(days, lines, unit=axis_name(metric), is_partial=is_partial)
    return figure, "；".join(filter(None, notes))


def _is_partial(model: Cut, days: Sequence[date]) -> bool:
    """Does the last bucket go on after the data, or after the period?"""
    bucket = next(group for group in model.view.by if group in TIME_GROUPS)
    end = min(window(model.filters).end or model.answer.as_of, model.answer.as_of)
    return bool(days) and bucket_end(days[-1], bucket) > end


def _start(lines: Sequence[draw.Line], metric: Metric) -> str:
    start = draw.axis_start(lines, axis_name(metric))
    return f"纵轴自 {start}% 起" if start else ""


def _is_count(metric: Metric) -> bool:
    return metric.kind not in ("rate", "duration")


def _at(metric: Metric, row: Row | None) -> float | None:
    return _number(metric, row.values[metric.key]) if row else None


def _sum(metric: Metric, found: Mapping[tuple[str, ...], Row], rest: Sequence[tuple[str, str]], at: str) -> float:
    return sum(_at(metric, found.get((code, at))) or 0 for code, _ in rest)


def _heat(model: Cut) -> tuple[go.Figure, str]:
    metric, (first, second) = model.view.main, (_axis(model, 0), _axis(model, 1))
    found = _by_key(model.rows, (0, 1))
    cells = [
        [_cell(model, found.get((row, column))) for column, _ in second[:MOST_CELLS]] for row, _ in first[:MOST_CELLS]
    ]
    note = f"图中 {min(len(first), MOST_CELLS)} × {min(len(second), MOST_CELLS)} 格"
    note += "，其余见表" if max(len(first), len(second)) > MOST_CELLS else ""
    names = ([name for _, name in first[:MOST_CELLS]], [name for _, name in second[:MOST_CELLS]])
    return draw.heat(cells, names=names, unit=axis_name(metric)), note


def _cell(model: Cut, row: Row | None) -> draw.Mark:
    return _mark(model, row) if row else draw.Mark("", None, "", "", "")


def _axis(model: Cut, place: int) -> list[tuple[str, str]]:
    """Time in its order (the newest where there are too many), all else by size."""
    parts = _parts(model, place)
    return sorted(parts)[-MOST_CELLS:] if model.view.by[place] in TIME_GROUPS else parts


def _stack(model: Cut) -> tuple[go.Figure, str]:
    metric = model.view.main
    first, second = _axis(model, 0)[:MOST_BARS], _parts(model, 1)
    shown = second if len(second) <= MOST_LINES else second[: MOST_LINES - 1]
    found, rest = _by_key(model.rows, (0, 1)), second[len(shown) :]
    layers = [draw.Line(name, [_at(metric, found.get((row, code))) for row, _ in first]) for code, name in shown]
    if rest:
        sums = [sum(_at(metric, found.get((row, code))) or 0 for code, _ in rest) for row, _ in first]
        layers.append(draw.Line(REST, sums))
    left = len(_parts(model, 0)) - len(first)
    note = "；".join(
        filter(None, (f"“其他”合并 {len(rest)} 项" if rest else "", f"其余 {left} 项见表" if left else ""))
    )
    picks = [f"{model.view.by[0]}:{code}" for code, _ in first]
    return draw.stack([name for _, name in first], layers, picks=picks, unit=axis_name(metric)), note
