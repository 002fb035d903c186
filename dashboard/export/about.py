"""说明: what must be known of an exported file to use it rightly, and to check it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from dashboard.ask import Ask
from dashboard.export.asked import Asked
from dashboard.export.content import HASH_OF, Content
from dashboard.export.table import Field
from dashboard.metrics.catalog import BY_KEY, Metric

OUR_DEFAULTS = "期限、办理状态、风险等级、最小样本数的口径为本项目默认值，可在配置中修改"
LOCATED = "；GeoJSON 只含有点位的事项，其校验码对应加上 place=point 的 CSV"
DEMO = "演示数据"
NOBODY = "未登录"


@dataclass(frozen=True)
class Stamp:
    """How a file came about: the program's build, the server's clock (None where it has none), for whom, what for.

    Under `trace` it is on record.
    """

    build: str
    at: datetime | None = None
    reader: str = NOBODY
    purpose: str = ""
    trace: str = ""

    @property
    def said(self) -> dict[str, str]:
        """The members of a 说明 that tell it."""
        return {
            "build": self.build,
            "exported_by": self.reader,
            "exported_at": self.at.isoformat(timespec="seconds") if self.at else "",
            "purpose": self.purpose,
            "trace": self.trace,
        }

    @property
    def mark(self) -> str:
        """What is printed under every page of the file."""
        return mark(self.said)


def mark(said: Mapping[str, Any]) -> str:
    """“王敏 · 2026-11-26 13:06:28 · 追溯号 0a1b2c3d4e5f6071”, out of a 说明."""
    trace = said["trace"] and f"追溯号 {said['trace']}"
    return " · ".join(filter(None, (said["exported_by"], _said("exported_at", said["exported_at"]), trace)))


def about(ask: Ask, asked: Asked, content: Content, stamp: Stamp) -> dict[str, Any]:
    """Everything that is told, as JSON; the content must have passed."""
    info = ask.info
    said: dict[str, Any] = {
        "title": "指标汇总" if asked.metrics else "受理事项（受理时间在时段内）",
        "demo": DEMO if info.is_demo else "",
        "county": info.region,
        "filters_in_words": asked.filters.describe(ask.vocabulary),
        "filters": asked.filters.conditions(),
        "by": list(asked.by),
        "order": "" if asked.metrics or asked.sort else asked.order,
        "sort": asked.sort,
        "order_in_words": order_in_words(asked, content.fields),
        "find": asked.find,
        "limits": asked.limits,
        "selected_columns": list(asked.columns),
        "view": asked.view_address,
        "source": asked.address(),
        "as_of": info.as_of.isoformat(),
        "snapshot": info.snapshot,
        **stamp.said,
        "rows": content.rows,
        "sha256": content.sha256,
        "sha256_of": HASH_OF + (LOCATED if asked.format == "geojson" and not asked.metrics else ""),
        "defaults": OUR_DEFAULTS,
        "columns": [asdict(field) for field in content.fields],
    }
    return said | ({"metrics": [_metric(BY_KEY[key]) for key in asked.metrics]} if asked.metrics else {})


def _metric(metric: Metric) -> dict[str, Any]:
    said = {
        "key": metric.key,
        "name": metric.name,
        "meaning": metric.meaning,
        "formula": metric.formula,
        "unit": metric.unit,
        "clock": metric.clock,
        "guard": metric.guard,
    }
    return said | ({"min_n": metric.min_n} if metric.kind == "rate" else {})


LINES = {
    "title": "内容",
    "demo": "数据性质",
    "county": "地区",
    "filters_in_words": "筛选条件",
    "order_in_words": "排序",
    "find": "快速筛选（名称含）",
    "limits": "列条件",
    "selected_columns": "所选列",
    "view": "打开同一视图",
    "source": "接口地址",
    "as_of": "数据截至",
    "snapshot": "批次",
    "build": "程序版本",
    "exported_by": "导出人",
    "exported_at": "导出时间",
    "purpose": "用途",
    "trace": "追溯号",
    "rows": "行数",
    "sha256": "SHA-256",
    "sha256_of": "SHA-256 的对象",
    "defaults": "口径",
}
"""Member → what the sheet calls it."""

ORDERS = {"newest": "受理时间由近到远", "oldest": "受理时间由远到近", "urgent": "在办在前，按期限由近到远"}


def sheet(said: Mapping[str, Any]) -> list[Sequence[str]]:
    """The same for people: rows of the sheet 说明, as many cells as each needs."""
    lines: list[Sequence[str]] = [("项目", "内容")]
    lines += [(name, _said(key, said[key])) for key, name in LINES.items() if said[key] not in ("", [])]
    lines += [(), ("列", "单位", "含义", "键")]
    lines += [(c["header"], c["unit"], c["meaning"], c["key"]) for c in said["columns"]]
    if "metrics" in said:
        lines += [(), ("指标", "含义", "公式", "计时", "单位", "最小样本数", "防误读", "键")]
        lines += [_metric_line(metric) for metric in said["metrics"]]
    return lines


def order_in_words(asked: Asked, fields: Sequence[Field]) -> str:
    """“按期限由小到大，无值在后”; '' where groups stand in their natural order."""
    if not asked.sort:
        return "" if asked.metrics else ORDERS[asked.order]
    key = asked.sort.removeprefix("-")
    names = {field.key: field.header for field in fields} | {metric: BY_KEY[metric].name for metric in asked.metrics}
    way = "由大到小" if asked.sort.startswith("-") else "由小到大"
    return f"按{names.get(f'{key}_name', names.get(key, key))}{way}，无值在后"


def _said(key: str, value: Any) -> str:
    if isinstance(value, list):
        return "、".join(value)
    return str(value).replace("T", " ") if key in ("as_of", "exported_at") else str(value)


def _metric_line(metric: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("name", "meaning", "formula", "clock", "unit", "min_n", "guard", "key")
    return tuple(str(metric.get(key, "")) for key in keys)
