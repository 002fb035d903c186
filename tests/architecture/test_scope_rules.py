"""Does whatever reads cases, events or figures of places ask for no more than the asker may see?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_house_rules import DASHBOARD, ROOT, called, name, tree

OF_PLACES = re.compile(
    r"\bmart\.(ledger|fact_(case\w*|visit_stat|grid_risk|risk_frame|near_repeat|density_bin|population))\b"
)
"""Tables whose rows belong to a place."""
DOORS = {"rows", "records", "batches"}
NARROWED = {"scoped", "_scoped", "_case_condition", "_seen", "_parts"}
"""What a function that reads such a table calls: all of them come to `dashboard.scope.within`."""
KNOWN = {
    "dashboard/ask.py:first_day": "one day of the whole county",
    "dashboard/ask.py:_risk_frames": "leaves out the grids that the scope's own vocabulary does not have",
    "dashboard/case_reader.py:read_case": "hands out only a case whose town `sees` lets through",
    "dashboard/care.py:_published": "the cells are decided for the county; `ask` reads those of the scope",
}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def texts_of(path: Path) -> dict[str, str]:
    """The constants of a module whose value names such a table."""
    found = {}
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node.value)
    named = {key for key, text in found.items() if OF_PLACES.search(text)}
    for _ in found:
        named |= {key for key, text in found.items() if any(re.search(rf"\b{other}\b", text) for other in named)}
    return {key: found[key] for key in named}


def reads_places(function: ast.AST, constants: dict[str, str]) -> bool:
    calls = {called(node).split(".")[-1] for node in ast.walk(function) if isinstance(node, ast.Call)}
    text = ast.unparse(function)
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return bool(calls & DOORS) and bool(OF_PLACES.search(text) or names & constants.keys())


def readers() -> Iterator[tuple[str, ast.AST]]:
    for path in DASHBOARD:
        constants = texts_of(path)
        for function in functions(path):
            if reads_places(function, constants):
                yield f"{path.relative_to(ROOT).as_posix()}:{function.name}", function


def test_whatever_reads_rows_of_places_narrows_what_is_asked() -> None:
    found = dict(readers())
    assert len(found) > 10
    for where, function in found.items():
        calls = {called(node).split(".")[-1] for node in ast.walk(function) if isinstance(node, ast.Call)}
        assert where in KNOWN or calls & NARROWED, f"{where} reads rows of places without the scope"
    assert found.keys() >= KNOWN.keys(), "an exception that is none any more"


def test_only_one_function_makes_scoped_filters() -> None:
    """So mypy says of every question that it went through `within`."""
    for path in DASHBOARD:
        makes = {called(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}
        assert "Scoped" not in makes or name(path) == "dashboard/scope.py", name(path)
        casts = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and called(n) == "cast"]
        assert not any("Scoped" in ast.unparse(node) for node in casts), name(path)


def test_the_snapshot_itself_is_handed_to_known_modules_only() -> None:
    using = {
        path.relative_to(ROOT).as_posix()
        for path in DASHBOARD
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "database"
    }
    assert using == {"dashboard/durations.py"}
