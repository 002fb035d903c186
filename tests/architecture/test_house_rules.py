"""Are the rules of the house kept? Read off the source, so that breaking one names the file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.contract import TABLES
from tests import builders
from tests.architecture.source import parsed

ROOT = builders.ROOT
MODULES = [ROOT / "app.py", *sorted((ROOT / "dashboard").rglob("*.py")), *sorted((ROOT / "etl").rglob("*.py"))]
DASHBOARD = [p for p in MODULES if "dashboard" in p.parts]


def tree(path: Path) -> ast.Module:
    return parsed(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> set[str]:
    """Top-level packages a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def called(node: ast.AST) -> str:
    """`a.b.c` of a call or decorator."""
    if isinstance(node, ast.Call):
        return called(node.func)
    if isinstance(node, ast.Attribute):
        return f"{called(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_only_the_warehouse_and_the_etl_import_duckdb() -> None:
    allowed = {"dashboard/warehouse.py"}
    assert {
        name(p) for p in MODULES if "duckdb" in imports(p) and p.parts[-2] != "etl" and "etl" not in p.parts
    } == allowed


def test_the_dashboard_imports_only_what_the_etl_promises() -> None:
    for path in DASHBOARD:
        modules = {n.module for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom) and n.module}
        assert {m for m in modules if m.split(".")[0] == "etl"} <= {"etl.contract", "etl.person_numbers"}, name(path)


def test_figures_do_not_import_dash() -> None:
    for path in (ROOT / "dashboard" / "figures").glob("*.py"):
        assert not {i for i in imports(path) if i.startswith("dash") and i != "dashboard"}, name(path)


def module_level(path: Path) -> Iterator[ast.stmt]:
    yield from tree(path).body


@pytest.mark.parametrize("word", ["callback", "register_page"])
def test_nothing_registers_itself_with_dash_when_it_is_imported(word: str) -> None:
    for path in MODULES:
        for statement in module_level(path):
            decorators = getattr(statement, "decorator_list", [])
            value = [statement.value] if isinstance(statement, ast.Expr) else []
            for node in (*decorators, *value):
                assert called(node).split(".")[-1] != word, f"{name(path)}:{statement.lineno}"


def test_the_dashboard_has_no_clock_of_its_own() -> None:
    """Today is the data's time. Only the entrance says when the server started."""
    clock = re.compile(r"(datetime|date|pd\.Timestamp)\.(now|today|utcnow)$")
    for path in DASHBOARD:
        calls = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and clock.search(called(n))]
        assert not calls, f"{name(path)}:{calls[0].lineno}"


def test_the_etl_takes_its_time_from_its_caller() -> None:
    for path in sorted((ROOT / "etl").rglob("*.py")):
        if path.name != "__main__.py":
            assert not re.search(r"datetime\.(now|today|utcnow)\(", path.read_text(encoding="utf-8")), name(path)


# --- SQL ----------------------------------------------------------------------------------------------------------

SQL_DOORS = {"rows", "records", "batches", "define", "execute", "executemany", "sql"}
OUR_WORDS = {
    # What an f-string of the dashboard handed to a database may splice: our own words, never what a reader typed.
    "condition", "source", "table", "where", "tables", "_CASE_SELECT", "_WHOLE_CASE_SELECT", "_CASE_COLUMNS",
    "CASE_ORDERS", "CASE_SORTS", "_sums", "_WEIGHED_SELECT", "_NEAR_SELECT", "_NEAR_ORDER",
    "quoted", "spill", "MEMORY_LIMIT", "THREADS",
}  # fmt: skip
OF_A_ROW = {"value", "values", "text", "cell", "cells", "shown", "line", "title", "path", "code"}
"""Names that hold what a file says: the ETL never splices them."""


