"""How much may one file hold, and which files are made while the reader goes on? Said before, not after."""

from __future__ import annotations

from dashboard.export.asked import Asked
from dashboard.export.geojson_file import place_of
from dashboard.export.xlsx_file import ROW_LIMIT

JOB_ROWS = 50_000
"""A longer file is made in the background, with progress and 取消 (this project's default)."""
NO_POINTS = "无权限查看事项点位，不能导出 GeoJSON"


def refusal(asked: Asked, rows: int) -> str:
    """Why this many rows cannot be exported as asked, and what to do instead; '' where they can."""
    if asked.format == "xlsx" and rows > ROW_LIMIT:
        return f"共 {rows:,} 行，超过 XLSX 的上限 {ROW_LIMIT:,} 行；请改用 Parquet 或 CSV，或缩小筛选范围"
    if asked.format == "geojson" and asked.metrics and not place_of(asked.by):
        return "GeoJSON 需要按乡镇街道、村社区或网格分组；其他分组请用 CSV、XLSX 或 Parquet"
    return ""


def is_long(rows: int) -> bool:
    """Is a file of so many rows made in the background?"""
    return rows > JOB_ROWS
