"""The same brief is the same file: an Office package with the data's time wherever a clock was read."""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_CLOCK = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def steady(package: bytes, made: datetime) -> bytes:
    """The package with the same parts in the same order, dated `made`; so too the workbooks within it."""
    out = BytesIO()
    with ZipFile(BytesIO(package)) as read, ZipFile(out, "w", ZIP_DEFLATED) as written:
        for name in read.namelist():
            dated = ZipInfo(name, made.timetuple()[:6])
            written.writestr(dated, _part(name, read.read(name), made), ZIP_DEFLATED)
    return out.getvalue()


def _part(name: str, content: bytes, made: datetime) -> bytes:
    if name.endswith(".xlsx"):
        return steady(content, made)
    if name == "docProps/core.xml":
        return _CLOCK.sub(rb"\g<1>" + f"{made:%Y-%m-%dT%H:%M:%SZ}".encode(), content)
    return content
