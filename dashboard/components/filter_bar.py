"""What can be narrowed, on one row: period, four dimensions, the rest under 更多; then chips and a sentence."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard import rolling
from dashboard.auth.identity import may
from dashboard.comparison import festival
from dashboard.components.popover import popover
from dashboard.filters import DIMENSIONS, Filters, Vocabulary
from dashboard.scope import Towns

FIRST = {"town": "乡镇", "department": "部门", "kind": "类型", "severity": "性质"}
MORE = {"level": "等级", "category": "类别", "channel": "渠道", "status": "状态"}
CONTROLS = {**FIRST, **MORE}
"""Dimension → the word on its control. Villages and grids are chosen on the map."""

CALENDAR_WORDS = {
    "previousMonth": "上个月",
    "nextMonth": "下个月",
    "previousYear": "上一年",
    "nextYear": "下一年",
    "previousDecade": "前十年",
    "nextDecade": "后十年",
    "monthLevelControl": "选择月份",
    "yearLevelControl": "选择年份",
}
"""What the calendar's arrows and headings are called for those who hear them."""

ROLLING = (
    *(rolling.days(1 - back, 1) for back in (7, 30, 90)),
    "month_to_date",
    "last_month",
    "year_to_date",
    "january_and_february",
)
"""The usual spans, as the rules that saved views keep them by."""

CLEAR_ALL = "&".join(f"{dimension}=" for dimension in DIMENSIONS)


def control_id(dimension: str) -> str:
    """The element id of a dimension's control."""
    return f"filter-{dimension}"


def bar(vocabulary: Vocabulary, as_of: datetime) -> html.Div:
    """The filter bar with the choices of the current snapshot."""
    more = [_choice(dimension, name, vocabulary) for dimension, name in MORE.items()]
    controls: list[Any] = [_period(as_of)]
    controls += [_choice(dimension, name, vocabulary) for dimension, name in FIRST.items()]
    controls.append(popover("更多 ▾", "filter-more", html.Div(more, className="bar-more")))
    if may("export"):
        controls.append(popover("导出 ▾", "export", html.Div(_exports(), className="bar-exports")))
    controls.append(
        html.Button("视图 ▾", type="button", className="bar-button", id="views", **{"aria-haspopup": "dialog"})
    )
    return html.Div(
        [
            html.Button(
                "筛选 ▾",
                type="button",
                className="bar-button bar-toggle",
                **{"data-toggle": "filter-bar", "aria-expanded": "false", "aria-controls": "filter-controls"},
            ),
            html.Div(controls, className="bar-controls", id="filter-controls"),
            html.Div(id="sentence", className="bar-sentence", **{"aria-live": "polite"}),
            html.Div(id="chips", className="chips"),
            html.Div(id="notes", className="notes", role="status"),
        ],
        id="filter-bar",
        className="bar",
        role="search",
        **{"aria-label": "筛选"},
    )


def _exports() -> list[Component]:
    """Filled by exports.js when it is opened: what the page can hand over, how long it is, and what is being made."""
    return [
        html.Div(id="export-offers", **{"aria-live": "polite"}),
        html.Div(id="export-jobs", **{"aria-label": "后台导出"}, role="group"),
    ]


def _choice(dimension: str, name: str, vocabulary: Vocabulary) -> Component:
    options = [{"value": code, "label": label} for code, label in vocabulary.get(dimension, {}).items()]
    return dmc.MultiSelect(
        id=control_id(dimension),
        data=options,
        # Without a value the control tells the server “nothing chosen” as soon as it stands on the page.
        value=[],
        placeholder=name,
        searchable=True,
        size="sm",
        className="bar-choice",
        nothingFoundMessage="没有匹配项",
        # The list of options scrolls itself (access.css): a box around it would have to take the focus to be scrolled.
        withScrollArea=False,
        comboboxProps={"width": 220, "position": "bottom-start", "shadow": "md"},
        withCheckIcon=True,
        **{"aria-label": DIMENSIONS[dimension]},
    )


def _period(as_of: datetime) -> Component:
    return dmc.DatePickerInput(
        id="filter-period",
        type="range",
        valueFormat="YYYY-MM-DD",
        labelSeparator="至",
        placeholder="全部时段",
        presets=presets(as_of.date()),
        firstDayOfWeek=1,
        weekendDays=[],
        numberOfColumns=2,
        monthLabelFormat="YYYY年M月",
        yearLabelFormat="YYYY年",
        monthsListFormat="M月",
        clearable=True,
        allowSingleDateInRange=True,
        highlightToday=False,
        size="sm",
        className="bar-period",
        maxDate=as_of.date().isoformat(),
        clearButtonProps={"aria-label": "清除时段"},
        ariaLabels=CALENDAR_WORDS,
        **{"aria-label": "时段"},
    )


def presets(today: date) -> list[dict[str, Any]]:
    """The usual spans, counted back from the day of the data."""
    found: list[dict[str, Any]] = [
        {"value": [first.isoformat(), last.isoformat()], "label": label}
        for label, first, last in (*(_rolled(rule, today) for rule in ROLLING), *_around_new_year(today))
    ]
    return [*found, {"value": ["", ""], "label": "全部时段"}]


def _rolled(rule: str, today: date) -> tuple[str, date, date]:
    """The words of a rule, and its first and last day."""
    first, after = rolling.period(rule, today)
    return rolling.words(rule), first, after - timedelta(days=1)


def _around_new_year(today: date) -> list[tuple[str, date, date]]:
    """The days around the last 春节 that can be aligned with a year before."""
    day0 = festival.latest(today)
    if day0 is None:
        return []
    reach = timedelta(days=festival.REACH)
    return [("春节前后30天", day0 - reach, min(today, day0 + reach))]


def period_value(filters: Filters, as_of: datetime) -> list[str | None]:
    """What the period control shows: both days inclusive, nothing for all time."""
    if filters.since is None and filters.until is None:
        return [None, None]
    last = filters.until - timedelta(days=1) if filters.until else as_of.date()
    first = filters.since or last
    return [first.isoformat(), last.isoformat()]


def placeholder(dimension: str, filters: Filters) -> str:
    """The word on a control, with how many are chosen."""
    chosen = len(filters.values(dimension))
    return f"{CONTROLS[dimension]} · {chosen}" if chosen else CONTROLS[dimension]


def chips(filters: Filters, vocabulary: Vocabulary) -> list[Component]:
    """One removable chip per chosen code, and 清除 where there is any."""
    found: list[Component] = []
    for dimension, name in DIMENSIONS.items():
        for code in filters.values(dimension):
            label = vocabulary.get(dimension, {}).get(code, code)
            found.append(
                html.Button(
                    [html.Span(f"{name}：{label}"), html.Span("✕", className="chip-cross", **{"aria-hidden": "true"})],
                    type="button",
                    className="chip",
                    **{"data-drop": f"{dimension}:{code}", "aria-label": f"去掉 {name}：{label}"},
                )
            )
    if found:
        found.append(html.Button("清除", type="button", className="chip is-clear", **{"data-set": CLEAR_ALL}))
    return found


def missing(towns: Towns, vocabulary: Vocabulary) -> tuple[str, ...]:
    """That the data know no town that the reader may see: else every number would be a 0 that looks like one."""
    if towns is None or vocabulary["town"]:
        return ()
    return (f"数据中没有您的乡镇（{'、'.join(towns)}），所以下面什么也没有；请联系管理员核对账号",)
