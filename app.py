"""The entrance: `python app.py --warehouse DIR --host H --port N`, or `app:server` for an ASGI server."""

from __future__ import annotations

import argparse
import atexit
import ipaddress
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.store import DEFAULT as DEFAULT_STATE
from dashboard.store import state_file

if TYPE_CHECKING:
    from fastapi import FastAPI

ROOT = Path(__file__).resolve().parent
DEFAULT_WAREHOUSE = ROOT / "data" / "warehouse"
DEFAULT_MAP = ROOT / "data" / "reference" / "map.toml"
DEFAULT_WALL = ROOT / "data" / "reference" / "wall.toml"


def create_server(options: argparse.Namespace) -> FastAPI:
    """The whole application on one ASGI server: API, health, pages. Stops where a file that it needs is unusable."""
    # Imported late, so that `--help` answers at once.
    from dashboard import basemap, events, interpreter, startup, targets
    from dashboard.audit.of_server import started
    from dashboard.audit.record import AuditError
    from dashboard.config import ConfigError
    from dashboard.server import create
    from dashboard.store import StoreError

    try:
        startup.check_environment()
        startup.check_private(options.warehouse, "数据目录")
        startup.check_private(options.state.parent, "状态目录")
        hosts = startup.answered_hosts(options.host, options.allowed_hosts)
        targets.configured()
        events.configured()
        tiles = basemap.read(options.map)
        server = create(
            options.warehouse,
            tiles,
            clock=datetime.now,
            state=options.state,
            wall=options.wall,
            hosts=hosts,
            is_gated=True,
            is_secure=options.behind_tls or startup.is_behind_tls(),
        )
        started(server.state.trail, server.state.build)
        log = startup.write_logs(options.access_log or options.state.with_name("access.jsonl"))
    except (AuditError, ConfigError, StoreError) as error:
        sys.exit(str(error))
    atexit.register(log.stop)
    # A start that is refused while a thread still warms up the data would end in a crash inside DuckDB.
    atexit.register(server.state.warehouse.close)
    interpreter.tune()
    return server


def is_public(host: str) -> bool:
    """Can other machines reach this address?"""
    try:
        return host != "localhost" and not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def is_reachable(options: argparse.Namespace) -> bool:
    """Can other machines reach this server, by its own address or through a proxy before it?"""
    from dashboard import startup

    return (
        is_public(options.host) or options.behind_tls or startup.is_behind_tls() or bool(options.allowed_hosts.strip())
    )


def refuse_unusable_data(server: FastAPI) -> None:
    """Stops where the current batch cannot be opened, as one with a stray `.wal` beside it; says why."""
    from etl.contract import NoSnapshotError

    try:
        with server.state.warehouse.lease():
            pass
    except NoSnapshotError as error:
        sys.exit(str(error))


def prepare_accounts(server: FastAPI, options: argparse.Namespace) -> None:
    """Where there is no account yet: those of the demo county, printed once; else stop and say how to make one."""
    from dashboard.auth import demo

    accounts = server.state.security.doors.accounts
    if not accounts.listed() and options.demo_if_empty and not is_reachable(options):
        with server.state.warehouse.lease() as ask:
            town = next(iter(ask.vocabulary["town"]), "")
        print("第一次运行，已建立演示账号（密码只显示这一次；忘了用 python -m dashboard users reset 重设）：")
        for login in demo.first_accounts(accounts, town=town):
            print(f"  {login.role}\t账号 {login.name}\t密码 {login.password}", flush=True)
    if not accounts.listed():
        command = f"python -m dashboard users add 账号 --role admin --state {options.state}"
        sys.exit(f"还没有账号，请先运行 {command}（大屏用 wall code 激活）")
    if is_reachable(options):
        refuse_demo_accounts(server, options.host)


def refuse_demo_accounts(server: FastAPI, where: str) -> None:
    """Stops where other machines could reach a server whose demo accounts somebody may have seen on a screen."""
    if server.state.security.doors.accounts.has_demo_accounts():
        sys.exit(f"拒绝监听 {where}：还有演示账号，请先停用它们，或重设密码（python -m dashboard users …）")


def load_demo(warehouse: Path) -> None:
    """Write the fictional county's files and load them through the real ETL, with progress."""
    from etl.__main__ import load_with_progress
    from etl.demo import write_demo

    out = ROOT / "data" / "demo"
    print("还没有数据，先生成虚构县（演示数据）并加载，约需一分钟……", flush=True)
    report = write_demo(out, progress=True)
    load_with_progress(out, warehouse, as_of=report.as_of)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    options = _options(arguments)
    os.umask(0o077)  # what the server and the load write, nobody else on the machine reads
    if not (options.warehouse / "CURRENT.json").exists():
        if not options.demo_if_empty:
            sys.exit(f"{options.warehouse} 中还没有数据，请先运行 python -m etl load，或加 --demo-if-empty")
        load_demo(options.warehouse)
    import uvicorn

    from dashboard.web import connection

    server = create_server(options)
    refuse_unusable_data(server)
    prepare_accounts(server, options)
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"态势一屏尽观：http://{host}:{options.port}  （{datetime.now():%H:%M} 启动，按 Ctrl+C 停止）", flush=True)  # noqa: DTZ005
    uvicorn.run(
        server,
        host=options.host,
        port=options.port,
        **connection.options(),
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="态势一屏尽观")
    env = os.environ
    parser.add_argument("--warehouse", type=Path, default=Path(env.get("YIPING_WAREHOUSE", DEFAULT_WAREHOUSE)))
    parser.add_argument("--map", type=Path, default=Path(env.get("YIPING_MAP", DEFAULT_MAP)), help="底图配置文件")
    parser.add_argument(
        "--state", type=state_file, default=Path(env.get("YIPING_STATE", DEFAULT_STATE)), help="保存视图、批注等的文件"
    )
    parser.add_argument("--wall", type=Path, default=Path(env.get("YIPING_WALL", DEFAULT_WALL)), help="大屏配置文件")
    parser.add_argument("--host", default=env.get("YIPING_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=env.get("YIPING_PORT", "8050"))
    parser.add_argument(
        "--allowed-hosts",
        default=env.get("YIPING_HOSTS", ""),
        metavar="NAME,…",
        help="除本机名外，浏览器可用哪些主机名访问，逗号分隔",
    )
    parser.add_argument(
        "--access-log",
        type=Path,
        default=env.get("YIPING_ACCESS_LOG"),
        metavar="FILE",
        help="访问日志，默认在状态目录中；- 为标准错误输出",
    )
    parser.add_argument(
        "--behind-tls", action="store_true", help="浏览器经 https（反向代理）访问：登录 cookie 只经 https 发送"
    )
    parser.add_argument("--demo-if-empty", action="store_true", help="没有数据时先生成并加载演示县")
    return parser.parse_args(arguments)


def __getattr__(name: str) -> Any:
    """`app:server` for an ASGI server, made when it is first asked for."""
    if name == "server":
        os.umask(0o077)
        made = create_server(_options([]))
        refuse_demo_accounts(made, "未知的地址（app:server）")  # the ASGI server alone knows where it listens
        return made
    raise AttributeError(name)


if __name__ == "__main__":
    main()
