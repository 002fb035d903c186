"""Which views did people keep? A page, its conditions and its dates under a title; to open one is to follow a link."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard import intent, rolling
from dashboard.ask import Ask
from dashboard.clock import Clock
from dashboard.filters import Vocabulary, parse
from dashboard.reader import Reader, written_at
from dashboard.refusal import RefusedError
from dashboard.store import Store

LONGEST_TITLE = 40
MOST_VIEWS = 200
LONGEST_QUERY = 4000
FIXED = "fixed"

VIEWS = """create table if not exists saved_view (
  id text primary key, owner text not null, author text not null, title text not null, path text not null,
  query text not null, rule text not null, is_shared integer not null, made_at text not null
) strict"""
HOMES = "create table if not exists home_view (reader text primary key, view text not null) strict"


FREE_WORDS = ("case", "match", "limits")
"""What in a query may name a case or a place without being a code that a reader's own places can be held against."""


class NoSuchViewError(Exception):
    """There is no view under that id, or it is not the reader's to change."""


@dataclass(frozen=True, kw_only=True)
class View:
    """One kept view. `rule` is the relative period (dashboard/rolling.py), or `fixed` for the dates in `query`."""

    id: str
    owner: str
    author: str
    title: str
    path: str
    query: str
    rule: str
    is_shared: bool
    made_at: str

    def address(self, today: date) -> str:
        """The page with the concrete conditions on the day of the data."""
        filters = parse(self.query).filters
        if self.rule != FIXED:
            since, until = rolling.period(self.rule, today)
            filters = filters.shifted(since=since, until=until)
        return f"{self.path}?{intent.query(filters)}"

    def is_for(self, reader: Reader, ask: Ask) -> bool:
        """May who asks know of it? Who may see some towns only: where it names no place or case of others."""
        if ask.towns is None:
            return True
        parsed = parse(self.query, ask.vocabulary)
        is_own = bool(reader.id) and self.owner == reader.id
        return not parsed.notes and (is_own or not any(getattr(parsed.filters, key) for key in FREE_WORDS))

    def words(self, vocabulary: Vocabulary, today: date) -> str:
        """Its conditions as a sentence, the period by its rule where it has one."""
        said = parse(self.address(today).partition("?")[2], vocabulary).filters.describe(vocabulary)
        if self.rule == FIXED:
            return said
        return " · ".join([f"{rolling.words(self.rule)}（随日期滚动）", *said.split(" · ")[1:]])


class Views:
    """The kept views of all readers."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store, self._clock = store, clock
        store.declare(VIEWS)
        store.declare(HOMES)

    def save(self, reader: Reader, *, title: str, path: str, query: str, rule: str, is_shared: bool) -> View:
        """Keep a view. Raises `RefusedError` past the limit or for a query that is not understood."""
        kept = self._store.rows("select count(*) as n from saved_view where owner = :owner", {"owner": reader.id})
        if kept[0]["n"] >= MOST_VIEWS:
            raise RefusedError(f"每人至多保存 {MOST_VIEWS} 个视图，请先删除不用的")
        view = View(
            id=secrets.token_urlsafe(12),
            owner=reader.id,
            author=reader.name,
            title=title,
            path=path,
            query=_checked(query, rule),
            rule=rule,
            is_shared=is_shared,
            made_at=written_at(self._clock),
        )
        self._store.write(
            "insert into saved_view values (:id, :owner, :author, :title, :path, :query, :rule, :is_shared, :made_at)",
            {**vars(view), "is_shared": int(is_shared)},
        )
        return view

    def find(self, reader: Reader, id: str) -> View:
        """One view, the reader's own or a shared one. Raises `NoSuchViewError`, for another's private one too."""
        found = self._store.rows(
            "select * from saved_view where id = :id and (is_shared = 1 or owner = :owner)",
            {"id": id, "owner": reader.id},
        )
        if not found:
            raise NoSuchViewError("没有这个视图：可能已被删除，或链接不完整")
        return _view(found[0])

    def listed(self, reader: Reader) -> tuple[View, ...]:
        """The reader's own views and those that others share, newest first."""
        rows = self._store.rows(
            "select * from saved_view where owner = :owner or is_shared = 1 order by made_at desc, rowid desc",
            {"owner": reader.id},
        )
        return tuple(_view(row) for row in rows)

    def delete(self, reader: Reader, id: str) -> None:
        """Remove a view of one's own, and let go of it where it was a home. Raises `NoSuchViewError`."""
        gone = self._store.write(
            "delete from saved_view where id = :id and owner = :owner", {"id": id, "owner": reader.id}
        )
        if not gone:
            raise NoSuchViewError("没有这个视图，或者它不是您保存的")
        self._store.write("delete from home_view where view = :id", {"id": id})

    def home(self, reader: Reader) -> str:
        """The id of the view a reader begins with; empty for none."""
        found = self._store.rows(
            "select view from home_view join saved_view on id = view where reader = :reader", {"reader": reader.id}
        )
        return str(found[0]["view"]) if found else ""

    def set_home(self, reader: Reader, id: str) -> None:
        """Begin with this view; an empty id goes back to the ordinary beginning. Raises `NoSuchViewError`."""
        if not id:
            self._store.write("delete from home_view where reader = :reader", {"reader": reader.id})
            return
        self._store.write(
            "insert into home_view values (:reader, :view) on conflict (reader) do update set view = excluded.view",
            {"reader": reader.id, "view": self.find(reader, id).id},
        )


def _view(row: dict[str, Any]) -> View:
    return View(**{**row, "is_shared": bool(row["is_shared"])})


def _checked(query: str, rule: str) -> str:
    """A query as it is kept: nothing in it that is not understood, and no dates where a rule gives them."""
    parsed = parse(query)
    if parsed.notes:
        raise RefusedError("；".join(parsed.notes).replace("已忽略", "不能保存"))
    if rule == FIXED:
        return parsed.filters.to_query()
    try:
        rolling.words(rule)
    except rolling.UnknownRuleError as error:
        raise RefusedError(str(error)) from None
    return parsed.filters.shifted(since=None, until=None).to_query()
