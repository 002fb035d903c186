"""Which sections has a brief? Each asks, and becomes a finding, a chart and a table of printed texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from dashboard import words
from dashboard.ask import OVERDUE_AGES, Ask, Row
from dashboard.components.levels import LEVELS
from dashboard.components.ranking import Place, places, ranked
from dashboard.course import bucket_for, course
from dashboard.departments import by_volume, name_of
from dashboard.exceptions import place_dimension
from dashboard.filters import DIMENSIONS, Filters
from dashboard.loop import STAGES, load_loop
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.report.period import Kind, with_context
from dashboard.risk import standing, tiers_in_words

MOST_ROWS = 20


@dataclass(frozen=True)
class Series:
    """One line or one colour of bars; none for a gap."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """A chart's data. Dots are shares of 1 on an axis that begins at `start`; bars always begin at 0."""

    kind: Literal["line", "bar", "dot"]
    names: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    start: float = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """What is printed at each bar or dot of the first series."""
        return tuple(self._label(value) for value in self.series[0].values)

    def _label(self, value: float | None) -> str:
        if value is None:
            return words.NONE_TEXT
        return f"{words.percent(value)}%" if self.kind == "dot" else words.full(value)


@dataclass(frozen=True)
class Table:
    """Printed texts; all columns but the first `names` are numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1

    @property
    def shares(self) -> tuple[float, ...]:
        """How wide each column is, of the whole 1: as its longest text asks for; a Chinese character counts twice."""
        lengths = [max(map(_length, column)) + 4 for column in zip(self.head, *self.rows, strict=True)]
        return tuple(one / sum(lengths) for one in lengths)


def _length(text: str) -> int:
    return sum(2 if ord(one) > 0x2E80 else 1 for one in text)


@dataclass(frozen=True)
class Section:
    """One part of a brief; `metrics` are those it prints."""

    title: str
    finding: str
    metrics: tuple[str, ...]
    chart: Chart | None = None
    table: Table | None = None
    note: str = ""


def sections(ask: Ask, filters: Filters, kind: Kind) -> tuple[Section, ...]:
    """All sections, in the order they are read."""
    return (
        _trend(ask, filters, kind),
        _loop(ask, filters),
        _places(ask, filters),
        _departments(ask, filters),
        _wuhua(ask, filters),
        _overdue(ask, filters),
        _risk(ask, filters),
    )


def _text(key: str, value: Value) -> str:
    return words.shown(BY_KEY[key], value).line


def _trend(ask: Ask, filters: Filters, kind: Kind) -> Section:
    keys = ("accepted", "closed")
    wide, bucket = with_context(kind, filters)
    found = course(ask, keys, wide, bucket=bucket or bucket_for(filters, ask.info.as_of))
    # A first week or month of which only the end belongs to the period would look like a fall.
    cut = int(found.is_cut_at_start)
    names = tuple(_bucket_name(start, found.bucket) for start in found.starts[cut:])
    series = tuple(Series(BY_KEY[key].name, found.numbers(key)[cut:]) for key in keys)
    highest = max(zip(series[0].values, names, strict=True), default=(None, ""), key=lambda one: one[0] or 0)
    finding = f"受理最多的是 {highest[1]}，{words.full(highest[0])} 件。" if highest[0] else "时段内没有受理。"
    notes = ("首段不满，未画。" if cut else "", "末段未满，尚会增加。" if found.is_partial else "")
    chart = Chart("line", names, series, "件") if names else None
    return Section("受理与办结", finding, keys, chart, note="".join(notes))


def _bucket_name(start: date, bucket: str) -> str:
    if bucket == "month":
        return f"{start.year}年{start.month}月"
    return words.day(start) + ("起" if bucket == "week" else "")


LOOP = ("loop_whole_rate", *(key for stage in STAGES for key in (stage.rate, stage.hours) if key))


def _loop(ask: Ask, filters: Filters) -> Section:
    found = load_loop(ask, filters)
    table = Table(
        ("环节", "到达（件）", "占上一环节", "中位用时", "未到达"),
        tuple(
            (
                step.stage.name,
                words.full(step.count),
                _text(step.stage.rate, step.conversion) if step.stage.rate else words.NONE_TEXT,
                _text(step.stage.hours, step.hours),
                f"{words.full(step.broken)} 件{step.stage.missing}" if step.broken else "0",
            )
            for step in found.steps
        ),
    )
    counts = tuple(float(step.count) for step in found.steps)
    chart = Chart("bar", tuple(step.stage.name for step in found.steps), (Series("到达", counts),), "件")
    note = "本期受理的事项走到了哪一步；中位用时从上一环节算起，“群众指尖报”从上报到受理。仍在时限内的不算未到达。"
    return Section("闭环", f"{found.finding}。", LOOP, chart if counts[0] else None, table, note)


def _places(ask: Ask, filters: Filters) -> Section:
    keys = ("accepted", "on_time_rate", "overdue_open")
    dimension = place_dimension(filters)
    rows = [row for row in ask.numbers(keys, by=(dimension,), filters=filters).rows if row.codes[0]]
    by_code = {row.codes[0]: row for row in rows}
    order = ranked(places(rows, dimension, key="on_time_rate"), "on_time_rate")
    table = Table(
        ("序", DIMENSIONS[dimension], "受理（件）", "按时办结率", "在办超期（件）"),
        tuple(
            ("–" if one.rank is None else str(one.rank), one.place.name, *_cells(by_code[one.place.code], keys))
            for one in order[:MOST_ROWS]
        ),
        names=2,
    )
    rates = [(one.place.name, one.place.rate.value) for one in order[:MOST_ROWS] if one.rank is not None]
    chart = Chart(
        kind="dot",
        names=tuple(name for name, _ in rates),
        series=(Series("按时办结率", tuple(value for _, value in rates)),),
        unit="%",
        start=_floor([value for _, value in rates if value is not None]),
    )
    finding = _ends(order[0].place, [one.place for one in order if one.rank is not None][-1]) if rates else "样本不足。"
    return Section(
        "各地按时办结率", finding, keys, chart if rates else None, table, _rest(len(order), "名次按 Wilson 下界")
    )


def _floor(shares: Sequence[float]) -> float:
    """Where an axis of rates begins: the tenth below the least."""
    return max(0.0, (int(10 * min(shares, default=0.0)) - (min(shares, default=0.0) == 1.0)) / 10)


def _ends(first: Place, last: Place) -> str:
    best, worst = (f"{one.name} {_text('on_time_rate', one.rate)}" for one in (first, last))
    return f"居首 {best}，末位 {worst}。" if first.code != last.code else f"{best}。"


def _cells(row: Row, keys: Sequence[str]) -> tuple[str, ...]:
    """Counts without their unit, which the head names; rates with n/N."""
    return tuple(_cell(key, row.values[key]) for key in keys)


def _cell(key: str, value: Value) -> str:
    shown = words.shown(BY_KEY[key], value)
    return shown.text if shown.unit == "件" else shown.line


def _rest(count: int, note: str) -> str:
    more = f"另 {count - MOST_ROWS} 个未列；" if count > MOST_ROWS else ""
    return f"{more}{note}。"


DEPARTMENTS = ("accepted", "open", "overdue_open", "on_time_rate", "reopen_rate")


def _departments(ask: Ask, filters: Filters) -> Section:
    found = by_volume(ask.numbers(DEPARTMENTS, by=("department",), filters=filters).rows)
    table = Table(
        ("部门", "派遣（件）", "未办结（件）", "其中超期（件）", "按时办结率", "重开率"),
        tuple((name_of(row), *_cells(row, DEPARTMENTS)) for row in found[:MOST_ROWS]),
    )
    late = max(found, key=lambda row: row.values["overdue_open"].value or 0, default=None)
    some = late is not None and late.values["overdue_open"].value
    finding = (
        f"超期未办最多的是{name_of(late)}，{_text('overdue_open', late.values['overdue_open'])}。"
        if late is not None and some
        else "各部门没有超期未办的事项。"
    )
    note = _rest(len(found), "快不等于好，按时办结率与重开率同看")
    return Section("部门清零", finding, DEPARTMENTS, None, table, note)


WUHUA = ("wuhua_on_time_rate", "wuhua_due_soon", "wuhua_not_due")


def _wuhua(ask: Ask, filters: Filters) -> Section:
    rows = [row for row in ask.numbers(WUHUA, by=("kind",), filters=filters).rows if row.codes[0]]
    table = Table(
        ("事项类型", "五化及时率", "临期（件）", "未到期（件）"),
        tuple((row.labels[0], *_cells(row, WUHUA)) for row in rows),
    )
    rated = [row for row in rows if row.values["wuhua_on_time_rate"].state == "ok"]
    worst = min(rated, key=lambda row: row.values["wuhua_on_time_rate"].value or 0, default=None)
    finding = (
        f"最低的是{worst.labels[0]}，{_text('wuhua_on_time_rate', worst.values['wuhua_on_time_rate'])}。"
        if worst
        else "样本不足。"
    )
    return Section(
        "五化时效",
        finding,
        WUHUA,
        table=table,
        note="风险即时化、隐患随时化、矛盾及时化、纠纷适时化、问题限时化。临期、未到期是数据截至时的件数，不随时段变化。",
    )


def _overdue(ask: Ask, filters: Filters) -> Section:
    answer = ask.numbers(("overdue_open",), by=("overdue_age",), filters=filters)
    counts = {row.codes[0]: row.values["overdue_open"].value or 0.0 for row in answer.rows}
    values = tuple(counts.get(age, 0.0) for age in OVERDUE_AGES)
    names = tuple(OVERDUE_AGES.values())
    total, oldest = sum(values), values[-1]
    finding = (
        f"在办超期 {words.full(total)} 件，其中超期 30 天以上 {words.full(oldest)} 件。"
        if total
        else "没有超期未办的事项。"
    )
    table = Table(("超期", "在办（件）"), tuple((n, words.full(v)) for n, v in zip(names, values, strict=True)))
    chart = Chart("bar", names, (Series("在办超期", values),), "件")
    return Section("超期存量", finding, ("overdue_open",), chart if total else None, table)


def _risk(ask: Ask, filters: Filters) -> Section:
    title = "突出的网格"
    if not ask.risk.runs:
        return Section(title, "本批次没有风险测算。", ())
    run = ask.risk.run("")
    inside = [
        risk
        for code, risk in ask.risk.grids(run.run_id).items()
        if ask.is_inside(code, filters) and (not filters.grid or code in filters.grid)
    ]
    found = standing(inside)
    table = Table(
        ("网格", "级别", "相对风险", "近 28 天（件）"),
        tuple(
            (
                ask.label("grid", risk.grid),
                f"{LEVELS[risk.tier].shape} {LEVELS[risk.tier].name}",
                f"{risk.rr or 0:.2f} 倍",
                words.full(risk.recent),
            )
            for risk in found[:MOST_ROWS]
        ),
    )
    finding = f"有把握高于平均的网格：{tiers_in_words(found)}。" if found else "没有网格有把握高于平均。"
    note = (
        f"相对风险是与期望之比，回看 {run.params['lookback_days']} 天，只随地区筛选变化。"
        "风险只评事项和网格，不评任何人；分级口径为本项目默认值"
    )
    return Section(title, finding, (), table=table if found else None, note=_rest(len(found), note))
