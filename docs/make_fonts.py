"""How were dashboard/report/fonts made? `python -m docs.make_fonts`: Debian's Noto CJK, common characters only."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto")
OUT = Path(__file__).resolve().parent.parent / "dashboard" / "report" / "fonts"
FACE = "Noto Sans CJK SC"
OTHERS = range(0x20, 0x7F), range(0xA0, 0x100), range(0x2010, 0x2027), range(0x2030, 0x203C), range(0x3000, 0x3020)
SHAPES = "▲▼◆●■○◔◐△▽◇□★☆→←↑↓〓−≤≥≠±×÷℃㎡№Σμσ√∞①②③④⑤⑥⑦⑧⑨⑩ ‘’“”…—·"


def common() -> set[int]:
    """The characters of GB 2312 (6,763 of them Chinese), full-width forms, Latin letters and the shapes we print."""
    chinese = set()
    for row, cell in ((row, cell) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF)):
        chinese.update(ord(one) for one in bytes((row, cell)).decode("gb2312", "ignore"))
    return chinese | set(chain(*OTHERS, range(0xFF01, 0xFF5F))) | {ord(one) for one in SHAPES}


def face(path: Path) -> TTFont:
    """The simplified Chinese face of a collection."""
    return next(font for font in TTCollection(path).fonts if font["name"].getDebugName(1).startswith(FACE))


def main() -> None:
    """Write both weights."""
    options = Options()
    options.layout_features = ["kern", "locl"]
    options.desubroutinize = True
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    OUT.mkdir(parents=True, exist_ok=True)
    for weight in ("Regular", "Bold"):
        font = face(SOURCE / f"NotoSansCJK-{weight}.ttc")
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=common())
        subsetter.subset(font)
        font.save(OUT / f"NotoSansCJKsc-{weight}.otf")


if __name__ == "__main__":
    main()
