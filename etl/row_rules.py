"""Which rows contradict themselves? One entry per rule of the data-quality list that looks across fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class RowRule:
    """A condition on rows of one table. `quarantined` keeps the row out; `flagged` loads it and counts it.

    `column` is shown as the value at fault.
    """

    rule: str
    table: str
    condition: str
    column: str
    sentence: str
    severity: Literal["quarantined", "flagged"] = "flagged"


ON_GRIDS = (
    RowRule(
        rule="grid_without_village",
        table="stage_grid",
        severity="quarantined",
        condition="exists (select 1 from clean_region where region_level = 'village')"
        " and village_code not in (select region_code from clean_region)",
        column="village_code",
        sentence="所属村社区不在行政区划表中，网格无处可归，请核对两列是否错位",
    ),
)

BEFORE_SETTLING = (
    RowRule(
        rule="future_accept",
        table="stage_case",
        severity="quarantined",
        condition="accept_at > getvariable('as_of')",
        column="accept_at",
        sentence="受理时间晚于数据截至，请核对日期",
    ),
    RowRule(
        rule="future_close",
        table="stage_case",
        severity="quarantined",
        condition="close_at > getvariable('as_of')",
        column="close_at",
        sentence="办结时间晚于数据截至，请核对日期",
    ),
    RowRule(
        rule="close_before_accept",
        table="stage_case",
        severity="quarantined",
        condition="close_at < accept_at",
        column="close_at",
        sentence="办结早于受理，无法计算时长，请核对两个时间",
    ),
    RowRule(
        rule="future_step",
        table="stage_case_event",
        severity="quarantined",
        condition="event_at > getvariable('as_of')",
        column="event_at",
        sentence="操作时间晚于数据截至，请核对日期",
    ),
)

AFTER_CASES = (
    RowRule(
        rule="step_without_case",
        table="stage_case_event",
        severity="quarantined",
        condition="case_id is not null and case_id not in (select case_id from clean_case)",
        column="case_id",
        sentence="台账中没有这个事件编号（或该事项已被隔离），流转记录无处可挂",
    ),
)

_PAST_TIMES = {
    "occur_at": "发生时间",
    "entry_at": "采集时间",
    "report_at": "上报时间",
    "grade_at": "定级时间",
    "first_response_at": "首次响应时间",
    "dispatch_at": "分派时间",
    "rectify_at": "整改启动时间",
    "first_contact_at": "首次接触时间",
    "session_held_at": "实际调解时间",
    "callback_at": "回访时间",
    "archive_at": "归档时间",
    "kind_changed_at": "转类时间",
}

FUTURE_TIMES = tuple(
    RowRule(
        rule="future_time",
        table="clean_case",
        condition=f"{column} > getvariable('as_of')",
        column=column,
        sentence=f"{name}晚于数据截至，未采用，请核对日期",
    )
    for column, name in _PAST_TIMES.items()
)

ON_CASES = (
    RowRule(
        rule="accept_before_report",
        table="case_base",
        condition="accept_at < report_at",
        column="accept_at",
        sentence="受理早于上报，时间次序有误，照原样统计",
    ),
    RowRule(
        rule="grid_unknown",
        table="case_base",
        condition="grid_code is not null and grid = ''",
        column="grid_code",
        sentence="网格编码不在网格表中或已停用，计入“未匹配网格”",
    ),
    RowRule(
        rule="grid_not_in_village",
        table="case_base",
        condition="grid != '' and village_code is not null and village != '' and village_code != village",
        column="grid_code",
        sentence="网格不属于所填村社区，按网格统计",
    ),
    RowRule(
        rule="closed_without_type",
        table="case_base",
        condition="close_at is not null and close_type is null and not own_dimensions",
        column="close_at",
        sentence="已办结但没有化解结果，不计入化解成功率",
    ),
    RowRule(
        rule="rating_without_callback",
        table="case_base",
        condition="satisfaction in ('satisfied', 'mostly', 'dissatisfied') and callback_valid is not true",
        column="satisfaction",
        sentence="有满意度但没有有效回访，不计入满意率",
    ),
    RowRule(
        rule="late_entry",
        table="case_base",
        condition="entry_at - occur_at > to_hours(getvariable('late_entry_hours')::integer)",
        column="entry_at",
        sentence="采集比发生晚 72 小时以上（补录），计入补录率",
    ),
    RowRule(
        rule="no_deadline",
        table="case_base",
        condition="case_key in (select case_key from first_deadline where due0_at is null)",
        column="case_id",
        sentence="算不出办理期限（缺少计时起点或来源未给期限），计入不可计算占比",
    ),
    RowRule(
        rule="copied_title",
        table="case_base",
        condition="""not own_dimensions and (title, coalesce(grid_code, ''), accept_at::date) in (
                     select (title, coalesce(grid_code, ''), accept_at::date) from case_base
                     where title is not null group by all having count(*) >= 3)""",
        column="case_id",
        sentence="同一网格同一天名称完全相同的事项达到 3 件，疑似复制录入",
    ),
    RowRule(
        rule="verdict_differs",
        table="case_base",
        condition="""case_key in (select f.case_key from fact_case as f join ledger_due as d
                     on d.case_key = f.case_key and d.event = 'due'
                     where f.source_verdict is not null and (f.source_verdict = 'on_time') != d.met)""",
        column="source_verdict",
        sentence="来源系统自带的按时/超期标志与按时间计算的结果不一致，以计算为准",
    ),
    RowRule(
        rule="population_missing",
        table="case_base",
        condition="""exists (select 1 from clean_population) and grid != '' and grid not in (
                     select grid_code from clean_population where population > 0)""",
        column="grid_code",
        sentence="所在网格没有人口数，按人口计算的指标不含该网格",
    ),
)
