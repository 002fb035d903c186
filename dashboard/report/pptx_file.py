"""The brief as slides: few words, native charts, and how it is counted in the notes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Cm, Emu, Pt

from dashboard.metrics.catalog import BY_KEY
from dashboard.report.native_chart import add_to, colour, name_font
from dashboard.report.report import Definition, Report
from dashboard.report.sections import Section, Table
from dashboard.report.steady import steady

WIDTH, HEIGHT, SIDE = Cm(33.87), Cm(19.05), Cm(1.8)
ROWS = 12
"""Rows of a table that can be read on a slide; the document has them all."""


def pptx(report: Report) -> bytes:
    """The file. The same report always gives the same bytes."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    _stamp(deck.core_properties, report)
    slides = [_cover, _overview, *[lambda r, d, s=section: _section(r, d, s) for section in report.sections], _counting]
    for place, draw in enumerate(slides, start=1):
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        draw(report, slide)
        _foot(slide, report, f"{place} / {len(slides)}")
    out = BytesIO()
    deck.save(out)
    return steady(out.getvalue(), report.as_of)


def _stamp(properties: Any, report: Report) -> None:
    """The file's own dates are the data's: the same question gives the same file."""
    properties.title, properties.author = f"{report.title} {report.period}", f"{report.county}综治中心"
    properties.created = properties.modified = report.as_of
    properties.last_modified_by, properties.language = "", "zh-CN"


def _cover(report: Report, slide: Any) -> None:
    _words(slide, (SIDE, Cm(1.2), WIDTH - 2 * SIDE, Cm(1)), ["密级：＿＿＿＿　　　　编号：＿＿＿＿"], size=14)
    _words(slide, (SIDE, Cm(6), WIDTH - 2 * SIDE, Cm(3)), [report.title], size=44, is_bold=True, role="accent")
    said = [f"{report.period} · {report.scope}", report.source, *(["演示数据：虚构的县"] if report.is_demo else [])]
    _words(slide, (SIDE, Cm(9.6), WIDTH - 2 * SIDE, Cm(4)), said, size=18, role="ink-soft")


