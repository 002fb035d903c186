"""What are wall pages built of? Fewer things than on a desk, and larger."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.comparison.change import FLAT, VERDICTS, Change
from dashboard.comparison.earlier import Changes
from dashboard.components.kpi import SHAPES
from dashboard.filters import Filters


def panel(id: str, title: str, body: Component | Sequence[Component], *, area: str, note: str = "") -> html.Section:
    """A framed panel. Its 截至 is seen only beside a fault: then the picture is older than the head says."""
    head = html.Header(
        [html.H2(title, id=f"{id}-title", className="wall-title"), html.Span(note, id=f"{id}-note")],
        className="wall-panel-head",
    )
    inside = [body] if isinstance(body, Component) else list(body)
    return html.Section(
        [head, *trouble(id), *inside],
        id=f"{id}-panel",
        className="wall-panel",
        style={"gridArea": area},
        **{"aria-labelledby": f"{id}-title"},
    )


def trouble(id: str) -> list[Component]:
    """Where a panel says that it failed, and how old its picture is."""
    return [
        html.Div(
            [html.Span(id=f"{id}-fault", className="wall-fault"), html.Span(id=f"{id}-asof", className="wall-asof")],
            className="wall-trouble",
            role="status",
        )
    ]


def against_before(changes: Changes, *, is_brief: bool = False) -> html.Span:
    """“▲ +12 变差” against the period before (环比 stands first), 持平 within chance."""
    return moved(changes[0][1] if changes else None, is_brief=is_brief)


def moved(found: Change | None, *, is_brief: bool = False) -> html.Span:
    """A change in as few words as it can be said: brief, its direction and what that means."""
    if found is None:
        return html.Span("", className="wall-change")
    fewest = "" if is_brief else found.text.partition("（")[0]
    text = {"flat": FLAT, "none": found.text}.get(found.direction, fewest)
    said = " ".join(filter(None, (text, VERDICTS[found.verdict])))
    return html.Span(
        [
            html.Span(SHAPES.get(found.direction, ""), className="wall-shape", **{"aria-hidden": "true"}),
            html.Span(said),
        ],
        className=f"wall-change is-{found.verdict}",
    )


def nothing(text: str) -> html.Div:
    """Where there is nothing to show: a hollow circle and words."""
    return html.Div(["○ ", text], className="wall-none")


def asked(filters: Filters) -> dict[str, str]:
    """What the numbers inside an element were asked with, so that screen and API can be compared."""
    return {"data-asked": filters.without_view().to_query()}
