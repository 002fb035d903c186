"""The brief as a text document: headings, tables that repeat their heads, and charts that people can edit."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, nsmap, qn
from docx.shared import Cm, Pt, RGBColor

from dashboard import theme
from dashboard.report.native_chart import drawing
from dashboard.report.report import Report
from dashboard.report.sections import Chart, Section, Table
from dashboard.report.steady import steady

BODY, HEAD, LATIN = "仿宋", "黑体", "Times New Roman"
"""The typefaces of official documents: named, not embedded; Windows and WPS have them, others substitute theirs."""
WIDE, HIGH = Cm(16.2), Cm(7.2)
CHART = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def docx(report: Report) -> bytes:
    """The file. The same report always gives the same bytes."""
    document = Document()
    _prepare(document, report)
    _first_page(document, report)
    _exceptions(document, report)
    for section in report.sections:
        _section(document, section)
    _counting(document, report)
    out = BytesIO()
    document.save(out)
    return steady(out.getvalue(), report.as_of)


def _prepare(document: Any, report: Report) -> None:
    """A4, the typefaces of each style, the file's dates (the data's), page numbers."""
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.4)
    page.top_margin = page.bottom_margin = Cm(2.5)
    for name, chinese, size in (("Normal", BODY, 12), ("Title", HEAD, 24), ("Heading 1", HEAD, 16)):
        _dress_style(document.styles[name], chinese, size)
    said = document.core_properties
    said.title, said.author = f"{report.title} {report.period}", f"{report.county}综治中心"
    said.created = said.modified = report.as_of
    said.last_modified_by, said.language = "", "zh-CN"
    demo = "演示数据 · " if report.is_demo else ""
    foot = page.footer.paragraphs[0]
    _say(foot, f"{demo}{report.source}　第 ", size=9)
    _field(foot, "PAGE")
    _say(foot, " 页", size=9)
    if report.mark:
        _say(page.footer.add_paragraph(), report.mark, size=9, role="ink-soft")


def _dress_style(style: Any, chinese: str, size: float) -> None:
    style.font.name, style.font.size = LATIN, Pt(size)
    style.font.color.rgb = _colour("ink" if chinese == BODY else "accent")
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(name), None)
    fonts.set(qn("w:eastAsia"), chinese)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "zh-CN")
    language.set(qn("w:eastAsia"), "zh-CN")
    style.element.rPr.append(language)


def _colour(role: str) -> RGBColor:
    return RGBColor.from_string(theme.colour(role).lstrip("#"))


def _say(paragraph: Any, text: str, *, size: float = 12, is_bold: bool = False, role: str = "ink") -> Any:
    run = paragraph.add_run(text)
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), is_bold, _colour(role)
    return run


def _field(paragraph: Any, code: str) -> None:
    """A number that the reading program fills in."""
    run = paragraph.add_run()
    run.font.size = Pt(9)
    for kind, text in (("begin", ""), ("", code), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._element.append(part)


def _line(document: Any, text: str, *, size: float = 12, role: str = "ink", is_centred: bool = False) -> Any:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(6)
    if is_centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _say(paragraph, text, size=size, role=role)
    return paragraph


def _first_page(document: Any, report: Report) -> None:
    _line(document, "密级：＿＿＿＿＿＿　　　　　　　　　　　　　　　　编号：＿＿＿＿＿＿", size=11)
    title = document.add_paragraph(style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.add_run(report.title)
    _line(document, f"{report.period} · {report.scope}", role="ink-soft", is_centred=True)
    demo = " · 演示数据：虚构的县" if report.is_demo else ""
    _line(document, f"{report.source}{demo}", size=10, role="ink-soft", is_centred=True)
    _line(document, report.against, size=10, role="ink-soft", is_centred=True)
    for place, sentence in enumerate(report.sentences, start=1):
        _line(document, f"{place}. {sentence}")
    _numbers(document, report)
    _line(document, report.beside, size=10, role="ink-soft")


def _numbers(document: Any, report: Report) -> None:
    """Six numbers, three a row."""
    grid = document.add_table(rows=2, cols=3)
    grid.style = "Table Grid"
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    for place, one in enumerate(report.numbers):
        cell = grid.cell(place // 3, place % 3)
        _say(cell.paragraphs[0], one.title, size=10, role="ink-soft")
        value = cell.add_paragraph()
        _say(value, one.text, size=20, is_bold=True)
        _say(value, f" {one.unit} " + one.detail, size=10, role="ink-soft")
        for change in one.changes:
            _say(cell.add_paragraph(), change, size=9)
        for paragraph in cell.paragraphs:
            paragraph.paragraph_format.space_after = Pt(2)


def _exceptions(document: Any, report: Report) -> None:
    document.add_heading("异常项", 1)
    for place, one in enumerate(report.exceptions, start=1):
        _line(document, f"{place}. {one}。")
    if not report.exceptions:
        _line(document, "本期无异常项。")
    _line(document, report.rule, size=9, role="ink-soft")


def _section(document: Any, section: Section) -> None:
    document.add_heading(section.title, 1)
    _line(document, section.finding).paragraph_format.keep_with_next = True
    if section.chart:
        _chart(document, section.chart, f"{section.title}。{section.finding}")
    if section.table:
        _table(document, section.table)
    start = f"　纵轴自 {section.chart.start:.0%} 起。" if section.chart and section.chart.start else ""
    _line(document, section.note + start, size=9, role="ink-soft")


def _chart(document: Any, chart: Chart, alt: str) -> None:
    """The chart as a part of its own, with the workbook it is edited in."""
    number = sum(part.content_type == CHART for part in document.part.package.iter_parts()) + 1
    drawn = drawing(chart, alt, (WIDE, HIGH))
    package = document.part.package
    part = Part(PackURI(f"/word/charts/chart{number}.xml"), CHART, drawn.xml, package)
    book = Part(PackURI(f"/word/embeddings/chart{number}.xlsx"), WORKBOOK, drawn.workbook, package)
    part.rels.add_relationship(RT.PACKAGE, book, drawn.rid)
    paragraph = document.add_paragraph()
    paragraph.add_run()._element.append(_inline(document.part.relate_to(part, RT.CHART), number, alt))


def _inline(rid: str, number: int, alt: str) -> Any:
    found = parse_xml(
        f"<w:drawing {nsdecls('w', 'wp', 'a', 'r', 'c')}>"
        f'<wp:inline><wp:extent cx="{WIDE}" cy="{HIGH}"/><wp:docPr id="{100 + number}" name="chart{number}"/>'
        f'<wp:cNvGraphicFramePr/><a:graphic><a:graphicData uri="{nsmap["c"]}">'
        f'<c:chart r:id="{rid}"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )
    found.find(f".//{qn('wp:docPr')}").set("descr", alt)
    return found


def _table(document: Any, table: Table) -> None:
    grid = document.add_table(rows=0, cols=len(table.head))
    grid.style, grid.autofit = "Table Grid", False
    for column, share in zip(grid.columns, table.shares, strict=True):
        # WPS and LibreOffice go by the grid, Word by the cells.
        column.width = int(WIDE * share)
    for number, line in enumerate((table.head, *table.rows)):
        row = grid.add_row()
        if number == 0:
            _repeat(row)
        _fill(row.cells, line, table, is_head=number == 0)


def _repeat(row: Any) -> None:
    """This row heads every page that the table runs on to."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _fill(cells: Sequence[Any], line: Sequence[str], table: Table, *, is_head: bool) -> None:
    for column, (cell, text, share) in enumerate(zip(cells, line, table.shares, strict=True)):
        cell.width = int(WIDE * share)
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if column < table.names else WD_ALIGN_PARAGRAPH.RIGHT
        _say(paragraph, text, size=9, is_bold=is_head)


def _counting(document: Any, report: Report) -> None:
    document.add_heading("附：口径", 1)
    for one in report.definitions:
        paragraph = document.add_paragraph()
        _say(paragraph, one.name, size=10, is_bold=True)
        remark = f"{one.remark}。" if one.remark else ""
        _say(paragraph, f"　{one.meaning}。公式：{one.formula}。计时：{one.clock}。{remark}", size=10)
    _line(document, f"{report.defaults}。{report.use}", size=10)
