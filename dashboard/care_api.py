"""The care visits for programs, as JSON or as a file: the same displayed values as on the page."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from dashboard import words
from dashboard.api import BadRequestError, answer, head, split_keys, strict_filters
from dashboard.ask import Ask
from dashboard.audit.of_files import put_file
from dashboard.audit.recorder import Recorder
from dashboard.auth.identity import may
from dashboard.care import GROUPS, METRICS, SPANS, Care, CareRow
from dashboard.described import groups_of, one_of
from dashboard.export.asked import FORMATS, NotAllowedError
from dashboard.export.care_file import care_in_words, write_care
from dashboard.export.export import MEDIA_TYPES
from dashboard.export.geojson_file import place_of
from dashboard.export.names import download
from dashboard.filters import DIMENSIONS, Filters
from dashboard.metrics.values import Value
from dashboard.stamps import PURPOSE, Stamps, purpose_of
from dashboard.warehouse import Lender

OWN_KEYS = ("by", "months", "format", "purpose")
NO_FILES = "您的角色不能导出文件，页面上的数仍可查看"
_ANSWERS = {
    200: {"content": {"application/json": {}} | {media: {} for media in MEDIA_TYPES.values()}},
    400: {"description": "参数不合要求，附原因"},
    403: {"description": "角色不能导出文件"},
}
_PLACES = {
    "parameters": [
        {
            "name": key,
            "in": "query",
            "description": DIMENSIONS[key],
            "schema": {"type": "array", "items": {"type": "string"}},
        }
        for key in ("town", "village")
    ]
}


def add_care(
    api: FastAPI,
    warehouse: Lender,
    *,
    stamps: Stamps,
    record: Recorder | None = None,
) -> None:
    """Put /care on the API. Its files, unlike its numbers, are for who may export; `record` puts them on record."""

    @api.get(
        "/care",
        summary="关爱走访：应访、已访与覆盖率（人数保护后）",
        openapi_extra=_PLACES,
        responses=_ANSWERS,  # type: ignore[arg-type]
        response_class=Response,
    )
    async def care(
        request: Request,
        by: str = groups_of(GROUPS),
        months: int = one_of(SPANS, 12, words="固定时段：" + "、".join(f"{n}（{name}）" for n, name in SPANS.items())),
        format: str = one_of(["", *FORMATS], "", words=f"不写为 JSON；{'、'.join(FORMATS)}", max_length=10),
        purpose: str = PURPOSE,
    ) -> Response:
        """One row per group. A hidden number has no value, the state “hidden”, and the words that the page shows."""
        groups = split_keys(by)
        _check(groups, format)
        purpose_of(request)  # what is none is refused, though numbers alone need none

        def question(ask: Ask) -> Response:
            if format and not may("export"):
                if record:
                    record("refused", action="export", reason="role")
                raise NotAllowedError(NO_FILES)
            filters = _places(ask, request)
            found = ask.care.ask(groups, months=months, filters=filters)
            if not format:
                return JSONResponse(_answer_json(ask, found, filters))
            source = request.url.remove_query_params("purpose")
            body, said = write_care(
                ask, found, filters, format=format, stamp=stamps.of(request), source=f"{source.path}?{source.query}"
            )
            sha256 = hashlib.sha256(body)
            put_file(record, "exported", said, content="care", format=format, sha256=sha256.hexdigest())
            headers = download(said["file"], sha256.digest())
            return Response(body, media_type=MEDIA_TYPES[format], headers=headers)

        return await answer(warehouse, question)


def _check(groups: tuple[str, ...], format: str) -> None:
    if format and format not in FORMATS:
        raise BadRequestError(f"format 只能是 {'、'.join(FORMATS)}")
    if format == "geojson" and not place_of(groups):
        raise BadRequestError("GeoJSON 须按地点分组：by=town 或 by=village")


def _places(ask: Ask, request: Request) -> Filters:
    """The towns and villages asked for. Raises `BadRequestError` for any other condition."""
    filters = strict_filters(ask, request, own_keys=OWN_KEYS)
    if filters != Filters(town=filters.town, village=filters.village):
        raise BadRequestError("关爱走访只按乡镇街道、村社区筛选，时段用 months")
    return filters


def _answer_json(ask: Ask, found: Care, filters: Filters) -> dict[str, Any]:
    return {
        **head(ask, filters),
        "filters_in_words": care_in_words(ask, found, filters),
        "months": [month.isoformat() for month in found.months],
        "is_partial": found.is_partial,
        "rows": [_row_json(found, row) for row in found.rows],
    }


def _row_json(found: Care, row: CareRow) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for group, code, label in zip(found.by, row.codes, row.labels, strict=True):
        cells |= {group: code} if group == "month" else {group: code, f"{group}_name": label}
    return cells | {key: _value_json(key, value) for key, value in row.values.items()}


def _value_json(key: str, value: Value) -> dict[str, Any]:
    body: dict[str, Any] = {"value": value.value, "state": value.state, "shown": words.shown(METRICS[key], value).line}
    return body | ({"n": value.n, "N": value.N} if value.N is not None else {})
