"""What is the file called? So that a folder of exports can be told apart without opening one."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from dashboard.ask import SnapshotInfo
from dashboard.export.asked import Asked
from dashboard.filters import DIMENSIONS, Filters, Vocabulary, describe_period

PLACES = ("grid", "village", "town")
_UNSAFE = re.compile(r"[^\w（）-]+")


def file_name(asked: Asked, info: SnapshotInfo, vocabulary: Vocabulary, trace: str = "") -> str:
    """“受理事项_云溪镇_2026-03-01至2026-03-13_截至0314-0800.xlsx”: letters, digits, - and _ only."""
    what = "指标汇总" if asked.metrics else "受理事项"
    return traced(f"{what}_{scope_and_time(asked.filters, info, vocabulary)}.{asked.format}", trace)


def traced(name: str, trace: str) -> str:
    """The name with the number under which the file is on record, where the file has no room for it inside: a CSV."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}_{trace}.{ending}" if trace and ending == "csv" else name


def scope_and_time(filters: Filters, info: SnapshotInfo, vocabulary: Vocabulary) -> str:
    """The part of every file's name that says of where and when it is."""
    scope = _UNSAFE.sub("_", _scope(filters, vocabulary, info.region))[:40]
    period = describe_period(filters).replace(" ", "")
    return f"{scope}_{period}_截至{info.as_of:%m%d-%H%M}"


def download(name: str, sha256: bytes) -> dict[str, str]:
    """The headers of a file that goes out: saved under its name, its checksum told, kept by no cache."""
    return {
        "Content-Disposition": disposition(name),
        "Repr-Digest": f"sha-256=:{base64.b64encode(sha256).decode()}:",
        "Cache-Control": "no-store",
    }


def disposition(name: str) -> str:
    """The Content-Disposition of a download: the name as RFC 5987 says, and a plain one for old clients."""
    ending = name.rpartition(".")[2]
    return f"attachment; filename=\"export.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"


def _scope(filters: Filters, vocabulary: Vocabulary, county: str) -> str:
    """The smallest places asked for, the region without any; “筛选” where other conditions hold too."""
    level = next((place for place in PLACES if filters.values(place)), "")
    codes = filters.values(level) if level else ()
    name = vocabulary[level].get(codes[0], codes[0]) if codes else county
    if len(codes) > 1:
        name += f"等{len(codes)}个{DIMENSIONS[level]}"
    narrowed = any(filters.values(d) for d in DIMENSIONS if d != level)
    return (name or "全部") + ("_筛选" if narrowed else "")
