"""What the maps ask for besides numbers: the frames of a replay, the risk statistics and their reasons."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Query, Request
from fastapi import Path as InPath
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.api import BadRequestError, answer, answer_written, head, strict_filters, with_filters
from dashboard.ask import Ask
from dashboard.described import one_of
from dashboard.figures.classes import classes
from dashboard.filters import DIMENSIONS, MAX_TEXT, Filters
from dashboard.replay import MEASURES, PACES, TIERS, Frames, LongReplayError
from dashboard.risk import Run
from dashboard.warehouse import Lender

LEVELS = ("town", "village", "grid")
_RUN = Query("", description="测算名，如 h60_reported_none；不写为默认测算", max_length=64)
_GRID = InPath(description="网格编码", json_schema_extra={"maxLength": MAX_TEXT})
_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "参数不合要求"},
    404: {"description": "没有这个网格，或本批次没有风险测算"},
}


def add_maps(api: FastAPI, warehouse: Lender) -> None:
    """Put the routes on the API."""
    _add_replay(api, warehouse)
    _add_risk(api, warehouse)


def _add_replay(api: FastAPI, warehouse: Lender) -> None:
    @api.get(
        "/replay",
        summary="地图回放：一个指标逐日或逐周、按地点",
        response_model=dict[str, Any],
        responses={400: _REFUSED[400]},
        openapi_extra=with_filters(),
    )
    async def replay(
        request: Request,
        measure: str = one_of(MEASURES, "open", max_length=20),
        pace: str = one_of(PACES, "day", max_length=10),
        level: str = one_of(LEVELS, "town", max_length=10),
    ) -> Response:
        """One row of values per moment, one column per place; classes are the same for all moments."""
        if level not in LEVELS or (measure == "risk" and level != "grid"):
            raise BadRequestError(f"level 只能是 {'、'.join(LEVELS)}；风险只有 grid")

        def question(ask: Ask) -> dict[str, Any]:
            filters = strict_filters(ask, request, own_keys=("measure", "pace", "level"))
            try:
                found = ask.frames(measure, level=level, pace=pace, filters=filters)
            except LongReplayError as error:
                raise BadRequestError(str(error)) from error
            ignored = [name for key, name in DIMENSIONS.items() if filters.values(key)] if measure == "risk" else []
            body = {"pace": pace, "level": level, "ignored": ignored}
            return {**head(ask, filters), **_frames_json(found, measure), **body}

        return await answer_written(warehouse, question)


def _frames_json(found: Frames, measure: str) -> dict[str, Any]:
    name, unit = MEASURES[measure]
    body: dict[str, Any] = {
        "measure": measure,
        "name": name,
        "unit": unit,
        "moments": [start.isoformat() for start in found.starts],
        "codes": found.codes,
        "values": found.values.tolist(),
    }
    if measure == "risk":
        return body | {"tiers": TIERS}
    above = found.values[found.values > 0]
    scale = classes(above.tolist()) if above.size else classes([])
    steps = [scale.step_of(place) for place in range(len(scale.breaks) + 1)]
    return body | {"breaks": scale.breaks, "labels": scale.labels(), "steps": steps}


def _add_risk(api: FastAPI, warehouse: Lender) -> None:
    @api.get("/risk", summary="风险测算：各网格的相对风险与分级", responses=_REFUSED)
    async def risk(run: str = _RUN) -> dict[str, Any]:
        """The run and a row per grid. Risk belongs to grids and cases; no person is scored.

        The run's sums over the county are null for those who may see some towns only.
        """

        def question(ask: Ask) -> dict[str, Any]:
            found = _run(ask, run)
            rows = [asdict(grid) for grid in ask.risk.grids(found.run_id).values()]
            return {**head(ask, Filters()), "run": asdict(found), "rows": rows}

        return await answer(warehouse, question)

    @api.get("/risk/{grid}", summary="一个网格的风险由什么构成", responses=_REFUSED)
    async def reasons(grid: str = _GRID, run: str = _RUN) -> dict[str, Any]:
        """The grid's figures, the categories that make its score, its heaviest cases."""

        def question(ask: Ask) -> dict[str, Any]:
            found = _run(ask, run)
            risk = ask.risk.grids(found.run_id).get(grid)
            if risk is None:
                raise HTTPException(404, "本次测算中没有这个网格")
            parts = ask.risk.parts(found, grid)
            return {**head(ask, Filters()), "run_id": found.run_id, "risk": asdict(risk), **asdict(parts)}

        return await answer(warehouse, question)


def _run(ask: Ask, key: str) -> Run:
    if key and key not in {run.key for run in ask.risk.runs}:
        raise BadRequestError(f"没有这个测算；可用：{'、'.join(run.key for run in ask.risk.runs)}")
    try:
        return ask.risk.run(key)
    except LookupError as error:
        raise HTTPException(404, str(error)) from error
