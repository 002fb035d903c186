"""How does a delivery become a snapshot? raw → privacy → stage → mart → checks → publish."""

from __future__ import annotations

import csv
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from etl import (
    boundaries,
    cells,
    coordinate_check,
    deadlines,
    geometry,
    points,
    privacy,
    publish,
    risk,
    row_rules,
    stage,
    tables,
)
from etl.boundaries import MapFile
from etl.contract import CONTRACT_VERSION, TABLES, Pointer
from etl.entities import ENTITIES
from etl.errors import LoadError
from etl.extract import DATA_SUFFIXES
from etl.mapping import Mapping, load_mappings
from etl.raw import RawLoader, SourceFile, create_tables, find_files, refuse_wrong_maps, sources_of
from etl.reference import SOURCES, Reference

HERE = Path(__file__).resolve().parent
DEMO_PREFIX = "990108"
MAX_SILENCE = timedelta(days=60)

Progress = Callable[[str, float], None]
"""Called with what is being done and how far the whole load is, 0…1."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file: rows_in = loaded + aggregated + quarantined + duplicates, exactly."""

    file: str
    source: str
    title: str
    sha256: str
    encoding: str
    rows_in: int
    loaded: int
    aggregated: int
    quarantined: int
    duplicates: int
    flagged: int
    verdict: str
    remark: str


@dataclass(frozen=True)
class LoadReport:
    """What a load did."""

    pointer: Pointer
    files: tuple[FileReport, ...]
    passed_over: tuple[str, ...]
    quality: tuple[dict[str, object], ...]
    coordinates: tuple[dict[str, object], ...]
    quarantine_file: str


def load(
    delivery: Path,
    warehouse: Path,
    *,
    source: str | None = None,
    as_of: datetime | None = None,
    now: datetime,
    reference: Reference | None = None,
    sources: Path = SOURCES,
    progress: Progress = lambda _what, _share: None,
) -> LoadReport:
    """Load every data file under `delivery` and publish a new snapshot in `warehouse`.

    `source` forces one mapping; `as_of` fixes the data's own time (else the newest plausible time in the files).
    Raises `LoadError` with a sentence for people; then nothing is published and the old snapshot stays.
    """
    reference = reference or Reference()
    mappings = load_mappings(sources)
    if source is not None and source not in mappings:
        raise LoadError(f"没有名为 {source} 的映射文件；可用：{'、'.join(mappings)}")
    chosen = _chosen(mappings, source)
    paths, passed_over = find_files(delivery, DATA_SUFFIXES)
    folder = delivery if delivery.is_dir() else delivery.parent
    with publish.exclusive(warehouse), _scratch(warehouse) as (con, build_path):
        work = Build(con, reference=reference, now=now, progress=progress)
        files = work.read(paths, chosen, privacy.read_salt(warehouse))
        refuse_wrong_maps(files, folder)
        work.make_stage(files, as_of)
        work.make_mart({f.file_id: MapFile(f.name(folder), f.crs) for f in files})
        reports = work.account(files, folder)
        work.check()
        counts = work.write(build_path, reports, demo=_is_demo(con))
        progress("发布", 0.97)
        con.execute("detach target")
        findings = build_path.with_suffix(".csv")
        work.write_quarantine(findings, files, folder)
        pointer = publish.publish(warehouse, build_path, as_of=work.as_of, built_at=now, counts=counts)
        quarantine_file = findings.rename(warehouse / f"{pointer.snapshot}.quarantine.csv").name
        publish.prune(warehouse, int(reference.rules["load"]["keep_snapshots"]))
        progress("完成", 1.0)
        return LoadReport(
            pointer,
            tuple(reports),
            tuple(privacy.mask(p.name) for p in passed_over),
            work.quality(),
            work.coordinates(),
            quarantine_file,
        )


def _chosen(mappings: dict[str, Mapping], source: str | None) -> list[Mapping]:
    """All mappings; or the forced one, and those of polygons that lie beside its tables."""
    if source is None:
        return list(mappings.values())
    forced = mappings[source]
    maps = [m for m in mappings.values() if m.entity == "boundary" != forced.entity]
    return [forced, *maps]


