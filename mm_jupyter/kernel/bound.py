"""What a cell bound, as its source has it: beside what an identity can tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from mm_jupyter.analysis.names import CellNames, cell_names
from mm_jupyter.records import Execution


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


def all_literals(body: str) -> tuple[str, ...]:
    """The names of a cell that does nothing but bind literals."""
    names = cell_names(body)
    return tuple(names.literals) if set(names.literals) == set(names.defines) else ()


def bound_names(
    names: CellNames, execution: Execution, namespace: Mapping[str, Any]
) -> tuple[str, ...]:
    """The names that the cell bound: seen by identity, and, where it ran to its end, named in its source.

    A name can be bound again to an object at the very address of the old one; its source still says so.
    """
    bound = dict.fromkeys(execution.bound)
    if execution.status == "ok":
        bound.update(dict.fromkeys(name for name in sorted(names.defines) if name in namespace))
    return tuple(bound)
