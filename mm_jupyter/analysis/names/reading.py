"""One cell's source -> its ``CellNames``."""

from __future__ import annotations

import ast
from functools import lru_cache

from mm_jupyter.analysis.names import habits
from mm_jupyter.analysis.names.facts import Call, CellNames
from mm_jupyter.analysis.names.lines import Plain, read
from mm_jupyter.analysis.names.statements import Statements
from mm_jupyter.analysis.names.values import dotted

_OURS = "mm_jupyter"


@lru_cache(maxsize=1024)
def cell_names(source: str) -> CellNames:
    """The facts of one cell: Python with IPython's magics, ``!``, ``?`` and top-level ``await``.

    Never raises: source that is no Python gives ``syntax_ok=False`` and no names; source too deep to be read is
    ``opaque``.
    """
    try:
        tree, plain = read(source)
    except (SyntaxError, ValueError):
        return CellNames(syntax_ok=False)
    except (RecursionError, MemoryError):
        return CellNames(opaque=True, barriers=frozenset(("exec",)))
    walk = Statements()
    try:
        walk.statements(tree.body)
    except RecursionError:
        return CellNames(opaque=True, barriers=frozenset(("exec",)))
    return _facts(tree, plain, walk)


def _facts(tree: ast.Module, plain: Plain, walk: Statements) -> CellNames:
    defines = frozenset(walk.cell.defines)
    given: set[str] = set()
    for step in walk.cell.steps:
        if isinstance(step, Call):
            given |= step.receivers | step.arguments
    return CellNames(
        defines=defines,
        uses=frozenset(walk.cell.uses),
        late=walk.late,
        changes=frozenset(walk.changes),
        may_change=frozenset(name for name in given if ":" not in name),
        deletes=frozenset(walk.deletes),
        barriers=frozenset(walk.cell.barriers | plain.barriers),
        literals=walk.literals,
        imports=walk.imports,
        certain=defines & walk.bound,
        dotted_imports=frozenset(walk.dotted_imports),
        augments=defines - walk.plain,
        mentions=frozenset(walk.cell.mentions | plain.mentions),
        opaque=walk.opaque,
        settled=walk.settled,
        steps=tuple(walk.cell.steps),
        history=frozenset(walk.history),
        shows=_shows(tree, plain),
        ours=_only_ours(tree, plain),
    )


def _shows(tree: ast.Module, plain: Plain) -> bool:
    """Whether the cell ends in an expression that may have a value."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or plain.hides:
        return False
    if isinstance(last.value, ast.Call):
        return habits.shows(dotted(last.value.func).rpartition(".")[2])
    return True


def _only_ours(tree: ast.Module, plain: Plain) -> bool:
    """Whether the cell holds nothing but lines that load, import or command mm_jupyter."""
    ours = plain.ours
    others = 0
    for node in tree.body:
        match node:
            case ast.Import(names=names) if all(_is_ours(alias.name) for alias in names):
                ours += 1
            case ast.ImportFrom(module=str(module)) if _is_ours(module):
                ours += 1
            case ast.Pass():
                pass
            case _:
                others += 1
    return bool(ours) and not others and not plain.barriers and not plain.mentions


def _is_ours(module: str) -> bool:
    return module == _OURS or module.startswith(_OURS + ".")
