"""The table as CSV: what the checksum is made of, byte by byte. Its 说明 is a sidecar, at the address in `Link`."""

from __future__ import annotations

from typing import BinaryIO

from dashboard.export.content import Content


def write_csv(content: Content, out: BinaryIO) -> None:
    """UTF-8 with a byte-order mark, so that Excel reads the Chinese; text that looks like a formula is guarded."""
    out.write(content.head)
    for block in content.blocks():
        out.write(block.csv)
