"""What have the county's files of settings in common? They are TOML, read at start; a wrong one stops the server."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


class ConfigError(Exception):
    """A file of settings cannot be used; the text says where and why, for a person."""


def entries(path: Path, table: str, *, name: str, error: type[ConfigError]) -> list[Any]:
    """The `[[table]]` entries of a file, none where there is no file. Raises `error`; `name` is what people call it."""
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as problem:
        raise error(f"{name} {path} 不能使用，不是合格的 TOML（{problem}）：请对照随附的文件修改") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise error(f"{name} {path} 不能使用（{problem}）：请存为 UTF-8") from problem
    if unknown := whole.keys() - {table}:
        raise error(f"{name} {path} 有不认识的项“{'、'.join(sorted(unknown))}”：只能有 [[{table}]]")
    rows = whole.get(table, [])
    if not isinstance(rows, list):
        raise error(f"{name} {path} 中每一项须以 [[{table}]] 开头")
    return rows
