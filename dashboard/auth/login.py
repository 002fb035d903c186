"""How do people and walls get in, and out again? Two forms and a button, each answered by a page or the way onward."""

from __future__ import annotations

import re

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.auth import attempts
from dashboard.auth.cookies import SESSION, WALL, give, take_back
from dashboard.auth.doors import Doors
from dashboard.auth.forms import read_form, refuse_other_sites
from dashboard.auth.login_page import NO_REFUSAL, OVER, code_page, login_page
from dashboard.auth.walls import LIFE
from dashboard.auth.workers import Workers
from dashboard.web.access import address

AT_ONCE = 2
"""Attempts judged at the same time: verifying a password takes 64 MB."""
LOCAL = re.compile(r"/(?!/|(?:login|logout)(?:[/?]|$))[^\\\x00-\x20\x7f]*")
WALL_HOME = "/screen"


def add_login(server: FastAPI, doors: Doors, *, sso: str = "") -> None:
    """Add /login, /login/screen and /logout. `sso` names the single sign-on, where there is one (sso.py)."""
    workers = Workers("login", at_once=AT_ONCE)
    _add_login(server, doors, workers, sso)
    _add_logout(server, doors, workers)
    _add_walls(server, doors, workers)


def local(next: str) -> str:
    """An address of this server to go on to; the start page for any other."""
    return next if LOCAL.fullmatch(next) else "/"


def _add_login(server: FastAPI, doors: Doors, workers: Workers, sso: str) -> None:
    @server.get("/login", include_in_schema=False)
    async def show(next: str = Query("/"), is_over: bool = Query(False)) -> HTMLResponse:
        return login_page(next=local(next), refusal=OVER if is_over else NO_REFUSAL, sso=sso)

    @server.post("/login", include_in_schema=False)
    async def log_in(request: Request) -> Response:
        next = "/"
        try:
            form = await read_form(request, ("name", "password", "next"))
            next, before = local(form["next"]), doors.cookie(request.scope, SESSION)

            def attempt() -> str:
                key = attempts.log_in(doors, form["name"], form["password"], address(request.scope))
                doors.sessions.end(before)  # whoever was logged in here before is so no more
                return key

            key = await workers.run(attempt)
        except attempts.REFUSALS as error:
            return login_page(next=next, refusal=attempts.refusal(error), sso=sso)
        response = onward(next)
        give(response, SESSION, key, is_secure=doors.is_secure)
        return response


def _add_logout(server: FastAPI, doors: Doors, workers: Workers) -> None:
    @server.post("/logout", include_in_schema=False)
    async def log_out(request: Request) -> Response:
        try:
            refuse_other_sites(request)
            key = doors.cookie(request.scope, SESSION)
            await workers.run(lambda: attempts.log_out(doors, key, address(request.scope)))
        except attempts.REFUSALS as error:
            return login_page(next="/", refusal=attempts.refusal(error))
        response = onward("/login")
        # For whoever sits down here next; browsers heed it over TLS and on this machine (session.js does it elsewhere).
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        take_back(response, SESSION, is_secure=doors.is_secure)
        return response


def _add_walls(server: FastAPI, doors: Doors, workers: Workers) -> None:
    @server.get("/login/screen", include_in_schema=False)
    async def show() -> HTMLResponse:
        return code_page()

    @server.post("/login/screen", include_in_schema=False)
    async def activate(request: Request) -> Response:
        try:
            form = await read_form(request, ("code",))
            key = await workers.run(lambda: attempts.activate(doors, form["code"], address(request.scope)))
        except attempts.REFUSALS as error:
            return code_page(refusal=attempts.refusal(error))
        response = onward(WALL_HOME)
        give(response, WALL, key, is_secure=doors.is_secure, life=LIFE)
        return response


def onward(to: str) -> Response:
    """The answer to a form that was accepted: go there."""
    return RedirectResponse(to, 303, {"Cache-Control": "no-store"})
