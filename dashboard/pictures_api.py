"""Who takes a picture of a panel, and what for? It is drawn in the browser, framed by what stands on record here."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI, Query, Request

from dashboard.api import answer, strict_filters, with_filters
from dashboard.ask import Ask
from dashboard.audit.of_files import put_file
from dashboard.audit.recorder import Recorder
from dashboard.export.about import DEMO
from dashboard.export.names import scope_and_time
from dashboard.export_request import OWN_KEYS
from dashboard.stamps import PURPOSE, Stamps
from dashboard.warehouse import Lender


def add_pictures(api: FastAPI, warehouse: Lender, *, stamps: Stamps, record: Recorder | None = None) -> None:
    """Add /pictures to the API: the frame of a picture, handed over once the picture is on record."""

    @api.post("/pictures", summary="存为图片：先记入审计，再给图框里的文字", openapi_extra=with_filters())
    async def picture(
        request: Request,
        format: Literal["png", "svg"] = Query(description="png、svg"),
        panel: str = Query(description="哪个面板，如 trend-panel", pattern="^[a-z][a-z0-9-]{0,40}$"),
        purpose: str = PURPOSE,
    ) -> dict[str, Any]:
        """Without a checksum: the picture does not exist yet, and no server sees it."""

        def question(ask: Ask) -> dict[str, Any]:
            info, stamp = ask.info, stamps.of(request)
            filters = strict_filters(ask, request, own_keys=(*OWN_KEYS, "panel"))
            said = {"filters": filters.conditions(), "snapshot": info.snapshot, **stamp.said}
            put_file(record, "picture_taken", said, content=panel, format=format)
            return {
                "filters_in_words": filters.describe(ask.vocabulary),
                "as_of": info.as_of.isoformat(),
                "snapshot": info.snapshot,
                "county": info.region,
                "demo": DEMO if info.is_demo else "",
                "mark": stamp.mark,
                "name": scope_and_time(filters, info, ask.vocabulary),
            }

        return await answer(warehouse, question)
