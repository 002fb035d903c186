"""Is any place used where a browser would run what data says? The sinks of BR-01, read off the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import builders
from tests.architecture.source import parsed

ROOT = builders.ROOT
PYTHON = [ROOT / "app.py", *sorted((ROOT / "dashboard").rglob("*.py"))]
SCRIPTS = sorted((ROOT / "assets").glob("*.js"))

OPTIONS = {
    "dangerously_allow_html",  # dcc.Markdown: iframe srcdoc runs
    "dangerously_allow_code",  # AG Grid: columns as code, Markdown as HTML
    "markdown_options",  # DataTable: html=True
    "enableHtml",
    "srcDoc",
    "popup",  # dash-leaflet binds these two properties of a feature as HTML
    "tooltip",
}
COMPONENTS = {"DivMarker", "DashDangerouslySetInnerHtml", "Iframe", "Embed", "ObjectEl", "Markdown", "TileLayer"}
"""DivMarker and TileLayer (attribution) take HTML; the others have no use here and some way to run a text."""

SCRIPT_SINKS = re.compile(
    r"""innerHTML | outerHTML | insertAdjacentHTML | document\s*\.\s*write(ln)? \b | createContextualFragment | srcdoc
      | setHTMLUnsafe | parseHTMLUnsafe | text/html | dangerously\w+ | \beval\s*\( | new\s+Function\b | javascript:
      | set(Timeout|Interval)\s*\(\s*["'`]
      | setAttribute\s*\(\s*["'`]on
      | bind(Popup|Tooltip)\s*\(\s*(?!function\b)      # a function that hands over an element, never a text
      | set(Popup|Tooltip)?Content\s*\( | openPopup\s*\( | openTooltip\s*\(\s*\w
      | \b(popup|tooltip|attribution)["']?\s*: """,
    re.VERBOSE,
)
ICON_HTML = re.compile(r"""\bhtml["']?\s*:\s*(?P<given>[^,}\n]+)""")
"""An icon of Leaflet's: HTML where it is a text, put in as it stands where it is an element."""


def python_sinks(source: str) -> Iterator[str]:
    """Every banned option or component that a module of ours uses."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.keyword) and node.arg in OPTIONS:
            yield f"{node.value.lineno}: {node.arg}="
        elif isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            yield from (f"{node.lineno}: “{key}”" for key in keys if key in OPTIONS)
        elif isinstance(node, (ast.Attribute, ast.Name)):
            word = node.attr if isinstance(node, ast.Attribute) else node.id
            if word in COMPONENTS:
                yield f"{node.lineno}: {word}"


def script_sinks(source: str) -> Iterator[str]:
    """Every banned call or property that a script of ours uses, and every icon that is not an element made here."""
    for found in SCRIPT_SINKS.finditer(source):
        yield found.group(0)
    for found in ICON_HTML.finditer(source):
        name = re.escape(found.group("given").strip())
        made = source.rfind("document.createElement(", 0, found.start())
        if made < 0 or not re.search(rf"\bvar {name} = $", source[:made].rsplit("\n", 1)[-1]):
            yield found.group(0)


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_t08_no_module_gives_data_a_place_where_it_would_run(path: Path) -> None:
    assert list(python_sinks(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_t08_no_script_makes_html_of_a_text(path: Path) -> None:
    assert list(script_sinks(path.read_text(encoding="utf-8"))) == []


def test_t08_no_feature_of_a_layer_has_a_property_that_leaflet_would_show_as_html(small_county: Path) -> None:
    """dash-leaflet binds `popup` and `tooltip` of any feature, whatever else the layer is told to do with it."""
    with builders.asking(small_county) as ask:
        for layer in ("county", "town", "village", "grid", "outline-village", "outline-grid"):
            features = ask.geometry(layer)["features"]
            assert {key for f in features for key in f["properties"]} <= {
                "code", "name", "town", "village", "basis", "lon", "lat", "level",
            }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "dcc.Markdown('x')",
        "f(dangerously_allow_html=True)",
        "f(dangerously_allow_code=True)",
        "table(markdown_options={'html': True})",
        "dl.DivMarker(iconOptions={'html': title})",
        "dl.TileLayer(attribution=name)",
        "feature = {'properties': {'popup': title}}",
        "feature = dict(tooltip=title)",
        "html.Iframe(srcDoc=title)",
    ],
)
def test_the_lint_of_modules_sees_a_sink(line: str) -> None:
    assert list(python_sinks(line))


@pytest.mark.parametrize(
    "line",
    [
        "box.innerHTML = title;",
        "box['outerHTML'] += title;",
        "box.insertAdjacentHTML('beforeend', title);",
        "document.write(title);",
        "layer.bindTooltip(feature.properties.name, {});",
        "layer.bindPopup('<b>' + name);",
        "popup.setContent(name);",
        "L.divIcon({ html: '<span>' + name + '</span>' })",
        "var text = name; L.divIcon({ html: text })",
        "box.setAttribute('onclick', said);",
        "window.setTimeout('go()', 1);",
        "feature.properties = { tooltip: name };",
        "new DOMParser().parseFromString(said, 'text/html')",
        "link.href = 'javascript:' + said;",
        "frame.srcdoc = said;",
    ],
)
def test_the_lint_of_scripts_sees_a_sink(line: str) -> None:
    assert list(script_sinks(line))


def test_the_lint_of_scripts_lets_an_element_through() -> None:
    assert not list(script_sinks('  var text = document.createElement("span");\n  L.divIcon({ html: text })'))
