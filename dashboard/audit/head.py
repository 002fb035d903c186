"""Where did the chain end? Said beside it, so that a tail cut off is missed: without it the chain still holds."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START = "0" * 64
"""What stands for the hash before the first record."""
_LINE = re.compile(r"(\d{20}) ([0-9a-f]{64}) [0-9a-f]{64}\n", re.ASCII)


@dataclass(frozen=True)
class Head:
    """The last record's number and hash; number 0 before the first."""

    seq: int = 0
    hash: str = START


def head_path(trail: Path) -> Path:
    """Where the end of a trail is said once more."""
    return trail.with_name(f"{trail.name}.head")


class HeadFile:
    """The file with the end of one trail, sealed with the trail's key. Everything raises `OSError`."""

    def __init__(self, trail: Path, key: bytes) -> None:
        self._path = head_path(trail)
        self._key = key

    def read(self) -> Head | None:
        """What the file says; None where it is missing or was not written with this key."""
        try:
            return self._parsed(self._path.read_bytes())
        except FileNotFoundError:
            return None

    def begin(self) -> None:
        """Make the file of an empty trail, readable by its owner only; one that is there stays as it is.

        Whoever calls holds the trail against other processes.
        """
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._line(Head()))

    def move(self, head: Head) -> None:
        """Say the new end, unless another process has said a later one already, or the file is not what it was.

        The line always has the same length and is written in place: a full disk cannot stop it.
        """
        with _locked(self._path) as descriptor:
            said = self._parsed(os.pread(descriptor, 200, 0))
            if said and said.seq < head.seq:
                os.pwrite(descriptor, self._line(head), 0)

    def _line(self, head: Head) -> bytes:
        said = f"{head.seq:020d} {head.hash}"
        return f"{said} {self._seal(said)}\n".encode()

    def _seal(self, said: str) -> str:
        text = f"head {said}".encode()
        return (hmac.new(self._key, text, hashlib.sha256) if self._key else hashlib.sha256(text)).hexdigest()

    def _parsed(self, said: bytes) -> Head | None:
        found = _LINE.fullmatch(said.decode("ascii", "replace"))
        head = Head(int(found[1]), found[2]) if found else None
        return head if head and hmac.compare_digest(self._line(head), said) else None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
