"""Where do our own map tiles come from? A folder, an MBTiles or a PMTiles file, only ever read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_ZOOM = 22
_VECTOR_SUFFIXES = (".pbf", ".mvt")
_RASTER = (TileType.PNG, TileType.JPEG, TileType.WEBP, TileType.AVIF)
_NO_PICTURE = "中不是图片瓦片；目前只支持栅格瓦片（png、jpg、webp），不支持矢量瓦片"


class TilesRefusedError(Exception):
    """The tiles cannot be served; the text says why, for a person."""


class TileSource(Protocol):
    """Tiles by zoom, column and row, rows counted from the north."""

    min_zoom: int
    max_zoom: int

    def get(self, z: int, x: int, y: int) -> bytes:
        """One tile. Raises `LookupError` where there is none."""
        ...


def media_type(tile: bytes) -> str:
    """The content type, by the first bytes. Raises `LookupError` for what is not a picture."""
    if tile.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if tile.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if tile[:4] == b"RIFF" and tile[8:12] == b"WEBP":
        return "image/webp"
    if tile[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    raise LookupError("not a picture")


def _refuse_unless_picture(path: Path, tile: bytes) -> None:
    try:
        media_type(tile)
    except LookupError as error:
        raise TilesRefusedError(f"{path} {_NO_PICTURE}") from error


class FolderTiles:
    """Files z/x/y.png (or jpg, webp); `is_tms` where rows count from the south."""

    def __init__(self, path: Path, *, is_tms: bool = False) -> None:
        if not path.is_dir():
            raise TilesRefusedError(f"文件夹 {path} 不存在")
        self._root = path
        self._is_tms = is_tms
        first = next(_tile_files(path), None)
        if first is None:
            raise TilesRefusedError(f"{path} 中没有 z/x/y.png 或 .jpg 形式的瓦片")
        _refuse_unless_picture(path, first.read_bytes())
        zooms = [int(p.name) for p in path.iterdir() if _is_number(p.name) and int(p.name) <= MAX_ZOOM]
        self.min_zoom, self.max_zoom = min(zooms), max(zooms)

    def get(self, z: int, x: int, y: int) -> bytes:
        """One tile. Raises `LookupError` where there is no file."""
        row = _flipped(z, y) if self._is_tms else y
        for suffix in SUFFIXES:
            try:
                return (self._root / str(z) / str(x) / f"{row}{suffix}").read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
        raise LookupError(f"{z}/{x}/{y}")


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and int(name) <= 2**MAX_ZOOM


def _tile_files(path: Path) -> Iterator[Path]:
    for file in path.glob("*/*/*"):
        numbers = (file.parent.parent.name, file.parent.name, file.stem)
        is_numbered = all(map(_is_number, numbers)) and int(numbers[0]) <= MAX_ZOOM
        if is_numbered and file.suffix in (*SUFFIXES, *_VECTOR_SUFFIXES) and file.is_file():
            yield file


def _flipped(z: int, y: int) -> int:
    return int(2**z) - 1 - y


class MbTiles:
    """An MBTiles file (SQLite; its rows count from the south). Not to be changed while it is served."""

    def __init__(self, path: Path) -> None:
        _refuse_missing(path)
        # "immutable": SQLite takes no lock and writes no journal, so the file may lie on a read-only disk.
        self._address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            found = self._rows("select min(zoom_level), max(zoom_level) from tiles")[0]
            sample = self._rows("select tile_data from tiles limit 1")
        except sqlite3.Error as error:
            raise TilesRefusedError(f"{path} 不是可读的 MBTiles 文件（{error}）") from error
        if not sample:
            raise TilesRefusedError(f"{path} 中没有瓦片")
        _refuse_unless_picture(path, bytes(sample[0][0] or b""))
        self.min_zoom, self.max_zoom = int(found[0]), int(found[1])

    def _rows(self, sql: str, parameters: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
        # A connection per question: it costs less than the tile, and threads share nothing.
        with closing(sqlite3.connect(self._address, uri=True)) as con:
            return con.execute(sql, parameters).fetchall()

    def get(self, z: int, x: int, y: int) -> bytes:
        """One tile. Raises `LookupError` where there is none."""
        place = (z, x, _flipped(z, y))
        found = self._rows(
            "select tile_data from tiles where zoom_level = ? and tile_column = ? and tile_row = ?", place
        )
        if not found:
            raise LookupError(f"{z}/{x}/{y}")
        return bytes(found[0][0])


class PmTiles:
    """A PMTiles archive (version 3), mapped into memory. Not to be changed while it is served."""

    def __init__(self, path: Path) -> None:
        _refuse_missing(path)
        try:
            with path.open("rb") as handle:
                self._reader = Reader(MmapSource(handle))
            header = self._reader.header()
        except Exception as error:  # the package raises whatever its parsing meets
            raise TilesRefusedError(f"{path} 不是可读的 PMTiles 文件（第 3 版）") from error
        if header["tile_type"] not in _RASTER:
            raise TilesRefusedError(f"{path} {_NO_PICTURE}")
        if header["tile_compression"] not in (Compression.NONE, Compression.UNKNOWN):
            raise TilesRefusedError(f"{path} 的瓦片另有压缩，请导出为不压缩的栅格 PMTiles")
        self.min_zoom, self.max_zoom = int(header["min_zoom"]), int(header["max_zoom"])

    def get(self, z: int, x: int, y: int) -> bytes:
        """One tile. Raises `LookupError` where there is none."""
        tile = self._reader.get(z, x, y)
        if tile is None:
            raise LookupError(f"{z}/{x}/{y}")
        return bytes(tile)


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise TilesRefusedError(f"文件 {path} 不存在")
