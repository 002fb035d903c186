"""Who is reading? The person of an account; where nobody logs in, a browser that was given a key once."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass

from fastapi import Request, Response

from dashboard.auth.identity import Identity, known
from dashboard.clock import Clock
from dashboard.refusal import RefusedError
from dashboard.store import Store
from etl.person_numbers import IDENTITY, MOBILE

COOKIE = "yiping_reader"
KEY = re.compile(r"[\w-]{32}", re.ASCII)
OF_A_PERSON = re.compile(f"{IDENTITY}|{MOBILE}")
"""An identity number with a possible birthday, or a mobile number; not the long number of a case or a grid."""
A_YEAR = 365 * 24 * 3600
LONGEST_NAME = 20

TABLE = """create table if not exists reader (id text primary key, name text not null) strict"""


@dataclass(frozen=True)
class Reader:
    """One browser's person; `id` is not the key in the cookie, so that what is kept opens nothing.

    Who is known by an account keeps its name.
    """

    id: str
    name: str = ""
    is_known: bool = False


NOBODY = Reader("")
"""Someone who has written nothing yet."""


def written_at(clock: Clock | None) -> str:
    """The server's time as it is kept; empty where the server tells none."""
    return clock().isoformat(timespec="seconds") if clock else ""


def cleaned(text: str) -> str:
    """One line of a person's words: no control characters, single spaces.

    Raises `ValueError` when nothing is left, and for the number of a person: others read these words.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not line:
        raise ValueError("不能为空")
    # As it stands as well: of ① before a number, NFKC makes one more digit of it.
    if any(OF_A_PERSON.search(form) for form in (line, unicodedata.normalize("NFKC", line))):
        raise ValueError("不能写身份证号、手机号")
    return line


class Readers:
    """The readers known here: people of accounts, and without log-in browsers. The only place that knows the cookie."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(TABLE)

    def of(self, request: Request) -> Reader:
        """Who sends a request; `NOBODY` without an account, and without a key that was given here."""
        person = known()
        if person is not None:
            return _person(person)
        key = request.cookies.get(COOKIE, "")
        if not KEY.fullmatch(key):
            return NOBODY
        found = self._store.rows("select id, name from reader where id = :id", {"id": _id(key)})
        return Reader(found[0]["id"], found[0]["name"]) if found else NOBODY

    def welcome(self, request: Request, response: Response, name: str) -> Reader:
        """Who writes: the reader known already, or a new one whose key goes out with the answer.

        A new name takes the place of the old one. Raises `RefusedError` where there is no name at all.
        """
        reader = self.of(request)
        if reader.is_known:
            return reader
        name = name or reader.name
        if not name:
            raise RefusedError("请先写上姓名，别人才知道是谁写的")
        if reader == NOBODY:
            return self.meet(response, name)
        if name == reader.name:
            return reader
        self._store.write("update reader set name = :name where id = :id", {"id": reader.id, "name": name})
        return Reader(reader.id, name)

    def meet(self, response: Response, name: str = "") -> Reader:
        """A new reader, whose key goes out with the answer; somebody with an account is one already."""
        person = known()
        if person is not None:
            return _person(person)
        key = secrets.token_urlsafe(24)
        response.set_cookie(COOKIE, key, max_age=A_YEAR, httponly=True, samesite="strict")
        reader = Reader(_id(key), name)
        self._store.write("insert into reader (id, name) values (:id, :name)", {"id": reader.id, "name": name})
        return reader


def _person(identity: Identity) -> Reader:
    """The same for every log-in of an account; a token's or a wall's is its own."""
    return Reader(_id(identity.key), identity.shown_name or identity.name, is_known=True)


def _id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]
