"""What is a page? A value: panels that first ask, then draw, and a frame that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dash.development.base_component import Component

from dashboard.ask import Ask
from dashboard.filters import Filters

Target = str | tuple[str, str]
"""An element to fill: its id (then its children), or (id, property)."""

Rows = Callable[[Ask, Filters, Any], Mapping[str, Any]]
"""Answers a grid that asks for its rows in pieces: its request → {"rowData": …, "rowCount": …}.

Raises `ValueError` with a sentence for a request that the grid cannot have made.
"""

Picks = tuple[tuple[str, str], ...]
"""Elements whose click narrows the filters: (element id, "clickData" of a chart or "cellClicked" of a grid)."""


def prop(target: Target) -> tuple[str, str]:
    """A target as (element id, property)."""
    return (target, "children") if isinstance(target, str) else target


@dataclass(frozen=True, kw_only=True)
class Question:
    """Numbers that a page shows, as 导出 hands them over: their name, and what `Ask.numbers` was asked for them.

    Where they stand in a `grid` of the page, its order is the file's.
    """

    label: str
    metrics: tuple[str, ...]
    by: tuple[str, ...]
    filters: Filters
    grid: str = ""


def no_numbers(_ask: Ask, _filters: Filters) -> tuple[Question, ...]:
    """The questions of a page without numbers of the catalogue."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel. `load` asks, `view` draws and asks nothing; `fills` names all that `view` may give.

    What `comes_first` is asked and drawn before the page's other panels are asked at all.
    """

    id: str
    title: str
    load: Callable[[Ask, Filters], Any]
    view: Callable[[Any], Mapping[Target, Any]]
    fills: tuple[Target, ...]
    comes_first: bool = False

    @property
    def targets(self) -> tuple[tuple[str, str], ...]:
        """Every (element id, property) that the panel fills, its 截至 and its fault included."""
        status = ((f"{self.id}-asof", "children"), (f"{self.id}-fault", "children"))
        return (*(prop(target) for target in self.fills), *status)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One screen, at one path; `frame` is its component tree without data.

    `in_nav` is off for a page that is only reached from others; `right` is what its readers must have (`auth.roles`).
    `opens_with` holds the conditions a bare address gets besides the default period. `exports` names every number that
    the page shows under some filters. `choosers` are controls that set the view key their id ends with; the page says
    in its store `{key}-view` what they, and others in `shows`, stand at. `windows` are grids that ask for their rows
    in pieces; `{grid}-question` and `{grid}-said` stand beside each.
    """

    path: str
    name: str
    order: int
    frame: Callable[[], Component]
    panels: tuple[Panel, ...]
    picks: Picks = ()
    maps: tuple[str, ...] = ()
    metric_choosers: tuple[str, ...] = ()
    choosers: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    windows: tuple[tuple[str, Rows], ...] = ()
    in_nav: bool = True
    right: str = "see_numbers"
    exports: Callable[[Ask, Filters], tuple[Question, ...]] = no_numbers
    opens_with: Filters = field(default_factory=Filters)

    @property
    def key(self) -> str:
        """The path as a name: “overview” for “/”."""
        return self.path.strip("/") or "overview"

    @property
    def stages(self) -> tuple[tuple[Panel, ...], ...]:
        """The panels in the order they are asked: one callback per stage."""
        first = tuple(panel for panel in self.panels if panel.comes_first)
        rest = tuple(panel for panel in self.panels if not panel.comes_first)
        return tuple(stage for stage in (first, rest) if stage)

    @property
    def cues(self) -> tuple[str, ...]:
        """The stores in the page that begin its later stages."""
        return tuple(f"{self.key}-stage-{number}" for number in range(2, len(self.stages) + 1))
