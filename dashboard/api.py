"""The same numbers for programs: REST over the one `ask()`, with an OpenAPI description."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

from dashboard import work
from dashboard.ask import CASE_ORDERS, Answer, Ask, Row
from dashboard.auth.identity import may
from dashboard.case_file import CaseFile, NoSuchCaseError
from dashboard.clock import Clock
from dashboard.comparison.change import in_a_word
from dashboard.comparison.earlier import Beside, beside, is_by_time
from dashboard.described import describe_refusals, groups_of, list_of, one_of
from dashboard.filters import AGAINST, DIMENSIONS, MAX_TEXT, Filters, is_case_number, parse
from dashboard.metrics.catalog import BY_KEY, METRICS
from dashboard.metrics.query import GROUPS, UnknownQuestionError, look_up, scope_of
from dashboard.metrics.values import Value
from dashboard.pulse import add_pulse
from dashboard.scope import Scoped
from dashboard.warehouse import Lender, SlowQueryError
from etl.contract import NoSnapshotError

CASE_ID = InPath(description=f"事项编号，至多 {MAX_TEXT} 字", json_schema_extra={"maxLength": MAX_TEXT})
LAYERS = ("county", "town", "village", "grid", "outline-village", "outline-grid")
MAX_LOOK, MAX_PAGE = 100, 1000
MAX_CELLS = 100_000
"""So many numbers one answer may hold (this project's default): about 6 MB, made in 1.4 s, during which the event loop
was at most 0.13 s late (60,000 cases). All metrics by grid, or five by grid and month over two years, stay below."""
SMALLER = "请减少指标、改用较粗的分组或缩小筛选范围，也可改用导出"
FILTER_KEYS = ("since", "until", *DIMENSIONS)

T = TypeVar("T")

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


class BadRequestError(Exception):
    """The request cannot be answered as asked; the text says why, for a person."""


def create_api(warehouse: Lender, build: str, clock: Clock | None = None) -> FastAPI:
    """The REST application, to be mounted at /api/v1. `clock` tells whether data is late."""
    api = FastAPI(
        title="态势一屏尽观 API",
        version="1",
        description="与页面同一口径的指标、事项与批次信息。" + _filter_words(),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    _errors(api)
    describe_refusals(api)
    _add_numbers(api, warehouse)
    _add_cases(api, warehouse)
    _add_case(api, warehouse)
    _add_geometry(api, warehouse)
    add_pulse(api, warehouse, build=build, clock=clock)
    return api


def _filter_words() -> str:
    names = "、".join(f"`{key}`（{name}）" for key, name in DIMENSIONS.items())
    return f"筛选键：`since`（含）、`until`（不含）、{names}；同一键可重复，表示任一。"


async def answer(warehouse: Lender, question: Callable[[Ask], T]) -> T:
    """Ask in the pool of questions, so that the event loop goes on serving others. Raises `BusyError`."""

    def leased() -> T:
        with warehouse.lease() as ask:
            return question(ask)

    return await work.ask(leased)


async def answer_written(warehouse: Lender, question: Callable[[Ask], Any]) -> Response:
    """The same as JSON, written in the pool, too: a large answer would hold up the event loop meanwhile."""
    body = await answer(warehouse, lambda ask: _ANYTHING.dump_json(question(ask)))
    return Response(body, media_type="application/json")


def strict_filters(ask: Ask, request: Request, *, own_keys: tuple[str, ...] = ()) -> Scoped:
    """The filters of a request, narrowed to what may be seen. Raises `BadRequestError` where a page prints a note."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in own_keys]
    for key, value in kept:
        if not value.strip():
            raise BadRequestError(f"筛选项“{key[:20]}”没有取值")
    query = str(request.query_params.__class__(kept))
    parsed = parse(query, ask.vocabulary)
    if parsed.notes:
        raise BadRequestError("；".join(parsed.notes).replace("已忽略", "不接受"))
    return ask.scoped(parsed.filters)


def _add_numbers(api: FastAPI, warehouse: Lender) -> None:
    @api.get("/metrics", summary="指标目录")
    async def metrics() -> dict[str, Any]:
        """Every metric: key, name, meaning, formula, unit, direction, minimum denominator."""
        return {"metrics": [asdict(m) for m in METRICS], "groups": list(GROUPS), "filters": list(FILTER_KEYS)}

    @api.get(
        "/query",
        summary="按条件查询指标",
        description="每组一行；比率带 value、n、N 和状态 state（small 样本不足，none 无数据）。"
        f"行数×指标数（有对比期的加倍）至多 {MAX_CELLS:,}（口径为本项目默认值），更大的以 400 拒绝：{SMALLER}。",
        response_model=dict[str, Any],
        openapi_extra=with_filters(COMPARED),
    )
    async def query(
        request: Request,
        metrics: str = list_of(BY_KEY, most=len(BY_KEY), words="指标键，逗号分隔"),
        by: str = groups_of(GROUPS),
    ) -> Response:
        """One row per group; rates carry value, n and N, and a state (ok, small, none)."""

        def question(ask: Ask) -> dict[str, Any]:
            filters = strict_filters(ask, request, own_keys=("metrics", "by"))
            keys, groups = split_keys(metrics), split_keys(by)
            found = _numbers(ask, keys, groups, filters)
            return answer_json(found, filters, beside(ask, keys, filters, by=groups, usual="none"))

        return await answer_written(warehouse, question)


def _numbers(ask: Ask, keys: tuple[str, ...], groups: tuple[str, ...], filters: Filters) -> Answer:
    """The answer, where it is not too large to send. Raises `BadRequestError`, `UnknownQuestionError`."""
    sides = 1 if filters.against in ("", "none") or is_by_time(groups) else 2
    if len(groups) > 1 and len(keys) > 1:
        # Making a large answer costs more than sending it: one metric alone tells how many groups there are at least.
        first = min(look_up(keys), key=lambda metric: scope_of(metric) == "stock").key  # a flow is asked sooner
        _check_size(len(ask.numbers((first,), by=groups, filters=filters).rows) * len(set(keys)) * sides)
    found = ask.numbers(keys, by=groups, filters=filters)
    _check_size(len(found.rows) * len(found.metrics) * sides)
    return found


def _check_size(cells: int) -> None:
    if cells > MAX_CELLS:
        raise BadRequestError(f"结果太大：行数×指标数超过 {MAX_CELLS:,}（含对比期）；{SMALLER}")


def _add_cases(api: FastAPI, warehouse: Lender) -> None:
    @api.get(
        "/cases", summary="事项清单（受理时间在时段内）", response_model=dict[str, Any], openapi_extra=with_filters()
    )
    async def cases(
        request: Request,
        order: str = one_of(CASE_ORDERS, "newest", max_length=20),
        limit: int = Query(50, ge=1, le=MAX_PAGE),
        offset: int = Query(0, ge=0, le=100_000_000),
    ) -> Response:
        """A page of cases and the total. More than `MAX_LOOK` at a time are for roles that may export."""
        if limit > MAX_LOOK and not may("export"):
            raise HTTPException(403, f"您的角色一次至多看 {MAX_LOOK} 件")
        if order not in CASE_ORDERS:
            raise BadRequestError(f"order 只能是 {'、'.join(CASE_ORDERS)}")

        def question(ask: Ask) -> dict[str, Any]:
            filters = strict_filters(ask, request, own_keys=("order", "limit", "offset"))
            page = ask.cases(filters, order=order, limit=limit, offset=offset)
            return {**head(ask, filters), "total": page.total, "limit": limit, "offset": offset, "rows": page.rows}

        return await answer_written(warehouse, question)


def _add_case(api: FastAPI, warehouse: Lender) -> None:
    @api.get(
        "/cases/{case_id:path}",
        summary="一件事项：流转、经手、挂起、时限",
        responses={400: {"description": "编号不合要求"}, 404: {"description": "没有这个事项"}},
    )
    async def case(case_id: str = CASE_ID) -> dict[str, Any]:
        """The case's row, its steps, who had it from when to when, its pauses and every clock that ran on it."""
        if not is_case_number(case_id):
            raise BadRequestError(f"事项编号应为一行文字，至多 {MAX_TEXT} 字")
        if not may("see_cases"):
            raise HTTPException(403, "无权限查看事项")
        return await answer(warehouse, lambda ask: {**identity(ask), **case_json(ask.case(case_id))})


def _add_geometry(api: FastAPI, warehouse: Lender) -> None:
    bodies: dict[tuple[str, str], bytes] = {}

    @api.get(
        "/geometry/{layer}",
        summary="地图图层（GeoJSON，不含数值）",
        response_class=Response,
        responses={200: {"content": {"application/geo+json": {}}}},
    )
    async def geometry(layer: str = InPath(json_schema_extra={"enum": [*LAYERS]})) -> Response:
        """One layer, compressed once per snapshot and cached by its key for good."""
        if layer not in LAYERS:
            raise HTTPException(404, f"没有图层“{layer[:20]}”；可用：{'、'.join(LAYERS)}")

        def question(ask: Ask) -> bytes:
            key = (ask.info.geometry_key, layer)
            if key not in bodies:
                text = json.dumps(ask.geometry(layer), ensure_ascii=False, separators=(",", ":"))
                bodies[key] = gzip.compress(text.encode(), mtime=0)
            return bodies[key]

        body = await answer(warehouse, question)
        # A copy that a browser keeps is for who was logged in: without that cookie it is nobody's.
        headers = {
            "Content-Encoding": "gzip",
            "Cache-Control": "private, max-age=31536000, immutable",
            "Vary": "Cookie, Authorization",
        }
        return Response(body, media_type="application/geo+json", headers=headers)


def in_words(status: int) -> Callable[[Request, Exception], Response]:
    """An exception handler: answers with this status and the error's own words."""

    def handler(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=status)

    return handler


def _errors(api: FastAPI) -> None:
    api.add_exception_handler(BadRequestError, in_words(400))
    api.add_exception_handler(UnknownQuestionError, in_words(400))
    api.add_exception_handler(NoSuchCaseError, in_words(404))
    api.add_exception_handler(SlowQueryError, in_words(503))
    api.add_exception_handler(NoSnapshotError, in_words(503))

    @api.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = "；".join(f"{e['loc'][-1]}：{e['msg']}" for e in error.errors()[:3])
        return JSONResponse({"error": f"参数有误（{wrong}）"}, status_code=400)

    api.add_exception_handler(HTTPException, refused)  # type: ignore[arg-type]


async def refused(_request: Request, error: HTTPException) -> JSONResponse:
    """Starlette's own refusals in our words; those raised here have their own."""
    words = {404: "没有这个地址", 405: "不支持这种请求方法"}
    is_ours = error.status_code not in words or (error.status_code == 404 and error.detail != "Not Found")
    said = str(error.detail) if is_ours else words[error.status_code]
    return JSONResponse({"error": said}, status_code=error.status_code, headers=error.headers)


COMPARED: dict[str, Any] = {
    "name": "against",
    "in": "query",
    "required": False,
    "description": "附上对比期的数与变化：previous 环比、year 同比；按时间分组时不附",
    "schema": {"type": "string", "enum": list(AGAINST)},
}


def with_filters(*more: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI parameters of the shared filters, and more of a route's own."""
    return {
        "parameters": [
            *more,
            *(
                {
                    "name": key,
                    "in": "query",
                    "required": False,
                    "description": DIMENSIONS.get(key, "起始日（含）" if key == "since" else "截止日（不含）"),
                    "schema": {"type": "string", "format": "date"}
                    if key in ("since", "until")
                    else {"type": "array", "items": {"type": "string"}},
                }
                for key in FILTER_KEYS
            ),
        ]
    }


def split_keys(text: str) -> tuple[str, ...]:
    """The keys of a comma-separated parameter."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def identity(ask: Ask) -> dict[str, Any]:
    """Which snapshot answers, and its time."""
    return {"snapshot": ask.info.snapshot, "as_of": ask.info.as_of.isoformat()}


def head(ask: Ask, filters: Filters) -> dict[str, Any]:
    """What every answer opens with: the snapshot, its time, and the filters as codes and in words."""
    return {**identity(ask), "filters": filters.conditions(), "filters_in_words": filters.describe(ask.vocabulary)}


def answer_json(found: Answer, filters: Filters, beside: Beside | None = None) -> dict[str, Any]:
    """An answer as the API writes it: counts as numbers, rates and durations with what they stand on.

    Where it is compared, `against` says with what, and each number has its `…_before` and `…_moved`.
    """
    rows = []
    for row in found.rows:
        cells: dict[str, Any] = {}
        for group, code, label in zip(found.by, row.codes, row.labels, strict=True):
            cells[group] = code
            if label != code:
                cells[f"{group}_name"] = label
        cells |= {key: _value_json(value) for key, value in row.values.items()}
        rows.append(cells | (_before_json(row, beside) if beside else {}))
    body = {"snapshot": found.snapshot, "as_of": found.as_of.isoformat(), "filters": filters.conditions()}
    return body | ({"against": _against_json(beside)} if beside else {}) | {"rows": rows}


def _against_json(beside: Beside) -> dict[str, str | None]:
    span = beside.span
    if span is None:
        return {"name": beside.word, "since": None, "until": None, "at": None}
    at = span.at.isoformat() if span.at else None
    return {"name": beside.word, "since": span.since.isoformat(), "until": span.until.isoformat(), "at": at}


def _before_json(row: Row, beside: Beside) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for key, value in row.values.items():
        said[f"{key}_before"] = _value_json(beside.before(key, row.codes))
        said[f"{key}_moved"] = in_a_word(beside.change(key, value, row.codes))
    return said


def case_json(file: CaseFile) -> dict[str, Any]:
    """A case's file as the API writes it: holders with their hours, and the hours without one."""
    said = asdict(file)
    said["holdings"] = [asdict(held) | {"hours": held.hours} for held in file.holdings]
    return said | {"unowned_hours": file.unowned_hours}


def _value_json(value: Value) -> Any:
    if value.N is None:
        return value.value
    body: dict[str, Any] = {"value": value.value, "N": value.N}
    if value.n is not None:
        body["n"] = value.n
    if value.state != "ok":
        body["state"] = value.state
    return body


def build_id(root: Path) -> str:
    """An identifier that changes with the program's files, for screens to know that they are old."""
    digest = hashlib.sha256()
    for folder in ("dashboard", "assets"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".css", ".js"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
