"""What are wall pages built of? Fewer things than on a desk, and larger."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard import comparison
from dashboard.ask import Answer
from dashboard.components.kpi import SHAPES, VERDICTS
from dashboard.filters import Filters
from dashboard.metrics.catalog import BY_KEY
from dashboard.metrics.values import Value


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


def change(key: str, now: Value, before: Answer | None) -> html.Span:
    """“▲ +12 变差” against the period before, 持平 within chance, nothing where there is nothing to compare with."""
    found = comparison.change(BY_KEY[key], now, before.only(key)) if before else None
    return moved(found)


def moved(found: comparison.Change | None, *, is_brief: bool = False) -> html.Span:
    """A change in as few words as it can be said: brief, its direction and what that means."""
    if found is None:
        return html.Span("", className="wall-change")
    text = "持平" if found.direction == "flat" else "" if is_brief else found.text.partition("（")[0]
    said = " ".join(filter(None, (text, VERDICTS[found.verdict])))
    return html.Span(
        [html.Span(SHAPES[found.direction], className="wall-shape", **{"aria-hidden": "true"}), html.Span(said)],
        className=f"wall-change is-{found.verdict}",
    )


def asked(filters: Filters) -> dict[str, str]:
    """What the numbers inside an element were asked with, so that screen and API can be compared."""
    return {"data-asked": filters.without_view().to_query()}
