"""The variables of a cell's loops: they hold numbers, and are no results."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def loop_variables(source: str) -> frozenset[str]:
    """The top-level names that the ``for`` statements of a cell (as plain Python) bind; none where it is no Python."""
    if "for " not in source:
        return frozenset()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    targets = [
        node.target for node in _top_level(tree) if isinstance(node, (ast.For, ast.AsyncFor))
    ]
    return frozenset(
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    )


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes outside of functions and classes, whose loops bind names of their own."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from _top_level(child)
