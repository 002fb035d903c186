"""The brief as a PDF: set by Typst in our own font, the same on every machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import typst
from fontTools.ttLib import TTFont

from dashboard import theme
from dashboard.report.report import Report

HERE = Path(__file__).resolve().parent
FONTS = HERE / "fonts"
COLOURS = ("ink", "ink-soft", "line-strong", "ground", "surface", "accent", "cat-1", "cat-2")
INSTEAD = "〓"
"""Stands for a character that the font does not have; the appendix lists which."""


def pdf(report: Report) -> bytes:
    """The file. The same report always gives the same bytes."""
    text = json.dumps(_said(report), ensure_ascii=False)
    missing = sorted({one for one in text if ord(one) not in covered() and one.isprintable()})
    for one in missing:
        text = text.replace(one, INSTEAD)
    said = json.loads(text) | {"missing": "、".join(f"U+{ord(one):04X}" for one in missing)}
    compiler = typst.Compiler(HERE / "brief.typ", font_paths=[FONTS], ignore_system_fonts=True)
    inputs = {"brief": json.dumps(said, ensure_ascii=False)}
    made = compiler.compile(format="pdf", sys_inputs=inputs, timestamp=report.as_of.replace(tzinfo=UTC))
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _said(report: Report) -> dict[str, Any]:
    """The report as the template reads it: charts carry the labels of their bars, as printed everywhere."""
    said: dict[str, Any] = asdict(report) | {
        "as_of": report.as_of.isoformat(),
        "source": report.source,
        "use": report.use,
    }
    said["colours"] = {role: theme.colour(role) for role in COLOURS}
    for written, section in zip(said["sections"], report.sections, strict=True):
        if section.chart:
            written["chart"]["labels"] = section.chart.labels
    return said


@cache
def covered() -> frozenset[int]:
    """The characters that both weights have."""
    faces = [TTFont(path).getBestCmap().keys() for path in sorted(FONTS.glob("*.otf"))]
    return frozenset(set.intersection(*map(set, faces)))
