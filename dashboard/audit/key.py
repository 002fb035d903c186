"""Which secret seals the trail? One from the environment, or one that the first start makes beside the trail.

A record's `key` says how it is sealed: empty by SHA-256 alone, as all were before there were keys; else by HMAC-SHA-256
with the key of that mark. Records of the first kind stand only before those of the second.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dashboard.audit.record import AuditError

VARIABLE = "YIPING_AUDIT_KEY"
SHORTEST_KEY = 32
SHORTEST_TEXT = 43
"""So many characters hold 32 random bytes as `secrets.token_urlsafe(32)` writes them."""
FEWEST_DIFFERENT = 10
"""Of 32 random bytes, or of 64 random hexadecimal digits, fewer different ones are never seen."""
_KNOWN = re.compile(rb"change.?me|secret|password|default|example|yiping|qwerty|12345678|abcdefg")
"""What stands in keys that somebody has thought of; of ten million random ones hardly one holds any of it."""


def key_path(trail: Path) -> Path:
    """Where the key of a trail lies that is not in the environment."""
    return trail.with_suffix(".key")


def found_key(trail: Path, environment: Mapping[str, str] = os.environ) -> bytes:
    """The key of a trail; empty where there is none yet. Raises `AuditError` for one that is weak or not private."""
    said = environment.get(VARIABLE)
    if said is not None:
        return _strong(said.encode(), f"环境变量 {VARIABLE}", shortest=SHORTEST_TEXT)
    path = key_path(trail)
    return read_key(path) if path.exists() else b""


def make_key(trail: Path) -> bytes:
    """A new key in its file, which only its owner reads: whole on disk, or not there. Raises `OSError`."""
    key = secrets.token_bytes(SHORTEST_KEY)
    descriptor, made = tempfile.mkstemp(prefix="audit-key-", dir=trail.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(descriptor)
    Path(made).rename(key_path(trail))
    return key


def read_key(path: Path) -> bytes:
    """The secret in a file. Raises `AuditError` where it is missing, weak, or readable by others."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise AuditError(f"审计密钥文件 {path} 不能让他人读取：请执行 chmod 600")
        key = path.read_bytes()
    except OSError as error:
        raise AuditError(f"无法读取审计密钥文件 {path}（{error.strerror}）") from error
    return _strong(key, f"审计密钥文件 {path}", shortest=SHORTEST_KEY)


def _strong(key: bytes, name: str, *, shortest: int) -> bytes:
    """The key itself. Raises `AuditError` for one that somebody could guess."""
    advice = "可用 python -c 'import secrets; print(secrets.token_urlsafe(32))' 生成"
    if len(key) < shortest:
        raise AuditError(f"{name} 过短：至少 {shortest} 字节随机内容；{advice}")
    if len(set(key)) < FEWEST_DIFFERENT or key in (key + key)[1:-1]:
        raise AuditError(f"{name} 有重复，容易猜到；{advice}")
    if _KNOWN.search(key.lower()):
        raise AuditError(f"{name} 像是示例或默认值，容易猜到；{advice}")
    return key
