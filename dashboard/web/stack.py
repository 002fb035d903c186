"""What does a request pass through before it reaches a page or the API? The layers of the server, in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from dashboard.headers import SecurityHeaders
from dashboard.opening import Openings
from dashboard.web.access import AccessLog
from dashboard.web.body import BodyLimit
from dashboard.web.callbacks import CallbackBodies, CallbackMap
from dashboard.web.failures import Failures
from dashboard.web.hosts import TrustedHosts
from dashboard.web.paths import KnownPaths, OnlyKnownPaths
from dashboard.web.sockets import NoSockets
from dashboard.writes import OwnPagesOnly

Layer = Callable[[ASGIApp], ASGIApp]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the layers need to know: the Content-Security-Policy, whether browsers come by TLS, the host names, what
    there is, how pages open, what is wired where, and who may pass."""

    policy: str
    is_secure: bool
    hosts: Collection[str]
    paths: KnownPaths
    opening: Openings
    callbacks: Mapping[str, CallbackMap]
    gate: Layer


def secured(app: ASGIApp, rules: Rules) -> ASGIApp:
    """The application inside its layers, outermost first; each is pure ASGI and passes on what is not its own."""
    layers: tuple[Layer, ...] = (
        AccessLog,
        NoSockets,
        lambda inner: TrustedHosts(inner, rules.hosts),
        lambda inner: SecurityHeaders(inner, rules.policy, is_secure=rules.is_secure),
        Failures,
        BodyLimit,
        OwnPagesOnly,
        rules.gate,
        # Numbers as text shrink tenfold; level 3 costs a tenth of the time that the last percent would.
        lambda inner: GZipMiddleware(inner, minimum_size=2000, compresslevel=3),
        lambda inner: OnlyKnownPaths(inner, rules.paths.methods),
        rules.opening.around,
        lambda inner: CallbackBodies(inner, rules.callbacks),
    )
    for layer in reversed(layers):
        app = layer(app)
    return app
