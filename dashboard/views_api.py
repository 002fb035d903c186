"""Saved views over HTTP: list, save, delete, choose the home view; and /v/<id>, which opens one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi import Path as InPath
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dashboard import rolling
from dashboard.api import answer, in_words, strict_filters, with_filters
from dashboard.ask import Ask
from dashboard.auth.identity import known
from dashboard.filters import VIEW_KEYS, Filters, describe_period, parse
from dashboard.reader import LONGEST_NAME, Reader, Readers, cleaned
from dashboard.refusal import RefusedError
from dashboard.scope import within
from dashboard.store import StoreError
from dashboard.views import FIXED, LONGEST_QUERY, LONGEST_TITLE, NoSuchViewError, View, Views
from dashboard.warehouse import Lender
from dashboard.web.answers import page
from dashboard.writes import read, with_body
from etl.contract import NoSnapshotError

ID = InPath(description="视图编号", pattern=r"^[\w-]{1,40}$")
Line = Annotated[str, AfterValidator(cleaned)]


class ViewWish(BaseModel):
    """What is to be kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Line = Field(title="标题", min_length=1, max_length=LONGEST_TITLE)
    path: str = Field(title="页面", max_length=64)
    query: str = Field("", title="条件", max_length=LONGEST_QUERY)
    dates: str = Field(FIXED, title="日期方式", max_length=40)
    shared: bool = Field(False, title="共享")
    name: str = Field("", title="姓名", max_length=LONGEST_NAME)


class HomeWish(BaseModel):
    """Which view to begin with; empty for none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    view: str = Field(title="视图", max_length=40)


def add_views(
    server: FastAPI, api: FastAPI, warehouse: Lender, *, views: Views, readers: Readers, pages: Mapping[str, str]
) -> None:
    """Add /views and /home to the API and /v/<id> to the server; `pages` are the paths that can be kept, with names."""
    api.add_exception_handler(NoSuchViewError, in_words(404))
    _add_list(api, warehouse, views=views, readers=readers, pages=pages)
    _add_writes(api, views=views, readers=readers, pages=pages)
    _add_link(server, warehouse, views=views, readers=readers)


def _add_list(api: FastAPI, warehouse: Lender, *, views: Views, readers: Readers, pages: Mapping[str, str]) -> None:
    @api.get("/views", summary="已保存的视图", openapi_extra=with_filters())
    async def listed(request: Request) -> dict[str, Any]:
        """The reader's own and the shared views; `dates`: how the period of these filters can be kept."""

        def question(ask: Ask) -> dict[str, Any]:
            reader = readers.of(request)
            home, kept = views.home(reader), [view for view in views.listed(reader) if view.is_for(reader, ask)]
            filters = strict_filters(ask, request, own_keys=tuple(VIEW_KEYS))
            today = ask.info.as_of.date()
            told = [
                view_json(view, reader, is_home=view.id == home)
                | {"page": pages.get(view.path, view.path), "words": view.words(ask.vocabulary, today)}
                for view in kept
            ]
            return {"name": reader.name, "is_known": reader.is_known, "dates": ways(filters, today), "views": told}

        return await answer(warehouse, question)


def ways(filters: Filters, today: date) -> list[dict[str, str]]:
    """How a period can be kept: each rule it can be read as with what it comes to, and fixed."""
    rules = rolling.readings(filters.since, filters.until, today)
    rolls = [{"dates": rule, "words": f"随日期滚动 · {rolling.words(rule)}"} for rule in rules]
    return [*rolls, {"dates": FIXED, "words": f"固定日期 · {describe_period(filters)}"}]


def view_json(view: View, reader: Reader, *, is_home: bool) -> dict[str, Any]:
    """A view as the API says it; who owns it stays here."""
    told = {key: getattr(view, key) for key in ("id", "title", "path", "query", "author", "made_at", "is_shared")}
    is_mine = bool(reader.id) and view.owner == reader.id
    return told | {"dates": view.rule, "is_mine": is_mine, "is_home": is_home, "link": f"/v/{view.id}"}


def _add_writes(api: FastAPI, *, views: Views, readers: Readers, pages: Mapping[str, str]) -> None:
    @api.post("/views", summary="保存视图", status_code=201, openapi_extra=with_body(ViewWish))
    async def save(request: Request, response: Response) -> dict[str, Any]:
        """Keeps the page and its conditions under a title, and answers with the view."""
        wish = await read(request, ViewWish)
        if wish.path not in pages:
            raise RefusedError("这个页面不能保存为视图")
        return await asyncio.to_thread(keep, request, response, wish)

    def keep(request: Request, response: Response, wish: ViewWish) -> dict[str, Any]:
        reader = readers.welcome(request, response, wish.name.strip())
        query = _narrowed(wish.query)
        view = views.save(reader, title=wish.title, path=wish.path, query=query, rule=wish.dates, is_shared=wish.shared)
        return view_json(view, reader, is_home=False)

    @api.delete("/views/{id}", summary="删除自己保存的视图", status_code=204)
    def delete(request: Request, id: str = ID) -> Response:
        """Only the reader's own; another's is 404."""
        views.delete(readers.of(request), id)
        return Response(status_code=204)

    @api.put(
        "/home",
        summary="设为首页",
        status_code=204,
        openapi_extra=with_body(HomeWish),
        responses={404: {"description": "没有这个视图"}},
    )
    async def set_home(request: Request) -> Response:
        """The view that “/” opens with for this reader."""
        wish = await read(request, HomeWish)
        return await asyncio.to_thread(begin_with, request, wish.view)

    def begin_with(request: Request, view: str) -> Response:
        reader, answered = readers.of(request), Response(status_code=204)
        views.set_home(reader if reader.id else readers.meet(answered), view)
        return answered


def _narrowed(query: str) -> str:
    """A query as who saves it sees it: of who may see some towns only it names them, for those who open it as well."""
    person, parsed = known(), parse(query)
    if parsed.notes or person is None or person.towns is None:
        return query
    if not set(parsed.filters.town) <= set(person.towns):
        raise RefusedError("不能保存别的乡镇的视图")
    return within(parsed.filters, person.towns).to_query()


def _add_link(server: FastAPI, warehouse: Lender, *, views: Views, readers: Readers) -> None:
    @server.get("/v/{id}", include_in_schema=False)
    async def open_view(request: Request, id: str) -> Response:
        """The page of a view on the day of the data; 404 with a sentence where there is none for who asks."""

        def address(ask: Ask) -> str:
            reader = readers.of(request)
            view = views.find(reader, id)
            if not view.is_for(reader, ask):
                raise NoSuchViewError(id)
            return view.address(ask.info.as_of.date())

        try:
            return RedirectResponse(await answer(warehouse, address), 302)
        except NoSuchViewError:
            return page("没有这个视图", "可能已被删除，或者链接不完整。", 404)
        except (StoreError, NoSnapshotError) as error:
            return PlainTextResponse(str(error), status_code=503)
