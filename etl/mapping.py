"""Which layout is this file? One mapping per layout, recognised by its header."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from etl import coordinates
from etl.entities import ENTITIES, Entity
from etl.errors import LoadError, RefusedFileError

INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def clean_header(text: str) -> str:
    """A header cell as it was meant: half-width, no invisible characters, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).translate(INVISIBLE).split())


class _Ignore(BaseModel):
    model_config = ConfigDict(extra="forbid")
    columns: list[str] = []


class Mapping(BaseModel):
    """One source layout: what its columns, words and times mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    entity: str
    src_system: str
    src_crs: str | None = None
    src_axes: Literal["lon_lat", "lat_lon"] = "lon_lat"
    time_formats: list[str] = Field(min_length=1)
    deadline: Literal["rules", "source"] = "rules"
    own_dimensions: bool = False
    columns: dict[str, str]
    personal: dict[str, Literal["drop", "pseudonym"]] = {}
    constants: dict[str, str] = {}
    codes: dict[str, dict[str, str]] = {}
    ignore: _Ignore = _Ignore()

    @model_validator(mode="after")
    def _fields_exist(self) -> Mapping:
        if self.entity not in ENTITIES:
            raise ValueError(f"entity “{self.entity}”不存在，可用：{'、'.join(ENTITIES)}")
        unknown = [f for f in (*self.columns, *self.constants, *self.codes) if f not in self.kind.by_name]
        if unknown:
            raise ValueError(f"“{self.entity}”没有这些字段：{'、'.join(unknown)}")
        missing = self.kind.required - self.columns.keys() - self.constants.keys()
        if missing:
            raise ValueError(f"缺少必需字段：{'、'.join(sorted(missing))}")
        if {"lon", "lat"} <= self.columns.keys() and self.src_crs is None:
            raise ValueError("有坐标列的来源必须写明 src_crs")
        if self.src_crs is not None and not coordinates.is_known(self.src_crs):
            raise ValueError(f"不认识的 src_crs“{self.src_crs}”，可用：{'、'.join(coordinates.NAMED)} 或 EPSG:编号")
        return self

    @property
    def kind(self) -> Entity:
        """What a row means."""
        return ENTITIES[self.entity]

    @property
    def known_headers(self) -> frozenset[str]:
        """Every header this layout expects or tolerates."""
        names = (*self.columns.values(), *self.personal, *self.ignore.columns)
        return frozenset(clean_header(n) for n in names)

    @property
    def required_headers(self) -> frozenset[str]:
        """Headers without which the file is another layout."""
        return frozenset(clean_header(self.columns[f]) for f in self.kind.required if f in self.columns)


def load_mappings(folder: Path) -> dict[str, Mapping]:
    """All mapping files of a folder by name. Raises `LoadError` naming the file that is wrong."""
    mappings = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            mappings[path.stem] = Mapping(name=path.stem, **tomllib.loads(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise LoadError(f"映射文件 {path.name} 有误：{'；'.join(map(_wrong, error.errors()))}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
            raise LoadError(f"映射文件 {path.name} 有误：{error}") from error
    if not mappings:
        raise LoadError(f"{folder} 中没有映射文件（*.toml）")
    return mappings


_WRONG = {"missing": "缺少这一项", "extra_forbidden": "不认识这一项"}


def _wrong(error: ErrorDetails) -> str:
    """One finding of the model about a mapping file, in words: which key, and what about it."""
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    words = _WRONG.get(error["type"], f"不能是 {error['input']!r:.60}")
    if "expected" in context:
        words += f"，只能是 {context['expected']}".replace(" or ", " 或 ")
    return f"{'.'.join(map(str, error['loc']))} {words}"


def recognise(header: Sequence[str], mappings: Sequence[Mapping], *, is_schema: bool = False) -> Mapping:
    """The mapping whose columns this header has. Raises `RefusedFileError` if none or more than one fits.

    `is_schema`: the names are a map layer's attributes and can be told; a table's first row may be a person's.
    """
    names = {clean_header(h) for h in header}
    fits = [(len(names & m.known_headers), m) for m in mappings if m.required_headers <= names]
    if not fits:
        raise RefusedFileError(
            f"表头不属于任何已知版式（{_words(header) if is_schema else _nearest(names, mappings)}）；"
            "请在 data/sources/ 增加一个映射文件，或用 --source 指定"
        )
    best = max(score for score, _ in fits)
    winners = [m for score, m in fits if score == best]
    if len(winners) > 1:
        raise RefusedFileError(f"表头同时符合多个版式：{'、'.join(m.name for m in winners)}；请用 --source 指定")
    return winners[0]


def _words(header: Sequence[str]) -> str:
    return "、".join(header[:6]) + "…"


def _nearest(names: set[str], mappings: Sequence[Mapping]) -> str:
    """Which layout it is most like, and what it lacks of it; never what it says itself."""
    likeness = {m.name: len(names & m.known_headers) for m in mappings}
    nearest = max(mappings, key=lambda m: likeness[m.name])
    if not likeness[nearest.name]:
        return "没有一个认识的列名，也可能缺表头"
    lacking = [name for name in nearest.columns.values() if clean_header(name) in nearest.required_headers - names]
    return f"最接近“{nearest.title}”，缺少列：{'、'.join(lacking)}"
