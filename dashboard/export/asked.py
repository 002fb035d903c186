"""What was asked to be exported, and which addresses say the same: the view's, the file's, the description's."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard import intent
from dashboard.filters import Filters

EXPORT = "/api/v1/export"
FORMATS = ("csv", "xlsx", "parquet", "geojson")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One export: the format, the rows (filters), and the cases in an order or metrics by groups.

    `view` is the path of the page it was asked from.
    """

    format: str
    filters: Filters
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    order: str = "newest"
    view: str = "/"

    @property
    def view_address(self) -> str:
        """Path and query that open the page again."""
        return f"{self.view}?{intent.query(self.filters)}"

    def address(self, path: str = EXPORT) -> str:
        """Path and query that ask for this export again."""
        return export_address(
            self.filters.to_query(),
            format=self.format,
            metrics=self.metrics,
            by=self.by,
            order=self.order,
            view=self.view,
            path=path,
        )


def export_address(
    query: str,
    *,
    format: str,
    metrics: tuple[str, ...] = (),
    by: tuple[str, ...] = (),
    order: str = "newest",
    view: str = "/",
    path: str = EXPORT,
) -> str:
    """The address of an export of what a page with this query string shows: its cases, or metrics by groups."""
    own = {"format": format}
    if metrics:
        own |= {"metrics": ",".join(metrics)} | ({"by": ",".join(by)} if by else {})
    elif order != "newest":
        own["order"] = order
    if view != "/":
        own["view"] = view
    return f"{path}?{'&'.join(filter(None, (urlencode(own, safe=',/'), query.lstrip('?'))))}"
