"""Writes docs/metrics.md from the catalogue: `python -m docs.make_metrics`. A test fails when the file is old."""

from __future__ import annotations

from pathlib import Path

from dashboard.metrics.catalog import METRICS, Metric

TARGET = Path(__file__).with_name("metrics.md")
DIRECTION = {"up": "越高越好", "down": "越低越好", "neither": "无优劣"}
KINDS = {"flow": "流量", "stock": "存量", "rate": "比率", "duration": "时长", "current": "当前"}


def render() -> str:
    """The document as text."""
    origin = "由 `dashboard/metrics/catalog.py` 生成，请勿手改。谓词作用于事件账 `ledger` 的一行。"
    return f"# 指标目录 · Metrics\n\n{origin}\n" + "\n".join(_section(metric) for metric in METRICS)


def _section(metric: Metric) -> str:
    lines = [
        f"\n## {metric.name} `{metric.key}`\n",
        f"{metric.meaning}。\n",
        f"* 公式：{metric.formula}",
        f"* 类别：{KINDS[metric.kind]}，单位 {metric.unit}，{DIRECTION[metric.better]}；计时：{metric.clock}",
        f"* 计入：`{metric.of}`",
    ]
    if metric.among:
        lines.append(f"* 分母：`{metric.among}`（小于 {metric.min_n} 时只列件数）")
    if metric.weight:
        lines.append(f"* 权重：`{metric.weight}`")
    if metric.code:
        lines.append(f"* 编号：{metric.code}")
    if metric.matures:
        lines.append("* 对比：本期过后仍会变化，与早前时段不可比，不作环比、同比")
    if metric.guard:
        lines.append(f"* 防误读：{metric.guard}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