@contextmanager
def _scratch(warehouse: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A scratch database that is gone afterwards, and the path the build is written to."""
    with TemporaryDirectory(prefix=publish.BUILD_PREFIX, dir=warehouse) as folder:
        con = duckdb.connect(str(Path(folder) / "scratch.duckdb"))
        build_path = warehouse / f"{publish.BUILD_PREFIX}{Path(folder).name[-8:]}.duckdb"
        try:
            con.execute("set preserve_insertion_order = false")
            con.execute("set enable_progress_bar = false")  # it would write into the report on stdout
            con.execute("set TimeZone = 'Asia/Shanghai'")
            yield con, build_path
        finally:
            con.close()
            build_path.unlink(missing_ok=True)


def _refuse_unreadable(files: Sequence[SourceFile]) -> None:
    """Raises `LoadError` where no file could be read, or files were refused and none of cases is among the others."""
    refused = [f for f in files if f.refused]
    reasons = "；".join(f"{f.short}：{f.refused}" for f in refused[:5])
    if len(refused) == len(files):
        raise LoadError(f"没有一个文件可以读取。{reasons}")
    if refused and not any(f.mapping and f.mapping.entity == "case" and not f.refused for f in files):
        raise LoadError(f"没有一件事项可以读取，未发布，原有批次保留。{reasons}")


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Millions of short-lived rows without cycles: the collector finds nothing and takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _is_demo(con: duckdb.DuckDBPyConnection) -> bool:
    row = con.execute(
        "select count(*) from dim_region where region_level = 'county' and region_code = ?", [DEMO_PREFIX]
    ).fetchone()
    return bool(row and row[0])


class Build:
    """One load's work in one scratch database."""

    as_of: datetime

    def __init__(
        self, con: duckdb.DuckDBPyConnection, *, reference: Reference, now: datetime, progress: Progress
    ) -> None:
        self._con = con
        self._reference = reference
        self._now = now
        self._progress = progress

    def read(self, paths: list[Path], mappings: list[Mapping], salt: bytes) -> list[SourceFile]:
        """Every file as text in the raw tables. Raises `LoadError` as `_refuse_unreadable`."""
        create_tables(self._con)
        loader = RawLoader(self._con, mappings=mappings, reference=self._reference, salt=salt)
        files = sources_of(paths)
        total = sum(f.path.stat().st_size for f in files) or 1
        done = 0
        with _without_garbage_collection():
            for file in files:
                for _ in loader.load(file):
                    self._progress(f"读取 {file.short}", 0.5 * done / total)
                done += file.path.stat().st_size
                self._progress(f"读取 {file.short}", 0.5 * done / total)
        _refuse_unreadable(files)
        return files

    def make_stage(self, files: list[SourceFile], as_of: datetime | None) -> None:
        """Typed rows with one fate each, dimensions first so that names of departments can be understood."""
        self._progress("解析与校验", 0.52)
        stage.prepare(self._con)
        self._write_reference()
        self._write_crs(files)
        known = [(f.file_id, f.mapping) for f in files if f.mapping and not f.refused]
        words = dict(self._reference.codes)
        for name in ("region", "grid", "boundary", "department", "population", "care_visit"):
            self._type(known, name, words)
            if name == "grid":
                self._apply(row_rules.ON_GRIDS)
            stage.settle(self._con, ENTITIES[name])
        pairs = self._con.execute("select department, department_name from clean_department").fetchall()
        words["department"] = {name: code for code, label in pairs for name in (code, label)}
        for name in ("case", "case_event"):
            self._type(known, name, words)
        self.as_of = as_of or self._newest_time()
        self._set_variables()
        self._apply(row_rules.BEFORE_SETTLING)
        stage.settle(self._con, ENTITIES["case"])
        self._apply(row_rules.AFTER_CASES)
        self._apply(row_rules.FUTURE_TIMES)
        stage.settle(self._con, ENTITIES["case_event"])
        coordinate_check.take_sample(self._con)
        points.convert_points(self._con)

    def _write_crs(self, files: list[SourceFile]) -> None:
        """The declared reference system of every file that has one."""
        self._con.execute(
            "create table file_crs"
            " (file_id integer, source varchar, crs varchar, axes varchar, title varchar, file_name varchar)"
        )
        declared = [
            (f.file_id, f.mapping.name, f.mapping.src_crs, f.mapping.src_axes, f.mapping.title, f.short)
            for f in files
            if f.mapping and f.mapping.src_crs and not f.refused
        ]
        if declared:
            self._con.executemany("insert into file_crs values (?, ?, ?, ?, ?, ?)", declared)

    def _type(self, known: list[tuple[int, Mapping]], name: str, words: stage.Words) -> None:
        for batch in stage.batches(known, ENTITIES[name]):
            stage.type_rows(self._con, batch, words)
        self._con.execute(f"drop table raw_{name}")
        self._progress(f"解析 {ENTITIES[name].title}", 0.6)

    def _newest_time(self) -> datetime:
        """The newest time in the data that is not a slip of the keyboard.

        From the time that only a thousandth of the rows exceed, newer times count as long as each follows within
        `MAX_SILENCE` of the one before: late closings do, a mistyped year does not.
        """
        row = self._con.execute(
            """
            with moments as (select accept_at as t from stage_case union all select close_at from stage_case
                             union all select event_at from stage_case_event),
            past as (select t from moments where t <= $now),
            bulk as (select quantile_disc(t, 0.999) as t from past),
            newer as (
                select t, coalesce(t - lag(t) over (order by t) > $silence, false) as is_leap
                from past where t >= (select t from bulk)
            )
            select max(t) from (select t, sum(is_leap::integer) over (order by t) as leaps from newer) where leaps = 0
            """,
            {"now": self._now, "silence": MAX_SILENCE},
        ).fetchone()
        if row is None or row[0] is None:
            return self._now
        newest: datetime = row[0]
        return newest

    def _set_variables(self) -> None:
        clock, warning = self._reference.rules["clock"], self._reference.rules["warning"]
        self._con.execute("set variable as_of = ?::timestamp", [self.as_of])
        for key in ("report_cutoff_hour", "sign_limit_hours", "late_entry_hours", "repeat_days", "reopen_days"):
            self._con.execute(f"set variable {key} = ?::integer", [int(clock[key])])
        self._con.execute("set variable loop_channels = ?::varchar[]", [self._reference.rules["loop"]["channels"]])
        short, share, hours = (float(warning[k]) for k in ("short_limit_days", "short_share", "hours"))
        self._con.execute(
            f"create macro warning(limit_hours) as case when limit_hours < {short * 24}"
            f" then to_seconds(limit_hours * {share * 3600}) else to_seconds({hours * 3600}) end"
        )

    def _write_reference(self) -> None:
        con = self._con
        con.execute(
            "create table reference_category (category varchar, name varchar, default_line varchar, source varchar)"
        )
        _fill(con, "reference_category", self._reference.rows("categories"))
        for table, name in (("dim_code", "codes"), ("cfg_limit", "limits"), ("cfg_wuhua_rule", "wuhua")):
            tables.create(con, table)
            _fill(con, table, self._reference.rows(name))
        names = [c.name for c in TABLES["dim_calendar"]]
        calendar = pa.table(dict(zip(names, map(list, zip(*self._reference.calendar, strict=True)), strict=True)))
        con.register("calendar_rows", calendar)
        con.execute("create table dim_calendar as select * from calendar_rows")
        con.unregister("calendar_rows")

    def _apply(self, rules: tuple[row_rules.RowRule, ...]) -> None:
        for rule in rules:
            stage.quarantine_where(
                self._con,
                rule.table,
                rule=rule.rule,
                condition=rule.condition,
                column=rule.column,
                sentence=rule.sentence,
                severity=rule.severity,
            )

    def make_mart(self, maps: dict[int, MapFile]) -> None:
        """Ledgers and dimensions from the clean rows, and the map from the polygons of `maps`."""
        cells.name_cells(self._con)
        scripts = sorted((HERE / "mart").glob("*.sql"))
        grids = None
        for number, script in enumerate(scripts):
            self._progress(f"生成 {script.stem[4:]}", 0.62 + 0.2 * number / len(scripts))
            self._con.execute(script.read_text(encoding="utf-8"))
            if script.stem.startswith("010"):
                boundaries.place_boundaries(self._con, maps)
                grids = geometry.load_grids(self._con)
                geometry.write_layers(self._con)
            elif script.stem.startswith("020") and grids is not None:
                coordinate_check.check_sources(self._con, grids)
                points.place_points(self._con, grids)
            elif script.stem.startswith("050"):
                workdays = [day for day, works, *_ in self._reference.calendar if works]
                deadlines.compute(self._con, deadlines.WorkCalendar(workdays))
        self._progress("风险估计", 0.82)
        risk.compute(self._con, polygons=grids, rules=self._reference.rules, as_of=self.as_of)
        self._apply(row_rules.ON_CASES)

    def account(self, files: list[SourceFile], folder: Path) -> list[FileReport]:
        """What became of every row of every file, counted independently of one another."""
        fates = {name: self._count_by_file(sql) for name, sql in _FATES.items()}
        reports = []
        for f in files:
            got = {name: counts.get(f.file_id, 0) for name, counts in fates.items()}
            person = f.mapping is not None and f.mapping.entity == "care_visit"
            reports.append(
                FileReport(
                    file=f.name(folder),
                    source=f.mapping.name if f.mapping else "",
                    title=f.mapping.title if f.mapping else "",
                    sha256=f.sha256,
                    encoding=f.encoding,
                    rows_in=f.rows_in,
                    loaded=0 if person else got["kept"],
                    aggregated=got["kept"] if person else 0,
                    quarantined=got["quarantined"],
                    duplicates=got["duplicates"],
                    flagged=got["flagged"],
                    verdict="refused" if f.refused else "loaded",
                    remark=f.refused or "；".join(f.remarks),
                )
            )
        for r in reports:
            if r.rows_in != r.loaded + r.aggregated + r.quarantined + r.duplicates:
                raise LoadError(f"{r.file} 行数不平：读入 {r.rows_in}，去向合计不等；未发布，请报告此问题")
        self._stop_if_rotten(reports)
        return reports

    def _count_by_file(self, sql: str) -> dict[int, int]:
        return {int(file_id): int(rows) for file_id, rows in self._con.execute(sql).fetchall()}

    def _stop_if_rotten(self, reports: list[FileReport]) -> None:
        limits = self._reference.rules["load"]
        for source in {r.source for r in reports if r.source}:
            rows = sum(r.rows_in for r in reports if r.source == source)
            bad = sum(r.quarantined for r in reports if r.source == source)
            if rows >= limits["max_bad_share_rows"] and bad > rows * limits["max_bad_share"]:
                reasons = self._con.execute(
                    "select sentence, count(*) as n from quarantine where severity = 'quarantined'"
                    " group by 1 order by n desc limit 3"
                ).fetchall()
                most = "；".join(f"{sentence}（{n} 行）" for sentence, n in reasons)
                raise LoadError(f"来源 {source} 有 {bad}/{rows} 行被隔离，超过上限，未发布。主要原因：{most}")

    def check(self) -> None:
        """Run every check of `etl/checks`. Raises `LoadError` with the sentence of the first that fails."""
        for script in sorted((HERE / "checks").glob("*.sql")):
            row = self._con.execute(script.read_text(encoding="utf-8")).fetchone()
            if row is not None:
                raise LoadError(f"检查未通过：{script.stem.replace('_', ' ')}（例：{row}）；未发布")

    def quality(self) -> tuple[dict[str, object], ...]:
        """The data-quality findings, most frequent first: rule, severity, sentence, rows, sample places."""
        return self._records(_QUALITY)

    def coordinates(self) -> tuple[dict[str, object], ...]:
        """What the points of each source say about its declared reference system: rows of `fact_coordinate_check`."""
        return self._records("select * from fact_coordinate_check order by all")

    def _records(self, sql: str) -> tuple[dict[str, object], ...]:
        cursor = self._con.execute(sql)
        names = [d[0] for d in cursor.description or []]
        return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())

    def write(self, path: Path, reports: list[FileReport], *, demo: bool) -> dict[str, int]:
        """Write the contract's tables, and nothing else, to a new database file; row counts by table come back."""
        self._progress("写入新批次", 0.85)
        self._con.execute(f"create table fact_quality as {_QUALITY}")
        tables.create(self._con, "fact_source_file")
        rows = [(n, *asdict(r).values()) for n, r in enumerate(reports, start=1)]
        self._con.executemany(f"insert into fact_source_file values ({', '.join('?' * len(rows[0]))})", rows)
        tables.create(self._con, "snapshot_info")
        self._con.executemany("insert into snapshot_info values (?, ?)", self._info(demo))
        self._con.execute("attach ? as target", [str(path)])
        path.chmod(0o600)
        for table in TABLES:
            self._con.execute(f"create table target.{table} as {_select(table)}")
        self._con.execute("checkpoint target")
        counts = {}
        for table in TABLES:
            row = self._con.execute(f"select count(*) from target.{table}").fetchone()
            counts[table] = int(row[0]) if row else 0
        return counts

    def _info(self, demo: bool) -> list[tuple[str, str]]:
        county = self._con.execute(
            "select region_name from dim_region where region_level = 'county' order by region_code limit 1"
        ).fetchone()
        rules = json.dumps(self._reference.rules, ensure_ascii=False)
        return [
            ("as_of", self.as_of.isoformat()),
            ("built_at", self._now.isoformat()),
            ("county", str(county[0]) if county else "未命名地区"),
            ("is_demo", "1" if demo else "0"),
            ("contract_version", str(CONTRACT_VERSION)),
            ("rules", rules),
        ]

    def write_quarantine(self, path: Path, files: list[SourceFile], folder: Path) -> None:
        """Write every finding as CSV, for the unit that must correct it."""
        names = {f.file_id: f.name(folder) for f in files}
        cursor = self._con.execute(
            "select file_id, line_no, field, shown, severity, rule, sentence from quarantine"
            " order by file_id, line_no, rule"
        )
        with path.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["文件", "行号", "列", "值", "处理", "规则", "说明"])
            while rows := cursor.fetchmany(10_000):
                for file_id, line_no, field, shown, severity, rule, sentence in rows:
                    fate = "隔离" if severity == "quarantined" else "已载入，提示"
                    writer.writerow([names[file_id], line_no, field, _plain(shown), fate, rule, sentence])
        path.chmod(0o600)


