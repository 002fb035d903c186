"""Does each source use the reference system it declares? A sample of its points is asked; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd

from etl import crs_detector, tables
from etl.crs_detector import MIN_TESTED, Finding, Flags, Interpretation

SAMPLE = 4000
"""Most points tested per source, shared out evenly among its files."""


def take_sample(con: duckdb.DuckDBPyConnection) -> None:
    """Make `coordinate_sample`: different points of every source as the file gives them, those with a grid first."""
    con.execute(
        """
        create table coordinate_sample as
        with point as (select file_id, lon as x, lat as y, grid_code from clean_case
                       union all select file_id, lon, lat, grid_code from clean_grid),
        different as (select distinct * from point where x is not null and y is not null and not (x = 0 and y = 0))
        select d.*, f.source from different as d join file_crs as f using (file_id)
        join (select source, greatest($sample // count(*), 1) as quota from file_crs group by source) using (source)
        qualify row_number() over (partition by file_id order by d.grid_code is null, hash(x, y), d.grid_code) <= quota
        """,
        {"sample": SAMPLE},
    )


def check_sources(con: duckdb.DuckDBPyConnection, grids: gpd.GeoDataFrame) -> None:
    """Make `fact_coordinate_check`: one row per source, or one per answer where its files differ."""
    tables.create(con, "fact_coordinate_check")
    files = con.sql("select * from file_crs order by source, file_id").df()
    points = con.sql("select * from coordinate_sample order by all").df()
    points["shape"] = points["grid_code"].map(dict(zip(grids["grid"], grids.geometry, strict=True)))
    for source, own in files.groupby("source"):
        rows = _check(own, points[points["source"] == source], grids)
        con.executemany("insert into fact_coordinate_check values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _check(files: pd.DataFrame, points: pd.DataFrame, grids: gpd.GeoDataFrame) -> list[tuple[Any, ...]]:
    """The rows of one source."""
    head = files.iloc[0]
    declared = Interpretation(head["crs"], head["axes"])
    tested = points[points["shape"].notna()]
    if len(tested) < MIN_TESTED:
        reason = _too_few(points, tested, grids)
        share = None
        row = (head["source"], head["title"], declared.code, len(tested), share, declared.code, share, "unknown")
        return [(*row, f"{head['title']}：无法判断坐标系是否为所声明的{_words(declared)}，{reason}")]
    x, y = tested["x"].to_numpy(), tested["y"].to_numpy()
    middle = float(grids.total_bounds[[0, 2]].mean())
    readings = crs_detector.interpretations(declared, x=x, longitude=middle)
    inside = crs_detector.fits(x, y, shapes=tested["shape"].to_numpy(dtype=object), readings=readings)
    groups = _groups(tested["file_id"].to_numpy(), inside, readings)
    names = files.set_index("file_id")["file_name"]
    return [_row(head, declared, found, [] if len(groups) == 1 else [names[i] for i in ids]) for ids, found in groups]


def _too_few(points: pd.DataFrame, tested: pd.DataFrame, grids: gpd.GeoDataFrame) -> str:
    if points.empty:
        return "该来源没有坐标"
    if grids.empty:
        return "没有网格边界可供核对"
    if tested.empty:
        return "有坐标的行没有填网格，或所填网格没有边界"
    return f"只有 {len(tested)} 个不同的点可供核对（至少 {MIN_TESTED} 个）"


def _groups(file_ids: np.ndarray, inside: Flags, readings: Sequence[Interpretation]) -> list[tuple[list[int], Finding]]:
    """Files that say the same, with what they say together; one group unless files with enough points differ."""
    answers: dict[Interpretation, list[int]] = {}
    undecided: list[int] = []
    for file_id in np.unique(file_ids).tolist():
        found = crs_detector.judge(inside[file_ids == file_id], readings)
        if found.verdict == "unknown":
            undecided.append(file_id)
        else:
            answers.setdefault(found.best if found.verdict == "suspect" else readings[0], []).append(file_id)
    whole = crs_detector.judge(inside, readings)
    if len(answers) < 2:
        return [(sorted({*undecided, *(i for ids in answers.values() for i in ids)}), whole)]
    answers.setdefault(whole.best if whole.verdict == "suspect" else readings[0], []).extend(undecided)
    return [(ids, crs_detector.judge(inside[np.isin(file_ids, ids)], readings)) for ids in answers.values()]


def _row(head: pd.Series, declared: Interpretation, found: Finding, files: Sequence[str]) -> tuple[Any, ...]:
    numbers = (found.tested, found.share_declared, found.best.code, found.share_best, found.verdict)
    several = f" 等 {len(files)} 个文件" if len(files) > 1 else ""
    named = f"（{files[0]}{several}）" if files else ""
    sentence = f"{head['title']}{named}：" + _SENTENCES[found.verdict].format(
        declared=_words(declared),
        best=_words(found.best),
        share=f"{found.share_declared:.1%}",
        share_best=f"{found.share_best:.1%}",
        tested=f"{found.tested:,}",
        rival=f"，也可能是{_words(found.rival)}" if found.rival else "",
        change="先请来源单位统一各文件的坐标系" if files else _change(head["source"], declared, found.best),
    )
    return (head["source"], head["title"], declared.code, *numbers, sentence)


_SENTENCES = {
    "ok": "{tested} 个点中有 {share} 落在所填网格内，与声明的{declared}相符",
    "unknown": "无法判断，按声明的{declared}只有 {share} 的点落在所填网格内（检验 {tested} 个），"
    "换其他坐标系也没有明显改善；请核对网格边界与所填网格",
    "suspect": "与网格边界对不上，按声明的{declared}只有 {share} 的点落在所填网格内，疑似是{best}：那样有 {share_best}"
    "（检验 {tested} 个{rival}）。未改动任何数据；请向来源单位核实，并确认网格边界的坐标系无误，"
    "然后{change}，再重新加载",
}


def _change(source: str, declared: Interpretation, best: Interpretation) -> str:
    """Which line to write in which file."""
    if best.borders:
        return f'打开网格边界所用的映射文件（data/sources/ 下），写明 src_crs = "{best.borders}"'
    lines = []
    if best.crs != declared.crs:
        lines.append(f'把 src_crs 一行改为 src_crs = "{best.crs}"')
    if best.axes != declared.axes:
        lines.append(f'在 src_crs 一行之下写明 src_axes = "{best.axes}"')
    return f"打开 data/sources/{source}.toml，{'，'.join(lines)}"


def _words(reading: Interpretation) -> str:
    if reading.borders:
        return f"“{reading.crs}”而网格边界是“{reading.borders}”"
    return f"“{reading.crs}”" if reading.axes == "lon_lat" else f"“{reading.crs}，经度列与纬度列互换”"