def spliced_names(node: ast.JoinedStr) -> set[str]:
    """The first name of every expression in an f-string."""
    found = set()
    for value in ast.walk(node):
        if isinstance(value, ast.FormattedValue):
            first = next((n for n in ast.walk(value.value) if isinstance(n, ast.Name)), None)
            found.add(first.id if first else "?")
    return found


def splices(path: Path) -> Iterator[tuple[int, set[str]]]:
    """Line and spliced names of every f-string that is handed to a database."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and called(node).split(".")[-1] in SQL_DOORS:
            for text in [n for argument in node.args[:1] for n in ast.walk(argument) if isinstance(n, ast.JoinedStr)]:
                yield node.lineno, spliced_names(text)


def test_no_text_of_a_reader_is_spliced_into_sql() -> None:
    """Every f-string given to a database splices only names known to hold our own words; values are bound."""
    for path in DASHBOARD:
        for line, names in splices(path):
            assert names <= OUR_WORDS, f"{name(path)}:{line} splices {sorted(names - OUR_WORDS)}"


def test_no_text_of_a_file_is_spliced_into_sql() -> None:
    for path in (p for p in MODULES if "etl" in p.parts):
        for line, names in splices(path):
            assert not names & OF_A_ROW, f"{name(path)}:{line} splices {sorted(names & OF_A_ROW)}"


def test_what_a_filter_says_is_never_part_of_the_sql() -> None:
    for path in (ROOT / "dashboard" / "ask.py", ROOT / "dashboard" / "metrics" / "query.py"):
        for text in [n for n in ast.walk(tree(path)) if isinstance(n, ast.JoinedStr)]:
            assert not spliced_names(text) & {"filters", "codes", "value", "chosen", "code"} or not re.search(
                r"\b(select|where|from|list_contains)\b", ast.unparse(text)
            ), f"{name(path)}:{text.lineno}"


@pytest.mark.parametrize("path", sorted((ROOT / "etl").rglob("*.sql")), ids=lambda p: p.stem)
def test_an_sql_file_opens_with_its_grain(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("-- Grain:")


@pytest.mark.parametrize("path", sorted((ROOT / "etl" / "checks").glob("*.sql")), ids=lambda p: p.stem)
def test_a_check_is_a_sentence_and_one_select(path: Path) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", path.stem)
    body = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8")).strip().rstrip(";")
    assert ";" not in body
    assert body.lower().startswith(("select", "with"))


def test_a_snapshot_has_exactly_the_tables_and_columns_of_the_contract(small_county: Path) -> None:
    with builders.asking(small_county) as ask:
        found = ask._db.rows(
            "select table_name, column_name, data_type from duckdb_columns() where database_name = 'mart'"
            " order by table_name, column_index"
        )
    promised = [(table, c.name, c.type) for table in sorted(TABLES) for c in TABLES[table]]
    assert found == promised


def test_no_column_of_the_contract_may_not_be_in_a_snapshot() -> None:
    assert all(c.privacy in (0, 1, 2) and c.meaning for columns in TABLES.values() for c in columns)


# --- the machine's edge -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_host_and_pins_every_package_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?://", text)
    assert "--index-url" not in text
    packages = re.findall(r"^([A-Za-z0-9_.\-\[\]]+)==", text, re.MULTILINE)
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert len(packages) > 20
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_our_own_assets_ask_no_other_machine() -> None:
    own = [p for p in (ROOT / "assets").glob("*") if p.suffix in (".js", ".css")]
    for path in [*own, *DASHBOARD]:
        text = re.sub(r"http://www\.w3\.org/\S+", "", path.read_text(encoding="utf-8"))
        for url in re.findall(r"https?://[^\s\"'{)`]+", text):
            assert url.startswith(("http://127.0.0.1", "http://localhost")), f"{name(path)}: {url}"


def test_every_module_opens_with_what_it_is_for() -> None:
    for path in MODULES:
        if path.name != "__init__.py" or path.stat().st_size:
            assert ast.get_docstring(tree(path)), name(path)
