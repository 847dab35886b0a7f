"""One execution: the facts of its source, and whether it did anything at all."""

from __future__ import annotations

from mm_jupyter.analysis.names import CellNames, cell_names
from mm_jupyter.records import Execution

_OPAQUE = CellNames(opaque=True, barriers=frozenset(("exec",)))


def facts(execution: Execution) -> CellNames:
    """The facts of an execution's source; source that ran and is no Python here was written for a newer one."""
    names = cell_names(execution.source)
    return names if names.syntax_ok else _OPAQUE


def took_effect(execution: Execution) -> bool:
    """False for an execution that did nothing: a syntax error, or interrupted before it bound anything."""
    if execution.status == "interrupted":
        return bool(execution.bound or execution.deleted)
    if execution.status != "raised":
        return True
    failure = execution.failure
    if failure is None or failure.name not in ("SyntaxError", "IndentationError", "TabError"):
        return cell_names(execution.source).syntax_ok
    return bool(execution.bound or execution.deleted) and cell_names(execution.source).syntax_ok
