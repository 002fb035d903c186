"""What may never leave the reader? Names, numbers and rows of persons."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from etl.errors import LoadError
from etl.mapping import clean_header
from etl.person_numbers import CODE, GAP, IDENTITY, MOBILE, MONTH_AND_DAY, REGION, START, STEP, digits

SALT_FILE = "pseudonym.key"

_MAYBE_MARK = r"[-\s－—·.]?"
"""In the usual groups one mark is enough, and no birthday is asked for."""
_OLD_NUMBER = re.compile(
    rf"(?<!\d)\d{{8}}(?:[0０][1-9１-９]|[1１][0-2０-２])(?:[0-2０-２]\d|[3３][01０１])\d{{3}}(?!\d)"
    rf"|{START}{REGION}{STEP}{digits(2)}{STEP}{MONTH_AND_DAY}{STEP}{digits(3)}(?!\d)"
)
"""A certificate of before 1999. Codes of grids, of fifteen digits as well, look like it now and then."""
_MAYBE_NUMBER = re.compile(r"[\dA-ZＡ-Ｚ]")
"""Most titles have none of these, and nothing to look for."""
_MASKS = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        # The usual groups first: a room's or another person's number before them is not taken for the beginning.
        (
            rf"(?<!\d)\d{{6}}{_MAYBE_MARK}\d{{4}}{_MAYBE_MARK}\d{{4}}{_MAYBE_MARK}\d{{3}}[\dXxＸｘ](?!\d)",
            "[证件号已隐去]",
        ),
        (r"(?<!\d)(?:\d{16,19}|\d{4}(?:[-\s]\d{4}){3}(?:[-\s]?\d{1,3})?)(?!\d)", "[账号已隐去]"),
        (rf"(?<!\d){CODE}[1１]\d{{2}}{_MAYBE_MARK}\d{{4}}{_MAYBE_MARK}\d{{4}}(?!\d)", "[电话已隐去]"),
        (IDENTITY, "[证件号已隐去]"),
        (MOBILE, "[电话已隐去]"),
        (rf"(?<!\d){CODE}[0０]\d{{2,3}}{GAP}\d{{7,8}}(?!\d)", "[电话已隐去]"),
        # In three groups an area's code and no other: rooms and serial numbers are listed as 0101/0102/0103.
        (
            rf"(?<!\d){CODE}[0０](?:[1１][0０]|[2２]\d|[3-9３-９]\d\d){STEP}(?<!\d)[1-9１-９]\d{{2,3}}{STEP}\d{{4}}(?!\d)",
            "[电话已隐去]",
        ),
        (
            rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-ZＡ-Ｚ]{GAP}[A-Z0-9Ａ-Ｚ０-９]{{5,6}}",
            "[车牌已隐去]",
        ),
    )
)


def refuse_forbidden(header: Sequence[str], declared: Iterable[str], rules: Sequence[Mapping[str, str]]) -> None:
    """Stop the load if a column may not come in. Raises `LoadError` naming the column and the reason.

    Columns on the refuse list stop it always; columns that look like personal data stop it unless the mapping
    declares what happens to them.
    """
    allowed = {clean_header(name) for name in declared}
    for place, name in enumerate(header, start=1):
        plain = clean_header(name).lower()
        for rule in rules:
            if rule["pattern"] not in plain:
                continue
            if rule["handling"] == "refuse" or clean_header(name) not in allowed:
                # Not what stands there: where a file has no header, it is somebody's row.
                raise LoadError(
                    f"第 {place} 列（列名含“{rule['pattern']}”）不得导入：{rule['reason']}。"
                    "请在来源系统导出时去掉该列后重试"
                )


def read_salt(warehouse: Path) -> bytes:
    """The warehouse's own key for pseudonyms, made at the first load and readable by its owner only."""
    path = warehouse / SALT_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


def pseudonym(salt: bytes, text: str) -> str:
    """A keyed hash of an identifier (HMAC-SHA256, 128 bits), or '' for an empty one."""
    plain = text.strip().upper()
    return hmac.new(salt, plain.encode(errors="replace"), hashlib.sha256).hexdigest()[:32] if plain else ""


def mask(text: str, *, has_codes: bool = False) -> str:
    """Free text with certificate, account, phone and plate numbers replaced by words.

    `has_codes`: codes of grids are to be legible in it, and with them certificates of fifteen digits.
    """
    if not _MAYBE_NUMBER.search(text):
        return text
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text if has_codes else _OLD_NUMBER.sub("[证件号已隐去]", text)
