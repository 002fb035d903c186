"""What opens something here? 256 random bits, of which only the hash is kept: who reads the store can open nothing."""

from __future__ import annotations

import hashlib
import secrets


def new_key() -> str:
    """A key that nobody guesses."""
    return secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
