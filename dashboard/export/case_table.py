"""Which columns has a case for an analyst? Each code with its word beside it, every time, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboard.ask import Ask
from dashboard.case_reader import CODE_SETS
from dashboard.export.table import Cells, Field, Kind, Table, plain
from dashboard.filters import DIMENSIONS, Filters
from etl.contract import TABLES

HOURS = "小时"

# key, kind, header, meaning; a “code” becomes two columns, the code and its word.
_COLUMNS = """
case_id           text   事项编号 来源系统的编号
title             text   标题 人员号码已遮盖
town              code   乡镇街道 事项所在乡镇街道
village           code   村社区 事项所在村社区
grid              code   网格 事项所在网格
department        code   部门 当前主办部门，尚未分派为空
kind              code   事项类型 现在的类型
prior_kind        code   原事项类型 类型变更前的类型，未变更为空
kind_changed_at   moment 类型变更时间 类型变更的时间
severity          code   事件性质 一般或重大
level             code   风险等级 红、橙、黄、蓝，未定级为空
complexity        code   复杂程度 来源系统所填
category          code   类别 事项类别
channel           code   来源渠道 事项从哪里来
discovery         code   发现方式 主动发现、群众上报、部门推送
status            code   办理状态 数据截至时的状态
supervision       code   督办 督办等级
occur_at          moment 发生时间 事情发生
entry_at          moment 录入时间 录入系统
report_at         moment 上报时间 上报
accept_at         moment 受理时间 受理；时段按它筛选
grade_at          moment 定级时间 定级
dispatch_at       moment 分派时间 首次分派到部门
first_response_at moment 首次响应时间 首次响应
rectify_at        moment 整改时间 开始整改
first_contact_at  moment 首次接触时间 已与双方接触
session_planned_at moment 约定调解时间 约定的调解
session_held_at   moment 调解时间 实际调解
due0_at           moment 原期限 首次给定的办结期限
due_at            moment 期限 计入批准的延期与中止后的办结期限
close_at          moment 办结时间 现行的办结，在办为空
overdue_hours     number 超期时长 超过期限的小时数，在办的算到数据截至，未超期为空
extend_cnt        whole  延期次数 计入期限的批准延期
pause_minutes     number 中止时长 挂起的分钟数，算到数据截至
reopen_cnt        whole  重开次数 重开的次数
close_type        code   办结方式 现行办结的方式
close_level       code   化解层级 在哪一级办结
agreement         code   协议形式 调解协议的形式
satisfaction      code   满意度 回访的评价
callback_valid    flag   回访有效 回访到本人且已评价
people_involved   whole  涉及人数 涉及的人数
amount_yuan       number 涉及金额 争议金额
is_repeat         flag   重复事项 同一当事人同类事项在规定天数内再次受理
place             code   定位 能否上图，或为什么不能
lon               number 经度 WGS-84，保留三位小数（约百米）
lat               number 纬度 WGS-84，保留三位小数（约百米）
src_system        text   来源系统 数据来自哪个系统
"""
_UNITS = {
    "overdue_hours": HOURS,
    "pause_minutes": "分钟",
    "amount_yuan": "元",
    "people_involved": "人",
    "lon": "度",
    "lat": "度",
    "extend_cnt": "次",
    "reopen_cnt": "次",
}
_PRIVACY = {column.name: column.privacy for column in TABLES["fact_case"]}

Words = Mapping[str, Mapping[str, str]]


def case_table(ask: Ask, filters: Filters, *, order: str, sees_cases: bool) -> Table:
    """The cases accepted in the period. Whoever may not see single cases gets no title and no point."""
    sources = tuple(_sources(sees_cases))
    words = _words(ask)
    return Table(
        fields=tuple(field for field, _, _ in sources),
        total=sum(ask.place_states(filters).values()),
        batches=_batches(ask.whole_cases(filters, order=order), sources, words),
    )


Source = tuple[Field, str, bool]
"""A column, the column of the case it is read from, and whether it is the word of that code."""


def _sources(sees_cases: bool) -> Iterator[Source]:
    for line in _COLUMNS.strip().splitlines():
        key, kind, header, meaning = line.split(None, 3)
        if _PRIVACY.get(key) == 2 and not sees_cases:
            continue
        unit = _UNITS.get(key, "")
        if kind == "code":
            yield Field(key=key, header=f"{header}代码", kind="text", meaning=f"{meaning}（代码）"), key, False
            yield Field(key=f"{key}_name", header=header, kind="text", meaning=meaning), key, True
        else:
            yield Field(key=key, header=header, kind=_kind(kind), meaning=meaning, unit=unit), key, False


def _kind(word: str) -> Kind:
    return word  # type: ignore[return-value]


def _words(ask: Ask) -> Words:
    """Column → code → word: the dimensions' and the other code sets'."""
    sets: dict[str, dict[str, str]] = {}
    for row in ask.reference("codes"):
        sets.setdefault(row["code_set"], {})[row["code"]] = row["label"]
    others = {column: sets.get(name, {}) for column, name in CODE_SETS.items()}
    return {**others, **{dimension: ask.vocabulary[dimension] for dimension in DIMENSIONS}}


def _batches(
    found: Iterator[list[dict[str, Any]]], sources: Sequence[Source], words: Words
) -> Iterator[Sequence[Cells]]:
    reads = [(key, words[key] if is_word else None) for _, key, is_word in sources]
    for batch in found:
        yield [tuple(_cell(case[key], labels) for key, labels in reads) for case in batch]


def _cell(value: Any, labels: Mapping[str, str] | None) -> Any:
    return plain(value) if labels is None or not value else labels.get(value, value)
