"""五化时效: is each of the five 化 done in its time, where not, and what falls due next?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import html

from dashboard import words
from dashboard.ask import Answer, Ask, CasePage, Row
from dashboard.comparison.earlier import Changes, earlier
from dashboard.comparison.spans import Spans
from dashboard.components import chart, compared, heat, legend, measure, panel, segments
from dashboard.components.cases import case_list
from dashboard.components.lamp import lamp
from dashboard.course import bucket_for
from dashboard.figures.classes import Classes, classes
from dashboard.figures.distribution import BINS, DEADLINE_BIN, Elapsed, distribution
from dashboard.figures.sparkline import sparkline
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value
from dashboard.page import Page, Panel, Question, Target
from dashboard.targets import Goal, target_for

RATE = "wuhua_on_time_rate"
STATUSES = ("wuhua_met", "wuhua_late", "wuhua_missed", "wuhua_due_soon", "wuhua_not_due", "wuhua_uncomputable")
FINISHED = ("wuhua_met", "wuhua_late", "wuhua_missed")
DUE_SOON = 12
RED_NOTE = "红色风险另有 30 分钟时限；红色属重大，切到“重大”或“全部”才看得到"
SEVERITIES = (("general", "一般"), ("major", "重大"), ("", "全部"))

Rules = Mapping[str, tuple[str, tuple[str, ...]]]
"""Kind → (name of its 化, its rules in words)."""


def rules(rows: Sequence[Mapping[str, Any]]) -> Rules:
    """The 五化 rules of the configuration table, by kind."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for row in rows:
        name, sentences = found.get(str(row["kind"]), (str(row["name"]), ()))
        found[str(row["kind"])] = (name, (*sentences, str(row["meaning"])))
    return found


def _others(filters: Filters) -> Filters:
    return filters.replace(kind=())


# --- five cards ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """One 化: its rule, numbers, course, and the town where it is slowest."""

    kind: str
    name: str
    rule: str
    remark: str
    values: Mapping[str, Value]
    course: tuple[float | None, ...]
    worst: Row | None
    changes: Changes
    target: Goal | None
    is_chosen: bool


@dataclass(frozen=True)
class Cards:
    """The five cards, and what they are compared with."""

    cards: tuple[Card, ...]
    spans: Spans | None
    filters: Filters
    as_of: datetime


def load_cards(ask: Ask, filters: Filters) -> Cards:
    """Five cards; the choice of a kind is left out, so that all five stay."""
    others = _others(filters)
    by_kind = ask.numbers((RATE, *STATUSES), by=("kind",), filters=others)
    bucket = bucket_for(filters, ask.info.as_of, daily_up_to=31)
    by_time = ask.numbers((RATE,), by=("kind", bucket), filters=others)
    by_town = ask.numbers((RATE,), by=("kind", "town"), filters=others)
    known = rules(ask.reference("wuhua"))
    before = earlier(ask, (RATE,), others, by=("kind",))
    target = target_for(RATE, filters, ask.info.as_of)
    cards = tuple(
        Card(
            kind=row.codes[0],
            name=known.get(row.codes[0], (row.labels[0], ()))[0],
            rule=_rule(known, row.codes[0]),
            remark=_remark(known, row.codes[0], filters),
            values=row.values,
            course=tuple(_share(r.values[RATE]) for r in by_time.rows if r.codes[0] == row.codes[0]),
            worst=_worst([r for r in by_town.rows if r.codes[0] == row.codes[0] and r.codes[1]]),
            changes=before.changes(RATE, row.values[RATE], codes=row.codes),
            target=target,
            is_chosen=row.codes[0] in filters.kind,
        )
        for row in by_kind.rows
        if row.codes[0]
    )
    return Cards(cards, before.spans, filters, ask.info.as_of)


def _rule(known: Rules, kind: str) -> str:
    sentences = known.get(kind, ("", ()))[1]
    return sentences[-1] if sentences else ""


def _remark(known: Rules, kind: str, filters: Filters) -> str:
    """A kind with a shorter limit for some says so; hidden by 一般, it says where to look."""
    sentences = known.get(kind, ("", ()))[1]
    if len(sentences) < 2:
        return ""
    return RED_NOTE if filters.severity == ("general",) else sentences[0]


def _share(value: Value) -> float | None:
    return (value.n or 0.0) / value.N if value.N else None


def _worst(rows: Sequence[Row]) -> Row | None:
    """The town surely lowest: smallest upper bound of the Wilson interval among those with enough cases."""
    sure = [row for row in rows if row.values[RATE].state == "ok"]
    return min(sure, key=lambda row: row.values[RATE].wilson[1], default=None)


