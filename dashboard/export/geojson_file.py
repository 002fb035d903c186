"""The table as GeoJSON: cases at their rounded points, groups with the polygons of their places."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO

from dashboard.ask import Ask
from dashboard.export.content import Content
from dashboard.export.names import PLACES
from dashboard.export.table import Cell

Locate = Callable[[Mapping[str, Cell]], str]
"""The geometry of a row as JSON; “null” where it has none."""


def write_geojson(content: Content, out: BinaryIO, *, locate: Locate, members: Callable[[], Mapping[str, Any]]) -> None:
    """A FeatureCollection, feature by feature, then the further members (`about`, `not_on_map`)."""
    keys = [field.key for field in content.fields]
    out.write(b'{"type":"FeatureCollection","features":[')
    gap = ""
    for block in content.blocks():
        for row in block.rows:
            cells = dict(zip(keys, row, strict=True))
            out.write(f'{gap}{{"type":"Feature","geometry":{locate(cells)},"properties":{_json(cells)}}}'.encode())
            gap = ",\n"
    out.write(b"]")
    for name, member in members().items():
        out.write(f",\n{_json(name)}:{_json(member)}".encode())
    out.write(b"}\n")


def at_point(cells: Mapping[str, Cell]) -> str:
    """The point of a case that has one."""
    return _json({"type": "Point", "coordinates": [cells["lon"], cells["lat"]]})


def place_of(by: Iterable[str]) -> str:
    """The finest place among groups, '' without any."""
    return next((place for place in PLACES if place in by), "")


def polygons(ask: Ask, layer: str) -> Locate:
    """Finds the polygon of a row's place; null for a place unknown, or not drawn."""
    shapes = {feature["id"]: _json(feature["geometry"]) for feature in ask.geometry(layer)["features"]}
    return lambda cells: shapes.get(str(cells[layer]), "null")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_time, allow_nan=False)


def _time(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
