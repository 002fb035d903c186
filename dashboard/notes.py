"""What did people write on the curves? A sentence on a day, by whom and when, for oneself or for all."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dashboard.clock import Clock
from dashboard.events import LONGEST_TEXT, Event
from dashboard.filters import Filters, parse
from dashboard.reader import Reader, written_at
from dashboard.refusal import RefusedError
from dashboard.store import Store

MOST_NOTES = 500
PLACES = ("town", "village", "grid")
KIND_WORDS = {"note": "批注", "change": "口径", "action": "行动"}

COUNTY = Filters()

TABLE = f"""create table if not exists curve_note (
  id text primary key, owner text not null, author text not null, day text not null,
  text text not null check (length(text) between 1 and {LONGEST_TEXT}),
  metric text not null, places text not null, is_public integer not null, made_at text not null
) strict"""


class NoSuchNoteError(Exception):
    """There is no note under that id, or it is not the reader's to remove."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One thing to draw on a curve: a reader's note, a change of a definition, or an action.

    No metrics means every curve; `places` are the towns, villages and grids it is about, none for the county.
    """

    day: date
    text: str
    kind: str = "note"
    metrics: tuple[str, ...] = ()
    places: Filters = COUNTY
    author: str = ""
    made_at: str = ""
    id: str = ""
    owner: str = ""
    is_public: bool = True

    @property
    def words(self) -> str:
        """The mark as one line, as charts' tables and files print it."""
        by = f"（{self.author} {self.made_at[:10]}）" if self.author else ""
        return f"{self.day.isoformat()} {KIND_WORDS[self.kind]}：{self.text}{by}"


class Notes:
    """The notes of all readers."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store, self._clock = store, clock
        store.declare(TABLE)

    def write(self, reader: Reader, *, day: date, text: str, metric: str, places: Filters, is_public: bool) -> Mark:
        """Keep a note. Raises `RefusedError` past the limit."""
        kept = self._store.rows("select count(*) as n from curve_note where owner = :owner", {"owner": reader.id})
        if kept[0]["n"] >= MOST_NOTES:
            raise RefusedError(f"每人至多写 {MOST_NOTES} 条批注，请先删除不用的")
        row = {
            "id": secrets.token_urlsafe(12),
            "owner": reader.id,
            "author": reader.name,
            "day": day.isoformat(),
            "text": text,
            "metric": metric,
            "places": of_places(places).to_query(),
            "is_public": int(is_public),
            "made_at": written_at(self._clock),
        }
        self._store.write(
            "insert into curve_note values (:id, :owner, :author, :day, :text, :metric, :places, :is_public, :made_at)",
            row,
        )
        return _mark(row)

    def seen_by(self, reader: Reader) -> tuple[Mark, ...]:
        """The reader's own notes and those for all, in the order of their days."""
        rows = self._store.rows(
            "select * from curve_note where owner = :owner or is_public = 1 order by day, made_at, rowid",
            {"owner": reader.id},
        )
        return tuple(_mark(row) for row in rows)

    def delete(self, reader: Reader, id: str) -> None:
        """Remove a note of one's own. Raises `NoSuchNoteError`."""
        if not self._store.write(
            "delete from curve_note where id = :id and owner = :owner", {"id": id, "owner": reader.id}
        ):
            raise NoSuchNoteError("没有这条批注，或者它不是您写的")


def _mark(row: dict[str, object]) -> Mark:
    said = {key: str(row[key]) for key in ("id", "owner", "author", "text", "made_at")}
    metrics = (str(row["metric"]),) if row["metric"] else ()
    return Mark(
        day=date.fromisoformat(str(row["day"])),
        metrics=metrics,
        places=parse(str(row["places"])).filters,
        is_public=bool(row["is_public"]),
        **said,
    )


def of_places(filters: Filters) -> Filters:
    """Only the places of filters."""
    return Filters().replace(**{place: filters.values(place) for place in PLACES})


def of_events(events: Iterable[Event]) -> tuple[Mark, ...]:
    """Events as marks."""
    return tuple(Mark(day=e.day, text=e.text, kind=e.kind, metrics=e.metrics) for e in events)


def notes_for(marks: Iterable[Mark], filters: Filters, metrics: Iterable[str] = ()) -> tuple[Mark, ...]:
    """The marks that belong on a curve of these metrics under these filters, in the order of their days.

    A mark about places is shown where every one of them is chosen; one about the county everywhere. Without metrics,
    marks of every metric are given.
    """
    drawn = set(metrics)
    found = [
        mark
        for mark in marks
        if (filters.since is None or filters.since <= mark.day)
        and (filters.until is None or mark.day < filters.until)
        and (not mark.metrics or not drawn or drawn & set(mark.metrics))
        and all(set(mark.places.values(place)) <= set(filters.values(place)) for place in PLACES)
    ]
    return tuple(sorted(found, key=lambda mark: mark.day))