def view_cards(model: Cards) -> Mapping[Target, Any]:
    """The cards, and which days they are compared over."""
    return {
        "wuhua-cards": [_card(card) for card in model.cards],
        "wuhua-spans": compared.spans_line(model.spans, model.as_of),
        "wuhua-calendar": compared.calendar_choice(model.filters),
    }


def _card(card: Card) -> html.Div:
    group = ("kind", card.kind)
    name, rate = card.name, card.values[RATE]
    statuses = [
        html.Div(
            [html.Span(BY_KEY[key].name, className="status-name"), measure.measure(key, card.values[key], group=group)],
            className="status",
        )
        for key in STATUSES
    ]
    title = html.Button(
        name,
        type="button",
        className="wuhua-name",
        **{"data-pick": f"kind:{card.kind}", "aria-pressed": str(card.is_chosen).lower()},
    )
    spark = sparkline(card.course)
    head: list[Any] = [title]
    if spark:
        head.append(html.Img(src=spark, className="kpi-spark", alt=""))
    return html.Div(
        [
            html.Div(head, className="kpi-head"),
            html.Div(measure.measure(RATE, rate, group=group), className="kpi-main"),
            html.Div(
                [
                    *([lamp(card.target, rate)] if card.target else []),
                    *compared.change_lines(card.changes, name="kpi-change"),
                ]
            ),
            html.Div(card.rule, className="wuhua-rule"),
            html.Div(card.remark, className="wuhua-remark"),
            html.Div(statuses, className="statuses"),
            html.Div(_worst_line(card), className="wuhua-worst"),
        ],
        className="kpi wuhua-card" + (" is-chosen" if card.is_chosen else ""),
    )


def _worst_line(card: Card) -> list[Any]:
    if card.worst is None:
        return [html.Span("各乡镇样本不足", className="change-none")]
    town, value = card.worst, card.worst.values[RATE]
    return [
        html.Span("最低", className="change-name"),
        html.Button(
            town.labels[1],
            type="button",
            className="crumb",
            **{"data-pick": f"town:{town.codes[1]},kind:{card.kind}"},
        ),
        measure.measure(RATE, value, group=("kind,town", f"{card.kind},{town.codes[1]}")),
    ]


# --- township × 化 ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heat:
    """按时率 by town and kind, all towns and kinds whatever is chosen."""

    answer: Answer
    towns: tuple[str, ...]
    kinds: tuple[str, ...]


def load_heat(ask: Ask, filters: Filters) -> Heat:
    """The table without the choice of town and kind."""
    others = _others(filters).without_places()
    return Heat(ask.numbers((RATE,), by=("town", "kind"), filters=others), filters.town, filters.kind)


def view_heat(model: Heat) -> Mapping[Target, Any]:
    """The heat table and its legend."""
    rows = [row for row in model.answer.rows if all(row.codes)]
    values = {(row.codes[0], row.codes[1]): row.values[RATE] for row in rows}
    towns = list(dict.fromkeys((row.codes[0], row.labels[0]) for row in rows))
    kinds = list(dict.fromkeys((row.codes[1], row.labels[1]) for row in rows))
    numbers = [value.value for value in values.values() if value.state == "ok" and value.value is not None]
    scale: Classes = classes(numbers, is_rate=True, darker_is_lower=True)
    table = heat.heat(
        towns, kinds, values, key=RATE, scale=scale, dimensions=("town", "kind"), chosen=(model.towns, model.kinds)
    )
    return {"heat-table": table, "heat-legend": legend.legend(scale, values.values(), unit="格")}


# --- how much of the limit was used -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Used:
    """Finished 五化 cases by kind and by elapsed ÷ limit."""

    answer: Answer
    names: Mapping[str, str]


def load_used(ask: Ask, filters: Filters) -> Used:
    """按时, 超期已办 and 超期未办 by kind and tenths of the limit."""
    answer = ask.numbers(FINISHED, by=("kind", "elapsed_bin"), filters=_others(filters))
    return Used(answer, {kind: name for kind, (name, _) in rules(ask.reference("wuhua")).items()})


def view_used(model: Used) -> Mapping[Target, Any]:
    """The five histograms, and how many ended in the last tenth before the deadline."""
    counts: dict[str, dict[str, int]] = {}
    for row in model.answer.rows:
        if row.codes[0]:
            total = sum(row.values[key].value or 0 for key in FINISHED)
            counts.setdefault(row.codes[0], {})[row.codes[1]] = int(total)
    drawn = [
        Elapsed(model.names.get(kind, kind), tuple(bins.get(bin_, 0) for bin_ in BINS)) for kind, bins in counts.items()
    ]
    last = sum(bins.get(BINS[DEADLINE_BIN - 1], 0) for bins in counts.values())
    total = sum(sum(bins.values()) for bins in counts.values())
    share = f"，占 {words.percent(last / total)}%" if total else ""
    return {
        ("used-chart", "figure"): distribution(drawn),
        "used-tail": f"到期前最后一成时间内完成 {words.full(last)} 件{share}；虚线为到期，橙色为超期",
    }


