"""What is one record of the audit trail, and what ties it to the one before? Its hash covers all that it says."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter, itemgetter
from typing import Any, Literal

from dashboard.audit.events import FactsError, canonical, is_line

Kind = Literal["person", "token", "wall", "operator", "server", "nobody"]
KINDS: Mapping[str, str] = {
    "person": "用户",
    "token": "令牌",
    "wall": "大屏",
    "operator": "命令行",
    "server": "服务",
    "nobody": "未登录",
}

_ADDRESS = re.compile(r"[0-9A-Za-z.:%_-]{0,64}")


class AuditError(Exception):
    """What was to be recorded is not, or cannot be read; the text says so, for a person. The action is refused."""


@dataclass(frozen=True)
class Who:
    """Who did it: the account's, token's or wall's name, its role, and what kind of visitor it is.

    Raises `FactsError` for what is no name, role or kind. Of a log-in that failed, only a name that is an account's
    belongs here: people type passwords where names go.
    """

    name: str
    role: str
    kind: Kind

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not all(not text or is_line(text) for text in (self.name, self.role)):
            raise FactsError("that is nobody who could be recorded")


NOBODY = Who("", "", "nobody")
SERVER = Who("", "", "server")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record. `at` is the server's time as ISO text, `facts` canonical JSON, `key` tells which key signed it."""

    seq: int
    at: str
    name: str
    role: str
    kind: str
    address: str
    event: str
    facts: str
    key: str
    previous: str
    hash: str = ""

    def sealed(self, key: bytes) -> Record:
        """This record with its own hash."""
        return replace(self, hash=seal(self, key))


COLUMNS = tuple(f.name for f in fields(Record))
_said = attrgetter(*COLUMNS[:-1])
_cells = itemgetter(*COLUMNS)


def seal(record: Record, key: bytes) -> str:
    """The hash over all other fields: SHA-256, keyed where there is a key."""
    said = encoded(record)
    return (hmac.new(key, said, hashlib.sha256) if key else hashlib.sha256(said)).hexdigest()


def encoded(record: Record) -> bytes:
    """All fields but the hash, in their order, in the one way they can be written."""
    return canonical(_said(record)).encode()


def record_of(row: Mapping[str, Any]) -> Record:
    """A row of the file as a record."""
    return Record(**dict(zip(COLUMNS, _cells(row), strict=True)))


def key_mark(key: bytes) -> str:
    """What tells keys apart without giving them away; "" for none."""
    return hmac.new(key, b"yiping audit key", hashlib.sha256).hexdigest()[:16] if key else ""


def address_of(text: str) -> str:
    """A network address as it is kept. Raises `FactsError` for what is none."""
    if not _ADDRESS.fullmatch(text):
        raise FactsError("that is no network address")
    return text
