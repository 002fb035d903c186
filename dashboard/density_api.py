"""The heat surface for programs and for the map: its legend as JSON, its picture as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from dashboard.api import BadRequestError, answer, head, in_words, strict_filters, with_filters
from dashboard.ask import Ask
from dashboard.density import BANDWIDTHS, NoSurfaceError, not_followed, surface, whole_months
from dashboard.density_image import bands, png
from dashboard.described import one_of
from dashboard.filters import Filters
from dashboard.warehouse import Lender

KEPT = 48
UNIT = "件/平方公里·月"
OWN_KEYS = ("bandwidth", "v")
_BANDWIDTH = one_of(BANDWIDTHS, 300, words=f"带宽（米，高斯核的标准差）：{'、'.join(map(str, BANDWIDTHS))}")


@dataclass(frozen=True)
class Drawing:
    """A surface without its values, as it is handed out."""

    image: bytes
    legend: Mapping[str, Any]


class Drawings:
    """The latest surfaces, drawn one at a time: panning and other screens ask for the same ones."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Filters, int], Drawing] = {}
        self._lock = Lock()

    def get(self, ask: Ask, scope: Filters, bandwidth: int) -> Drawing:
        """The drawing for whole months, towns and kinds. Raises `NoSurfaceError`."""
        key = (ask.info.snapshot, scope, bandwidth)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _draw(ask, scope, bandwidth)
            drawing = self._kept.pop(key)
            self._kept[key] = drawing  # the latest used comes last
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            return drawing


def _draw(ask: Ask, scope: Filters, bandwidth: int) -> Drawing:
    precision_m = ask.info.rules["map"]["precision_m"]
    found = surface(ask.density(scope), bandwidth=bandwidth, precision_m=precision_m)
    legend = {
        "bounds": found.bounds,
        "legend": [{"from": band.low, "to": band.high, "colour": f"seq-{band.step}"} for band in bands(found)],
        "period": {"since": found.first, "until": found.end},
        "cases": found.cases,
        "left_out": found.too_coarse,
        "far": found.too_far,
    }
    return Drawing(png(found), legend)


def add_density(api: FastAPI, warehouse: Lender) -> None:
    """Add /density and /density.png to the API."""
    drawings = Drawings()

    api.add_exception_handler(NoSurfaceError, in_words(404))

    _add_legend(api, warehouse, drawings)
    _add_picture(api, warehouse, drawings)


def _add_legend(api: FastAPI, warehouse: Lender, drawings: Drawings) -> None:
    @api.get("/density", summary="热力面：范围、图例、图片地址", openapi_extra=with_filters())
    async def density(request: Request, bandwidth: int = _BANDWIDTH) -> dict[str, Any]:
        """Kernel density of located cases over the whole months of the period; follows town and kind only.

        `state` is ok or hidden (then `reason` says why); `ignored` names conditions that were not followed.
        """

        def question(ask: Ask) -> dict[str, Any]:
            filters = _asked(ask, request, bandwidth)
            said = {**head(ask, filters), "bandwidth": bandwidth, "unit": UNIT, "ignored": not_followed(filters)}
            try:
                scope = _scope(ask, filters)
                legend = drawings.get(ask, scope, bandwidth).legend
                return {**said, "state": "ok", **legend, "image": _address(ask, scope, bandwidth)}
            except NoSurfaceError as error:
                return said | {"state": "hidden", "reason": str(error)}

        return await answer(warehouse, question)


def _add_picture(api: FastAPI, warehouse: Lender, drawings: Drawings) -> None:
    @api.get(
        "/density.png",
        summary="热力面的图片",
        openapi_extra=with_filters(),
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, 404: {"description": "热力面不显示，附原因"}},
    )
    async def picture(
        request: Request,
        bandwidth: int = _BANDWIDTH,
        v: str = Query("", description="批次；与当前批次相同时可长期缓存", max_length=64),
    ) -> Response:
        """Cells of about 100 m, in Web Mercator, transparent where nothing is drawn."""

        def question(ask: Ask) -> Response:
            drawing = drawings.get(ask, _scope(ask, _asked(ask, request, bandwidth)), bandwidth)
            lasting = v == ask.info.snapshot
            # A browser may keep it for one person, not for who logs in there next.
            headers = {
                "Cache-Control": "private, max-age=86400" if lasting else "no-store",
                "Vary": "Cookie, Authorization",
            }
            return Response(drawing.image, media_type="image/png", headers=headers)

        return await answer(warehouse, question)


def _asked(ask: Ask, request: Request, bandwidth: int) -> Filters:
    if bandwidth not in BANDWIDTHS:
        raise BadRequestError(f"bandwidth 只能是 {'、'.join(map(str, BANDWIDTHS))}（米）")
    return strict_filters(ask, request, own_keys=OWN_KEYS)


def _scope(ask: Ask, filters: Filters) -> Filters:
    """What the surface follows of these filters: whole months, the towns that may be seen, kinds.

    Drawings are kept by it: two readers share one only where they would be answered alike.
    """
    first, end = whole_months(filters, ask.info.as_of)
    return Filters(since=first, until=end, town=ask.scoped(filters).town, kind=filters.kind)


def _address(ask: Ask, scope: Filters, bandwidth: int) -> str:
    query = "&".join(filter(None, (f"v={ask.info.snapshot}", f"bandwidth={bandwidth}", scope.to_query())))
    return f"/api/v1/density.png?{query}"