def _plain(shown: str) -> str:
    """A value without numbers of persons, that no spreadsheet takes for a formula."""
    masked = privacy.mask(shown, has_codes=True)
    return f"'{masked}" if masked.startswith(("=", "+", "-", "@", "|", "%", "\t", "\r")) else masked


_FATES = {
    "quarantined": "select file_id, count(distinct line_no) from quarantine where severity = 'quarantined' group by 1",
    "flagged": "select file_id, count(distinct line_no) from quarantine where severity = 'flagged' group by 1",
    "duplicates": "select file_id, count(*) from duplicate_row group by 1",
    "kept": "select file_id, count(*) from ("
    + " union all ".join(f"select file_id from clean_{name}" for name in ENTITIES)
    + ") group by 1",
}

_QUALITY = """
select rule, severity, sentence, count(*)::integer as rows,
       array_to_string(list(file_id || ':' || line_no order by file_id, line_no)[1:5], ' ') as samples
from quarantine group by rule, severity, sentence order by rows desc, rule, sentence
"""


def _fill(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, str]]) -> None:
    """Insert reference rows by column name; a value that does not fit its column stops the load."""
    for row in rows:
        names = ", ".join(row)
        try:
            con.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
        except duckdb.Error as error:
            raise LoadError(f"参考数据有误（{table}）：{row}") from error


