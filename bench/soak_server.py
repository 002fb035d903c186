"""A server that swings between two published snapshots at a word: every page and panel real, no file opened anew.

`python -m bench.soak_server FIRST SECOND PORT`: two warehouses. POST /swing makes the other one current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.ask import Ask
from dashboard.server import Server, create
from dashboard.warehouse import Warehouse, open_warehouse


class Swing:
    """Two warehouses behind the door of one."""

    refused = ""

    def __init__(self, paths: list[Path]) -> None:
        self._doors: list[Warehouse] = [open_warehouse(path) for path in paths]
        self._at = 0

    def swing(self) -> None:
        """Make the other one current, as publishing does."""
        self._at = 1 - self._at

    @contextmanager
    def lease(self) -> Iterator[Ask]:
        """The current one's questions."""
        with self._doors[self._at].lease() as ask:
            yield ask

    def close(self) -> None:
        """Let go of both."""
        for door in self._doors:
            door.close()


def serve(first: Path, second: Path) -> Server:
    """The whole application over both."""
    swing = Swing([first, second])
    with patch("dashboard.server.open_warehouse", lambda *_: swing):
        server = create(first, clock=datetime.now)

    async def swung(_request: Request) -> Response:
        swing.swing()
        return JSONResponse({"rss_kb": _rss()})

    paths = server.rules.paths
    server.rules = replace(server.rules, paths=replace(paths, pages={*paths.pages, "/swing"}))
    server.router.routes.insert(0, Route("/swing", swung, methods=["POST"]))
    return server


def _rss() -> int:
    """Resident memory of this process in KiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("no VmRSS in /proc/self/status")


if __name__ == "__main__":
    uvicorn.run(serve(Path(sys.argv[1]), Path(sys.argv[2])), port=int(sys.argv[3]), log_level="warning")
