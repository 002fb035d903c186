"""Documents that are made from code, or promise commands, are true."""

from __future__ import annotations

import re
from pathlib import Path

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
