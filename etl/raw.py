"""From files to raw tables: which mapping, which columns, every row accounted for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import duckdb
import pyarrow as pa

from etl import coordinates
from etl.entities import ENTITIES, Entity
from etl.errors import LoadError, RefusedFileError
from etl.extract import belongs_to_a_map, is_map, layers, readings
from etl.extract.crs import old_datum, same_crs
from etl.extract.rows import Line, Reading
from etl.mapping import Mapping, clean_header, recognise
from etl.privacy import mask, pseudonym, refuse_forbidden
from etl.reference import Reference

BATCH = 50_000
HEADER_SEARCH = 5
TOTAL_ROW = re.compile(r"^\s*(合\s*计|小\s*计|总\s*计)")

QUARANTINE_TABLE = """
create table quarantine (file_id integer, line_no integer, field varchar, shown varchar,
                         rule varchar, sentence varchar, severity varchar)
"""


@dataclass
class SourceFile:
    """One file of a delivery (of a GeoPackage one layer) and what became of it.

    `crs` is the reference system of its coordinates: the mapping's word, else the file's own; '' without either.
    """

    file_id: int
    path: Path
    layer: str = ""
    crs: str = ""
    sha256: str = ""
    mapping: Mapping | None = None
    encoding: str = ""
    rows_in: int = 0
    refused: str = ""
    remarks: list[str] = field(default_factory=list)

    @property
    def short(self) -> str:
        """Its own name as people are told it, without numbers of persons."""
        return mask(self.path.name)

    def name(self, folder: Path) -> str:
        """How people are told of it: its place in the delivery, and the layer; without numbers of persons."""
        return mask(f"{self.path.relative_to(folder)}" + (f"（图层 {self.layer}）" if self.layer else ""))


@dataclass(frozen=True)
class Layout:
    """Where each canonical field stands in this file's rows."""

    mapping: Mapping
    width: int
    positions: dict[str, int]
    pseudonyms: tuple[int, ...]


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty raw tables. Rows about persons go to a temporary one, which is never written to a file."""
    con.execute(QUARANTINE_TABLE)
    for entity in ENTITIES.values():
        columns = ", ".join(f"{f.name} varchar" for f in entity.fields)
        keep = "temp table" if entity.name == "care_visit" else "table"
        con.execute(f"create {keep} raw_{entity.name} (file_id integer, line_no integer, {columns})")


class RawLoader:
    """Reads files into the raw tables of one scratch database."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, *, mappings: Sequence[Mapping], reference: Reference, salt: bytes
    ) -> None:
        self._con = con
        self._mappings = mappings
        self._forbidden = reference.rows("forbidden_columns")
        self._salt = salt

    def load(self, source: SourceFile) -> Iterator[int]:
        """Read one file, yielding the rows done so far. A file that cannot be read is marked refused.

        Raises `LoadError` for a column that may not come in at all.
        """
        try:
            source.sha256 = file_sha256(source.path)
            lines, layout = self._open(source)
            yield from self._insert(source, layout, lines)
        except RefusedFileError as error:
            source.refused = str(error)
        except UnicodeError:
            source.refused = "文字编码损坏，请重新导出为 UTF-8 或 GB18030"

    def _open(self, source: SourceFile) -> tuple[Iterator[Line], Layout]:
        failure: RefusedFileError | None = None
        for reading in readings(source.path, source.layer):
            try:
                return self._match(source, reading)
            except RefusedFileError as error:
                failure = failure or error
        raise failure or RefusedFileError("文件没有表头")

    def _match(self, source: SourceFile, reading: Reading) -> tuple[Iterator[Line], Layout]:
        """Find the header within the first rows. Raises `RefusedFileError` if there is none."""
        failure = RefusedFileError("文件没有表头")
        of_a_map = reading.crs is not None
        mappings = [m for m in self._mappings if m.entity == "boundary"] if of_a_map else self._mappings
        top = list(islice(reading.lines, 1 if of_a_map else HEADER_SEARCH))
        for index, line in enumerate(top):
            try:
                mapping = recognise(line.cells, mappings, is_schema=of_a_map)
            except RefusedFileError as error:
                failure = error if index == 0 else failure
                self._refuse_columns(line.cells, self._mappings)
                continue
            self._refuse_columns(line.cells, [mapping])
            source.mapping, source.encoding = mapping, reading.encoding
            source.remarks += [reading.remark] if reading.remark else []
            _choose_crs(source, mapping, reading)
            return chain(top[index + 1 :], reading.lines), _layout(source, mapping, line.cells)
        raise failure

    def _refuse_columns(self, header: Sequence[str], mappings: Sequence[Mapping]) -> None:
        declared = [n for m in mappings for n in (*m.personal, *m.columns.values(), *m.ignore.columns)]
        refuse_forbidden(header, declared, self._forbidden)

    def _insert(self, source: SourceFile, layout: Layout, lines: Iterator[Line]) -> Iterator[int]:
        while batch := list(islice(lines, BATCH)):
            source.rows_in += len(batch)
            good = [line for line in batch if self._readable(source, layout, line)]
            self._append(source, layout, good)
            yield source.rows_in

    def _readable(self, source: SourceFile, layout: Layout, line: Line) -> bool:
        if line.problem:
            self._reject(source, line, "unreadable", line.problem)
        elif TOTAL_ROW.match(line.cells[0]):
            self._reject(source, line, "total_row", "是合计行而不是数据行，已排除")
        elif len(line.cells) != layout.width:
            sentence = f"应有 {layout.width} 列，实有 {len(line.cells)} 列；请检查该行是否有多余或缺少的分隔符"
            self._reject(source, line, "ragged", sentence)
        else:
            return True
        return False

    def _reject(self, source: SourceFile, line: Line, rule: str, sentence: str) -> None:
        self._con.execute(
            "insert into quarantine values (?, ?, '', '', ?, ?, 'quarantined')",
            [source.file_id, line.number, rule, sentence],
        )

    def _append(self, source: SourceFile, layout: Layout, lines: list[Line]) -> None:
        if not lines:
            return
        entity = layout.mapping.kind
        columns = list(zip(*(line.cells for line in lines), strict=True))
        arrays: dict[str, pa.Array] = {
            "file_id": pa.array([source.file_id] * len(lines), pa.int32()),
            "line_no": pa.array([line.number for line in lines], pa.int32()),
        }
        for name, text in _fields(entity, layout, columns, self._salt).items():
            arrays[name] = pa.array(text, pa.string()) if text else pa.nulls(len(lines), pa.string())
        batch = pa.table(arrays)
        self._con.register("incoming_batch", batch)
        self._con.execute(f"insert into raw_{entity.name} by name select * from incoming_batch")
        self._con.unregister("incoming_batch")


