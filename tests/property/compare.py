"""Do the compiled SQL and the oracle say the same? Every metric, several periods, filters and groupings of one load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.ask import Ask, Row
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from etl.reference import Reference
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
ELAPSED = (date(2025, 9, 29), date(2025, 10, 13), datetime(2025, 10, 12, 9, 30))
"""A period that ends within its last day, at the same elapsed point as a later one."""
FILTERS: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {},
    {"town": ("990108100",), "kind": ("C", "P")},
    {"department": ("D01", "D02"), "severity": ("general",)},
    {"status": ("closed", "overdue"), "level": ("red", "yellow")},
    {"place": ("no_point", "no_grid")},
)
GROUPINGS = ("town", "department", "kind", "week", "place")
ALL = tuple(BY_KEY)
Life = tuple[builders.Record, tuple[builders.Record, ...]]
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
    """Equal counts, and values equal to the last digit the product keeps (durations: 0.000001 h)."""
    if (expected.state, expected.N or 0) != (got.state, got.N or 0):
        return False
    if expected.n is not None and abs(expected.n - (got.n if got.n is not None else -1)) > 1e-9:
        return False
    if expected.value is None or got.value is None:
        return expected.value is got.value
    return abs(expected.value - got.value) <= 1e-6


def _questions(turn: int) -> Iterator[tuple[str, tuple[date | None, date | None], Mapping[str, tuple[str, ...]]]]:
    """Grouping, period and filters: every period whole, and in turn with filters and by group; four turns ask all."""
    for period in PERIODS:
        yield "", period, {}
    for number in range(3):
        yield "", PERIODS[(turn + 2 * number) % 6], FILTERS[1 + (turn + number) % 4]
    for place, group in enumerate(GROUPINGS):
        yield group, PERIODS[1 + (turn + place) % 4], {}
        yield group, PERIODS[(turn + 2 * place) % 5], FILTERS[1 + (turn + place) % 4]


def differences(ask: Ask, answers: oracle.Oracle, turn: int = 0) -> Iterator[Difference]:
    """Every number asked for that comes out differently."""
    cutoff = answers.rules.cutoff
    for group, (since, until), wanted in _questions(turn):
        filters = Filters(since=since, until=until, **wanted)
        span = span_of(since, until, cutoff)
        where = f"{since}…{until} {dict(wanted)}"
        if not group:
            row = ask.numbers(ALL, filters=filters).rows[0]
            yield from _row(row, answers, span, wanted, where)
            continue
        metrics = ALL if group != "week" else tuple(k for k in ALL if k not in NOW_ONLY)
        rows = ask.numbers(metrics, by=(group,), filters=filters).rows
        for row in rows:
            code = row.codes[0]
            place = f"{where} {group}={code or '(none)'}"
            if group == "week":
                yield from _row(row, answers, _within(span, code, cutoff), wanted, place)
            elif group in wanted and code not in wanted[group]:
                yield Difference("rows", place, oracle.Number(None), Value(None))
            else:
                yield from _row(row, answers, span, {**wanted, group: (code,)}, place)
        yield from _whole(rows, answers, span, wanted, f"Σ {group} {where}", metrics)


def elapsed_differences(ask: Ask, answers: oracle.Oracle) -> Iterator[Difference]:
    """The same for a period cut short: whole, and by town."""
    since, until, at = ELAPSED
    filters, span = Filters(since=since, until=until), (span_of(since, until, answers.rules.cutoff)[0], at)
    for by in ((), ("town",)):
        for row in ask.numbers(ALL, by=by, filters=filters, at=at).rows:
            wanted = dict(zip(by, [(code,) for code in row.codes], strict=True))
            yield from _row(row, answers, span, wanted, f"{since}…{at} {wanted}")


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


def load_and_compare(batch: Batch, *, most: int = 12, folder_of_rules: Path = oracle.REFERENCE) -> list[Difference]:
    """Load a batch through the real loader and compare; at most `most` differences come back."""
    rules = oracle.Rules(folder_of_rules)
    with TemporaryDirectory() as folder:
        delivery = builders.write_delivery(Path(folder) / "in", batch.records, batch.log)
        warehouse = Path(folder) / "warehouse"
        options = {"as_of": batch.as_of, "now": batch.as_of, "reference": Reference(folder_of_rules)}
        builders.load_quickly(delivery, warehouse, **options)
        with builders.asking(warehouse, cubes=batch.cubes) as ask:
            answers = oracle.Oracle(batch.lives(rules), rules)
            found = chain(differences(ask, answers, batch.turn), elapsed_differences(ask, answers))
            return [d for d, _ in zip(found, range(most), strict=False)]


def smallest(batch: Batch, *, loads: int = 40) -> Batch:
    """As few cases, steps and fields of a failing batch as still fail: halves, then single ones, in so many loads."""
    left = [loads]

    def fails(cases: Sequence[Life]) -> bool:
        left[0] -= 1
        if not cases or left[0] < 0:
            return False
        try:
            return bool(load_and_compare(replace(batch, cases=tuple(cases)), most=1))
        except Exception:
            return True

    cases = _fewer(list(batch.cases), fails)
    if len(cases) == 1:
        cases = [_simpler(cases[0], fails)]
    return replace(batch, cases=tuple(cases))


def _fewer(cases: list[Life], fails: Callable[[Sequence[Life]], bool]) -> list[Life]:
    size = len(cases) // 2
    while size:
        parts = [cases[:n] + cases[n + size :] for n in range(0, len(cases), size)]
        fewer = next((part for part in parts if fails(part)), None)
        if fewer is None:
            size //= 2
        else:
            cases, size = fewer, min(size, len(fewer) // 2)
    return cases


def _simpler(life: Life, fails: Callable[[Sequence[Life]], bool]) -> Life:
    record, log = life
    for number in reversed(range(len(log))):
        shorter = log[:number] + log[number + 1 :]
        if fails([(record, shorter)]):
            log = shorter
    for name in [k for k in record if k not in ("case_id", "kind", "accept_at")]:
        simpler = {k: v for k, v in record.items() if k != name}
        if fails([(simpler, log)]):
            record = simpler
    return record, log
