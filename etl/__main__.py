"""python -m etl demo | load | check | status | rollback"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from etl import build, publish
from etl.contract import TABLES, NoSnapshotError, Pointer, read_pointer
from etl.errors import LoadError

DEFAULT_WAREHOUSE = Path("data/warehouse")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it did what was asked, 1 with a sentence on stderr if not."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except (LoadError, NoSnapshotError) as error:
        if getattr(options, "json", False):
            print(json.dumps({"error": str(error)}, ensure_ascii=False))
        print(f"未完成：{error}", file=sys.stderr)
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m etl", description="从县里的文件到屏幕上的数字")
    commands = parser.add_subparsers(required=True, metavar="命令")
    _demo_command(commands)
    _load_command(commands)
    for name, run, words in (("status", _status, "现在的批次"), ("check", _check, "检查当前批次是否完好")):
        command = commands.add_parser(name, help=words)
        command.add_argument("--warehouse", type=Path, default=DEFAULT_WAREHOUSE)
        command.add_argument("--json", action="store_true")
        command.set_defaults(run=run)
    back = commands.add_parser("rollback", help="回退到上一批次，或指定的批次")
    back.add_argument("--warehouse", type=Path, default=DEFAULT_WAREHOUSE)
    back.add_argument("--to", help="批次名")
    back.add_argument("--json", action="store_true")
    back.set_defaults(run=_rollback)
    return parser


def _demo_command(commands: Any) -> None:
    demo = commands.add_parser("demo", help="写出虚构县的源文件")
    demo.add_argument("--out", type=Path, default=Path("data/demo"))
    demo.add_argument("--cases", type=_case_count, default=60_000)
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument(
        "--points-crs", choices=["WGS84", "GCJ02", "BD09", "swapped"], default="WGS84", help="事项坐标实际用的坐标系"
    )
    demo.add_argument("--flat", action="store_true", help="各网格同一发生率：没有热点，风险图应说没有差异")
    demo.add_argument("--grids", type=_grid_count, default=900, help="网格数（约）")
    demo.add_argument("--boundaries", choices=("wkt", "geojson", "shapefile", "gpkg", "none"), default="wkt")
    demo.set_defaults(run=_demo)


def _load_command(commands: Any) -> None:
    load = commands.add_parser("load", help="加载一个文件夹并发布新批次")
    load.add_argument("delivery", type=Path)
    load.add_argument("--warehouse", type=Path, default=DEFAULT_WAREHOUSE)
    load.add_argument("--source", help="data/sources/ 中的映射名；不写则按表头识别")
    load.add_argument("--as-of", type=_moment, help="数据截至，例如 2026-03-14T08:00")
    load.add_argument("--json", action="store_true", help="结果按 JSON 输出")
    load.set_defaults(run=_load)


def _case_count(text: str) -> int:
    return _within(text, 1, 10_000_000)


def _grid_count(text: str) -> int:
    return _within(text, 300, 5000)


def _within(text: str, least: int, most: int) -> int:
    number = int(text.replace("_", ""))
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"应在 {least:,} 到 {most:,} 之间")
    return number


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}”不是时间，应为 2026-03-14 或 2026-03-14T08:00") from error
    if moment.tzinfo is not None:
        raise argparse.ArgumentTypeError("请写北京时间，不带时区")
    return moment


def _demo(options: argparse.Namespace) -> int:
    from etl.demo import write_demo  # the generator is not needed by a county that loads its own files

    report = write_demo(
        options.out,
        cases=options.cases,
        seed=options.seed,
        flat=options.flat,
        progress=sys.stderr.isatty(),
        points_crs=options.points_crs,
        grids=options.grids,
        boundaries=options.boundaries,
    )
    print(f"已写出虚构县 {len(report.files)} 个文件到 {options.out}，数据截至 {report.as_of:%Y-%m-%d %H:%M}")
    return 0


def _load(options: argparse.Namespace) -> int:
    report = load_with_progress(
        options.delivery, options.warehouse, source=options.source, as_of=options.as_of, quiet=options.json
    )
    print(json.dumps(_load_json(report), ensure_ascii=False) if options.json else _load_words(report))
    return 0


def load_with_progress(
    delivery: Path, warehouse: Path, *, source: str | None = None, as_of: datetime | None = None, quiet: bool = False
) -> build.LoadReport:
    """Load a folder with a progress bar on stderr. Raises `LoadError` as `etl.build.load` does."""
    with tqdm(total=100, disable=quiet, bar_format="{desc:<28} {percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def show(what: str, share: float) -> None:
            bar.set_description(what)
            bar.update(int(share * 100) - bar.n)

        return build.load(delivery, warehouse, source=source, as_of=as_of, now=datetime.now(), progress=show)  # noqa: DTZ005


def _load_json(report: build.LoadReport) -> dict[str, Any]:
    totals = {
        key: sum(getattr(f, key) for f in report.files)
        for key in ("rows_in", "loaded", "aggregated", "quarantined", "duplicates", "flagged")
    }
    return {
        **_pointer_json(report.pointer),
        "files": [asdict(f) for f in report.files],
        "totals": totals,
        "refused": [f.file for f in report.files if f.verdict == "refused"],
        "passed_over": list(report.passed_over),
        "quality": list(report.quality),
        "coordinates": list(report.coordinates),
        "quarantine_file": report.quarantine_file,
    }


_VERDICTS = {"ok": "相符", "suspect": "存疑", "unknown": "未知"}


def _load_words(report: build.LoadReport) -> str:
    lines = [f"{'文件':<24}{'读入':>10}{'载入':>10}{'汇总':>8}{'隔离':>8}{'重复':>8}{'提示':>8}"]
    for f in report.files:
        if f.verdict == "refused":
            lines.append(f"{f.file:<24}拒收：{f.remark}")
            continue
        lines.append(
            f"{f.file:<24}{f.rows_in:>10,}{f.loaded:>10,}{f.aggregated:>8,}{f.quarantined:>8,}{f.duplicates:>8,}{f.flagged:>8,}"
        )
        if f.remark:
            lines.append(f"  注意：{f.remark}")
    if report.passed_over:
        lines.append(f"不是数据文件，已跳过：{'、'.join(report.passed_over)}")
    lines.append("\n数据质量（前 12 项）：")
    for q in report.quality[:12]:
        fate = "隔离" if q["severity"] == "quarantined" else "提示"
        lines.append(f"  {fate} {q['rows']:>7,} 行  {q['sentence']}")
    lines.append("\n坐标系检查：")
    lines += [f"  {_VERDICTS[str(c['verdict'])]}  {c['sentence']}" for c in report.coordinates]
    lines.append(
        f"\n已发布批次 {report.pointer.snapshot}，数据截至 {report.pointer.as_of:%Y-%m-%d %H:%M}；"
        f"逐行说明见 {report.quarantine_file}"
    )
    return "\n".join(lines)


def _pointer_json(pointer: Pointer) -> dict[str, Any]:
    return {
        "snapshot": pointer.snapshot,
        "as_of": pointer.as_of.isoformat(),
        "built_at": pointer.built_at.isoformat(),
        "file": pointer.file,
        "counts": pointer.counts,
    }


def _status(options: argparse.Namespace) -> int:
    pointer = read_pointer(options.warehouse)
    known = [p.snapshot for p in publish.history(options.warehouse)]
    if options.json:
        print(json.dumps({**_pointer_json(pointer), "history": known}, ensure_ascii=False))
    else:
        print(
            f"批次 {pointer.snapshot}，数据截至 {pointer.as_of:%Y-%m-%d %H:%M}，建于 {pointer.built_at:%Y-%m-%d %H:%M}"
        )
        print(f"事项 {pointer.counts.get('fact_case', 0):,} 件；现有批次：{'、'.join(known)}")
    return 0


def _check(options: argparse.Namespace) -> int:
    pointer = read_pointer(options.warehouse)
    path = options.warehouse / pointer.file
    if not path.exists():
        raise LoadError(f"批次文件 {pointer.file} 不见了，请运行 python -m etl rollback")
    if path.with_name(path.name + ".wal").exists():
        raise LoadError(f"{pointer.file} 旁有来历不明的 .wal 文件，请先移走它")
    if publish.sha256_in_new_process(path) != pointer.sha256:
        raise LoadError(f"批次 {pointer.snapshot} 的校验和不符，文件已损坏，请运行 python -m etl rollback")
    publish.verify(path)
    missing = TABLES.keys() - pointer.counts.keys()
    if missing:
        raise LoadError(f"批次缺少这些表：{'、'.join(sorted(missing))}；请用当前版本重新加载")
    result = {"snapshot": pointer.snapshot, "ok": True, "tables": pointer.counts}
    print(json.dumps(result, ensure_ascii=False) if options.json else f"批次 {pointer.snapshot} 完好")
    return 0


def _rollback(options: argparse.Namespace) -> int:
    pointer = publish.rollback(options.warehouse, options.to)
    print(
        json.dumps(_pointer_json(pointer), ensure_ascii=False)
        if options.json
        else f"已回退到 {pointer.snapshot}，数据截至 {pointer.as_of:%Y-%m-%d %H:%M}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
