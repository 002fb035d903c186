"""What moved beyond chance, and why? Few sentences, worst first, each with its evidence.

Every watched metric is compared with its like for the whole, each place, department and category; small samples are
left out. Differences are named by the rule of Benjamini and Hochberg (`comparison.chance.discoveries`), because among
three hundred comparisons fifteen would look unusual by chance alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from dashboard import words
from dashboard.ask import Answer, Ask
from dashboard.cause import Cause, cause
from dashboard.comparison.chance import discoveries, p_value, standard_score
from dashboard.comparison.change import Change, Verdict, difference, verdict
from dashboard.comparison.earlier import is_covered, numbers_in
from dashboard.comparison.parts import Pair
from dashboard.comparison.spans import Span, Spans, spans
from dashboard.filters import DIMENSIONS, Filters
from dashboard.metrics.catalog import BY_KEY, Metric
from dashboard.metrics.values import NO_DATA, Value

MOST = 7
MOST_PER_METRIC = 2
SHARE = 0.05
"""Of the exceptions named, at most this share is chance, in expectation."""

RULE = (
    "规则：各指标按合计、各地、各部门、各类别与对比期比较，样本不足的不比；比较很多次总会碰巧，故校正多次比较，"
    f"使所列各条中属偶然的预计不超过 {SHARE:.0%}；变差在前，最多 {MOST} 条，"
    f"同一指标最多 {MOST_PER_METRIC} 条（口径为本项目默认值）"
)

NONE = "本期无异常项"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A metric that a leader wants to hear of; `narrowed` to some cases, `page` shows its evidence.

    Of one that matures (重开率), the youngest closings may still be reopened: its span ends that much earlier.
    """

    key: str
    name: str
    page: str
    narrowed: Filters = field(default_factory=Filters)

    @property
    def metric(self) -> Metric:
        """Its metric of the catalogue."""
        return BY_KEY[self.key]


