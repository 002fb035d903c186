"""Is it the right password, and is it one that may be used? Argon2id; a name that is unknown costs the same time."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST, LONGEST = 10, 128
CLEAR_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""None that is taken for another when it is read aloud or copied by hand."""

NOT_TEXT = "密码不是 UTF-8 文字"


class PasswordError(Exception):
    """A password that may not be used; the text says why, for a person."""


def fold(name: str) -> str:
    """A name as it is compared: full-width and upper-case variants are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def is_text(typed: str) -> bool:
    """Is it made of characters, and of no bytes that Python could not read as any?"""
    return not any(0xD800 <= ord(character) < 0xE000 for character in typed)


def check(password: str, name: str) -> None:
    """Raises `PasswordError` unless this may be the password of the account of that name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"密码须为 {SHORTEST} 至 {LONGEST} 个字符")
    if not is_text(password):
        raise PasswordError(NOT_TEXT)
    if fold(password) == fold(name):
        raise PasswordError("密码不能与账号相同")
    if len(set(password)) == 1:
        raise PasswordError("密码不能是同一个字符")


def made_up(length: int = 16) -> str:
    """A random password or code of clear letters, five bits each."""
    return "".join(secrets.choice(CLEAR_LETTERS) for _ in range(length))


class Hashes:
    """Hashes and verifies; about 50 ms and 64 MB at a time, so never on the event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._of_nobody = self._hasher.hash(secrets.token_urlsafe())

    def of(self, password: str) -> str:
        """The hash to keep."""
        return self._hasher.hash(_typed(password))

    def fits(self, password: str, kept: str | None) -> bool:
        """Is it the password of the kept hash? Without one, false after the same work."""
        try:
            return self._hasher.verify(kept or self._of_nobody, _typed(password)) and kept is not None
        except (Argon2Error, InvalidHashError):
            return False


def _typed(password: str) -> str:
    """The same characters, however the keyboard or the input method composed them."""
    return unicodedata.normalize("NFKC", password)
