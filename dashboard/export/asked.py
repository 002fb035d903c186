"""What was asked to be exported, and which addresses say the same: the view's, the file's, the description's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard import intent
from dashboard.filters import Filters

EXPORT = "/api/v1/export"
EXPLORE = "/explore"
FORMATS = ("csv", "xlsx", "parquet", "geojson")


class ExportRefusedError(ValueError):
    """The export cannot be made as asked; the text says why and what to do, for a person."""


class NotAllowedError(Exception):
    """The reader may not have what the export would hold; the text says so."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One export: the format, the rows (filters), and the cases in an order or metrics by groups.

    `sort` is a column, with “-” before it from large to small; `columns` are those wanted (none: all); `find` keeps the
    groups whose name holds it. `view` is the path of the page it was asked from.
    """

    format: str
    filters: Filters
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    order: str = "newest"
    sort: str = ""
    columns: tuple[str, ...] = ()
    find: str = ""
    view: str = "/"

    @property
    def limits(self) -> str:
        """The column conditions that 分析 keeps in the address (`dashboard.explore.arrange`); other pages have none."""
        return self.filters.limits if self.by and self.view == EXPLORE else ""

    @property
    def view_address(self) -> str:
        """Path and query that open the page again."""
        return f"{self.view}?{intent.query(self.filters)}"

    def address(self, path: str = EXPORT) -> str:
        """Path and query that ask for this export again."""
        return f"{path}?{self.query}"

    @property
    def query(self) -> str:
        """The query string of `address`."""
        return export_query(
            self.filters.to_query(),
            format=self.format,
            metrics=self.metrics,
            by=self.by,
            order=self.order,
            sort=self.sort,
            columns=self.columns,
            find=self.find,
            view=self.view,
        )


def export_address(query: str, *, path: str = EXPORT, **wishes: str | tuple[str, ...]) -> str:
    """The address of an export of what a page with this query string shows; `wishes` are those of `export_query`."""
    return f"{path}?{export_query(query, **wishes)}"  # type: ignore[arg-type]


def export_query(
    query: str,
    *,
    format: str,
    metrics: Sequence[str] = (),
    by: Sequence[str] = (),
    order: str = "newest",
    sort: str = "",
    columns: Sequence[str] = (),
    find: str = "",
    view: str = "/",
) -> str:
    """The query string of an export: its cases, or metrics by groups, under the conditions of a page's `query`."""
    own = {
        "format": format,
        "metrics": ",".join(metrics),
        "by": ",".join(by) if metrics else "",
        "order": "" if metrics or order == "newest" else order,
        "sort": sort,
        "columns": ",".join(columns),
        "find": find,
        "view": "" if view == "/" else view,
    }
    said = urlencode({key: value for key, value in own.items() if value}, safe=",/")
    return "&".join(filter(None, (said, query.lstrip("?"))))