def _overview(report: Report, slide: Any) -> None:
    _title(slide, "总的情况")
    lines = [f"{place}. {sentence}" for place, sentence in enumerate(report.sentences, start=1)]
    _words(slide, (SIDE, Cm(2.9), WIDTH - 2 * SIDE, Cm(4)), lines, size=16)
    width = Emu((WIDTH - 2 * SIDE) // 3)
    for place, one in enumerate(report.numbers):
        left, top = SIDE + width * (place % 3), Cm(8.0) + Cm(4.7) * (place // 3)
        _words(slide, (left, top, width, Cm(1)), [one.title], size=14, role="ink-soft")
        _words(slide, (left, top + Cm(0.7), width, Cm(1.4)), [f"{one.text} {one.unit}"], size=26, is_bold=True)
        _words(slide, (left, top + Cm(2.1), width, Cm(1.8)), [*filter(None, [one.detail]), *one.changes], size=12)
    _words(
        slide,
        (SIDE, Cm(17.0), WIDTH - 2 * SIDE, Cm(0.9)),
        [f"{report.against}。{report.beside}"],
        size=11,
        role="ink-soft",
    )


def _section(report: Report, slide: Any, section: Section) -> None:
    _title(slide, section.title)
    _words(slide, (SIDE, Cm(2.7), WIDTH - 2 * SIDE, Cm(1.2)), [section.finding], size=18)
    whole = WIDTH - 2 * SIDE if section.chart or not section.table else _wide(section.table)
    half = Emu(whole // 2) if section.chart and section.table else whole
    if section.chart:
        add_to(slide.shapes, section.chart, (SIDE, Cm(4.2), half, Cm(12.4)), f"{section.title}。{section.finding}")
    if section.table:
        left = SIDE + (whole - half if section.chart else 0)
        _table(slide, section.table, (left, Cm(4.4), half, Cm(1)))
    note = section.note + (
        "　纵轴自 " + f"{section.chart.start:.0%} 起。" if section.chart and section.chart.start else ""
    )
    if section.table and len(section.table.rows) > ROWS:
        note += f"　此页列前 {ROWS} 行，全部见文字版。"
    _words(slide, (SIDE, Cm(16.9), WIDTH - 2 * SIDE, Cm(0.9)), [note], size=11, role="ink-soft")
    names = {BY_KEY[key].name for key in section.metrics}
    used = [one for one in report.definitions if one.name in names]
    slide.notes_slide.notes_text_frame.text = "\n".join(_counted(one) for one in used)


def _counted(one: Definition) -> str:
    return f"{one.name}：{one.meaning}。公式：{one.formula}。计时：{one.clock}。{one.remark}"


def _counting(report: Report, slide: Any) -> None:
    _title(slide, "附：口径")
    lines = [f"{one.name}：{one.formula}（{one.clock}）" for one in report.definitions]
    _words(
        slide, (SIDE, Cm(2.8), WIDTH - 2 * SIDE, Cm(13.5)), [*lines, report.rule, report.defaults, report.use], size=11
    )
    slide.notes_slide.notes_text_frame.text = "\n".join(_counted(one) for one in report.definitions)


def _wide(table: Table) -> Emu:
    """A table by itself is no wider than its columns need: eyes lose the row on the way."""
    return Emu(min(WIDTH - 2 * SIDE, Cm(5.2) * len(table.head)))


def _title(slide: Any, text: str) -> None:
    _words(slide, (SIDE, Cm(1.0), WIDTH - 2 * SIDE, Cm(1.5)), [text], size=28, is_bold=True, role="accent")


def _foot(slide: Any, report: Report, page: str) -> None:
    demo = "演示数据 · " if report.is_demo else ""
    _words(
        slide,
        (SIDE, Cm(18.0), WIDTH - 2 * SIDE, Cm(0.8)),
        ["　　".join(filter(None, (f"{demo}{report.source}", report.mark, page)))],
        size=10,
        role="ink-soft",
    )


def _words(
    slide: Any, place: Sequence[int], lines: Sequence[str], *, size: float, is_bold: bool = False, role: str = "ink"
) -> None:
    """A text box with one paragraph a line."""
    frame = slide.shapes.add_textbox(*(Emu(int(one)) for one in place)).text_frame
    frame.word_wrap = True
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = line
        _dress(run.font, size=size, is_bold=is_bold, role=role)


def _dress(font: Any, *, size: float, is_bold: bool, role: str) -> None:
    """Size, weight, colour, language and typeface."""
    font.size, font.bold = Pt(size), is_bold
    font.color.rgb = colour(role)
    font._element.set("lang", "zh-CN")
    name_font(font)


def _table(slide: Any, table: Table, place: Sequence[int]) -> None:
    rows = table.rows[:ROWS]
    shape = slide.shapes.add_table(len(rows) + 1, len(table.head), *(Emu(int(one)) for one in place))
    grid = shape.table
    for number, line in enumerate((table.head, *rows)):
        grid.rows[number].height = Cm(0.92)
        for column, text in enumerate(line):
            _cell(grid.cell(number, column), text, is_head=number == 0, is_name=column < table.names)
    for column, share in enumerate(table.shares):
        grid.columns[column].width = Emu(int(place[2] * share))


def _cell(cell: Any, text: str, *, is_head: bool, is_name: bool) -> None:
    cell.margin_top = cell.margin_bottom = Cm(0.08)
    cell.margin_left = cell.margin_right = Cm(0.12)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.fill.solid()
    cell.fill.fore_color.rgb = colour("ground" if is_head else "surface")
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.LEFT if is_name else PP_ALIGN.RIGHT
    run = paragraph.add_run()
    run.text = text
    _dress(run.font, size=11, is_bold=is_head, role="ink")
