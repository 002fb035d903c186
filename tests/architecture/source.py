"""How is a source file read in these tests?"""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """The tree of a source text, made while no garbage is collected.

    Until Python 3.11.8 a finalizer that runs in between can end in `SystemError: AST constructor recursion depth`.
    """
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()
