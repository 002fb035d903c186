"""Does anything here talk over a WebSocket? Nothing: Dash's route for it stays shut."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class NoSockets:
    """An ASGI layer that refuses every WebSocket before it is accepted (the client sees 403)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything else."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await self._app(scope, receive, send)