# --- due soon -----------------------------------------------------------------------------------------------------


def load_soon(ask: Ask, filters: Filters) -> tuple[CasePage, datetime, Filters]:
    """Cases in their warning window now, and the question that asked for them."""
    return ask.due_soon(filters, limit=DUE_SOON), ask.info.as_of, filters


def view_soon(model: tuple[CasePage, datetime, Filters]) -> Mapping[Target, Any]:
    """The list, nearest deadline first."""
    page, as_of, filters = model
    return {
        "soon-list": case_list(page.rows, total=page.total, as_of=as_of, filters=filters, none="当前没有临期事项"),
        "soon-note": f"{words.full(page.total)} 件 · 截至当前",
    }


# --- severity -----------------------------------------------------------------------------------------------------


def load_severity(_: Ask, filters: Filters) -> str:
    """The severity chosen; "" for all."""
    return filters.severity[0] if len(filters.severity) == 1 else ""


def view_severity(model: str) -> Mapping[Target, Any]:
    """The toggle."""
    return {"severity-toggle": segments.segments("severity", SEVERITIES, model, label="事件性质")}


# --- what 导出 hands over -----------------------------------------------------------------------------------------


def exports(_: Ask, filters: Filters) -> tuple[Question, ...]:
    """The cards, the lowest town of each among all, the table and the histograms."""
    others = _others(filters)
    return (
        Question(label="五化", metrics=(RATE, *STATUSES), by=("kind",), filters=others),
        Question(label="五化 × 乡镇", metrics=(RATE,), by=("kind", "town"), filters=others),
        Question(
            label="全部乡镇 × 五化", metrics=(RATE,), by=("town", "kind"), filters=_others(filters).without_places()
        ),
        Question(label="用掉了多少时限", metrics=FINISHED, by=("kind", "elapsed_bin"), filters=others),
    )


def frame() -> html.Div:
    """The page without data."""
    head = html.Div(
        [
            html.H1("五化时效", className="page-title"),
            html.Div(id="severity-toggle"),
            html.Span("时限口径为本项目默认值", className="badge"),
            html.Span(className="panel-space"),
            html.Span(id="cards-asof", className="panel-asof"),
            panel.definitions((RATE, *STATUSES)),
            panel.picture("cards-panel", "五化时效"),
        ],
        className="page-head",
    )
    return html.Div(
        [
            html.Section(
                [
                    head,
                    html.Div(id="severity-fault", className="panel-fault"),
                    html.Div(id="severity-asof", className="hidden"),
                    html.Div(id="cards-fault", className="panel-fault", role="status"),
                    html.Div(id="wuhua-cards", className="wuhua-cards"),
                    html.Div([html.Span(id="wuhua-spans"), html.Div(id="wuhua-calendar")], className="compared"),
                ],
                id="cards-panel",
                style={"gridArea": "cards"},
            ),
            panel.panel(
                "heat",
                "乡镇 × 五化",
                [html.Div(id="heat-table", className="heat-box"), html.Div(id="heat-legend", className="map-legend")],
                note="按时率 · 越深越低",
                metrics=(RATE,),
                area="heat",
            ),
            panel.panel(
                "used",
                "用掉了多少时限",
                [
                    chart.chart("used-chart", "五化用时与时限之比的分布"),
                    html.Div(id="used-tail", className="panel-caption"),
                ],
                note="用时 ÷ 时限",
                metrics=FINISHED,
                area="used",
            ),
            panel.panel(
                "soon",
                "临期事项",
                html.Div(id="soon-list", className="scroll"),
                metrics=("wuhua_due_soon",),
                area="soon",
            ),
        ],
        className="layout-wuhua",
    )


PAGE = Page(
    path="/wuhua",
    opens_with=Filters(severity=("general",)),
    name="五化时效",
    order=5,
    frame=frame,
    panels=(
        Panel(id="severity", title="性质", load=load_severity, view=view_severity, fills=("severity-toggle",)),
        Panel(
            id="cards",
            title="五化",
            load=load_cards,
            view=view_cards,
            fills=("wuhua-cards", "wuhua-spans", "wuhua-calendar"),
        ),
        Panel(id="heat", title="乡镇 × 五化", load=load_heat, view=view_heat, fills=("heat-table", "heat-legend")),
        Panel(
            id="used",
            title="用掉了多少时限",
            load=load_used,
            view=view_used,
            fills=(("used-chart", "figure"), "used-tail"),
        ),
        Panel(id="soon", title="临期事项", load=load_soon, view=view_soon, fills=("soon-list", "soon-note")),
    ),
    exports=exports,
)
