"""Parts of expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def expressions(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif not isinstance(child, ast.stmt):
            yield from expressions(child)


def given_texts(node: ast.expr) -> set[str]:
    """The text literals that a call is given as they are: names of files and metrics."""
    given = (
        [*node.args, *(word.value for word in node.keywords)] if isinstance(node, ast.Call) else []
    )
    return {
        one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def texts(node: ast.expr) -> set[str]:
    """All text literals in an expression."""
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) < 200
    }


def root_of(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""
