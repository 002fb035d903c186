"""The audit trail from the command line: `python -m dashboard audit verify|show|export|prune|sign --state FILE`."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.audit.csv_file import csv_blocks
from dashboard.audit.key import VARIABLE, found_key, key_path, read_key
from dashboard.audit.reading import Asked, newest, piece, sentence
from dashboard.audit.record import AuditError, Who
from dashboard.audit.trail import Trail, trail_path
from dashboard.audit.verify import verify
from dashboard.auth.roles import NAMES
from dashboard.clock import Clock
from dashboard.store import state_file

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

Run = Callable[[argparse.Namespace], int]


def add_commands(subparsers: Subparsers, *, clock: Clock = datetime.now) -> None:
    """Add `audit` and what it can do. Each sets `run`: call `options.run(options)`, which gives the exit code.

    `run` prints what went wrong instead of raising `AuditError`: 1 for a chain that does not hold, 2 for a refusal.
    """
    parser = subparsers.add_parser("audit", help="审计记录：核验、查看、导出、清除到期")
    commands = parser.add_subparsers(required=True, metavar="命令")
    _add(commands, "verify", _verify, "核验审计链，指出第一条有问题的记录")
    show = _add(commands, "show", _show, "最近的记录")
    show.add_argument("--last", type=_count, default=50, help="多少条，默认 50")
    _add_conditions(show)
    _add_conditions(_add(commands, "export", _export, "全部记录（CSV，写到标准输出）"))
    prune = _add(commands, "prune", lambda options: _prune(options, clock), "清除六个月以前的记录")
    _add(commands, "sign", lambda options: _sign(options, clock), "在核验无误之后，让没有签名的旧记录接着用密钥记下去")
    prune.add_argument("--before", type=_day, required=True, help="清除这一天以前的，如 2026-03-01")


def _add(commands: Subparsers, name: str, run: Run, words: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words)
    parser.add_argument("--state", type=state_file, required=True, help="保存视图、批注等的文件；审计记录在它旁边")
    parser.add_argument("--key", type=Path, help=f"审计密钥文件；默认为环境变量 {VARIABLE}，或记录旁的 audit.key")
    parser.set_defaults(run=lambda options: _in_words(run, options))
    return parser


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--event", action="append", default=[], help="只要这种事件，可重复")
    parser.add_argument("--name", default="", help="只要姓名中有这些字的")
    parser.add_argument("--since", type=_day, help="自这一天")
    parser.add_argument("--until", type=_day, help="至这一天（不含）")


def _in_words(run: Run, options: argparse.Namespace) -> int:
    try:
        return run(options)
    except AuditError as error:
        print(error, file=sys.stderr)
        return 2


def _verify(options: argparse.Namespace) -> int:
    found = verify(trail_path(options.state), key=_key(options))
    print(found.words)
    print(f"末条 第 {found.head.seq:,} 条 {found.head.hash}")
    return 1 if found.broken else 0


def _show(options: argparse.Namespace) -> int:
    found = piece(trail_path(options.state), _asked(options), limit=options.last)
    for record in reversed(found.records):
        print(f"{record.seq:>8} {record.at[:19].replace('T', ' ')} {sentence(record, NAMES)}")
    return 0


def _export(options: argparse.Namespace) -> int:
    with newest(trail_path(options.state), _asked(options)) as records:
        for block in csv_blocks(records, NAMES):
            sys.stdout.buffer.write(block)
    sys.stdout.flush()
    return 0


def _prune(options: argparse.Namespace, clock: Clock) -> int:
    with closing(_opened(options, clock)) as trail:
        removed = trail.prune(datetime.combine(options.before, time()), who=_operator())
    print(f"已清除 {removed:,} 条；留下一条记号，审计链仍可核验" if removed else "没有这么早的记录")
    return 0


def _sign(options: argparse.Namespace, clock: Clock) -> int:
    with closing(_opened(options, clock)) as trail:
        if not trail.key:
            raise AuditError(f"没有审计密钥：既没有环境变量 {VARIABLE}，也没有文件 {key_path(trail.path)}")
        if verify(trail.path, key=trail.key).broken:
            unsigned = verify(trail.path)
            if unsigned.broken:
                raise AuditError(unsigned.words)
            trail.begin_signing(who=_operator())
    print("审计记录已用密钥签名")
    return 0


def _opened(options: argparse.Namespace, clock: Clock) -> Trail:
    path = trail_path(options.state)
    if not path.exists():
        raise AuditError(f"没有审计记录 {path}")
    return Trail(path, clock=clock, key=_key(options))


def _operator() -> Who:
    return Who(getpass.getuser(), "", "operator")


def _key(options: argparse.Namespace) -> bytes:
    return read_key(options.key) if options.key else found_key(trail_path(options.state))


def _asked(options: argparse.Namespace) -> Asked:
    return Asked(events=tuple(options.event), name=options.name, since=options.since, until=options.until)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("须为 2026-03-01 这样的日期") from None


def _count(text: str) -> Any:
    if not text.isdigit() or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError("须为 1 至 100000 的整数")
    return int(text)
