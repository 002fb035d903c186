"""How do people get in whom the single sign-on vouches for? Two addresses: away to it, and back."""

from __future__ import annotations

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response

from dashboard.auth import attempts
from dashboard.auth.cookies import SESSION, give, take_back
from dashboard.auth.doors import Doors
from dashboard.auth.login import local
from dashboard.auth.login_page import login_page
from dashboard.auth.oidc import BACK, LIFE, Oidc, OidcError
from dashboard.auth.workers import Workers
from dashboard.web.access import address

COOKIE = "yiping_sso"
LONGEST = 2000


def add_sso(server: FastAPI, doors: Doors, oidc: Oidc) -> None:
    """Add /login/sso and the address that the provider sends people back to."""
    workers = Workers("sso")

    @server.get("/login/sso", include_in_schema=False)
    async def away(next: str = Query("/", max_length=LONGEST)) -> Response:
        try:
            begun = await workers.run(lambda: oidc.begin(local(next)))
        except OidcError as error:
            return login_page(sso=oidc.provider.name, next=local(next), refusal=attempts.Refusal(str(error), 503))
        response = RedirectResponse(begun.url, 302, {"Cache-Control": "no-store"})
        give(response, COOKIE, begun.kept, is_secure=doors.is_secure, life=LIFE)
        return response

    @server.get(BACK, include_in_schema=False)
    async def back(
        request: Request, state: str = Query("", max_length=LONGEST), code: str = Query("", max_length=LONGEST)
    ) -> Response:
        def attempt() -> tuple[str, str]:
            name, next = oidc.finish(doors.cookie(request.scope, COOKIE), state=state, code=code)
            before = doors.cookie(request.scope, SESSION)
            key = attempts.vouched(doors, name, address(request.scope))
            doors.sessions.end(before)
            return key, next

        try:
            key, next = await workers.run(attempt)
        except OidcError as error:
            response: Response = login_page(sso=oidc.provider.name, next="/", refusal=attempts.Refusal(str(error), 401))
        except attempts.REFUSALS as error:
            response = login_page(sso=oidc.provider.name, next="/", refusal=attempts.refusal(error))
        else:
            response = RedirectResponse(local(next), 303, {"Cache-Control": "no-store"})
            give(response, SESSION, key, is_secure=doors.is_secure)
        take_back(response, COOKIE, is_secure=doors.is_secure)
        return response
