"""A chart that people can edit: DrawingML with its workbook, drawn by python-pptx, for slides and for documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.enum.dml import MSO_LINE
from pptx.util import Emu, Pt

from dashboard import theme
from dashboard.report.sections import Chart

TYPES = {
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "dot": XL_CHART_TYPE.LINE_MARKERS,
}
FONT = "微软雅黑"
"""Named, not embedded: Windows and WPS have it; elsewhere the program substitutes its own Chinese font."""
MARKERS = (XL_MARKER_STYLE.CIRCLE, XL_MARKER_STYLE.SQUARE)
DASHES = (MSO_LINE.SOLID, MSO_LINE.DASH)


@dataclass(frozen=True)
class Drawing:
    """A chart part and the workbook it is edited in; `rid` is how the one names the other."""

    xml: bytes
    workbook: bytes
    rid: str


def colour(role: str) -> RGBColor:
    """A colour of assets/tokens.css."""
    return RGBColor.from_string(theme.colour(role).lstrip("#"))


def add_to(shapes: Any, chart: Chart, place: Sequence[int], alt: str) -> Any:
    """Put the chart on a slide at (left, top, width, height) in EMU; returns the graphic frame."""
    frame = shapes.add_chart(TYPES[chart.kind], *(Emu(one) for one in place), _data(chart))
    frame._element.nvGraphicFramePr.cNvPr.set("descr", alt)
    _style(frame.chart, chart)
    return frame


def drawing(chart: Chart, alt: str, size: tuple[int, int]) -> Drawing:
    """The chart by itself, to be put into a text document."""
    paper = Presentation()
    slide = paper.slides.add_slide(paper.slide_layouts[6])
    part = add_to(slide.shapes, chart, (0, 0, *size), alt).chart.part
    workbook = part.chart_workbook.xlsx_part
    return Drawing(part.blob, workbook.blob, part.relate_to(workbook, next(iter(part.rels.values())).reltype))


def _data(chart: Chart) -> CategoryChartData:
    shape = "0.0%" if chart.kind == "dot" else "#,##0"
    data = CategoryChartData(number_format=shape)
    data.categories = chart.names
    for one in chart.series:
        data.add_series(one.name, one.values)
    return data


def _style(drawn: Any, chart: Chart) -> None:
    drawn.font.size = Pt(10)
    drawn.font.name = FONT
    drawn.has_title = False
    drawn.has_legend = len(chart.series) > 1
    if drawn.has_legend:
        drawn.legend.position, drawn.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    axis = drawn.value_axis
    axis.minimum_scale = chart.start
    axis.major_gridlines.format.line.color.rgb = colour("line")
    axis.format.line.fill.background()
    axis.tick_labels.number_format = "0%" if chart.kind == "dot" else "#,##0"
    axis.tick_labels.number_format_is_linked = False
    if chart.kind == "dot":
        axis.maximum_scale = 1.0
    drawn.category_axis.reverse_order = chart.kind == "bar"
    drawn.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    drawn.category_axis.format.line.color.rgb = colour("line-strong")
    for place, series in enumerate(drawn.plots[0].series):
        _style_series(series, chart, place)


def _style_series(series: Any, chart: Chart, place: int) -> None:
    tone = colour(f"cat-{place + 1}")
    if chart.kind == "bar":
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = tone
        series.invert_if_negative = False
    else:
        series.smooth = False
        series.marker.style, series.marker.size = MARKERS[place % 2], 7
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = tone
        series.marker.format.line.color.rgb = tone
        _style_line(series.format.line, chart, tone, place)
    if chart.kind != "line":
        series.data_labels.show_value = True
        series.data_labels.number_format = "0.0%" if chart.kind == "dot" else "#,##0"
        series.data_labels.number_format_is_linked = False
        series.data_labels.position = XL_LABEL_POSITION.ABOVE if chart.kind == "dot" else XL_LABEL_POSITION.OUTSIDE_END


def _style_line(line: Any, chart: Chart, tone: RGBColor, place: int) -> None:
    if chart.kind == "dot":
        line.fill.background()
        return
    line.color.rgb, line.width, line.dash_style = tone, Pt(2), DASHES[place % 2]
