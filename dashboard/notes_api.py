"""Notes on curves over HTTP: those that belong to a question, writing one, removing one's own."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi import Path as InPath
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dashboard import events
from dashboard.api import answer, in_words, split_keys, strict_filters, with_filters
from dashboard.ask import Ask
from dashboard.described import Day
from dashboard.filters import EARLIEST, VIEW_KEYS, Filters, parse
from dashboard.metrics.catalog import BY_KEY
from dashboard.notes import COUNTY, KIND_WORDS, Mark, NoSuchNoteError, Notes, notes_for, of_events, of_places
from dashboard.reader import LONGEST_NAME, Reader, Readers, cleaned
from dashboard.refusal import RefusedError
from dashboard.warehouse import Lender
from dashboard.writes import read, with_body

ID = InPath(description="批注编号", pattern=r"^[\w-]{1,40}$")


class NoteWish(BaseModel):
    """What is to be written on a curve; `query` are the page's conditions, of which the places are kept."""

    model_config = ConfigDict(extra="forbid")

    day: Day = Field(title="日期")
    text: Annotated[str, AfterValidator(cleaned)] = Field(title="批注", min_length=1, max_length=events.LONGEST_TEXT)
    metric: str = Field("", title="指标", max_length=64)
    query: str = Field("", title="条件", max_length=4000)
    public: bool = Field(True, title="公开", strict=True)
    name: str = Field("", title="姓名", max_length=LONGEST_NAME)


def add_notes(api: FastAPI, warehouse: Lender, *, notes: Notes, readers: Readers) -> None:
    """Add /notes to the API."""
    api.add_exception_handler(NoSuchNoteError, in_words(404))
    _add_list(api, warehouse, notes=notes, readers=readers)
    _add_writes(api, warehouse, notes=notes, readers=readers)


def _add_list(api: FastAPI, warehouse: Lender, *, notes: Notes, readers: Readers) -> None:
    @api.get("/notes", summary="曲线上的批注、口径变化与专项行动", openapi_extra=with_filters())
    async def listed(
        request: Request, metrics: str = Query("", description="曲线的指标键，逗号分隔", max_length=400)
    ) -> dict[str, Any]:
        """The marks inside the period and the places of these filters, in the order of their days."""

        def question(ask: Ask) -> dict[str, Any]:
            reader = readers.of(request)
            marks = (*notes.seen_by(reader), *of_events(events.known()))
            filters = strict_filters(ask, request, own_keys=("metrics", *VIEW_KEYS))
            found = notes_for(marks, filters, split_keys(metrics))
            place = of_places(filters).describe(ask.vocabulary).partition(" · ")[2] or ask.place
            today = ask.info.as_of.date().isoformat()
            told = [mark_json(mark, reader) for mark in found]
            return {"name": reader.name, "is_known": reader.is_known, "place": place, "as_of": today, "notes": told}

        return await answer(warehouse, question)


def mark_json(mark: Mark, reader: Reader) -> dict[str, Any]:
    """A mark as the API says it; who owns it stays here."""
    told = {key: getattr(mark, key) for key in ("id", "text", "kind", "author", "made_at", "is_public")}
    return told | {
        "day": mark.day.isoformat(),
        "kind_name": KIND_WORDS[mark.kind],
        "metric_name": "、".join(BY_KEY[key].name for key in mark.metrics),
        "is_mine": bool(reader.id) and mark.owner == reader.id,
    }


def _add_writes(api: FastAPI, warehouse: Lender, *, notes: Notes, readers: Readers) -> None:
    @api.post("/notes", summary="写批注", status_code=201, openapi_extra=with_body(NoteWish))
    async def write(request: Request, response: Response) -> dict[str, Any]:
        """Keeps the note and answers with it."""
        wish = await read(request, NoteWish)
        as_of, places = await answer(warehouse, lambda ask: (ask.info.as_of, _places(ask, wish.query)))
        if not EARLIEST <= wish.day <= as_of.date():
            raise RefusedError(f"日期须在 {EARLIEST} 至数据截至日 {as_of.date()} 之间")
        if wish.metric and wish.metric not in BY_KEY:
            raise RefusedError(f"没有指标“{wish.metric[:20]}”")
        return await asyncio.to_thread(keep, request, response, wish, places)

    def keep(request: Request, response: Response, wish: NoteWish, places: Filters) -> dict[str, Any]:
        reader = readers.welcome(request, response, wish.name.strip())
        mark = notes.write(
            reader, day=wish.day, text=wish.text, metric=wish.metric, places=places, is_public=wish.public
        )
        return mark_json(mark, reader)

    @api.delete("/notes/{id}", summary="删除自己写的批注", status_code=204)
    def delete(request: Request, id: str = ID) -> Response:
        """Only the reader's own; another's is 404."""
        notes.delete(readers.of(request), id)
        return Response(status_code=204)


def _places(ask: Ask, query: str) -> Filters:
    """The places of a page's conditions, as far as the snapshot knows them; without any, all that the writer sees."""
    places = of_places(parse(query, ask.vocabulary).filters)
    return places if places != COUNTY else of_places(ask.scoped(places))