WATCHED = (
    Watched(key="overdue_open", name="在办超期", page="/departments"),
    Watched(key="on_time_rate", name="按时办结率", page="/departments"),
    Watched(key="handling_hours_median", name="办理时长中位数", page="/departments"),
    Watched(key="reopen_rate", name="重开率", page="/departments"),
    Watched(key="satisfaction_rate", name="满意率", page="/departments"),
    Watched(key="accepted", name="红色事项受理", page="/map", narrowed=Filters(level=("red",))),
    Watched(key="accepted", name="受理量", page="/map"),
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One exception: where, what, how it moved against what, why, and the address of its evidence."""

    watched: Watched
    dimension: str
    code: str
    place: str
    now: Value
    before: Value
    spans: Spans
    against: Span
    against_name: str
    score: float
    verdict: Verdict
    cause: Cause | None
    href: str

    @property
    def change(self) -> Change:
        """The difference in words."""
        metric = self.watched.metric
        text = difference(metric, self.now.value or 0.0, self.before.value or 0.0)
        before = words.shown(metric, self.before).line
        return Change("up" if self.score > 0 else "down", self.verdict, text, before)

    @property
    def than(self) -> str:
        """What it is compared with: the period's name, for a stock the day at whose end (or same hour) it stood."""
        if self.watched.metric.kind != "stock":
            return self.against_name
        last = Span(self.against.until - timedelta(days=1), self.against.until)
        return last.named(self.spans.now) + ("同时" if self.against.at else "末")

    @property
    def sentence(self) -> str:
        """“城关镇 按时办结率 81.3%（165/203），较上月同期 −6.2 个百分点，主要来自 物业…”."""
        value = words.shown(self.watched.metric, self.now).line
        said = f"{self.place} {self.watched.name} {value}，较{self.than} {self.change.text}"
        return said + (f"，{self.cause.words}" if self.cause else "")


@dataclass(frozen=True)
class Findings:
    """The exceptions of a period, how many comparisons were made, and how many stood out before the list was cut.

    `silence` says why nothing could be compared at all.
    """

    found: tuple[Finding, ...] = ()
    tested: int = 0
    beyond: int = 0
    spans: Spans | None = None
    silence: str = ""


@dataclass(frozen=True)
class Candidate:
    """One comparison: a watched metric of one group."""

    watched: Watched
    scope: Scope
    dimension: str
    code: str
    label: str
    pair: Pair
    score: float


@dataclass(frozen=True)
class Scope:
    """What one watched metric is compared under: the filters, its own spans, and which of the two earlier ones."""

    filters: Filters
    spans: Spans
    against: Span
    against_name: str


def exceptions(ask: Ask, filters: Filters) -> Findings:
    """What moved beyond chance in the period of the filters, against the period before (春节对齐: the year before)."""
    asked = spans(filters, ask.info.as_of, ask.cutoff_hour)
    if asked is None:
        return Findings(silence="选定起始日期后才能与对比期比较")
    if not is_covered(ask, _against(asked)[0]):
        return Findings(spans=asked, silence=f"对比期 {_against(asked)[0].named(asked.now)} 无数据，不作比较")
    candidates = tuple(_candidates(ask, filters))
    beyond = discoveries([p_value(c.score) for c in candidates], share=SHARE)
    standing = [c for c, is_beyond in zip(candidates, beyond, strict=True) if is_beyond]
    chosen = _worst_first(standing)
    return Findings(tuple(_finding(ask, c) for c in chosen), len(candidates), len(standing), asked)


def _against(found: Spans) -> tuple[Span, str]:
    if found.is_by_festival:
        return found.last_year, found.year_name
    return found.previous, found.previous_name


def place_dimension(filters: Filters) -> str:
    """The places one step below what is chosen: towns, the villages of a town, the grids of a village."""
    return "grid" if filters.village or filters.grid else "village" if filters.town else "town"


def _dimensions(filters: Filters) -> tuple[str, ...]:
    """The dimensions whose parts are looked at: what is narrowed to one code already is the whole."""
    return tuple(d for d in (place_dimension(filters), "department", "category") if len(filters.values(d)) != 1)


def _candidates(ask: Ask, filters: Filters) -> Iterator[Candidate]:
    for watched in WATCHED:
        scope = _scope(ask, watched, filters)
        if scope is None:
            continue
        for dimension in ("", *_dimensions(filters)):
            for code, label, pair in _pairs(ask, watched, scope, dimension):
                score = standard_score(watched.metric, *pair)
                if score is not None:
                    yield Candidate(watched, scope, dimension, code, label, pair, score)


def _scope(ask: Ask, watched: Watched, filters: Filters) -> Scope | None:
    """The watched metric's own spans; none where the data do not reach back, or its cases are filtered away."""
    if any(filters.values(d) for d in DIMENSIONS if watched.narrowed.values(d)):
        return None
    own = {d: watched.narrowed.values(d) for d in DIMENSIONS if watched.narrowed.values(d)}
    asked = filters.replace(**own)
    if watched.metric.matures:
        asked = _matured(ask, asked)
    found = spans(asked, ask.info.as_of, ask.cutoff_hour)
    if found is None or not is_covered(ask, _against(found)[0]):
        return None
    return Scope(asked, found, *_against(found))


def _matured(ask: Ask, filters: Filters) -> Filters:
    """The same number of whole days, ending when today's reopenings are all known."""
    asked = spans(filters, ask.info.as_of, ask.cutoff_hour)
    if asked is None:
        return filters
    last = ask.info.as_of.date() - timedelta(days=int(ask.info.rules["clock"]["reopen_days"]))
    until = min(asked.now.until, last)
    return filters.shifted(since=until - timedelta(days=asked.now.days), until=until)


def _pairs(ask: Ask, watched: Watched, scope: Scope, dimension: str) -> Iterator[tuple[str, str, Pair]]:
    """Code, label and the values now and before of every known group of a dimension; "" for the whole."""
    by = (dimension,) if dimension else ()
    now, before = both(ask, watched.key, scope, by=by)
    earlier = {row.codes: row.values[watched.key] for row in before.rows}
    for row in now.rows:
        if not by or row.codes[0]:
            label = row.labels[0] if by else whole(scope.filters, ask, leave_out=watched.narrowed)
            pair = (row.values[watched.key], earlier.get(row.codes, NO_DATA))
            yield row.codes[0] if by else "", label, pair


def both(ask: Ask, key: str, scope: Scope, *, by: Sequence[str] = ()) -> tuple[Answer, Answer]:
    """A metric in the scope's own span and in the one it is compared with."""
    now = numbers_in(ask, (key,), scope.filters, scope.spans.now, by=by)
    before = numbers_in(ask, (key,), scope.filters, scope.against, by=by)
    if now is None or before is None:
        raise ValueError("a scope is only made where both of its spans are covered")
    return now, before


def whole(filters: Filters, ask: Ask, *, leave_out: Filters | None = None) -> str:
    """What all of it is called: 全县 (or the asker's town), the one place or department that is chosen, or 所选范围."""
    chosen = [d for d in DIMENSIONS if filters.values(d) and not (leave_out and leave_out.values(d))]
    if not chosen:
        return ask.place
    places = [d for d in ("grid", "village", "town", "department", "category") if d in chosen]
    if places and len(filters.values(places[0])) == 1 and set(chosen) <= {places[0], "town", "village"}:
        return ask.label(places[0], filters.values(places[0])[0])
    return "所选范围"


ORDER: Mapping[Verdict, int] = {"worse": 0, "plain": 1, "better": 2}


def _worst_first(standing: Sequence[Candidate]) -> list[Candidate]:
    """The list as it is read: what got worse first, the surest first; no metric crowds out the others."""
    order = sorted(standing, key=lambda c: (ORDER[_verdict(c)], -abs(c.score), c.dimension, c.code))
    chosen: list[Candidate] = []
    for candidate in order:
        same = [c for c in chosen if c.watched is candidate.watched]
        if len(same) < MOST_PER_METRIC:
            chosen.append(candidate)
    return chosen[:MOST]


def _verdict(candidate: Candidate) -> Verdict:
    return verdict(candidate.watched.metric, "up" if candidate.score > 0 else "down")


def _finding(ask: Ask, candidate: Candidate) -> Finding:
    watched, scope = candidate.watched, candidate.scope
    own = scope.filters
    if candidate.dimension:
        own = own.replace(**{candidate.dimension: (candidate.code,)})
    narrowed = Scope(own, scope.spans, scope.against, scope.against_name)
    evidence = own.replace(metric=watched.key if watched.page == "/map" else "", case="")
    return Finding(
        watched=watched,
        dimension=candidate.dimension,
        code=candidate.code,
        place=candidate.label,
        now=candidate.pair[0],
        before=candidate.pair[1],
        spans=scope.spans,
        against=scope.against,
        against_name=scope.against_name,
        score=candidate.score,
        verdict=_verdict(candidate),
        cause=_cause(ask, candidate, narrowed),
        href=f"{watched.page}?{evidence.to_query()}",
    )


def _cause(ask: Ask, candidate: Candidate, scope: Scope) -> Cause | None:
    key = candidate.watched.key
    splits: dict[str, dict[str, Pair]] = {}
    names: dict[tuple[str, str], str] = {}
    for dimension in _dimensions(scope.filters):
        now, before = both(ask, key, scope, by=(dimension,))
        earlier = {row.codes[0]: row.values[key] for row in before.rows}
        later = {row.codes[0]: row.values[key] for row in now.rows}
        codes = dict.fromkeys([*later, *earlier])
        splits[dimension] = {code: (later.get(code, NO_DATA), earlier.get(code, NO_DATA)) for code in codes}
        names |= {(dimension, code): ask.label(dimension, code) for code in codes}
    return cause(candidate.watched.metric, splits, names, is_rise=candidate.score > 0)