_LEDGER_OVERRIDES = {"department": "coalesce(e.department, c.department)", "kind": "coalesce(e.kind, c.kind)"}


def _select(table: str) -> str:
    """The SELECT that makes one table of the snapshot from the scratch table of the same name."""
    if table != "ledger":
        columns = ", ".join(f"{c.name}::{c.type} as {c.name}" for c in TABLES[table])
        return f"select {columns} from main.{table}" + _ORDER.get(table, "")
    dimensions = {"town", "village", "grid", "severity", "level", "category", "channel", "status", "place"}
    columns = ", ".join(
        f"{_LEDGER_OVERRIDES.get(c.name, ('c.' if c.name in dimensions else 'e.') + c.name)}::{c.type} as {c.name}"
        for c in TABLES["ledger"]
    )
    return (
        f"select {columns} from main.ledger_event as e join main.case_dimension as c using (case_key)"
        " order by event, event_at, case_key"
    )


_ORDER = {
    "fact_case": " order by case_key",
    "fact_case_event": " order by case_key, seq",
    "fact_case_dept": " order by case_key, hop, assigned_at",
    "fact_case_pause": " order by case_key, from_at",
    "fact_case_clock": " order by case_key, clock, kind",
    "fact_density_bin": " order by month, town, kind, cell_y, cell_x, precision",
    "fact_source_file": " order by file_id",
    "fact_coordinate_check": " order by source, verdict, best",
    "fact_risk_run": " order by run_id",
    "fact_grid_risk": " order by run_id, grid",
    "fact_risk_frame": " order by day, grid",
    "fact_near_repeat": " order by case_key desc, other_key desc",
    "fact_knox": " order by category",
    "fact_risk_backtest": " order by month, method",
    "fact_population": " order by grid, month",
    "fact_visit_stat": " order by month, village, care_group",
    "dim_region": " order by region_code",
    "dim_grid": " order by grid",
    "dim_geometry": " order by layer, code",
    "dim_department": " order by department",
    "dim_category": " order by category",
    "dim_calendar": " order by day",
    "dim_code": " order by code_set, sort",
}
