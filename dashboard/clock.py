"""Whose time is it? The server's, handed in by whoever starts it: nothing here looks at a clock by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
