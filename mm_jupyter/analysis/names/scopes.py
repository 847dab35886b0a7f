"""Scopes: which name a word in the source stands for, by Python's own rules."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

ScopeKind = Literal["module", "function", "class", "comprehension"]


@dataclass(slots=True)
class Scope:
    """One scope. Names of inner scopes are written ``number:name``, so that none is taken for a top-level one."""

    kind: ScopeKind
    number: int = 0
    bound: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    """Declared ``global``."""
    title: str = ""
    """Of a class: its name, which mangles ``__private`` words in it."""


def parameters(arguments: ast.arguments) -> list[str]:
    """The names of a function's parameters."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    return [argument.arg for argument in every]


def bindings(nodes: Iterable[ast.AST]) -> tuple[set[str], set[str], set[str]]:
    """The names that the statements bind in their own scope, those declared global and those declared nonlocal."""
    bound: set[str] = set()
    outer: set[str] = set()
    enclosing: set[str] = set()
    stack: list[Any] = list(nodes)
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is ast.Constant:
            continue
        if kind is ast.Name:
            if type(node.ctx) is not ast.Load:
                bound.add(node.id)
            continue
        if kind in _BINDERS:
            _BINDERS[kind](node, bound, stack)
        elif kind is ast.Global:
            outer.update(node.names)
        elif kind is ast.Nonlocal:
            enclosing.update(node.names)
        if kind not in _CLOSED:
            stack += ast.iter_child_nodes(node)
    return bound - outer - enclosing, outer, enclosing


def targets(generators: Iterable[ast.comprehension]) -> set[str]:
    """The names that a comprehension binds for itself."""
    return {
        node.id
        for generator in generators
        for node in ast.walk(generator.target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def imported(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def _of_function(node: Any, bound: set[str], stack: list[Any]) -> None:
    if not isinstance(node, ast.Lambda):
        bound.add(node.name)
        stack += node.decorator_list
    stack += [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]


def _of_class(node: Any, bound: set[str], stack: list[Any]) -> None:
    bound.add(node.name)
    stack += [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]


def _of_import(node: Any, bound: set[str], stack: list[Any]) -> None:  # noqa: ARG001 - one signature
    bound.update(imported(alias) for alias in node.names)


def _of_name(node: Any, bound: set[str], stack: list[Any]) -> None:  # noqa: ARG001 - one signature
    name = getattr(node, "name", None) or getattr(node, "rest", None)
    if name:
        bound.add(name)


def _of_comprehension(node: Any, bound: set[str], stack: list[Any]) -> None:  # noqa: ARG001 - one signature
    bound |= _walrus(node)


def _walrus(node: ast.AST) -> set[str]:
    """Names bound by ``:=`` in a comprehension: they belong to the scope around it."""
    return {
        inner.target.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name)
    }


_CLOSED = frozenset(
    (
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
        *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    )
)
"""Nodes with a scope of their own."""
_BINDERS: dict[type[ast.AST], Callable[[Any, set[str], list[Any]], None]] = {
    ast.FunctionDef: _of_function,
    ast.AsyncFunctionDef: _of_function,
    ast.Lambda: _of_function,
    ast.ClassDef: _of_class,
    ast.Import: _of_import,
    ast.ImportFrom: _of_import,
    ast.ExceptHandler: _of_name,
    ast.MatchAs: _of_name,
    ast.MatchStar: _of_name,
    ast.MatchMapping: _of_name,
    ast.ListComp: _of_comprehension,
    ast.SetComp: _of_comprehension,
    ast.DictComp: _of_comprehension,
    ast.GeneratorExp: _of_comprehension,
}
