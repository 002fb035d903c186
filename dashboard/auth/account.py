"""What do people do with their own account? Change its password; and who may, look as another role."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.auth import attempts
from dashboard.auth.account_page import password_page, view_as_page
from dashboard.auth.cookies import SESSION, give
from dashboard.auth.doors import Doors
from dashboard.auth.forms import read_form
from dashboard.auth.identity import Identity, current
from dashboard.auth.login import AT_ONCE, onward
from dashboard.auth.roles import ROLES, VIEWABLE
from dashboard.auth.workers import Workers
from dashboard.refusal import RefusedError
from dashboard.web.access import address

Towns = Callable[[], Mapping[str, str]]
"""The names of the county's towns by code; called off the event loop."""


def add_account(server: FastAPI, doors: Doors, towns: Towns) -> None:
    """Add /password and /view-as. The gate lets in only who may; a token or a wall has no session to change."""
    workers = Workers("account", at_once=AT_ONCE)
    _add_password(server, doors, workers)
    _add_view_as(server, doors, workers, towns)


def _person() -> Identity:
    """Who asks, as somebody with an account. Raises `RefusedError`."""
    if current().kind != "session":
        raise RefusedError("只有登录的人才能这样做", 403)
    return current()


def _add_password(server: FastAPI, doors: Doors, workers: Workers) -> None:
    @server.get("/password", include_in_schema=False)
    async def show() -> HTMLResponse:
        return password_page()

    @server.post("/password", include_in_schema=False)
    async def change(request: Request) -> Response:
        try:
            name = _person().name
            form = await read_form(request, ("current", "password", "again"))
            if form["password"] != form["again"]:
                raise RefusedError("两次输入的新密码不一样")
            where = address(request.scope)
            key = await workers.run(
                lambda: attempts.change_password(doors, name, form["current"], form["password"], where)
            )
        except attempts.REFUSALS as error:
            return password_page(refusal=attempts.refusal(error))
        response = onward("/")
        give(response, SESSION, key, is_secure=doors.is_secure)
        return response


def _add_view_as(server: FastAPI, doors: Doors, workers: Workers, towns: Towns) -> None:
    @server.get("/view-as", include_in_schema=False)
    async def show() -> HTMLResponse:
        return view_as_page(await workers.run(towns))

    @server.post("/view-as", include_in_schema=False)
    async def look(request: Request) -> Response:
        """As the role of the form; as oneself again where it names none."""
        known = await workers.run(towns)
        try:
            person = _person()
            form = await read_form(request, ("role", "town"))
            role, town = form["role"], form["town"]
            _check(role, town, known)
            key, where = doors.cookie(request.scope, SESSION), address(request.scope)
            await workers.run(lambda: attempts.look_as(doors, person, key, role=role, town=town, address=where))
        except attempts.REFUSALS as error:
            return view_as_page(known, refusal=attempts.refusal(error))
        return onward(ROLES[role or person.account_role].home)


def _check(role: str, town: str, known: Mapping[str, str]) -> None:
    """Raises `RefusedError` for what cannot be looked as."""
    if not role:
        return
    found = next((one for one in VIEWABLE if one.key == role), None)
    if found is None:
        raise RefusedError("没有这个角色")
    if found.is_of_a_town and town not in known:
        raise RefusedError("请选择乡镇")
    if town and not found.is_of_a_town:
        raise RefusedError(f"角色“{found.name}”看全县，不选乡镇")