def _choose_crs(source: SourceFile, mapping: Mapping, reading: Reading) -> None:
    """The mapping's reference system wins over the file's; a difference is remarked. Polygons must have one."""
    source.crs = mapping.src_crs or reading.crs or ""
    if mapping.src_crs and reading.crs and not same_crs(mapping.src_crs, reading.crs):
        stated = reading.crs if coordinates.is_known(reading.crs) else "另一坐标系"
        source.remarks.append(f"文件自称 {stated}，按映射文件的 src_crs={mapping.src_crs} 换算")
    if datum := old_datum(source.crs):
        source.remarks.append(
            f"{datum}坐标系的转换参数不公开，位置可能偏差约一百米，请由测绘部门转为 CGCS2000 后再提供"
        )
    if mapping.entity == "boundary" and not source.crs:
        raise RefusedFileError("没有坐标系（Shapefile 缺 .prj？），请连同 .prj 一起放入，或在映射文件写明 src_crs")


def _fields(entity: Entity, layout: Layout, columns: list[tuple[str, ...]], salt: bytes) -> dict[str, Sequence[str]]:
    """Canonical field → its texts in this batch; personal columns come out as pseudonyms or not at all."""
    fields: dict[str, Sequence[str]] = {}
    for field_ in entity.fields:
        if field_.name in layout.positions:
            fields[field_.name] = columns[layout.positions[field_.name]]
        elif field_.name in layout.mapping.constants:
            fields[field_.name] = [layout.mapping.constants[field_.name]] * len(columns[0])
    if "title" in fields:
        fields["title"] = [mask(text) for text in fields["title"]]
    if layout.pseudonyms:
        joined = ("|".join(cells) for cells in zip(*(columns[i] for i in layout.pseudonyms), strict=True))
        fields["party"] = [pseudonym(salt, text.strip("|")) for text in joined]
    return fields


def _layout(source: SourceFile, mapping: Mapping, header: Sequence[str]) -> Layout:
    names = [clean_header(name) for name in header]
    repeated = {name for name in names if name and names.count(name) > 1}
    if repeated:
        raise RefusedFileError(f"表头有重名列：{'、'.join(sorted(repeated))}；请改名后重新导出")
    extra = [name for name in names if name and name not in mapping.known_headers]
    if extra:
        source.remarks.append(f"有映射文件未提到的列，未导入：{mask('、'.join(extra))}")
    absent = [n for n in mapping.columns.values() if clean_header(n) not in names]
    if absent:
        source.remarks.append(f"缺少可选列：{'、'.join(absent)}")
    places = {name: position for position, name in enumerate(names)}
    return Layout(
        mapping=mapping,
        width=len(names),
        positions={f: places[clean_header(c)] for f, c in mapping.columns.items() if clean_header(c) in places},
        pseudonyms=tuple(
            places[clean_header(c)]
            for c, how in mapping.personal.items()
            if how == "pseudonym" and clean_header(c) in places
        ),
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Never call it on a DuckDB file this process has open."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def find_files(folder: Path, suffixes: frozenset[str]) -> tuple[list[Path], list[Path]]:
    """The data files of a delivery in name order, and the files passed over. Raises `LoadError` if there is none.

    A delivery is a folder; a single file is taken as a folder of one.
    """
    if folder.is_file():
        return [folder], []
    if not folder.is_dir():
        raise LoadError(f"找不到文件夹 {folder}")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith((".", "~$")))
    data = [p for p in files if p.suffix.lower() in suffixes or is_map(p)]
    if not data:
        raise LoadError(f"{folder} 中没有数据文件（{'、'.join(sorted(suffixes))}）")
    return data, [p for p in files if p not in set(data) and not belongs_to_a_map(p, data)]


def sources_of(paths: Sequence[Path]) -> list[SourceFile]:
    """The files numbered from 1, a GeoPackage once for each of its layers."""
    tables = [(path, layer) for path in paths for layer in layers(path)]
    return [SourceFile(number, path, layer) for number, (path, layer) in enumerate(tables, start=1)]


def refuse_wrong_maps(files: Sequence[SourceFile], folder: Path) -> None:
    """Raises `LoadError` for a map file that could not be used: without it the whole county would look different.

    Of a GeoPackage some layer must have been used; its further layers may be roads or rivers.
    """
    used = {f.path for f in files if not f.refused}
    for f in files:
        if f.refused and is_map(f.path) and (f.mapping or f.path not in used):
            raise LoadError(f"{f.name(folder)}：{f.refused}。未发布，原批次保留")
