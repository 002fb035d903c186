"""The base map for the browser: how to draw it, and the tiles that this server has itself."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from io import BytesIO
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from PIL import Image

from dashboard.basemap import BaseMap
from dashboard.tiles import MAX_ZOOM, TileSource, media_type

_PLACE = re.compile(r"([0-9]{1,2})/([0-9]{1,8})/([0-9]{1,8})")
_LASTING = {"Cache-Control": "private, max-age=3600"}


def add_basemap(server: FastAPI, api: FastAPI, basemap: BaseMap | None) -> None:
    """Add /basemap to the API and /tiles/… to the server; every path below /tiles/ is answered here."""

    @api.get("/basemap", summary="底图：瓦片地址与缩放级别")
    async def describe() -> dict[str, Any]:
        """`basemap` is null where the county has configured none."""
        return {"basemap": None if basemap is None else _drawn(basemap)}

    source = basemap.tiles if basemap else None

    @server.get("/tiles/{place:path}", include_in_schema=False)
    async def tile(place: str) -> Response:
        found = _PLACE.fullmatch(place)
        if source is None or found is None:
            return PlainTextResponse("没有这块瓦片", status_code=404)
        z, x, y = map(int, found.groups())
        if z > MAX_ZOOM or max(x, y) >= 2**z:
            return PlainTextResponse("没有这块瓦片", status_code=404)
        return await asyncio.to_thread(_tile, source, z, x, y)


def _drawn(basemap: BaseMap) -> dict[str, Any]:
    return {
        "url": basemap.url,
        "attribution": basemap.attribution,
        "min_zoom": basemap.min_zoom,
        "max_zoom": basemap.max_zoom,
        "is_tms": basemap.is_tms,
    }


def _tile(source: TileSource, z: int, x: int, y: int) -> Response:
    """One tile; a transparent one where the county's tiles end.

    Not 404: Chromium writes every 404 of a picture to the console, and Leaflet would take it for a failing server.
    """
    try:
        picture = source.get(z, x, y)
        return Response(picture, media_type=media_type(picture), headers=_LASTING)
    except LookupError:
        return Response(_transparent(), media_type="image/png", headers=_LASTING)


@cache
def _transparent() -> bytes:
    out = BytesIO()
    Image.new("RGBA", (1, 1)).save(out, "PNG")
    return out.getvalue()
