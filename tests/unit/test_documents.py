"""Documents that are made from code, or promise commands, are true."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import uvicorn

from dashboard import startup
from dashboard.metrics.catalog import METRICS
from docs.make_metrics import TARGET, render

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_metrics_document_is_the_catalogue() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run: python -m docs.make_metrics"


def test_the_changelog_counts_the_metrics_right() -> None:
    assert f"catalogue of {len(METRICS)} metrics" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_picture_of_the_readme_is_there() -> None:
    pictures = re.findall(r"!\[[^]]*]\(([^)]+)\)", README)
    assert pictures
    assert [p for p in pictures if not (ROOT / p).is_file()] == []


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"`?make ([a-z.]+)", README))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {t for t in targets if not re.search(rf"^{re.escape(t)}:", makefile, re.MULTILINE)} == set()


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def unit_lines(name: str) -> list[str]:
    """What the example of a systemd unit says for a name, once per line."""
    text = (ROOT / "docs" / "yiping.service").read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_the_unit_starts_the_server_as_uvicorn_and_the_program_know_it() -> None:
    (start,) = unit_lines("ExecStart")
    program, *words = shlex.split(start)
    assert program.endswith("/python") and words[:3] == ["-m", "uvicorn", "app:server"]
    context = uvicorn.main.make_context("uvicorn", words[2:])
    assert (context.params["workers"], context.params["timeout_graceful_shutdown"]) == (2, 30)
    said = dict(line.split("=", 1) for line in unit_lines("Environment"))
    startup.check_environment(said)
    assert startup.is_behind_tls(said)
    assert startup.answered_hosts(context.params["host"], said["YIPING_HOSTS"]) >= {"zzzx.local", "127.0.0.1"}


def test_the_unit_keeps_what_the_server_writes_to_itself_and_the_snapshots_as_they_are() -> None:
    said = dict(line.split("=", 1) for line in unit_lines("Environment"))
    for name, value in (
        ("UMask", "0077"), ("ProtectSystem", "strict"), ("Restart", "on-failure"), ("KillMode", "mixed"),
        ("StateDirectoryMode", "0700"), ("NoNewPrivileges", "yes"), ("IPAddressDeny", "any"),
    ):  # fmt: skip
        assert unit_lines(name) == [value]
    assert said["YIPING_WAREHOUSE"] in unit_lines("ReadOnlyPaths")[0].split()
    assert Path(said["YIPING_STATE"]).parent == Path("/var/lib", *unit_lines("StateDirectory"))
    assert int(unit_lines("TimeoutStopSec")[0]) > 30, "longer than requests may take to end"
