"""Scopes: which name a word in the source stands for, by Python's own rules."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
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
    stack = list(nodes)
    while stack:
        node = stack.pop()
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                bound.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
                stack += node.decorator_list
                if isinstance(node, ast.ClassDef):
                    stack += [*node.bases, *(keyword.value for keyword in node.keywords)]
                else:
                    stack += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
                continue
            case ast.Lambda():
                stack += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound |= _walrus(node)
                continue
            case ast.Import() | ast.ImportFrom():
                bound |= {imported(alias) for alias in node.names}
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
                bound |= {node.name} if node.name else set()
            case ast.MatchMapping():
                bound |= {node.rest} if node.rest else set()
            case ast.Global():
                outer.update(node.names)
            case ast.Nonlocal():
                enclosing.update(node.names)
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


def _walrus(node: ast.AST) -> set[str]:
    """Names bound by ``:=`` in a comprehension: they belong to the scope around it."""
    return {
        inner.target.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name)
    }
