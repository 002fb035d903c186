"""Do the compiled SQL and the oracle say the same? Every metric, several periods, filters and groupings of one load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.ask import Ask, Row
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from tests import builders, oracle
from tests.property.draws import Batch

PERIODS: tuple[tuple[date | None, date | None], ...] = (
    (None, None),
    (date(2025, 10, 1), None),
    (None, date(2025, 10, 8)),
    (date(2025, 9, 29), date(2025, 10, 13)),
    (date(2025, 10, 9), date(2027, 1, 1)),
    (date(2026, 6, 1), date(2026, 7, 1)),
)
FILTERS: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {},
    {"town": ("990108100",), "kind": ("C", "P")},
    {"department": ("D01", "D02"), "severity": ("general",)},
    {"status": ("closed", "overdue"), "level": ("red", "yellow")},
)
GROUPINGS = ("town", "department", "kind", "week")
ALL = tuple(BY_KEY)
NOW_ONLY = ("wuhua_due_soon", "wuhua_not_due")
"""Numbers about the time of the data: not asked for by week."""


@dataclass(frozen=True)
class Difference:
    """One number the two disagree about."""

    metric: str
    where: str
    expected: oracle.Number
    got: Value

    def __str__(self) -> str:
        return f"{self.metric} {self.where}: oracle {self.expected}, product {self.got}"


def span_of(since: date | None, until: date | None, cutoff: timedelta = timedelta()) -> oracle.Span:
    """The half-open span of a period's days."""
    start = datetime.min if since is None else datetime.combine(since, datetime.min.time()) + cutoff
    end = oracle.FOREVER if until is None else datetime.combine(until, datetime.min.time()) + cutoff
    return start, end


def same(expected: oracle.Number, got: Value) -> bool:
    """Equal counts, and values equal but for the last bits."""
    if (expected.state, expected.N or 0) != (got.state, got.N or 0):
        return False
    if expected.n is not None and abs(expected.n - (got.n if got.n is not None else -1)) > 1e-9:
        return False
    if expected.value is None or got.value is None:
        return expected.value is got.value
    return abs(expected.value - got.value) <= 1e-9 * max(1.0, abs(expected.value))


def differences(ask: Ask, answers: oracle.Oracle) -> Iterator[Difference]:
    """Every number asked for that comes out differently."""
    cutoff = answers.rules.cutoff
    for number, (since, until) in enumerate(PERIODS):
        for wanted in (FILTERS[0], FILTERS[1 + number % 3]):
            filters = Filters(since=since, until=until, **wanted)
            row = ask.numbers(ALL, filters=filters).rows[0]
            yield from _row(row, answers, span_of(since, until, cutoff), wanted, f"{since}…{until} {dict(wanted)}")
    for group in GROUPINGS:
        metrics = ALL if group != "week" else tuple(k for k in ALL if k not in NOW_ONLY)
        for (since, until), wanted in zip(PERIODS[1:], FILTERS, strict=False):
            filters = Filters(since=since, until=until, **wanted)
            rows = ask.numbers(metrics, by=(group,), filters=filters).rows
            span = span_of(since, until, cutoff)
            for row in rows:
                code = row.codes[0]
                where = f"{since}…{until} {dict(wanted)} {group}={code or '(none)'}"
                if group == "week":
                    yield from _row(row, answers, _within(span, code, cutoff), wanted, where)
                elif group in wanted and code not in wanted[group]:
                    yield Difference("rows", where, oracle.Number(None), Value(None))
                else:
                    yield from _row(row, answers, span, {**wanted, group: (code,)}, where)
            yield from _whole(rows, answers, span, wanted, f"Σ {group} {since}…{until} {dict(wanted)}", metrics)


def _within(span: oracle.Span, monday: str, cutoff: timedelta) -> oracle.Span:
    start = datetime.fromisoformat(monday) + cutoff
    return max(span[0], start), min(span[1], start + timedelta(days=7))


def _row(
    row: Row, answers: oracle.Oracle, span: oracle.Span, wanted: Mapping[str, Sequence[str]], where: str
) -> Iterator[Difference]:
    for metric, got in row.values.items():
        expected = answers.number(metric, span=span, wanted=wanted)
        if not same(expected, got):
            yield Difference(metric, where, expected, got)


def _whole(
    rows: Sequence[Row],
    answers: oracle.Oracle,
    span: oracle.Span,
    wanted: Mapping[str, Sequence[str]],
    where: str,
    metrics: Sequence[str],
) -> Iterator[Difference]:
    """No group is missing: the groups add up to the whole (a stock by week does not add up)."""
    by_week = where.startswith("Σ week")
    for metric in metrics:
        if by_week and metric in oracle.STOCKS:
            continue
        expected = answers.number(metric, span=span, wanted=wanted)
        is_count = expected.N is None
        total = sum((r.values[metric].value if is_count else r.values[metric].N) or 0 for r in rows)
        if total != ((expected.value if is_count else expected.N) or 0):
            yield Difference(metric, where, expected, Value(total))


def load_and_compare(batch: Batch, *, most: int = 12) -> list[Difference]:
    """Load a batch through the real loader and compare; at most `most` differences come back."""
    with TemporaryDirectory() as folder:
        delivery = builders.write_delivery(Path(folder) / "in", batch.records, batch.log)
        warehouse = Path(folder) / "warehouse"
        builders.load_quickly(delivery, warehouse, as_of=batch.as_of, now=batch.as_of)
        with builders.asking(warehouse) as ask:
            found = differences(ask, oracle.Oracle(batch.lives()))
            return [d for d, _ in zip(found, range(most), strict=False)]


def smallest(batch: Batch) -> Batch:
    """As few cases, steps and fields of a failing batch as still fail: halves, then single ones."""

    def fails(cases: Sequence[tuple[builders.Record, tuple[builders.Record, ...]]]) -> bool:
        try:
            return bool(cases) and bool(load_and_compare(Batch(batch.as_of, tuple(cases)), most=1))
        except Exception:
            return True

    cases = list(batch.cases)
    size = len(cases) // 2
    while size:
        parts = [cases[:n] + cases[n + size :] for n in range(0, len(cases), size)]
        fewer = next((part for part in parts if fails(part)), None)
        if fewer is None:
            size //= 2
        else:
            cases, size = fewer, min(size, len(fewer) // 2)
    if len(cases) == 1:
        record, log = cases[0]
        for number in reversed(range(len(log))):
            shorter = log[:number] + log[number + 1 :]
            if fails([(record, shorter)]):
                log = shorter
        for name in [k for k in record if k not in ("case_id", "kind", "accept_at")]:
            simpler = {k: v for k, v in record.items() if k != name}
            if fails([(simpler, log)]):
                record = simpler
        cases = [(record, log)]
    return Batch(batch.as_of, tuple(cases))
