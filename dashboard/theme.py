"""Which colours and letters? Read from assets/tokens.css, so that charts, maps and pages cannot differ."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import plotly.graph_objects as go

ASSETS = Path(__file__).resolve().parent.parent / "assets"
WALL_ASSETS = r"^(wall|life)[-.]"
"""Files of assets/ that only the wall loads, as a pattern."""
FONT = '"Source Han Sans SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif'
_TOKEN = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-fA-F]{6})\s*;")
_BLOCK = re.compile(r"(:root|\[data-theme=\"dark\"\])\s*\{([^}]*)\}")

Theme = Literal["light", "dark"]


def read_tokens(css: str, theme: Theme = "light") -> dict[str, str]:
    """Role → colour of a tokens file; the dark block gives only what differs from the light one."""
    blocks = {selector: dict(_TOKEN.findall(body)) for selector, body in _BLOCK.findall(css)}
    light: dict[str, str] = blocks[":root"]
    return light if theme == "light" else light | blocks['[data-theme="dark"]']


_CSS = (ASSETS / "tokens.css").read_text(encoding="utf-8")
TOKENS = read_tokens(_CSS)
DARK = read_tokens(_CSS, "dark")
SEQUENTIAL = tuple(TOKENS[f"seq-{step}"] for step in range(1, 6))
ON_SEQUENTIAL = tuple(TOKENS[f"on-seq-{step}"] for step in range(1, 6))
DIVERGING = tuple(TOKENS[f"div-{step}"] for step in range(1, 8))
CATEGORIES = tuple(TOKENS[f"cat-{step}"] for step in range(1, 7))
AGES = tuple(TOKENS[f"age-{step}"] for step in range(1, 6))
BRAND = tuple(TOKENS[f"brand-{step}"] for step in range(10))


def colour(role: str, theme: Theme = "light") -> str:
    """The colour of a role; KeyError for a name that tokens.css does not have."""
    return (TOKENS if theme == "light" else DARK)[role]


def _axis() -> dict[str, Any]:
    return {
        "gridcolor": colour("line"),
        "linecolor": colour("line-strong"),
        "zerolinecolor": colour("line-strong"),
        "tickfont": {"color": colour("ink-soft"), "size": 12},
        "title": {"font": {"color": colour("ink-soft"), "size": 12}},
        "automargin": True,
        "fixedrange": True,
    }


def template() -> go.layout.Template:
    """The Plotly template of the desk theme."""
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": colour("ink")},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": CATEGORIES,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {**_axis(), "showgrid": False},
            "yaxis": _axis(),
            "hoverlabel": {
                "bgcolor": colour("surface"),
                "bordercolor": colour("line-strong"),
                "font": {"color": colour("ink"), "size": 13, "family": FONT},
                "align": "left",
            },
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
            "dragmode": False,
            "bargap": 0.35,
            "separators": ".,",
        }
    )


TEMPLATE = template()
