"""Where did the chain end? Said beside it, so that a tail cut off is missed: without it the chain still holds."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

START = "0" * 64
"""What stands for the hash before the first record."""
PATIENCE_SECONDS = 10.0
"""A busy disk may keep a queue of writers waiting for seconds; whoever waits longer is refused."""
AGAIN_SECONDS = 0.002
LONGEST = 200
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
        self.trail = trail
        self._path = head_path(trail)
        self._key = key
        self._turn = Lock()

    def read(self) -> Head | None:
        """What the file says; None where it is missing or was not written with this key."""
        try:
            with locked(self._path, os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                return self.parsed(os.pread(descriptor, LONGEST, 0))
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
            file.write(self.line(Head()))

    @contextmanager
    def held(self) -> Iterator[HeldHead]:
        """The file, with every other thread and process that would append waiting for it."""
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise _too_long()
        try:
            with locked(self._path, os.O_RDWR, fcntl.LOCK_EX) as descriptor:
                yield HeldHead(self, descriptor)
        finally:
            self._turn.release()

    def line(self, head: Head) -> bytes:
        """What the file holds, always of the same length."""
        said = f"{head.seq:020d} {head.hash}"
        return f"{said} {self._seal(said)}\n".encode()

    def parsed(self, said: bytes) -> Head | None:
        """What the file's bytes say; None where they were not written with this key."""
        found = _LINE.fullmatch(said.decode("ascii", "replace"))
        head = Head(int(found[1]), found[2]) if found else None
        return head if head and hmac.compare_digest(self.line(head), said) else None

    def _seal(self, said: str) -> str:
        text = f"head {said}".encode()
        return (hmac.new(self._key, text, hashlib.sha256) if self._key else hashlib.sha256(text)).hexdigest()


@dataclass(frozen=True)
class HeldHead:
    """The head while nobody else can move it."""

    file: HeadFile
    descriptor: int

    def read(self) -> Head | None:
        """What the file says; None where it was not written with this key."""
        return self.file.parsed(os.pread(self.descriptor, LONGEST, 0))

    def read_unsigned(self) -> Head | None:
        """What a file says that was written before there was a key; None where it was not."""
        return HeadFile(self.file.trail, b"").parsed(os.pread(self.descriptor, LONGEST, 0))

    def move(self, head: Head) -> None:
        """Say the new end: in place, so that a full disk cannot stop it."""
        os.pwrite(self.descriptor, self.file.line(head), 0)


@contextmanager
def locked(path: Path, flags: int, how: int) -> Iterator[int]:
    """The open file or folder, locked. Tries often: SQLite's own waiting is a tenth of a second and starves some."""
    descriptor = os.open(path, flags)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not _lock(descriptor, how):
            if time.monotonic() > until:
                raise _too_long()
            time.sleep(AGAIN_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def _too_long() -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, "等待其他写入超时")


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
