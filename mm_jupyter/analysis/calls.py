"""What a cell calls, as written, and which changed defaults touch it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mm_jupyter.analysis.names.lines import read
from mm_jupyter.records import DefaultChange

Signatures = Mapping[str, Mapping[str, str]]
"""Parameters with their defaults, as Python writes them, by the full name of what is called."""


@dataclass(frozen=True, slots=True)
class Call:
    """``path`` is the dotted name that is called, ``keywords`` the parameters given by name."""

    path: tuple[str, ...]
    keywords: frozenset[str]


def calls(source: str) -> Iterator[Call]:
    """The calls of dotted names in a cell; a cell that is no Python has none."""
    try:
        tree, _ = read(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (path := _dotted(node.func)):
            yield Call(path, frozenset(word.arg for word in node.keywords if word.arg))


def _dotted(node: ast.expr) -> tuple[str, ...]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def changed_defaults(
    old: Signatures, new: Signatures, sources: Iterable[str]
) -> tuple[DefaultChange, ...]:
    """The defaults that differ and that these sources rely on: they call it at least once without that parameter."""
    made: dict[str, list[frozenset[str]]] = {}
    for source in sources:
        for call in calls(source):
            made.setdefault(call.path[-1], []).append(call.keywords)
    found = []
    for name in sorted(old.keys() & new.keys()):
        uses = made.get(name.rpartition(".")[2], [])
        for parameter in sorted(old[name].keys() | new[name].keys()):
            before, after = old[name].get(parameter), new[name].get(parameter)
            if before != after and any(parameter not in given for given in uses):
                found.append(DefaultChange(call=name, parameter=parameter, old=before, new=after))
    return tuple(found)
