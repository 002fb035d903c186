"""Which base map has the county configured? Read and checked once, when the server starts."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from dashboard.config import ConfigError
from dashboard.tiles import MAX_ZOOM, FolderTiles, MbTiles, PmTiles, TileSource, TilesRefusedError

KEY_VARIABLE = "YIPING_MAP_KEY"
OWN_ADDRESS = "/tiles/{z}/{x}/{y}"

_COMMON = {"kind", "crs", "attribution", "min_zoom", "max_zoom"}
_KEYS: dict[str, set[str]] = {
    "none": {"kind"},
    "xyz": _COMMON | {"url", "key", "scheme"},
    "wmts": _COMMON | {"url", "key", "scheme"},
    "folder": _COMMON | {"path", "scheme"},
    "mbtiles": _COMMON | {"path"},
    "pmtiles": _COMMON | {"path"},
}
_SYSTEMS = ("WGS84", "CGCS2000")
_LAT_LON_MATRIX = re.compile(r"_c\b|tilematrixset=c\b", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_ADDRESS = re.compile(r"[!#-&(-:=?-~]+")
"""Printable ASCII without quotes, blanks, `;`, `<` and `>`."""


class MapConfigError(ConfigError):
    """The base map is not configured in a way that works; the text says what to change, for a person."""


@dataclass(frozen=True)
class BaseMap:
    """A base map as the browser draws it. `url` has {z}, {x}, {y}; `tiles` is there if this server hands them out."""

    url: str
    attribution: str
    min_zoom: int
    max_zoom: int
    is_tms: bool
    tiles: TileSource | None = field(default=None, repr=False)

    @property
    def origin(self) -> str:
        """Scheme and host of a foreign tile server, for the Content-Security-Policy; '' for our own tiles."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def read(path: Path, environment: Mapping[str, str] = os.environ) -> BaseMap | None:
    """The base map of a map.toml, `None` where it says there is none.

    The key of the environment goes before the file's. Raises `MapConfigError` with a sentence for people.
    """
    try:
        said = _section(path)
        kind = _kind(said)
        if kind == "none":
            return None
        _check_system(said)
        return _remote(said, environment) if kind in ("xyz", "wmts") else _own(said, kind, path.parent)
    except (MapConfigError, TilesRefusedError) as error:
        raise MapConfigError(f"底图配置 {path} 有误：{error}") from error


def _section(path: Path) -> dict[str, Any]:
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MapConfigError('文件无法读取；不要底图也请保留此文件，写 [basemap] kind = "none"') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MapConfigError(f"不是有效的 TOML 文件（{error}）") from error
    section = whole.get("basemap")
    if set(whole) != {"basemap"} or not isinstance(section, dict):
        raise MapConfigError("应有且只有 [basemap] 一节")
    return section


def _kind(said: Mapping[str, Any]) -> str:
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise MapConfigError(f"kind 为“{kind}”，只能是 {'、'.join(_KEYS)}")
    for name, value in said.items():
        if name not in _KEYS[kind]:
            raise MapConfigError(f"不认识的设置 {name}；kind 为 {kind} 时可写 {'、'.join(sorted(_KEYS[kind]))}")
        wanted = int if name in ("min_zoom", "max_zoom") else str
        if type(value) is not wanted:
            raise MapConfigError(f"{name} 应为{'整数' if wanted is int else '加引号的文字'}")
    return kind


def _check_system(said: Mapping[str, Any]) -> None:
    system = said.get("crs", "")
    if system.upper().replace("-", "") in ("GCJ02", "BD09"):
        raise MapConfigError(f"{system} 切片比实际位置偏移数百米（GCJ02 约 500 米），会与网格错位，不能用作底图")
    if system not in _SYSTEMS:
        raise MapConfigError(f"请写明切片的坐标系 crs，只能是 {'、'.join(_SYSTEMS)}")


def _remote(said: Mapping[str, Any], environment: Mapping[str, str]) -> BaseMap:
    url = said.get("url", "")
    missing = [name for name in ("{z}", "{x}", "{y}") if name not in url]
    if missing:
        raise MapConfigError(f"url 中缺少 {'、'.join(missing)}")
    key = environment.get(KEY_VARIABLE) or said.get("key", "")
    if "{key}" in url and not key:
        raise MapConfigError(f"url 中有 {{key}}，但没有密钥；请写 key 或设环境变量 {KEY_VARIABLE}")
    url = url.replace("{key}", quote(key, safe=""))
    _check_address(url)
    low, high = _zooms(said, 0, 18)
    return BaseMap(url, said.get("attribution", ""), low, high, is_tms=_is_tms(said))


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise MapConfigError("url 应以 http:// 或 https:// 开头")
    if not _HOST.fullmatch(parts.netloc):
        raise MapConfigError(f"url 的主机名“{parts.netloc}”不可用：只能是域名或 IPv4 地址，可加端口，不能含占位符")
    plain = re.sub(r"\{[xyz]\}", "", url)
    if not _ADDRESS.fullmatch(plain) or set("{}") & set(plain):
        raise MapConfigError("url 中只能有 {z} {x} {y} {key} 四种占位符，不能有空格、引号、分号或中文")
    if _LAT_LON_MATRIX.search(plain):
        raise MapConfigError("url 指向经纬度切片（_c），只支持 Web 墨卡托切片；天地图请改用 vec_w、img_w、cva_w")


def _own(said: Mapping[str, Any], kind: str, folder: Path) -> BaseMap:
    if "path" not in said:
        raise MapConfigError(f"kind 为 {kind} 时要写 path")
    path = folder / said["path"]
    source: TileSource
    if kind == "folder":
        source = FolderTiles(path, is_tms=_is_tms(said))
    else:
        source = MbTiles(path) if kind == "mbtiles" else PmTiles(path)
    low, high = _zooms(said, source.min_zoom, source.max_zoom)
    return BaseMap(OWN_ADDRESS, said.get("attribution", ""), low, high, is_tms=False, tiles=source)


def _is_tms(said: Mapping[str, Any]) -> bool:
    scheme = said.get("scheme", "xyz")
    if scheme not in ("xyz", "tms"):
        raise MapConfigError(f"scheme 为“{scheme}”，只能是 xyz 或 tms")
    return bool(scheme == "tms")


def _zooms(said: Mapping[str, Any], low: int, high: int) -> tuple[int, int]:
    low, high = said.get("min_zoom", low), said.get("max_zoom", high)
    if not 0 <= low <= high <= MAX_ZOOM:
        raise MapConfigError(f"缩放级别 {low}–{high} 不可用，应在 0–{MAX_ZOOM} 之间，且 min_zoom 不大于 max_zoom")
    return low, high
