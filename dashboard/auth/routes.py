"""Who may ask for what? One table of every route there is; what is not in it is not there."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.auth.gate import ACCOUNT_ROUTES, GET, LOGIN_ROUTES, POST, SSO_ROUTES, Route
from dashboard.auth.roles import EVERYONE, with_right
from dashboard.web.paths import DASH

DELETE = frozenset({"DELETE"})
PUT = frozenset({"PUT"})
NUMBERS, CASES, EXPORT = with_right("see_numbers"), with_right("see_cases"), with_right("export")
NOTES, WALL, AUDIT, ADMIN = (
    with_right("write_notes"),
    with_right("view_wall"),
    with_right("read_audit"),
    with_right("manage_accounts"),
)
MAPS = NUMBERS | WALL
DESK = NUMBERS | AUDIT


def _dash(prefix: str, who: frozenset[str]) -> tuple[Route, ...]:
    """The routes of one Dash application; which of its callbacks a role may call is said by the pages."""
    return (
        *(Route(path=f"{prefix}{name}", methods=frozenset({method}), who=who) for name, method in DASH.items()),
        Route(path=f"{prefix}_dash-component-suites/**", who=who),
        Route(path=f"{prefix}assets/**", who=who),
    )


API = (
    Route(path="/api/v1/pulse", who=EVERYONE, is_poll=True),
    Route(path="/api/v1/screens", methods=POST, who=WALL, is_poll=True),
    Route(path="/api/v1/screens", who=NUMBERS),
    Route(path="/api/v1/screens/*", methods=DELETE, who=ADMIN),
    Route(path="/api/v1/openapi.json", who=NUMBERS),
    Route(path="/api/v1/metrics", who=NUMBERS),
    Route(path="/api/v1/query", who=NUMBERS),
    Route(path="/api/v1/care", who=NUMBERS),
    Route(path="/api/v1/replay", who=NUMBERS),
    Route(path="/api/v1/risk", who=NUMBERS),
    Route(path="/api/v1/risk/**", who=NUMBERS),
    Route(path="/api/v1/density", who=NUMBERS),
    Route(path="/api/v1/density.png", who=NUMBERS),
    Route(path="/api/v1/geometry/*", who=MAPS),
    Route(path="/api/v1/basemap", who=MAPS),
    Route(path="/tiles/**", who=MAPS),
    Route(path="/api/v1/cases", who=CASES),
    Route(path="/api/v1/cases/**", who=CASES),
    # What could be had, and why not, is no file yet.
    Route(path="/api/v1/export/offers", who=NUMBERS),
    Route(path="/api/v1/export", who=EXPORT),
    Route(path="/api/v1/export/about", who=EXPORT),
    Route(path="/api/v1/exports", methods=POST, who=EXPORT),
    Route(path="/api/v1/exports/*", methods=GET | DELETE, who=EXPORT),
    Route(path="/api/v1/exports/*/file", who=EXPORT),
    Route(path="/api/v1/exports/*/about", who=EXPORT),
    Route(path="/api/v1/brief", who=NUMBERS),
    Route(path="/api/v1/pictures", methods=POST, who=NUMBERS),
    Route(path="/api/v1/views", who=NUMBERS),
    Route(path="/api/v1/views", methods=POST, who=NOTES),
    Route(path="/api/v1/views/*", methods=DELETE, who=NOTES),
    Route(path="/api/v1/home", methods=PUT, who=NOTES),
    Route(path="/api/v1/notes", who=NUMBERS),
    Route(path="/api/v1/notes", methods=POST, who=NOTES),
    Route(path="/api/v1/notes/*", methods=DELETE, who=NOTES),
    Route(path="/api/v1/audit", who=AUDIT),
    Route(path="/api/v1/audit/*", who=AUDIT),
    Route(path="/readyz", who=ADMIN),
    Route(path="/v/*", who=NUMBERS, is_page=True),
    Route(path="/screen", who=WALL, is_page=True),
    Route(path="/screen/", who=WALL, is_page=True),
    *_dash("/screen/", WALL),
    *_dash("/", DESK),
)


def routes(pages: Iterable[tuple[str, str]], *, has_sso: bool = False) -> tuple[Route, ...]:
    """The table: log-in, pages as (path, right of their readers), and everything above."""
    found = [Route(path=path, who=with_right(right), is_page=True) for path, right in pages]
    return (*LOGIN_ROUTES, *(SSO_ROUTES if has_sso else ()), *ACCOUNT_ROUTES, *found, *API)
