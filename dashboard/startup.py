"""May the server start like this? Settings that leave a door open, or that nobody reads, stop it with a sentence."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
from collections.abc import Mapping
from logging.handlers import QueueHandler, QueueListener, TimedRotatingFileHandler
from pathlib import Path
from queue import SimpleQueue

from dashboard.audit.head import locked
from dashboard.config import ConfigError
from dashboard.web.hosts import LOOPBACK, host_names

BEHIND_TLS = "YIPING_BEHIND_TLS"
"""1: browsers come by https, through a proxy; as --behind-tls, for an ASGI server that takes no options of ours."""

VARIABLES = {
    "YIPING_WAREHOUSE", "YIPING_MAP", "YIPING_MAP_KEY", "YIPING_STATE", "YIPING_WALL", "YIPING_HOST", "YIPING_PORT",
    "YIPING_HOSTS", "YIPING_ACCESS_LOG", "YIPING_AUDIT_KEY", BEHIND_TLS,
    # The tests' own; they start the server too.
    "YIPING_HYPOTHESIS", "YIPING_LOADS", "YIPING_E2E_WAREHOUSE",
}  # fmt: skip
OF_DASH = ("DASH_", "_DASH_")
KEPT_DAYS = 190
"""Access lines are kept for half a year and a few days (口径为本项目默认值)."""
STANDARD_ERROR = Path("-")


class StartError(ConfigError):
    """The server must not start as it is set up; the text says what to change, for a person."""


def check_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Raises `StartError` for Dash's own variables, which can switch on its debugger, and for unknown ones of ours."""
    for name in sorted(environment):
        if name.startswith(OF_DASH):
            raise StartError(f"拒绝启动：设有环境变量 {name}，它会改变 Dash 的行为（如打开调试）；请取消")
        if name.startswith("YIPING_") and name not in VARIABLES:
            raise StartError(f"拒绝启动：不认识的环境变量 {name}；可用：{'、'.join(sorted(VARIABLES))}")


def is_behind_tls(environment: Mapping[str, str] = os.environ) -> bool:
    """Do browsers come by https, as the environment has it? Raises `StartError` where it says neither yes nor no."""
    said = environment.get(BEHIND_TLS, "0")
    if said not in ("0", "1"):
        raise StartError(f"拒绝启动：环境变量 {BEHIND_TLS} 只能是 1 或 0")
    return said == "1"


def check_private(path: Path, name: str) -> None:
    """Raises `StartError` where all users of the machine may read, write or enter a file or folder of data."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0
    if mode & 0o007:
        raise StartError(
            f"拒绝启动：{name} {path} 对本机所有用户开放（权限 {mode:03o}）；请运行 chmod o-rwx '{path.resolve()}'"
        )


def answered_hosts(host: str, more: str) -> frozenset[str]:
    """The names to answer to: this machine's own, the address listened on, and a comma-separated list of more.

    Raises `StartError` for a name that is none.
    """
    try:
        return LOOPBACK | host_names(f"[{host}]" if ":" in host else host) | host_names(more)
    except ValueError as error:
        raise StartError(f"拒绝启动：“{error}”不是主机名；--allowed-hosts 应写作 zzzx.local,10.1.2.3") from error


def write_logs(access: Path) -> QueueListener:
    """Begin to write the access log into a file of each day (`-`: standard error) and faults to standard error.

    A thread of its own writes, so that a slow disk holds up no request; stop the listener at the end. Raises
    `StartError` where the file cannot be written.
    """
    lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
    listener = QueueListener(lines, _access_file(access))
    logger = logging.getLogger("yiping.access")
    logger.handlers = [QueueHandler(lines)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    listener.start()
    return listener


def _access_file(path: Path) -> logging.Handler:
    if path == STANDARD_ERROR:
        return logging.StreamHandler(sys.stderr)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return DailyFile(path, when="midnight", backupCount=KEPT_DAYS, encoding="utf-8")
    except OSError as error:
        raise StartError(f"拒绝启动：访问日志 {path} 不能写入（{error.strerror}）；可用 --access-log 另指定") from error


class DailyFile(TimedRotatingFileHandler):
    """A file for the lines of each day, of all workers: the first one that sees midnight puts the old day away for all.

    Left to itself, each would put away what the one before it has begun, and throw away the day.
    """

    _is_put_away = False

    def doRollover(self) -> None:  # noqa: N802 (the name is Python's)
        """Go on with the file of a new day."""
        with locked(Path(self.baseFilename).parent, os.O_RDONLY, fcntl.LOCK_EX):
            super().doRollover()

    def rotation_filename(self, default_name: str) -> str:
        """Where the old day goes. Python removes a file of this name: never that of a day that is put away already."""
        self._is_put_away = Path(default_name).exists()
        return f"{default_name}.nowhere" if self._is_put_away else default_name

    def rotate(self, source: str, dest: str) -> None:
        """Put the old day away, once."""
        if not self._is_put_away:
            super().rotate(source, dest)
